import { describe, expect, test } from '@jest/globals'
import { useServices } from '../helpers/fake-service'
import { useHosts } from '../helpers/use-hosts'
import { compileConfig } from '../../lib/config/normalize'
import { mergeDocuments } from '../../lib/config/read/merge'
import { parseConfig } from '../../lib/config/read/load'
import { compileYaml, linesOf } from './problems'

const services = useServices()
const hosts = useHosts()

/** Scalars that YAML takes for numbers, booleans or dates, and some that it does not. */
const SCALARS = [
  '00',
  '01234',
  '1.10',
  '1.0',
  '+491701234567',
  '-0',
  '0x1F',
  '0o17',
  '1e3',
  '1E+3',
  '.5',
  '5.',
  '1_000',
  '7615917337495251000',
  '7615917337495251231',
  '1e400',
  '.inf',
  'true',
  'True',
  'FALSE',
  'yes',
  'off',
  '2024-01-01',
  '12:30:45',
]

describe('a scalar of YAML where text is meant is what stands in the file', () => {
  test.each(SCALARS)('%s', (scalar) => {
    const config = compileYaml(`
listener:
  callbacks:
    - path: /a
      identify_by: \${body.id}
      status: \${body.status}
      success_when: [${scalar}, other]
      fail_when: x
      response: { headers: { X-Value: ${scalar} } }
      verify: { scheme: token, secret: ${scalar} }
    - { path: /b, identify_by: ${scalar}, status: '\${body.s}', fail_when: ${scalar}, verify: { scheme: token, secret: [${scalar}, b] } }
components:
  ${scalar}:
    base_url: http://localhost
    path: ${scalar}
    headers: { ${scalar}: ${scalar}, list: [${scalar}] }
    params: { a: ${scalar}, list: [a, ${scalar}] }
    body: \${input}
    completion: { type: callback, path: /a, wait_for: ${scalar} }
workflows:
  ${scalar}:
    title: ${scalar}
    jobs:
      - { id: ${scalar}, component: ${scalar} }
      - { id: last, depends_on: [${scalar}], wait_for: { id: [${scalar}], path: /a } }
      - { id: wait, wait_for: ${scalar} }
controller:
  auth: { token: ${scalar} }
`)
    // Where any scalar may stand, one that is its own text may stay a value.
    const same = scalar === 'true' ? true : scalar
    const [a, b] = config.listeners[0]?.endpoints ?? []
    expect(a).toMatchObject({ successWhen: [scalar, 'other'], verify: { secrets: [scalar] } })
    expect(a?.response?.headers?.source).toEqual({ 'X-Value': same })
    expect(b).toMatchObject({ identifyBy: { source: same }, failWhen: [scalar], verify: { secrets: [scalar, 'b'] } })
    const component = config.components?.get(scalar)
    expect(component).toMatchObject({
      path: { source: same },
      headers: { source: { [scalar]: same, list: [same] } },
      params: { source: { a: same, list: ['a', same] } },
      completion: { waitFor: { source: same } },
    })
    const workflow = config.workflows.get(scalar)
    expect(workflow?.jobs).toMatchObject([
      { id: scalar, component: scalar },
      { id: 'last', after: [scalar], waitFor: { id: { source: [same] } } },
      { waitFor: { id: { source: same } } },
    ])
    expect(config.controller).toMatchObject({ auth: { token: scalar } })
  })

  test('in the form of a list with ids, in several files, and behind an alias', () => {
    const { data } = mergeDocuments([
      ...parseConfig('components: [{ id: 1.10, endpoint: http://a }]').documents,
      ...parseConfig('x: 1\ncomponents: { 1.10: { params: &p { a: 01, b: &n 0x1F } , body: { b: *n, p: *p } } }')
        .documents,
    ])
    expect(data).toEqual({
      x: 1,
      components: {
        '1.10': {
          id: '1.10',
          endpoint: 'http://a',
          params: { a: '01', b: '0x1F' },
          body: { b: 31, p: { a: 1, b: 31 } },
        },
      },
    })
  })

  test('an empty value, ~ and null are nothing', () => {
    const config = compileYaml(
      'component: { endpoint: http://a, headers: { a: ~, b: null, c: }, body: { a: ~, b: null } }',
    )
    const [component] = config.components?.values() ?? []
    expect(component).toMatchObject({
      headers: { source: { a: null, b: null, c: null } },
      body: { source: { a: null, b: null } },
    })
  })

  test('a merge key of YAML is none of its own', () => {
    const config = compileYaml(`
component:
  endpoint: http://a
  headers: &h { a: 1.10 }
  params: { <<: *h, 010: 010 }
`)
    expect([...(config.components?.values() ?? [])][0]).toMatchObject({
      params: { source: { a: '1.10', '010': '010' } },
    })
  })
})

