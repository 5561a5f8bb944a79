import { describe, expect, test } from '@jest/globals'
import { createJsonSchema } from '../../.ci/write-schema.cjs'
import { compileConfig } from '../../lib/config/normalize'
import { configShape } from '../../lib/config/schema'
import { compileYaml, linesOf, problemsOf } from './problems'

/** Hands over what a caller without types could. */
function compileUnknown(input: unknown): () => unknown {
  return () => Reflect.apply(compileConfig, undefined, [input, {}])
}

describe('an unknown key', () => {
  test.each([
    ['gatway: {}', '1:1 gatway', 'Unknown key "gatway". Did you mean "gateway"?'],
    ['listener: { pth: /x }', '1:13 listener.pth', 'Unknown key "pth". Did you mean "path"?'],
    [
      'listener:\n  callbacks:\n    - path: /a\n    - path: /b\n      identfy_by: x',
      '5:7 listener.callbacks[1].identfy_by',
      'Unknown key "identfy_by". Did you mean "identify_by"?',
    ],
    [
      'listener: { path: /x, verify: { scheme: fal, tolerence: 5m } }',
      '1:46 listener.verify.tolerence',
      'Unknown key "tolerence". Did you mean "tolerance"?',
    ],
    [
      'component: { path: /x, completion: { typ: none } }',
      '1:38 component.completion.typ',
      'Unknown key "typ". Did you mean "type"?',
    ],
    [
      'workflow:\n  jobs:\n    - component: logger\n      on_error:\n        - component: logger\n          dependson: []',
      '6:11 workflow.jobs[0].on_error[0].dependson',
      'Unknown key "dependson". Did you mean "depends_on"?',
    ],
    [
      'workflow: { jobs: [{ wait_for: { id: x, tmeout: 5 } }] }',
      '1:41 workflow.jobs[0].wait_for.tmeout',
      'Unknown key "tmeout". Did you mean "timeout"?',
    ],
    [
      'components: { a: { id: a, action: { path: /x, headrs: {} } } }',
      '1:47 components.a.action.headrs',
      'Unknown key "headrs". Did you mean "headers"?',
    ],
    ['store: { type: memory, park: { fro: 5 } }', '1:32 store.park.fro', 'Unknown key "fro". Did you mean "for"?'],
    [
      'controller: { auth: { tokn: x, token: y } }',
      '1:23 controller.auth.tokn',
      'Unknown key "tokn". Did you mean "token"?',
    ],
    [
      'gateway: { port: 1, connection: { host: h, auth: agent, hostkey: x } }',
      '1:57 gateway.connection.hostkey',
      'Unknown key "hostkey". Did you mean "host_key"?',
    ],
    [
      'listener: { path: /x, response: { zzz: 1 } }',
      '1:35 listener.response.zzz',
      'Unknown key "zzz". Known here: status, headers, body.',
    ],
    ['listener: { path: /x, constructor: 1 }', '1:23 listener.constructor', 'Unknown key "constructor".'],
    ['listener: { path: /x, toString: 1 }', '1:23 listener.toString', 'Unknown key "toString".'],
    ['"__proto__": { listener: {} }', '1:1 __proto__', 'Unknown key "__proto__".'],
    ['listener: { path: /x, result: { __proto__: 1 } }', '1:33 listener.result.__proto__', 'Unknown key "__proto__".'],
  ])('of %p is named with the nearest known one', (text, place, message) => {
    const [line, ...others] = linesOf(text)
    expect(line).toContain(`${place} ERR_CONFIG_UNKNOWN_KEY ${message}`)
    expect(others).toEqual([])
  })

  test('does not hide what else is wrong', () => {
    expect(
      linesOf(`
listener:
  prt: 1
  port: 80a
  methd: GET
  callbacks:
    - path: /x
      resut: 1
      bulk: 7
    - { path: [], timeout: -1 }
    - 3
`),
    ).toEqual([
      '3:3 listener.prt ERR_CONFIG_UNKNOWN_KEY Unknown key "prt". Did you mean "port"?',
      '4:9 listener.port ERR_CONFIG_VALUE expected a whole number from 0 to 65535, found "80a"',
      '5:3 listener.methd ERR_CONFIG_UNKNOWN_KEY Unknown key "methd". Did you mean "method"?',
      '8:7 listener.callbacks[0].resut ERR_CONFIG_UNKNOWN_KEY Unknown key "resut". Did you mean "result"?',
      '9:13 listener.callbacks[0].bulk ERR_CONFIG_VALUE expected true or false, found 7',
      '10:9 listener.callbacks[1].path ERR_CONFIG_VALUE expected text, found an empty list',
      '10:28 listener.callbacks[1].timeout ERR_CONFIG_VALUE expected a duration such as "500ms", "30s", "5m", "2h" or "1d", or milliseconds, found -1',
      '11:7 listener.callbacks[2] ERR_CONFIG_VALUE expected a mapping, found 3',
    ])
  })
})

