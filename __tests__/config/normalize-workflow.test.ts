import { describe, expect, test } from '@jest/globals'
import { compileYaml, linesOf } from './problems'

describe('a workflow', () => {
  test('has every default', () => {
    const workflow = compileYaml('workflow: { jobs: [{ component: logger }] }').workflows.get('__workflow__')
    expect(workflow).toMatchObject({ at: 'workflow', id: '__workflow__', isDefault: true, output: undefined })
    expect(workflow?.jobs).toEqual([
      {
        at: 'workflow.jobs[0]',
        location: { file: '<yaml>', line: 1, column: 20 },
        id: '__job__',
        component: 'logger',
        input: undefined,
        output: undefined,
        dependsOn: undefined,
        after: [],
        retry: { maxAttempts: 1, delayMs: 1000, backoff: 'fixed', maxDelayMs: 300_000 },
        onError: [],
        timeoutMs: undefined,
        waitFor: undefined,
        templates: [],
      },
    ])
  })

  test('reads every key', () => {
    const { workflows, warnings } = compileYaml(`
component: { id: api, path: /x }
workflows:
  first:
    title: First
    description: The first
    default: true
    timeout: 1h
    output: \${jobs.b.output}
    jobs:
      - id: a
        input: { x: "\${input.x}" }
        output: { y: "\${output.y}" }
        depends_on: []
        timeout: 5m
        retry: { max_attempts: 5, delay: 2s, backoff: exponential, max_delay: 1m }
        on_error:
          - component: logger
            input: { message: "\${error.message}" }
      - { id: b, depends_on: a, wait_for: "\${jobs.a.output.y}" }
      - { id: c, wait_for: { id: ["\${input.id}"], path: /done, timeout: 2m } }
  second:
    jobs: [{ component: logger }]
listener: { path: /done }
`)
    expect(warnings).toEqual([])
    expect(workflows.get('second')?.isDefault).toBe(false)
    expect(workflows.get('first')).toMatchObject({
      title: 'First',
      description: 'The first',
      isDefault: true,
      timeoutMs: 3_600_000,
      output: { source: '${jobs.b.output}' },
      jobs: [
        {
          id: 'a',
          component: 'api',
          dependsOn: [],
          after: [],
          timeoutMs: 300_000,
          retry: { maxAttempts: 5, delayMs: 2000, backoff: 'exponential', maxDelayMs: 60_000 },
          onError: [{ id: '__job__', component: 'logger', after: [], at: 'workflows.first.jobs[0].on_error[0]' }],
        },
        {
          id: 'b',
          component: undefined,
          dependsOn: ['a'],
          after: ['a'],
          waitFor: { id: { source: '${jobs.a.output.y}' } },
        },
        { id: 'c', after: ['b'], waitFor: { id: { source: ['${input.id}'] }, path: '/done', timeoutMs: 120_000 } },
      ],
    })
  })

  test.each([
    [
      'no component section',
      'workflow: { jobs: [{ component: api }] }',
      'workflow.jobs[0].component',
      'ERR_COMPONENT_UNKNOWN',
    ],
    ['no component to take', 'workflow: { jobs: [{ id: a }] }', 'workflow.jobs[0]', 'ERR_CONFIG_VALUE'],
  ])('with %s loads with a warning', (_, text, at, code) => {
    expect(compileYaml(text).warnings).toMatchObject([{ at, code }])
  })
})

describe('an endpoint that starts a workflow by name', () => {
  const workflow = 'workflow: { id: draw, jobs: [{ component: logger }] }'

  test.each([
    ['a callback without id', 'listener: { path: /x, workflow: draw }', 'listener.workflow'],
    [
      'a callback in a list',
      'listener: { callbacks: [{ path: /x, workflow: draw }] }',
      'listener.callbacks[0].workflow',
    ],
  ])('is warned of where it is %s', (_, listener, at) => {
    const message =
      'a callback without an id never starts a workflow; add identify_by, or use a listener of type http-trigger'
    expect(compileYaml(`${listener}\n${workflow}`).warnings).toMatchObject([{ at, code: 'ERR_CONFIG_VALUE', message }])
  })

  test.each([
    ['a callback with an id', 'listener: { path: /x, workflow: draw, identify_by: "${body.id}" }'],
    ['a callback that starts none', 'listener: { path: /x, workflow: false }'],
    ['a callback that names none', 'listener: { path: /x }'],
    ['a trigger', 'listener: { type: http-trigger, path: /x, workflow: draw }'],
  ])('is not warned of where it is %s', (_, listener) => {
    expect(compileYaml(`${listener}\n${workflow}`).warnings).toEqual([])
  })
})

