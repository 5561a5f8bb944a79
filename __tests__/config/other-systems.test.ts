import { describe, expect, test } from '@jest/globals'
import { createJsonSchema } from '../../.ci/write-schema.cjs'
import { configShape } from '../../lib/config/schema'
import { compileYaml, linesOf } from './problems'

/** The warnings of YAML text, one line each. */
function warningsOf(text: string, env = {}): readonly string[] {
  return compileYaml(text, env).warnings.map(({ at, message }) => `${at}: ${message}`)
}

const API = 'component: { base_url: "https://api.example", path: /x }'

describe('a key that only other systems read', () => {
  test.each([
    ['controller: { webui: { driver: gradio, port: 8081 } }', 'controller.webui', 'no page is served'],
    ['controller: { webui: { driver: "${env.MISSING}" } }', 'controller.webui', 'no page is served'],
    ['controller: { adapter: { type: http-server, port: 8080, base_path: /api } }', 'controller.adapter', 'directly'],
    ['controller: { adapters: [{ type: mcp-server }] }', 'controller.adapters', 'directly below "controller"'],
    ['controller: { runtime: docker }', 'controller.runtime', 'in this process'],
    ['controller: { runtime: { type: docker, image: x } }', 'controller.runtime', 'in this process'],
    ['controller: { base_url: "https://x" }', 'controller.base_url', 'base_path'],
    ['controller: { max_concurrent_count: 5 }', 'controller.max_concurrent_count', 'of a listener'],
    ['controller: { threaded: true }', 'controller.threaded', 'one thread'],
    ['controller: { name: my-server }', 'controller.name', 'label for people'],
    ['controller: { origins: "*" }', 'controller.origins', 'other origins'],
    ['controller: { shutdown_timeout: 30s }', 'controller.shutdown_timeout', 'close({drain})'],
    ['controller: { queue: { driver: redis, password: "${env.MISSING}" } }', 'controller.queue', '"store"'],
    ['component: { path: /x, base_url: "https://x", runtime: process }', 'component.runtime', 'by this process'],
    [
      'components: { a: { endpoint: "https://x", max_concurrent_count: 2 } }',
      'components.a.max_concurrent_count',
      'rate',
    ],
    [
      'components: [{ id: a, endpoint: "https://x", stream_format: json }]',
      'components[0].stream_format',
      'as a whole',
    ],
    ['component: { action: { id: a, endpoint: "https://x" } }', 'component.action.id', 'one action'],
    ['component: { action: { default: true, endpoint: "https://x" } }', 'component.action.default', 'one action'],
    [`${API}\nworkflow: { job: { name: a } }`, 'workflow.job.name', 'label for people'],
    [`${API}\nworkflow: { jobs: [{ max_run_count: 3 }] }`, 'workflow.jobs[0].max_run_count', 'runs once'],
    [`${API}\nworkflow: { private: true, job: {} }`, 'workflow.private', 'by its id'],
    [`${API}\nworkflows: { a: { name: A, job: {} } }`, 'workflows.a.name', 'title'],
    ['logger: { type: console, level: info }', 'logger', 'the option "logger"'],
    ['loggers: [{ type: file, path: "${env.MISSING}" }]', 'loggers', 'the option "logger"'],
    ['tracers: [{ type: langfuse }]', 'tracers', 'events'],
  ])('is a warning: %s', (text, at, reason) => {
    const [line = '', ...others] = warningsOf(text)
    expect(others).toEqual([])
    const key = at.split('.').at(-1)
    expect(line).toMatch(new RegExp(`^${at.replaceAll(/[.[\]]/g, '\\$&')}: "${key}" has no effect here: `))
    expect(line).toContain(reason)
  })

  test('does not hide a mistyped one beside it', () => {
    const lines = linesOf('controller: { webui: {}, prot: 8080 }')
    expect(lines).toEqual(['1:26 controller.prot ERR_CONFIG_UNKNOWN_KEY Unknown key "prot". Did you mean "port"?'])
  })

  test('says so once, without a value not at all', () => {
    expect(warningsOf('controller:\n  webui:\n  runtime: ~\nlogger:\nsystems:\n')).toEqual([])
    expect(warningsOf('component:\n  type: http-server\n  start:\n  manage: ~\n  path: /x\n')).toEqual([])
  })

  test('is known to editors, which show why it has no effect', () => {
    const { properties } = Object(createJsonSchema(configShape))
    expect(properties.controller.properties.webui).toEqual({
      description: 'No effect here: no page is served on a port of its own',
    })
    expect(Object.keys(properties.component.properties)).toEqual(expect.arrayContaining(['runtime', 'port', 'default']))
    expect(Object.keys(properties.component.properties)).not.toContain('start')
  })
})

