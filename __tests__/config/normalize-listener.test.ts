import { describe, expect, test } from '@jest/globals'
import { compileConfig } from '../../lib/config/normalize'
import { compileYaml, linesOf } from './problems'

function endpointsOf(text: string) {
  return compileYaml(text).listeners.flatMap(({ endpoints }) => endpoints)
}

describe('a listener', () => {
  test('has every default', () => {
    const { listeners, warnings } = compileConfig({ listener: { path: 'done' } })
    expect(warnings).toEqual([])
    expect(listeners).toEqual([
      {
        at: 'listener',
        kind: 'callback',
        runtime: 'native',
        host: '0.0.0.0',
        port: 8090,
        basePath: '',
        publicUrl: undefined,
        maxConcurrent: 0,
        maxQueue: 1000,
        bodyLimitBytes: 1_048_576,
        rateLimit: undefined,
        trustForwarded: false,
        endpoints: [
          {
            at: 'listener',
            location: undefined,
            locations: {},
            method: 'POST',
            onMismatch: 'fail',
            respond: 'at_once',
            withinMs: 25_000,
            path: '/done',
            fullPath: '/done',
            identifyBy: undefined,
            status: undefined,
            successWhen: undefined,
            failWhen: undefined,
            result: undefined,
            bulk: false,
            item: undefined,
            verify: undefined,
            challenge: undefined,
            challengeLocation: undefined,
            response: undefined,
            workflow: undefined,
            input: undefined,
            dedupeBy: undefined,
            timeoutMs: 86_400_000,
          },
        ],
      },
    ])
  })

  test('reads every key of its own and of a callback', () => {
    const [listener] = compileYaml(`
listener:
  type: http-callback
  runtime: docker
  host: 127.0.0.1
  port: 9000
  base_path: hooks/
  public_url: https://example.com/app/
  max_concurrent_count: 4
  max_queue: 5
  body_limit: 2mb
  rate_limit: 10/s
  trust_forwarded: true
  callbacks:
    - path: //done/
      method: put
      identify_by: \${body.id}
      status: \${body.status}
      success_when: ok
      fail_when: [500, false]
      result: { url: "\${item.url}" }
      bulk: true
      item: \${body.items}
      verify: { scheme: slack, secret: [old, new], tolerance: 2m }
      challenge: false
      response: { status: 201, headers: { X-A: "\${header.B}" }, body: ok }
      workflow: false
      input: \${body}
      dedupe_by: \${header.X-Id}
      timeout: 5m
`).listeners
    expect(listener).toMatchObject({
      runtime: 'docker',
      host: '127.0.0.1',
      port: 9000,
      basePath: '/hooks',
      publicUrl: 'https://example.com/app',
      maxConcurrent: 4,
      maxQueue: 5,
      bodyLimitBytes: 2_097_152,
      rateLimit: { count: 10, windowMs: 1000 },
      trustForwarded: true,
    })
    expect(listener?.endpoints[0]).toMatchObject({
      at: 'listener.callbacks[0]',
      location: { file: '<yaml>', line: 15, column: 7 },
      method: 'PUT',
      path: '/done',
      fullPath: '/hooks/done',
      identifyBy: { source: '${body.id}' },
      successWhen: ['ok'],
      failWhen: ['500', 'false'],
      bulk: true,
      verify: { at: 'listener.callbacks[0].verify', scheme: 'slack', secrets: ['old', 'new'], toleranceMs: 120_000 },
      challenge: false,
      response: { status: { source: 201 }, body: { source: 'ok' } },
      workflow: false,
      timeoutMs: 300_000,
    })
    expect(listener?.endpoints[0]?.result?.render({ item: { url: 'u' } })).toEqual({ url: 'u' })
  })

  test.each([
    [undefined, '/x', '/x'],
    ['/', 'x', '/x'],
    ['', '/x', '/x'],
    ['/hooks', '/x', '/hooks/x'],
    ['hooks//', '//x', '/hooks/x'],
    ['/hooks', '/', '/hooks'],
    ['/a/b', '/:id', '/a/b/:id'],
  ])('joins base path %p and path %p to %p', (base_path, path, fullPath) => {
    const config = compileConfig({ listener: { base_path, callbacks: [{ path }] } })
    expect(config.listeners[0]?.endpoints[0]?.fullPath).toBe(fullPath)
  })

  test('without callbacks loads with a warning', () => {
    expect(compileYaml('listener: { host: 0.0.0.0, port: 8090 }').warnings).toMatchObject([
      { at: 'listener', message: 'this listener has no callbacks; it receives nothing', location: { line: 1 } },
    ])
    expect(compileYaml('listener: { type: http-trigger, triggers: [] }').warnings).toHaveLength(1)
  })
})