describe('a value of the wrong shape', () => {
  test.each([
    ['listener: 5', 'listener', 'expected a mapping, found 5'],
    ['listener: [{ path: /x }]', 'listener', 'expected a mapping, found a list'],
    ['listeners: { path: /x }', 'listeners', 'expected a list, found a mapping'],
    ['listener: { port: [1] }', 'listener.port', 'expected a whole number from 0 to 65535, found a list'],
    ['listener: { port: 65536 }', 'listener.port', 'expected a whole number from 0 to 65535, found 65536'],
    [
      'listener: { runtime: dcker }',
      'listener.runtime',
      'one of native, docker, found "dcker". Did you mean "docker"?',
    ],
    ['listener: { path: /x, method: PSOT }', 'listener.method', 'found "PSOT". Did you mean "POST"?'],
    ['listener: { path: /x, identify_by: {} }', 'listener.identify_by', 'expected text, a number, true or false'],
    [
      'listener: { path: /x, status: s, success_when: [[1]] }',
      'listener.success_when[0]',
      'expected text, a number, true or false, found a list',
    ],
    ['listener: { rate_limit: 100 }', 'listener.rate_limit', 'expected a rate such as "100/m" (also /s, /h and /d)'],
    ['listener: { body_limit: 1tb }', 'listener.body_limit', 'expected a size such as "512kb" or "1mb", or bytes'],
    ['listener: { public_url: example.com }', 'listener.public_url', 'expected an http:// or https:// URL without'],
    ['listener: { path: "  " }', 'listener.path', 'expected text that is not blank, found "  "'],
    [
      'listener: { path: /x, challenge: true }',
      'listener.challenge',
      'the name of a handshake, a mapping with type and token, or false, found true',
    ],
    ['listener: { path: /x, verify: strpe }', 'listener.verify', 'found "strpe". Did you mean "stripe"?'],
    [
      'listener: { path: /x, response: { headers: [] } }',
      'listener.response.headers',
      'a mapping or a template, found an',
    ],
    ['gateway: { driver: ngrok, port: true }', 'gateway.port', 'expected a port or a list of ports, found true'],
    ['component: { path: /x, completion: later }', 'component.completion', 'found "later"'],
    ['components: 3', 'components', 'expected a mapping by name, or a list in which each has an id, found 3'],
    ['workflow: { jobs: {} }', 'workflow.jobs', 'expected a list, found a mapping'],
    ['store: redys', 'store', 'found "redys". Did you mean "redis"?'],
    [
      'workflow: { jobs: [{ retry: { max_attempts: 0 }, component: logger }] }',
      'workflow.jobs[0].retry.max_attempts',
      '1 or more, found 0',
    ],
    [`listener: { path: /x, method: "${'y'.repeat(200)}" }`, 'listener.method', `found "${'y'.repeat(59)}…`],
  ])('%p says what was expected and found', (text, at, message) => {
    const [line] = linesOf(text)
    expect(line).toContain(` ${at} ERR_CONFIG_VALUE `)
    expect(line).toContain(message)
  })

  test.each([
    ['gateway: { driver: ngrok, port: 1, authtoken: [12345] }', 'gateway.authtoken'],
    ['gateway: { driver: cloudflare, port: 1, hostname: h, token: [12345] }', 'gateway.token'],
    ['controller: { auth: { token: [12345] } }', 'controller.auth.token'],
    ['controller: { ssl: { cert: c, key: { a: 12345 } } }', 'controller.ssl.key'],
    ['gateway: { port: 1, connection: { host: h, auth: { password: [12345] } } }', 'gateway.connection.auth.password'],
    ['listener: { path: /x, verify: { scheme: hmac, secret: [[12345]] } }', 'listener.verify.secret[0]'],
  ])('is not quoted where a secret stands: %p', (text, at) => {
    const lines = linesOf(text)
    expect(lines[0]).toContain(` ${at} ERR_CONFIG_VALUE expected text`)
    expect(lines.join()).not.toContain('12345')
  })

  test.each([
    [{ controller: { auth: { token: 12345 } } }, 'controller.auth.token'],
    [{ gateway: { driver: 'ngrok', port: 1, authtoken: 12345 } }, 'gateway.authtoken'],
    [{ listener: { path: '/x', verify: { scheme: 'hmac', secret: [12345] } } }, 'listener.verify.secret[0]'],
  ])('nor is a number of an object: %j', (input, at) => {
    const [problem] = problemsOf(compileUnknown(input))
    expect(problem).toMatchObject({ at, message: 'expected text, found a number (not shown); put it in quotes' })
  })

  test.each([
    ['controller: { ssl: { cert: c } }', 'controller.ssl.key', 'missing; expected text'],
    ['listener: { path: /x, verify: { secret: s } }', 'listener.verify.scheme', 'missing; expected one of hmac'],
    ['gateway: { driver: ngrok }', 'gateway.port', 'missing; expected a port or a list of ports'],
    ['workflow: { title: t }', 'workflow.jobs', 'missing; expected a list'],
    [
      'workflow: { jobs: [{ wait_for: { path: /x } }] }',
      'workflow.jobs[0].wait_for.id',
      'missing; expected a template',
    ],
  ])('%p lacks a required key', (text, at, message) => {
    const lines = linesOf(text)
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain(` ${at} ERR_CONFIG_VALUE ${message}`)
  })

  test('is not a key without a value, as YAML has them', () => {
    expect(linesOf('listener:\ngateways:\ncomponents:\nworkflow: ~\nstore:\n')).toEqual([])
    expect(linesOf('listener:\n  path: /x\n  port:\n  verify:\n  result:\n')).toEqual([])
  })
})