describe('what other systems do and this one does not is refused in one line:', () => {
  test.each([
    [
      'controller: { type: mcp-server, base_path: /mcp, webui: {} }',
      'controller.type',
      'a controller of type "mcp-server"',
    ],
    [
      'controller: { type: queue-subscriber, driver: redis, url: x }',
      'controller.type',
      'expected http-server. Or take',
    ],
    ['controller: { type: websocket }', 'controller.type', 'does not run here; expected http-server'],
    [
      'component: { type: model, model: a/b, task: chat, input: x }',
      'component.type',
      'a component of type "model" does not',
    ],
    [
      'component: { type: mcp-client, url: x, action: { tool: t } }',
      'component.type',
      'one of http-client, http-server',
    ],
    [
      'component: { type: mcp-server }',
      'component.type',
      'expected one of http-client, http-server, logger. Run it as',
    ],
    [
      'components: { a: { type: shell, command: [echo, "${x.y}"] } }',
      'components.a.type',
      'call that with http-client',
    ],
    ['components: [{ id: a, type: vector-store, actions: [{}] }]', 'components[0].type', '"vector-store" does not run'],
    ['component: { type: workflow, workflow: x }', 'component.type', '"workflow" does not run here'],
    [
      'component: { type: text-splitter, text: "${env.MISSING_ONE}" }',
      'component.type',
      '"text-splitter" does not run',
    ],
    ['component: { type: http-server, start: [python, x.py] }', 'component.start', 'start it yourself'],
    [
      'component: { type: http-server, install: [a], build: [b], start: [c], path: /x }',
      'component.install',
      'start it',
    ],
    ['component: { type: http-server, manage: { scripts: { start: [a] } } }', 'component.manage', 'type http-client'],
    ['components: { a: { endpoint: "https://x", start: [a] } }', 'components.a.start', 'nothing is started here'],
    [
      `component: { base_url: "https://x", actions: [{ id: a, path: /a }] }`,
      'component.actions',
      'one action; write one',
    ],
    [`${API}\nworkflow: { job: { action: send } }`, 'workflow.job.action', 'a component has one action'],
    [`${API}\nworkflow: { job: { repeat_count: 3 } }`, 'workflow.job.repeat_count', 'a job runs once'],
    [`${API}\nworkflow: { job: { interrupt: { before: true } } }`, 'workflow.job.interrupt', 'wait_for'],
    [`${API}\nworkflow: { jobs: [{ hook: { before: [] } }] }`, 'workflow.jobs[0].hook', 'no code runs'],
    [`${API}\nworkflow: { jobs: [{ type: delay, duration: 5s }] }`, 'workflow.jobs[0].type', 'a job of type "delay"'],
    [
      `${API}\nworkflow: { jobs: [{ id: a, type: if, operator: eq, if_true: b }, { id: b, input: "\${jobs.a.output}" }] }`,
      'workflow.jobs[0].type',
      'a job of type "if" does not run here; expected component. A job calls a component, or waits',
    ],
    [`${API}\nworkflow: { job: { on_error: { to: other } } }`, 'workflow.job.on_error.to', 'no job is jumped to'],
    ['systems: [{ type: docker-compose }]', 'systems', 'nothing is started here; start it yourself'],
    ['system: { type: docker-compose }', 'system', 'nothing is started here; start it yourself'],
  ])('%s', (text, at, message) => {
    const [line = '', ...others] = linesOf(text)
    expect(others).toEqual([])
    expect(line).toContain(` ${at} ERR_CONFIG_VALUE `)
    expect(line).toContain(message)
    expect(line).not.toContain('Did you mean')
  })

  test.each([
    ['component: { type: http-clint, path: /x }', 'Did you mean "http-client"?'],
    ['component: { type: http_server }', 'Did you mean "http-server"?'],
    ['controller: { type: http-sever }', 'Did you mean "http-server"?'],
    [`${API}\nworkflow: { job: { type: compnent } }`, 'Did you mean "component"?'],
  ])('but a mistyped type is not: %s', (text, message) => {
    expect(linesOf(text)).toEqual([expect.stringContaining(message)])
  })
})