describe('where a value is meant it is that value', () => {
  test('numbers, booleans and durations', () => {
    const { listeners, store } = compileYaml(
      `
listener: { path: /a, port: 0x1F90, bulk: True, timeout: 1e3, body_limit: 2_000, challenge: false, workflow: FALSE }
store: { type: memory, max_waits: 010 }
`.replace('2_000', '2e3'),
    )
    expect(listeners[0]).toMatchObject({ port: 8080, bodyLimitBytes: 2000 })
    expect(listeners[0]?.endpoints[0]).toMatchObject({ bulk: true, timeoutMs: 1000, challenge: false, workflow: false })
    expect(store).toMatchObject({ maxWaits: 10 })
  })

  test('variables are converted where a type is meant', () => {
    const env = { PORT: '9000', BULK: 'true', OK: '007' }
    const { listeners } = compileYaml(
      'listener: { path: /a, port: "${env.PORT}", bulk: "${env.BULK}", status: "${body.s}", success_when: ["${env.OK}"] }',
      env,
    )
    expect(listeners[0]).toMatchObject({ port: 9000, endpoints: [{ bulk: true, successWhen: ['007'] }] })
  })

  test('an object stays as it is', () => {
    const { listeners } = compileConfig({
      listener: { path: '/a', status: '${body.s}', success_when: [7, 1.5, true], response: { headers: { a: 7 } } },
    })
    expect(listeners[0]?.endpoints[0]).toMatchObject({
      successWhen: ['7', '1.5', 'true'],
      response: { headers: { source: { a: 7 } } },
    })
  })

  test.each([
    [
      'listener: { path: /a, port: 12345678901234567890 }',
      '1:29 listener.port ERR_CONFIG_VALUE expected a whole number from 0 to 65535, found a bigint, 12345678901234567890',
    ],
    ['listener: { path: /a, bulk: 7 }', '1:29 listener.bulk ERR_CONFIG_VALUE expected true or false, found 7'],
    [
      'listener: { path: /a, max_queue: true }',
      '1:34 listener.max_queue ERR_CONFIG_VALUE expected a whole number, 0 or more, found true; put it in quotes',
    ],
    ['listener: { path: [1.10] }', '1:13 listener.path ERR_CONFIG_VALUE expected text, found a list'],
  ])('%s is refused', (text, line) => {
    expect(linesOf(text)).toEqual([line])
  })
})

describe('a body', () => {
  test.each<[string, string, string]>([
    [
      'JSON',
      '',
      '{"a":7615917337495251231,"b":1.1,"c":1234,"d":31,"e":[18446744073709551615,-9007199254740993],"f":true}',
    ],
    [
      'labelled JSON',
      'headers: { content-type: application/json }',
      '{"a":7615917337495251231,"b":1.1,"c":1234,"d":31,"e":[18446744073709551615,-9007199254740993],"f":true}',
    ],
    [
      'a form',
      'headers: { Content-Type: application/x-www-form-urlencoded }',
      'a=7615917337495251231&b=1.10&c=01234&d=0x1F&e=0xFFFFFFFFFFFFFFFF&e=-9007199254740993&f=True',
    ],
  ])('as %s', async (_name, headers, expected) => {
    const service = await services.open(() => ({}))
    const body =
      '{ a: 7615917337495251231, b: 1.10, c: 01234, d: 0x1F, e: [0xFFFFFFFFFFFFFFFF, -9007199254740993], f: True }'
    for (const text of [
      `component: { endpoint: "${service.origin}", ${headers && `${headers}, `}body: ${body} }`,
      `component: { ${headers && `${headers}, `}action: { endpoint: "${service.origin}", body: ${body} } }`,
    ]) {
      const { hooks } = await hosts.open(parseConfig(`${text}\nworkflow: { jobs: [{ id: a }] }`))
      await hooks.run()
    }
    const sent = service.requests.map(({ raw }) => raw.toString())
    expect(sent).toEqual([expected, expected])
  })

  test('of an answer to a sender is text where its type says so', async () => {
    const { post } = await hosts.open(
      parseConfig(`
listener:
  callbacks:
    - { path: /text, identify_by: "\${body.id}", response: { status: 202, headers: { content-type: text/plain }, body: 01.10 } }
    - { path: /json, identify_by: "\${body.id}", response: { status: "203", body: { n: 12345678901234567890 } } }
`),
    )
    const text = await post('/text').send({ id: 1 })
    expect([text.status, text.text]).toEqual([202, '01.10'])
    const json = await post('/json').send({ id: 1 })
    expect([json.status, json.text]).toEqual([203, '{"n":12345678901234567890}'])
  })
})

describe('a judging list of YAML', () => {
  test.each([
    ['[00]', '"00"', '"0"'],
    ['[1.10]', '"1.10"', '"1.1"'],
    ['01', '"01"', '"1"'],
    ['01', '1', '"1"'],
    ['[200]', '200', '"0200"'],
    ['[true]', 'true', '"True"'],
    ['[7615917337495251000]', '7615917337495251000', '7615917337495251231'],
  ])('%s is fulfilled by %s and not by %s', async (list, good, other) => {
    const { hooks, post } = await hosts.open(
      parseConfig(`listener: { path: /done, identify_by: "\${body.id}", status: "\${body.s}", success_when: ${list} }`),
    )
    const wait = hooks.wait('a')
    await post('/done').type('json').send(`{"id":"a","s":${other}}`).expect(200)
    expect(hooks.stats()).toMatchObject({ waiting: 1, pending: 1 })
    await post('/done').type('json').send(`{"id":"a","s":${good}}`).expect(200)
    await expect(wait).resolves.toMatchObject({ id: 'a' })
  })
})
