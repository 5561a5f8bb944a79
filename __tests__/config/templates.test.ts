import { describe, expect, test } from '@jest/globals'
import type { Shape } from '../../lib/config/field/shape'
import { compileConfig } from '../../lib/config/normalize'
import { COMPONENT } from '../../lib/config/sections/component'
import { JOB } from '../../lib/config/sections/job'
import type { Template } from '../../lib/template/compile'

/** What opens a gateway before it is rendered. */
const VALUE = '${gateway:8090.public_url}'

type Path = readonly string[]

/** The paths of all keys below a shape that hold a template; jobs and components inside have templates of their own. */
function listTemplatePaths(shape: Shape, path: Path = []): readonly Path[] {
  if (shape.form === 'later' || shape.form === 'list') return []
  if (shape.form === 'choice') return shape.options.flatMap((option) => listTemplatePaths(option, path))
  if (shape.form === 'template') return [path]
  if (shape.form !== 'table') return []
  return [...shape.byKey.values()].flatMap((row) => listTemplatePaths(row.shape, [...path, row.key]))
}

/** Puts the value at a path into a mapping. */
function put(base: Readonly<Record<string, unknown>>, [key = '', ...rest]: Path): Readonly<Record<string, unknown>> {
  const inside: unknown = base[key]
  const inner = typeof inside === 'object' && inside !== null ? { ...inside } : {}
  return { ...base, [key]: rest.length === 0 ? VALUE : put(inner, rest) }
}

/** Compiles what must be right in one of several surroundings, and returns the templates. */
function templatesIn(
  surroundings: readonly Readonly<Record<string, unknown>>[],
  path: Path,
  compile: (mapping: unknown) => readonly Template[] | undefined,
): readonly unknown[] {
  const reasons: unknown[] = []
  for (const base of surroundings) {
    try {
      return (compile(put(base, path)) ?? []).map(({ source }) => source)
    } catch (error) {
      reasons.push(error)
    }
  }
  throw new AggregateError(reasons, `no surroundings fit ${path.join('.')}`)
}

function compileWith(section: Readonly<Record<string, unknown>>): ReturnType<typeof compileConfig> {
  const gateway = { port: 8090, public_url: 'https://example.org' }
  return Reflect.apply(compileConfig, undefined, [{ gateway, ...section }, { env: {} }])
}

describe('the templates of a component', () => {
  const inside = [
    { base_url: 'http://localhost' },
    { base_url: 'http://localhost', action: {} },
    { base_url: 'http://localhost', completion: { type: 'callback' } },
    { base_url: 'http://localhost', completion: { type: 'polling', path: '/status' } },
    { base_url: 'http://localhost', completion: { type: 'polling' } },
    { base_url: 'http://localhost', completion: { type: 'callback', fallback: { path: '/status' } } },
    { base_url: 'http://localhost', completion: { type: 'callback', fallback: {} } },
    { base_url: 'http://localhost', action: { completion: { type: 'callback' } } },
    { base_url: 'http://localhost', action: { completion: { type: 'polling', path: '/status' } } },
    { base_url: 'http://localhost', action: { completion: { type: 'polling' } } },
    { base_url: 'http://localhost', action: { completion: { type: 'callback', fallback: { path: '/status' } } } },
    { base_url: 'http://localhost', action: { completion: { type: 'callback', fallback: {} } } },
  ]
  const paths = listTemplatePaths(COMPONENT)

  test('stand at many keys', () => expect(paths.length).toBeGreaterThan(40))

  test.each(paths.map((path) => [path.join('.'), path] as const))('have that of %s', (_, path) => {
    const sources = templatesIn(
      inside,
      path,
      (component) => compileWith({ component }).components?.get('__component__')?.templates,
    )
    expect(sources).toContain(VALUE)
  })
})

describe('the templates of a job', () => {
  const inside = [{ component: 'logger' }, {}, { wait_for: { id: 'a' } }]
  const paths = listTemplatePaths(JOB).filter(([key]) => key !== 'component')

  test('stand at several keys', () => {
    const known = ['input', 'output', 'wait_for', 'wait_for.id', 'on_error.output']
    expect(paths.map((path) => path.join('.'))).toEqual(expect.arrayContaining(known))
  })

  test.each(paths.map((path) => [path.join('.'), path] as const))('have that of %s', (_, path) => {
    const sources = templatesIn(
      inside,
      path,
      (job) => compileWith({ workflow: { job } }).workflows.get('__workflow__')?.jobs[0]?.templates,
    )
    expect(sources).toContain(VALUE)
  })

  test('are not those of its component and of its on_error jobs', () => {
    const job = {
      component: { base_url: 'http://localhost', path: '${input.a}' },
      input: '${input.b}',
      on_error: [{ component: 'logger', input: '${input.c}' }],
    }
    const { workflows, components } = compileWith({ workflow: { job } })
    const [spec] = workflows.get('__workflow__')?.jobs ?? []
    expect(spec?.templates.map(({ source }) => source)).toEqual(['${input.b}'])
    expect(spec?.onError[0]?.templates.map(({ source }) => source)).toEqual(['${input.c}'])
    expect(components?.get(spec?.component ?? '')?.templates.map(({ source }) => source)).toContain('${input.a}')
  })
})