describe('another writing', () => {
  test.each([
    ['id on a listener', 'listener: { id: hooks, path: /x }'],
    ['id on listeners', 'listeners: [{ id: a, path: /x }, { id: b, port: 8091, path: /y }]'],
    ['id on a gateway', 'gateway: { id: g, driver: static, port: 8090, public_url: "https://x.example" }'],
    ['type of a job', `${API}\nworkflow: { jobs: [{ type: component }] }`],
    ['type of a controller', 'controller: { type: http-server, port: 8080, base_path: /api }'],
    ['retry in a number', `${API}\nworkflow: { job: { retry: 3 } }`],
    ['retry in text', `${API}\nworkflow: { job: { retry: "3" } }`],
    ['notes', `${API}\nworkflow: { job: { input: { a: "\${input.a as text | x @(description A (b))}" } } }`],
  ])('of %s loads without a warning', (_, text) => {
    expect(warningsOf(text)).toEqual([])
  })

  test.each([
    ['retry: 5', 5],
    ['retry: 1', 1],
    ['retry: "7"', 7],
    ['retry: "${env.TIMES}"', 4],
    ['retry: { max_attempt_count: 6 }', 6],
    ['retry: {}', 3],
  ])('%s is max_attempts', (retry, maxAttempts) => {
    const text = `${API}\nworkflow: { job: { ${retry} } }`
    const job = compileYaml(text, { TIMES: '4' }).workflows.get('__workflow__')?.jobs[0]
    expect(job?.retry).toEqual({ maxAttempts, delayMs: 1000, backoff: 'fixed', maxDelayMs: 300_000 })
  })

  test.each([
    [
      'retry: 0',
      'workflow.job.retry',
      'expected a number of attempts, 1 or more, or a mapping such as {max_attempts: 3}, found 0',
    ],
    ['retry: 1.5', 'workflow.job.retry', '1 or more, or a mapping such as {max_attempts: 3}, found 1.5'],
    [
      'retry: true',
      'workflow.job.retry',
      'expected a number of attempts, 1 or more, or a mapping such as {max_attempts: 3}, found true',
    ],
    ['retry: { max_attempts: 2, max_attempt_count: 2 }', 'workflow.job.retry.max_attempt_count', 'means the same'],
    ['on_error: skip', 'workflow.job.on_error', 'found "skip"'],
    ['on_error: ignor', 'workflow.job.on_error', 'Did you mean "ignore"?'],
    ['on_error: { outptu: 1 }', 'workflow.job.on_error.outptu', 'Did you mean "output"?'],
    [
      'on_error: { output: "${jobs.nope.output}" }',
      'workflow.job.on_error.output',
      'a job that this workflow does not have',
    ],
  ])('%s is refused', (key, at, message) => {
    const [line = '', ...others] = linesOf(`${API}\nworkflow: { job: { ${key} } }`)
    expect(others).toEqual([])
    expect(line).toContain(` ${at} `)
    expect(line).toContain(message)
  })
})

