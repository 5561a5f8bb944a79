import { describe, expect, test } from '@jest/globals'
import { compileYaml, linesOf } from './problems'

const LISTENER = 'listener: { base_path: /hooks, callbacks: [{ path: Done }, { path: "/files/:id" }] }\n'

describe('a wait for a callback by its path', () => {
  const jobs = (path: string): string => `workflow: { jobs: [{ wait_for: { id: a, path: "${path}" } }] }`
  const completion = (path: string): string => `component: { path: /a, completion: { path: "${path}" } }`

  test.each(['/Done', 'done/', '/hooks/done', 'HOOKS/DONE', '/files/:id', '/hooks/files/:id'])('finds %s', (path) => {
    expect(linesOf(LISTENER + jobs(path))).toEqual([])
    expect(linesOf(LISTENER + completion(path))).toEqual([])
  })

  test.each(['${input.path}', '/${input.name}', ''])('leaves the completion path %p to the run', (path) => {
    expect(linesOf(LISTENER + completion(path))).toEqual([])
  })

  test.each([
    ['of a job', jobs('/doen'), '2:47 workflow.jobs[0].wait_for.path'],
    [
      'of an on_error job',
      'workflow: { jobs: [{ component: logger, on_error: [{ wait_for: { id: a, path: doen } }] }] }',
      '2:79 workflow.jobs[0].on_error[0].wait_for.path',
    ],
    ['of a completion', completion('/doen'), '2:44 component.completion.path'],
    [
      'of a completion in an action',
      'component: { action: { path: /a, completion: { path: /doen } } }',
      '2:54 component.action.completion.path',
    ],
  ])('%s is refused where there is none', (_, text, place) => {
    const [line = '', ...others] = linesOf(LISTENER + text)
    expect(others).toEqual([])
    expect(line).toContain(`${place} ERR_ENDPOINT_UNKNOWN no callback has the path "`)
    expect(line).toContain('doen". Did you mean "/Done"? There are /Done, /hooks/Done, /files/:id, /hooks/files/:id')
  })

  test('is told the known ones where none is near', () => {
    expect(linesOf(`listener: { path: /done }\n${jobs('/payments')}`)).toEqual([
      '2:47 workflow.jobs[0].wait_for.path ERR_ENDPOINT_UNKNOWN no callback has the path "/payments"; there are /done',
    ])
  })

  test('does not find a trigger', () => {
    const listeners = 'listeners: [{ path: /done }, { type: http-trigger, port: 1, path: /start, workflow: false }]\n'
    expect(linesOf(listeners + completion('/start'))).toHaveLength(1)
  })

  test.each([
    ['of a job', jobs('/done'), 'workflow.jobs[0].wait_for.path'],
    ['of a completion', completion('/done'), 'component.completion.path'],
  ])('%s loads with a warning in a config without callbacks', (_, text, at) => {
    expect(compileYaml(text).warnings).toContainEqual(
      expect.objectContaining({ at, code: 'ERR_ENDPOINT_UNKNOWN', message: expect.stringContaining('add a listener') }),
    )
  })
})

describe('a job without a component', () => {
  test.each([
    ['components: { api: { path: /a }, other: { path: /b } }', 'name one of: api, other'],
    ['components: {}', 'define it in "components"'],
  ])('is refused beside %s', (components, message) => {
    const [line = '', ...others] = linesOf(`${components}\nworkflow: { jobs: [{ id: a }] }`)
    expect(others).toEqual([])
    expect(line).toContain('workflow.jobs[0] ERR_CONFIG_VALUE this job names no component')
    expect(line).toContain(message)
  })

  test('is warned of in a config without components', () => {
    expect(compileYaml('workflow: { jobs: [{ id: a }] }').warnings).toMatchObject([
      { at: 'workflow.jobs[0]', message: expect.stringContaining('add "component"') },
    ])
  })
})

describe('the path of the controller', () => {
  test.each(['/a/:b', '/*rest', '/{a}'])('has no parameters, as %s has', (path) => {
    expect(linesOf(`controller: { base_path: "${path}" }`)).toEqual([
      `1:26 controller.base_path ERR_CONFIG_VALUE the controller has one path, without parameters; found "${path}"`,
    ])
  })
})