describe('an object as config', () => {
  class Instance {
    readonly path = '/x'
  }
  const cycle: Record<string, unknown> = {}
  cycle['listener'] = cycle
  const deep = Array.from({ length: 500 }).reduce<unknown>((inner) => ({ inner }), 1)

  test.each([
    ['a function', { listener: { path: '/x', result: () => 1 } }, 'listener.result', 'found a function'],
    ['an instance', { listener: new Instance() }, 'listener', 'found an instance of a class'],
    ['a date', { listener: { path: '/x', input: [new Date()] } }, 'listener.input[0]', 'found a Date'],
    ['a map', { components: new Map() }, 'components', 'found a Map'],
    ['a symbol', { listener: { path: Symbol('x') } }, 'listener.path', 'found a symbol'],
    ['a bigint', { listener: { port: 1n } }, 'listener.port', 'found a bigint'],
    ['a cycle', cycle, 'listener', 'this value contains itself'],
    [
      'depth',
      { listener: { path: '/x', result: deep } },
      expect.stringMatching(/^listener\.result/),
      'deeper than 100',
    ],
    ['text', 'callbacks.yml', '', 'found the text "callbacks.yml"; a file is read by loadConfig()'],
    ['null', null, '', 'expected a mapping, found nothing'],
    ['a list', [], '', 'expected a mapping, found an empty list'],
  ])('refuses %s', (_, input, at, message) => {
    const [problem] = problemsOf(compileUnknown(input))
    expect(problem).toMatchObject({ code: 'ERR_CONFIG_VALUE', at, message: expect.stringContaining(message) })
    expect(problem?.location).toBeUndefined()
  })

  test('is left as it is', () => {
    const input = {
      listener: { path: '/x', result: { a: '${env.A | "b"}' }, success_when: ['x'], status: '${body.s}' },
    }
    const before = structuredClone(input)
    const config = compileConfig(input)
    expect(input).toEqual(before)
    expect(Object.isFrozen(input.listener.result)).toBe(false)
    expect(Object.isFrozen(config.listeners[0]?.endpoints[0]?.result?.source)).toBe(true)
  })

  test('may hold the same value twice, and undefined for what is absent', () => {
    const shared = { id: '${body.id}' }
    const config = compileConfig({ listener: { path: '/x', result: shared, input: shared, port: undefined } })
    expect(config.listeners[0]?.port).toBe(8090)
  })
})