describe('a workflow', () => {
  const first = (text: string) => [...compileYaml(text).workflows.values()][0]

  test.each([
    ['job', `${API}\nworkflow: { job: { id: a, input: x } }`, 'workflow.job', 'a', 'x'],
    ['job of a named workflow', `${API}\nworkflows: { w: { job: { input: x } } }`, 'workflows.w.job', '__job__', 'x'],
    ['no jobs', `${API}\nworkflow: { title: t }`, 'workflow', '__job__', undefined],
    ['no jobs and an input', `${API}\nworkflow: { input: "\${input}" }`, 'workflow', '__job__', '${input}'],
    ['no jobs in a list', `${API}\nworkflows: [{ id: w }]`, 'workflows[0]', '__job__', undefined],
  ])('with %s calls the only component', (_, text, at, id, input) => {
    expect(first(text)?.jobs).toMatchObject([{ at, id, component: '__component__', input: input && { source: input } }])
  })

  test.each([
    ['no jobs', '{}'],
    ['job', '{ job: {} }'],
    ['jobs', '{ jobs: [{ id: a }] }'],
  ])('with %s calls the default component of several', (_, workflow) => {
    const text = `components: { a: { endpoint: "https://a" }, b: { endpoint: "https://b", default: true } }\nworkflow: ${workflow}`
    expect(first(text)?.jobs[0]?.component).toBe('b')
  })

  test.each([
    [
      'workflow: {}',
      'workflow.jobs',
      'missing; expected a list of jobs, since there is no component to call without one',
    ],
    ['components: {}\nworkflow: { title: t }', 'workflow.jobs', 'there is no component to call without one'],
    [
      'components: { a: { endpoint: "https://a" }, b: { endpoint: "https://b" } }\nworkflow: { title: t }',
      'workflow.jobs',
      'there are 2 components to choose from',
    ],
    [`${API}\nworkflow: { jobs: [] }`, 'workflow.jobs', 'expected at least one job, found an empty list'],
    [`${API}\nworkflow: { jobs: [{ id: a }], job: { id: b } }`, 'workflow.job', 'stands beside "jobs"'],
    [
      'components: { a: { endpoint: "https://a", default: true }, b: { endpoint: "https://b", default: true } }',
      'components.b.default',
      '"a" is the default already',
    ],
  ])('%s is refused', (text, at, message) => {
    const [line = '', ...others] = linesOf(text)
    expect(others).toEqual([])
    expect(line).toContain(` ${at} ERR_CONFIG_VALUE `)
    expect(line).toContain(message)
  })

  test('with jobs is warned of an input of its own', () => {
    expect(warningsOf(`${API}\nworkflow: { input: x, job: {} }`)).toEqual([
      'workflow.input: "input" has no effect here: each job has its own; a job without one gets the input of the workflow',
    ])
  })
})