describe('a trigger', () => {
  test('may stand inline or in a list, and starts the default workflow', () => {
    const jobs = 'workflow: { jobs: [{ component: logger }] }\n'
    const inline = compileYaml(`${jobs}listener: { type: http-trigger, path: /go, input: "\${body.a}" }`)
    expect(inline.listeners[0]).toMatchObject({
      kind: 'trigger',
      endpoints: [{ path: '/go', input: { source: '${body.a}' } }],
    })
    const listed = compileYaml(`${jobs}listener: { triggers: [{ path: /go, workflow: __workflow__ }] }`)
    expect(listed.listeners[0]).toMatchObject({ kind: 'trigger', endpoints: [{ workflow: '__workflow__' }] })
    expect([...inline.warnings, ...listed.warnings]).toEqual([])
  })

  test('without a workflow to start loads with a warning', () => {
    expect(compileYaml('listener: { triggers: [{ path: /go }] }').warnings).toMatchObject([
      { at: 'listener.triggers[0]', message: expect.stringContaining('names no workflow') },
    ])
  })
})

describe('a listener is refused when', () => {
  test.each([
    [
      'a callback is inline beside callbacks',
      'listener: { path: /x, callbacks: [{ path: /y }] }',
      'listener.callbacks',
      'stands beside path; write one callback inline',
    ],
    [
      'a callback has no path',
      'listener: { callbacks: [{ identify_by: x }] }',
      'listener.callbacks[0].path',
      'missing; expected text',
    ],
    [
      'an inline callback has no path',
      'listener: { identify_by: x }',
      'listener.path',
      'missing; expected the path that is called',
    ],
    [
      'two callbacks have the same route',
      'listener: { callbacks: [{ path: /A/ }, { path: a }] }',
      'listener.callbacks[1].path',
      'POST /a is answered by listener.callbacks[0] already',
    ],
    [
      'two callbacks have the same route but for the name of a parameter',
      'listener: { callbacks: [{ path: "/a/:id" }, { path: "/a/:key" }] }',
      'listener.callbacks[1].path',
      'POST /a/:key is answered by listener.callbacks[0] already',
    ],
    [
      'or of a wildcard, or of a parameter that may be left out',
      'listener: { callbacks: [{ path: "/a{/:b}/*c" }, { path: "/A{/:d}/*e" }] }',
      'listener.callbacks[1].path',
      'is answered by listener.callbacks[0] already',
    ],
    ['a path is a URL', 'listener: { path: "https://x.io/done" }', 'listener.path', 'its origin belongs in public_url'],
    ['a path has a query', 'listener: { path: "/done?id=1" }', 'listener.path', 'a query is read with ${query.name}'],
    ['a parameter has no name', 'listener: { path: "/done/:" }', 'listener.path', 'Missing parameter name'],
    ['a path is in the syntax of Express 4', 'listener: { path: "/done/:id?" }', 'listener.path', 'holds ? or #'],
    ['a path is a regular expression', 'listener: { path: "/done/(a|b)" }', 'listener.path', 'no path of Express 5'],
    [
      'a base path is broken',
      'listener: { base_path: "/{a", path: /done }',
      'listener.base_path',
      'no path of Express 5',
    ],
    ['a path has a fragment', 'listener: { path: "/done#1" }', 'listener.path', 'holds ? or #'],
    [
      'a base path is a URL',
      'listener: { path: /x, base_path: "http://x" }',
      'listener.base_path',
      'its origin belongs in public_url',
    ],
    [
      'a value means two things',
      'listener: { path: /x, status: s, success_when: [200, a], fail_when: "200" }',
      'listener.fail_when',
      '"200" stands in success_when too',
    ],
    [
      'a tolerance is a mistake',
      'listener: { path: /x, verify: { scheme: slack, secret: s, tolerance: 300 } }',
      'listener.verify.tolerance',
      '300 ms refuses every request',
    ],
    [
      'a secret is missing',
      'listener: { path: /x, verify: stripe }',
      'listener.verify.secret',
      '"stripe" cannot be verified without a secret: write verify: {scheme: stripe, secret: "${env.…}"}',
    ],
    [
      'there is no secret in the list',
      'listener: { path: /x, verify: { scheme: hmac, secret: [] } }',
      'listener.verify.secret',
      'cannot be verified without a secret',
    ],
    [
      'a secret is blank',
      'listener: { path: /x, verify: { scheme: hmac, secret: [a, " "] } }',
      'listener.verify.secret[1]',
      'expected text that is not blank',
    ],
    [
      'it has triggers but is for callbacks',
      'listener: { type: http-callback, triggers: [{ path: /x }] }',
      'listener.triggers',
      'has "callbacks", not "triggers"',
    ],
    [
      'it has callbacks but is for triggers',
      'listener: { type: http-trigger, callbacks: [{ path: /x }] }',
      'listener.callbacks',
      'has "triggers", not "callbacks"',
    ],
    [
      'a trigger has keys of a callback',
      'listener: { type: http-trigger, path: /x, workflow: false, identify_by: i }',
      'listener.identify_by',
      'a trigger has no "identify_by"',
    ],
    [
      'a workflow is unknown',
      'listener: { path: /x, workflow: b }\nworkflow: { id: a, jobs: [{ component: logger }] }',
      'listener.workflow',
      'no workflow "b" is defined; defined are: a',
    ],
    [
      'it stands in the singular and the plural',
      'listener: { path: /x }\nlisteners: [{ path: /y }]',
      'listeners',
      '"listener" and "listeners" stand side by side',
    ],
  ])('%s', (_, text, at, message) => {
    const lines = linesOf(text)
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain(` ${at} ERR_CONFIG_VALUE `)
    expect(lines[0]).toContain(message)
  })

  test.each([
    ['identify_by: ${output.id}', 'output'],
    ['status: ${response.status}', 'response'],
    ['result: { a: [1, "${input.x}"] }', 'input'],
    ['input: ${jobs.a.output}', 'jobs'],
    ['item: ${headers.x}', 'headers'],
    ['dedupe_by: ${gateway:8090.public_url}', 'gateway'],
    ['verify: { scheme: hmac, secret: s, signature: "${raw}" }', 'raw'],
    ['verify: { scheme: hmac, secret: s, signed: "${query.x}" }', 'query'],
    ['response: { body: "${result}" }', 'result'],
  ])('a template reads what cannot be read there: %s', (key, source) => {
    const lines = linesOf(`listener:\n  path: /x\n  ${key}\n`)
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/^3:\d+ listener\.[\w.[\]]+ ERR_CONFIG_TEMPLATE /)
    expect(lines[0]).toContain(`Unknown source "${source}"`)
  })

  test('a template deep in a field is broken, with its own place', () => {
    expect(linesOf('listener:\n  path: /x\n  result:\n    list:\n      - a: 1\n        b: ${nope}\n')[0]).toMatch(
      /^6:12 listener\.result\.list\[0\]\.b ERR_CONFIG_TEMPLATE Unknown source "nope"/,
    )
  })
})

describe('routes differ', () => {
  test.each([
    'listener: { callbacks: [{ path: /a }, { path: /a, method: put }] }',
    'listener: { callbacks: [{ path: /a }, { path: /a/b }] }',
    'listeners: [{ path: /a }, { path: /a, port: 8091 }]',
  ])('in %s', (text) => {
    expect(endpointsOf(text)).toHaveLength(2)
  })
})

test('a field of a callback that reads a source of workflows is refused, with the sources that it may read', () => {
  expect(linesOf('listener: { path: /x, result: "${context.run_id}" }')).toEqual([
    '1:31 listener.result ERR_CONFIG_TEMPLATE Unknown source "context" in ${context.run_id}. ' +
      'What can be read here: body, query, header, params, method, path, item, index, env',
  ])
})

test('port 0 asks for any free port', () => {
  expect(compileYaml('listener: { port: 0, path: /x }').listeners[0]?.port).toBe(0)
})