describe('components and workflows are refused when', () => {
  test.each([
    [
      'a component is unknown',
      'components: { a: { path: /a } }\nworkflow: { jobs: [{ component: b }] }',
      'workflow.jobs[0].component',
      'no component "b" is defined; defined are: a',
    ],
    [
      'two jobs have the same id',
      'workflow: { jobs: [{ id: a, component: logger }, { id: a, component: logger }] }',
      'workflow.jobs[1].id',
      '"a" is the id of workflow.jobs[0] too',
    ],
    [
      'two jobs have no id',
      'workflow: { jobs: [{ component: logger }, { component: logger }] }',
      'workflow.jobs[1].id',
      'missing; only one job may have no id',
    ],
    ['there are no jobs', 'workflow: { jobs: [] }', 'workflow.jobs', 'expected at least one job, found an empty list'],
    [
      'a job calls and waits',
      'workflow: { jobs: [{ component: logger, wait_for: x }] }',
      'workflow.jobs[0].wait_for',
      'a job calls a component or waits',
    ],
    [
      'two are the default',
      'workflows: { a: { default: true, jobs: [{ component: logger }] }, b: { default: "true", jobs: [{ component: logger }] } }',
      'workflows.b.default',
      '"a" is the default already',
    ],
    [
      'an element of a list has no id',
      'components: [{ path: /a }]',
      'components[0].id',
      'missing; in a list each one needs an id',
    ],
    [
      'an id is used twice',
      'components: [{ id: a, path: /a }, { id: a, path: /b }]',
      'components[1].id',
      '"a" is the id of another one too',
    ],
    [
      'an id differs from the name',
      'components: { a: { id: b, path: /a } }',
      'components.a.id',
      'the name here is "a"',
    ],
    [
      'a component has path and endpoint',
      'component: { path: /a, endpoint: "https://x" }',
      'component.endpoint',
      'stands beside "path"',
    ],
    [
      'a component has its request twice',
      'component: { path: /a, action: { body: 1 } }',
      'component.path',
      'stands beside "action"',
    ],
    [
      'a GET request has a body',
      'component: { path: /a, method: get, body: { x: 1 } }',
      'component.body',
      'a GET request carries no body; use params, or another method',
    ],
    [
      'a HEAD request has a body',
      'component: { action: { path: /a, method: HEAD, body: "" } }',
      'component.action.body',
      'a HEAD request carries no body; use params, or another method',
    ],
    [
      'polling by GET has a body',
      'component: { path: /a, completion: { type: polling, path: /t, method: GET, body: 1 } }',
      'component.completion.body',
      'a GET request carries no body; use params, or another method',
    ],
    [
      'a logger sends',
      'component: { type: logger, path: /a }',
      'component.path',
      'a component of type "logger" has no "path"',
    ],
    [
      'an http-client has a level',
      'component: { path: /a, level: info }',
      'component.level',
      'a component of type "http-client" has no "level"',
    ],
    [
      'polling has nothing to ask',
      'component: { path: /a, completion: polling }',
      'component.completion.path',
      'polling needs the path or endpoint',
    ],
    [
      'a callback completion polls',
      'component: { path: /a, completion: { type: callback, interval: 5s } }',
      'component.completion.interval',
      'a completion of type "callback" has no "interval"',
    ],
    [
      'polling values are never read',
      'component: { path: /a, completion: { type: polling, path: /t, fail_when: x } }',
      'component.completion.fail_when',
      'never read without "status"',
    ],
    [
      'a template reads the request of a listener',
      'component: { path: /a, body: "${body.x}" }',
      'component.body',
      'Unknown source "body"',
    ],
    [
      'singular and plural stand side by side',
      'workflow: { jobs: [{ component: logger }] }\nworkflows: {}',
      'workflows',
      'stand side by side',
    ],
  ])('%s', (_, text, at, message) => {
    const lines = linesOf(text)
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain(` ${at} `)
    expect(lines[0]).toContain(message)
  })
})

describe('a request may have', () => {
  test.each([
    '{ path: /a, body: 1 }',
    '{ path: /a, method: DELETE, body: 1 }',
    '{ path: /a, method: GET, body: null }',
  ])('a body: %s', (component) => {
    expect(compileYaml(`component: ${component}`).components?.size).toBe(1)
  })
})

describe('a compiled config', () => {
  test('is frozen all the way down', () => {
    const config = compileYaml(`
listener: { path: /x, result: { a: ["\${body.a}"] } }
component: { path: /y }
workflow: { jobs: [{ component: __component__, retry: {} }] }
`)
    const seen = new Set<unknown>()
    const visit = (value: unknown): void => {
      if (typeof value !== 'object' || value === null || seen.has(value)) return
      seen.add(value)
      expect(Object.isFrozen(value)).toBe(true)
      for (const item of value instanceof Map ? value.values() : Object.values(value)) visit(item)
    }
    visit(config)
    expect(seen.size).toBeGreaterThan(15)
  })
})
