import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { callbacks } from '../../lib'
import { ANSWER_STATUS } from '../../lib/base/errors'
import { VERIFY_SCHEMES } from '../../lib/verify/schemes'
import { readPages, ROOT } from './pages'

const pages = new Map(readPages().map(({ path, lines }) => [path, lines] as const))

function linesOf(path: string): readonly string[] {
  const lines = pages.get(path)
  if (lines === undefined) throw new Error(`There is no page ${path}`)
  return lines
}

function textOf(path: string): string {
  return linesOf(path).join('\n')
}

describe('README.md', () => {
  test('leads to every page of the code and to every example', () => {
    const text = textOf('README.md')
    const others = [...pages.keys()].filter((path) => path !== 'README.md')
    expect(others.filter((path) => !text.includes(`](${path}`))).toEqual([])
  })

  test('gives a reason for every dependency', () => {
    const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
    const names = Object.keys({ ...dependencies, ...peerDependencies }).filter((name) => !name.startsWith('@types/'))
    for (const name of names) expect(textOf('README.md')).toContain(`| \`${name}\``)
  })

  test('names the test command that the automation runs', () => {
    expect(textOf('README.md')).toContain('npm test')
    expect(readFileSync(join(ROOT, '.ci', 'run'), 'utf8')).toContain('npm test')
  })

  test('counts the schemes of signatures', () => {
    const counts = [...textOf('README.md').matchAll(/(\d+) (?:signature )?schemes/g)].map(([, count]) => Number(count))
    expect(new Set(counts)).toEqual(new Set([VERIFY_SCHEMES.length]))
  })
})

test('the pages of listeners and of the controller name every code that is answered, with its status', () => {
  const lines = [...linesOf('lib/listener/README.md'), ...linesOf('lib/controller/README.md')]
  const missing = Object.entries(ANSWER_STATUS).filter(
    ([code, status]) => !lines.some((line) => line.includes(`\`${code}\``) && line.includes(String(status))),
  )
  expect(missing).toEqual([])
})

test('the page of the object names everything that is counted', () => {
  const listener = { callbacks: [{ path: '/a' }, { path: '/b' }] }
  const { endpoints, ...counts } = callbacks({ listener }, { logger: silent() }).stats()
  expect(Object.keys(endpoints)).toHaveLength(2)
  const text = textOf('lib/app/README.md')
  expect(Object.keys(counts).filter((name) => !text.includes(`\`${name}\``))).toEqual([])
})

test('the page of the object names every code of a gateway, and the page of tunnels says what to do', () => {
  const codes = ['PROGRAM', 'OPTIONS', 'AUTH', 'HOST_KEY', 'RATE_LIMITED', 'NETWORK', 'PORT', 'TIMEOUT', 'EXITED']
  const [object, tunnels] = [textOf('lib/app/README.md'), textOf('adapters/tunnels/README.md')]
  expect(codes.filter((code) => !object.includes(`_${code}\``))).toEqual([])
  expect(codes.filter((code) => !tunnels.includes(`\`ERR_GATEWAY_${code}\``))).toEqual([])
})

describe('the pages', () => {
  const text = [...pages]
    .filter(([path]) => /^(?:lib|adapters)\//.test(path))
    .flatMap(([, lines]) => lines)
    .join('\n')

  test('name every key of a config', () => {
    const keys = [...new Set(listKeys(readSchema()))].filter((key) => key !== 'max_attempt_count')
    expect(keys.length).toBeGreaterThan(100)
    expect(keys.filter((key) => !new RegExp(`(?<![\\w-])${key}(?![\\w-])`).test(text))).toEqual([])
  })

  test('name every code of an error', () => {
    const source = readFileSync(join(ROOT, 'lib', 'base', 'errors.ts'), 'utf8')
    const [list = ''] = /export type ErrorCode =[^;]*?\n\n/.exec(source) ?? []
    const codes = [...list.matchAll(/'(ERR_\w+)'/g)].map(([, code = '']) => code)
    expect(codes.length).toBeGreaterThan(30)
    // Those of gateways stand in one row, without what they have in common.
    const written = codes.map((code) => code.replace(/^ERR_GATEWAY(?=_)/, ''))
    expect(written.filter((code) => !text.includes(`${code}\``))).toEqual([])
  })
})

describe('the page of the code', () => {
  test('has a row for every room', () => {
    const rooms = readdirSync(join(ROOT, 'lib'), { withFileTypes: true }).filter((entry) => entry.isDirectory())
    const rows = linesOf('lib/README.md')
      .filter((line) => line.startsWith('| `'))
      .join('\n')
    expect(rooms.map(({ name }) => name).filter((name) => !rows.includes(`\`${name}\``))).toEqual([])
  })

  test('names files and tests that exist', () => {
    const text = textOf('lib/README.md')
    const files = [...text.matchAll(/`([\w-]+(?:\/[\w-]+)+\.ts)`/g)].map(([, file = '']) => file)
    const tests = [
      ...text.matchAll(/`((?:callbacks|controller|http|listener|security|store|template|verify)\/[\w-]+)`/g),
    ]
    expect(files.length).toBeGreaterThan(15)
    expect(tests.length).toBeGreaterThan(10)
    const known = [join(ROOT, 'lib'), join(ROOT, 'lib', 'store', 'durable'), ROOT]
    expect(files.filter((file) => !known.some((folder) => existsSync(join(folder, file))))).toEqual([])
    const isTest = (name: string): boolean => existsSync(join(ROOT, '__tests__', `${name}.test.ts`))
    expect(tests.map(([, name = '']) => name).filter((name) => !isTest(name))).toEqual([])
  })
})

/** The JSON Schema of a config, which the build writes. */
function readSchema(): unknown {
  return JSON.parse(readFileSync(join(ROOT, 'dist', 'schema.json'), 'utf8'))
}

/** Lists the keys that a schema describes, but those of other systems, which have no effect here. */
function listKeys(schema: unknown): readonly string[] {
  if (typeof schema !== 'object' || schema === null) return []
  return Object.entries(schema).flatMap(([name, part]: [string, unknown]) =>
    name === 'properties' && typeof part === 'object' && part !== null
      ? Object.entries(part).flatMap(([key, value]: [string, unknown]) =>
          JSON.stringify(value).includes('No effect here') && !JSON.stringify(value).includes('"properties"')
            ? []
            : [key, ...listKeys(value)],
        )
      : listKeys(part),
  )
}

function silent() {
  const say = (): void => undefined
  return { debug: say, info: say, warn: say, error: say }
}

test.each([
  ['lib/controller/README.md', /The page is (\d+) kB/, () => sizeOf(join(ROOT, 'lib', 'controller', 'inspector'))],
  ['README.md', /it loads (\d+) kB/, () => statSync(require.resolve('qrcode-generator')).size],
])('%s says how large it is: %p', (page, pattern, size) => {
  expect(Number(pattern.exec(textOf(page))?.[1])).toBe(Math.round(size() / 1000))
})

/** Returns the bytes of the files in a folder. */
function sizeOf(folder: string): number {
  return readdirSync(folder).reduce((sum, file) => sum + statSync(join(folder, file)).size, 0)
}