interface Node {
  readonly [key: string]: unknown
}

function* walk(node: unknown): Generator<Node> {
  if (typeof node !== 'object' || node === null) return
  yield Object.fromEntries(Object.entries(node))
  for (const child of Object.values(node)) yield* walk(child)
}

describe('the JSON Schema', () => {
  const schema: Node = createJsonSchema(configShape)

  test('is a draft-07 document with a stable id', () => {
    expect(schema).toMatchObject({
      $schema: 'http://json-schema.org/draft-07/schema#',
      $id: 'urn:express-callbacks:schema',
      title: 'express-callbacks',
      type: 'object',
      additionalProperties: false,
      required: [],
    })
  })

  test('has every section, and refuses unknown keys everywhere', () => {
    expect(Object.keys(Object(schema['properties']))).toEqual([
      'listener',
      'listeners',
      'gateway',
      'gateways',
      'component',
      'components',
      'workflow',
      'workflows',
      'controller',
      'store',
      'deliveries',
    ])
    const open = [...walk(schema)].filter((node) => 'properties' in node && node['type'] === 'object')
    expect(open.length).toBeGreaterThan(20)
    for (const node of open) expect(node['additionalProperties']).toBe(false)
  })

  test('describes the keys, and completes words while it lets the environment stand', () => {
    const text = JSON.stringify(schema)
    expect(text).toContain('"description":"The id of the task that the callback belongs to"')
    expect(text).toContain(
      '{"anyOf":[{"enum":["native","docker"],"type":"string"},{"type":"string","pattern":"\\\\$\\\\{"}]',
    )
    expect(text).not.toContain('"holds"')
  })
})

describe('a value is checked as it is read', () => {
  test.each(['TRUE', 'True', ' true ', 'false', 'FALSE'])('a flag takes %j from the environment', (FLAG) => {
    const { listeners } = compileYaml('listener: { path: /x, bulk: "${env.FLAG}" }', { FLAG })
    expect(listeners[0]?.endpoints[0]?.bulk).toBe(/true/i.test(FLAG))
  })

  test.each([
    ['yes', 'found "yes"'],
    ['1', 'found "1"'],
    ['treu', 'found "treu". Did you mean "true"?'],
  ])('a flag does not take %j', (FLAG, found) => {
    expect(linesOf('listener: { path: /x, bulk: "${env.FLAG}" }', { FLAG })).toEqual([
      `1:29 listener.bulk ERR_CONFIG_VALUE expected true or false, ${found} (from the environment variable "FLAG")`,
    ])
  })

  test.each([0, -1, 1.5])('a challenge cannot take %j events a minute', (rate) => {
    expect(linesOf(`listener: { path: /x, challenge: { type: cloudevents, rate: ${rate} } }`)).toEqual([
      expect.stringMatching(/listener\.challenge\.rate ERR_CONFIG_VALUE expected a whole number, 1 or more, found /),
    ])
  })

  test.each(['ignore', 'fail'])('on_error takes %s from the environment', (WORD) => {
    const { workflows } = compileYaml('workflow: { job: { component: logger, on_error: "${env.WORD}" } }', { WORD })
    const output = workflows.get('__workflow__')?.jobs[0]?.onErrorOutput
    expect(output).toEqual(WORD === 'ignore' ? { template: undefined } : undefined)
  })
})