describe('a component of type http-server', () => {
  const urlOf = (keys: string, env = {}) => {
    const component = compileYaml(`component: { type: http-server, ${keys} }`, env).components?.get('__component__')
    return component?.type === 'http-client' ? component.baseUrl?.render({}) : undefined
  }

  test.each([
    ['path: /x', 'http://127.0.0.1:8000'],
    ['port: 9000, path: /x', 'http://127.0.0.1:9000'],
    ['port: "${env.PORT as integer | 8000}", path: /x', 'http://127.0.0.1:9001'],
    ['base_path: /api/, action: { path: /x }', 'http://127.0.0.1:8000/api'],
    ['base_path: "v1/models:list", path: /x', 'http://127.0.0.1:8000/v1/models:list'],
    ['base_path: "/$${a}", path: /x', 'http://127.0.0.1:8000/${a}'],
    ['host: gpu.local, port: 80, path: /x', 'http://gpu.local:80'],
    ['host: "::1", path: /x', 'http://[::1]:8000'],
  ])('%s calls %s', (keys, url) => {
    expect(urlOf(keys, { PORT: '9001' })).toBe(url)
  })

  test.each([
    [
      'base_url: "https://x"',
      'component.base_url',
      'has no "base_url"; write port and base_path, or type: http-client',
    ],
    ['port: 0', 'component.port', 'expected a whole number from 1 to 65535'],
    ['host: "user@x"', 'component.host', 'expected a host name or an address, found "user@x"'],
    ['host: "http://x"', 'component.host', 'expected a host name or an address'],
    ['base_path: "http://x/y"', 'component.base_path', 'expected a path such as "/api"'],
    ['base_path: "/y?z=1"', 'component.base_path', 'expected a path such as "/api"'],
    ['level: info', 'component.level', 'a component of type "http-server" has no "level"'],
  ])('%s is refused', (keys, at, message) => {
    const [line = '', ...others] = linesOf(`component: { type: http-server, ${keys} }`)
    expect(others).toEqual([])
    expect(line).toContain(` ${at} `)
    expect(line).toContain(message)
  })

  test('has its keys alone', () => {
    expect(linesOf('component: { port: 80, path: /x }')).toEqual([
      expect.stringContaining('a component of type "http-client" has no "port"; write base_url, or type: http-server'),
    ])
  })
})

describe('a component that stands in a job', () => {
  const inside = '{ endpoint: "https://a.example/x", headers: { A: "${jobs.b.output}" } }'

  test.each([
    ['alone', `workflow: { job: { component: ${inside.replace('jobs.b', 'input')} } }`, 'workflow.job.component', 1],
    [
      'in a list',
      `workflow: { jobs: [{ id: b, component: logger }, { component: ${inside} }] }`,
      'workflow.jobs[1].component',
      1,
    ],
    [
      'beside others',
      `${API}\nworkflow: { jobs: [{ id: b }, { component: ${inside} }] }`,
      'workflow.jobs[1].component',
      2,
    ],
    [
      'in on_error',
      `${API}\nworkflow: { jobs: [{ id: b }, { on_error: [{ component: ${inside} }] }] }`,
      'workflow.jobs[1].on_error[0].component',
      2,
    ],
  ])('%s is the one that the job calls', (_, text, at, count) => {
    const { components, workflows, warnings } = compileYaml(text)
    expect(warnings).toEqual([])
    expect(components?.size).toBe(count)
    expect(components?.get(at)).toMatchObject({ at, type: 'http-client' })
    expect(JSON.stringify([...workflows.values()])).toContain(`"component":"${at}"`)
  })

  test.each([
    [`workflow: { job: { component: { pth: /x } } }`, 'workflow.job.component.pth', 'Did you mean "path"?'],
    [
      `workflow: { job: { component: { type: shell, command: x } } }`,
      'workflow.job.component.type',
      '"shell" does not run',
    ],
    [`workflow: { job: { component: ${inside} } }`, 'workflow.job.component', 'a job that this workflow does not have'],
    [
      `workflow: { job: { component: ${inside.replace('jobs.b', 'input')}, wait_for: x } }`,
      'workflow.job.wait_for',
      'or waits',
    ],
    [
      `workflow: { job: { component: [a] } }`,
      'workflow.job.component',
      'the name of a component, or a mapping that is one',
    ],
  ])('%s is refused', (text, at, message) => {
    const [line = '', ...others] = linesOf(text)
    expect(others).toEqual([])
    expect(line).toContain(` ${at} `)
    expect(line).toContain(message)
  })

  test('is not one that other jobs call', () => {
    const text = `${API}\nworkflow: { jobs: [{ id: b, component: ${inside.replace('jobs.b', 'input')} }, { id: c }] }`
    const { workflows } = compileYaml(text)
    expect(workflows.get('__workflow__')?.jobs[1]?.component).toBe('__component__')
  })
})