describe('the port of the controller', () => {
  test.each([
    ['listener: { path: /a, port: 9000 }', 'controller: { port: 9000 }'],
    ['listener: { path: /a, port: 8080 }', 'controller: {}'],
    ['listener: { path: /a, port: 9000, host: 127.0.0.1 }', 'controller: { port: 9000 }'],
    [
      'listener: { path: /a, port: 9000, host: 127.0.0.1 }',
      'controller: { port: 9000, host: "::", auth: { token: t } }',
    ],
  ])('is refused beside %s as %s', (listener, controller) => {
    const [line = '', ...others] = linesOf(`${listener}\n${controller}`)
    expect(others).toEqual([])
    expect(line).toMatch(
      /^2:\d+ controller\.port ERR_CONFIG_VALUE port \d+ is that of listener too; give the controller/,
    )
  })

  test.each([
    ['listener: { path: /a, port: 0 }', 'controller: { port: 0 }'],
    ['listener: { path: /a, port: 9000 }', 'controller: { port: 9001 }'],
    ['listener: { path: /a, port: 9000, host: 10.0.0.1 }', 'controller: { port: 9000 }'],
  ])('may be beside %s as %s', (listener, controller) => {
    expect(linesOf(`${listener}\n${controller}`)).toEqual([])
  })
})

describe('what was meant is said for', () => {
  test.each([
    [
      'workflow: { jobs: [{ component: logger, retry: often }] }',
      'workflow.jobs[0].retry',
      'expected a whole number, 1 or more, found "often"',
    ],
    ['component: { painter: { path: /a } }', 'component.painter', 'Did you mean "components:"'],
    ['workflow: { jobs: [{ component: logger }], draw: { jobs: [] } }', 'workflow.draw', 'Did you mean "workflows:"'],
    ['component: { path: /a, boddy: { x: 1 } }', 'component.boddy', 'Did you mean "body"?'],
    ['component: { path: /a, painter: 1 }', 'component.painter', 'Unknown key "painter". Known here: id'],
    ['component: { path: /a, retry: 3 }', 'component.retry', 'It belongs in "workflow.jobs".'],
    ['listener: { path: /a, secret: x }', 'listener.secret', 'It belongs in "listener.verify".'],
    ['listener: { path: /a, store: file }', 'listener.store', 'It belongs at the top level.'],
    [
      'workflow: { jobs: [{ component: logger, max_attempts: 3 }] }',
      'workflow.jobs[0].max_attempts',
      'It belongs in "workflow.jobs.retry"',
    ],
    [
      'workflow: { jobs: [{ component: logger, idempotency: true }] }',
      'workflow.jobs[0].idempotency',
      'It belongs in "component"',
    ],
  ])('%s', (text, at, message) => {
    const [line = '', ...others] = linesOf(text)
    expect(others).toEqual([])
    expect(line).toContain(` ${at} `)
    expect(line).toContain(message)
  })
})

describe('polling without pause is refused', () => {
  test.each([
    ['{ type: polling, path: /t, interval: 5 }', 'component.completion.interval'],
    ['{ type: polling, path: /t, interval: 0s }', 'component.completion.interval'],
    ['{ fallback: { path: /t, interval: 99ms } }', 'component.completion.fallback.interval'],
  ])('%s', (completion, at) => {
    const [line = '', ...others] = linesOf(`component: { path: /a, completion: ${completion} }`)
    expect(others).toEqual([])
    expect(line).toContain(` ${at} ERR_CONFIG_VALUE `)
    expect(line).toContain('would ask without pause; expected at least 100ms')
  })

  test('but not from 100 ms on', () => {
    const completion = '{ type: polling, path: /t, interval: 100ms }'
    expect(linesOf(`component: { path: /a, completion: ${completion} }`)).toEqual([])
  })
})

describe('a constant URL that cannot be called is refused', () => {
  test.each([
    ['component: { base_url: "localhost:3000", path: /a }', 'component.base_url', 'found "localhost:3000"'],
    ['component: { base_url: "ftp://x.example", path: /a }', 'component.base_url', 'found "ftp://x.example"'],
    ['component: { base_url: "${env.API}", path: /a }', 'component.base_url', 'found "api.example/v1"'],
    ['component: { endpoint: /tasks }', 'component.endpoint', 'found "/tasks"'],
    ['component: { endpoint: "http://" }', 'component.endpoint', 'found "http://"'],
    [
      'component: { action: { endpoint: "user:secret@x.example?key=secret" } }',
      'component.action.endpoint',
      'found "x.example"',
    ],
    [
      'component: { path: /a, completion: { type: polling, endpoint: tasks } }',
      'component.completion.endpoint',
      'found "tasks"',
    ],
  ])('%s', (text, at, message) => {
    const [line = '', ...others] = linesOf(text, { API: 'api.example/v1' })
    expect(others).toEqual([])
    expect(line).toContain(` ${at} ERR_CONFIG_VALUE expected a URL that begins with http:// or https://, ${message}`)
    expect(line).not.toContain('secret')
  })

  test.each([
    'component: { base_url: "https://api.example/v1", path: /a }',
    'component: { base_url: "", path: "https://api.example" }',
    'component: { base_url: "${input.url}", path: /a }',
    'component: { endpoint: "${gateway:1.public_url}/a" }',
  ])('but not %s', (text) => {
    expect(linesOf(text)).toEqual([])
  })
})
