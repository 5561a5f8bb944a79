import { createHmac } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import express from 'express'
import { callbacks, type CallbacksConfig, parseConfig } from '../../lib'
import { problemsOf } from '../config/problems'
import { eventsOf } from '../helpers/events-of'
import { useHosts } from '../helpers/use-hosts'

const hosts = useHosts()
const SECRET = "It's a Secret to Everybody"
const sign = (body: string, secret = SECRET): string => createHmac('sha256', secret).update(body).digest('hex')
const github = (body: string, secret?: string) => ({ 'x-hub-signature-256': `sha256=${sign(body, secret)}` })

const signed = { path: '/done', identify_by: '${body.id}', verify: { scheme: 'github', secret: SECRET } } as const
const open = { path: '/open', identify_by: '${body.id}' } as const
const DONE = '{"id":"a","n":1}'

function listening(...entries: readonly object[]): CallbacksConfig {
  return { listener: { callbacks: entries } } as CallbacksConfig
}

describe('a signed callback', () => {
  test('ends its wait', async () => {
    const { hooks, post } = await hosts.open(listening(signed))
    const wait = hooks.wait('a')
    await post('/done').type('json').set(github(DONE)).send(DONE).expect(200, '')
    await expect(wait).resolves.toEqual({ id: 'a', n: 1 })
  })

  test.each<[string, string, Record<string, string>]>([
    ['that is not signed', DONE, {}],
    ['that another secret has signed', DONE, github(DONE, 'another')],
    ['whose body was changed', DONE.replace('1', '2'), github(DONE)],
  ])('%s is answered 401 without a reason, and settles, parks and starts nothing', async (_, body, headers) => {
    const { hooks, post, log } = await hosts.open(listening(signed))
    const wait = hooks.wait('a')
    const events = eventsOf(hooks)
    const answer = await post('/done').type('json').set(headers).send(body)
    expect([answer.status, answer.body]).toEqual([401, { error: 'ERR_UNVERIFIED' }])
    expect(hooks.stats()).toMatchObject({ received: 0, parked: 0, waiting: 1, rejected: 1 })
    expect(events.map(({ name }) => name)).toEqual(['rejected'])
    expect(log.map(({ level }) => level)).toEqual(['warn'])
    expect(JSON.stringify(log) + JSON.stringify(events)).not.toMatch(/Everybody|sha256=[\da-f]{8}/)
    await post('/done').type('json').set(github(DONE)).send(DONE).expect(200)
    await expect(wait).resolves.toEqual({ id: 'a', n: 1 })
  })

  test('whose id comes to an endpoint that verifies nobody ends no wait that names no path', async () => {
    const { hooks, post } = await hosts.open(listening(signed, open))
    const wait = hooks.wait('a')
    await post('/open').type('json').send('{"id":"a","n":"forged"}').expect(200)
    expect(hooks.stats()).toMatchObject({ waiting: 1, parked: 1 })
    await post('/done').type('json').set(github(DONE)).send(DONE).expect(200)
    await expect(wait).resolves.toEqual({ id: 'a', n: 1 })
  })

  test('is believed by any of several secrets, while they are replaced', async () => {
    const { hooks, post } = await hosts.open(
      listening({ ...signed, verify: { scheme: 'github', secret: ['new', SECRET] } }),
    )
    const waits = Promise.all([hooks.wait('a'), hooks.wait('b')])
    await post('/done').type('json').set(github(DONE)).send(DONE).expect(200)
    const other = '{"id":"b"}'
    await post('/done').type('json').set(github(other, 'new')).send(other).expect(200)
    await expect(waits).resolves.toEqual([{ id: 'a', n: 1 }, { id: 'b' }])
  })

  test('may be a bulk one, whose items are settled each', async () => {
    const { hooks, post } = await hosts.open(listening({ ...signed, identify_by: '${item.id}', bulk: true }))
    const waits = Promise.all([hooks.wait('a'), hooks.wait('b')])
    const body = '[{"id":"a"},{"id":"b"}]'
    await post('/done').type('json').set(github(body)).send(body).expect(200)
    await expect(waits).resolves.toEqual([{ id: 'a' }, { id: 'b' }])
  })
})

describe('behind a parser of the host app', () => {
  test('is answered 500, and settles nothing, when the bytes are gone', async () => {
    const { hooks, post, log } = await hosts.open(listening(signed), {}, (app, it) => app.use(express.json()).use(it))
    const answer = await post('/done').type('json').set(github(DONE)).send(DONE)
    expect([answer.status, answer.body]).toEqual([500, { error: 'ERR_BODY_CONSUMED' }])
    expect(hooks.stats()).toMatchObject({ parked: 0, settled: 0 })
    expect(log.at(-1)?.message).toMatch(/before express\.json\(\)/)
  })

  test.each([
    ['bytes', (bytes: Buffer) => bytes],
    ['text', (bytes: Buffer) => bytes.toString()],
  ])('is verified by rawBody, where the app keeps it as %s', async (_, keep) => {
    const json = express.json({
      verify: (request, _response, bytes) => void Object.assign(request, { rawBody: keep(bytes) }),
    })
    const { hooks, post } = await hosts.open(listening(signed), {}, (app, it) => app.use(json).use(it))
    const wait = hooks.wait('a')
    await post('/done').type('json').set(github(DONE)).send(DONE).expect(200)
    await expect(wait).resolves.toEqual({ id: 'a', n: 1 })
  })
})

describe('a scheme that signs the URL', () => {
  const square = { path: '/done', identify_by: '${body.id}', verify: { scheme: 'square', secret: 's3cret' } } as const
  const signUrl = (url: string): string =>
    createHmac('sha256', 's3cret')
      .update(url + DONE)
      .digest('base64')

  test.each<[string, object, object, (origin: string) => string]>([
    ['public_url of the listener', { public_url: 'https://hooks.example' }, {}, () => 'https://hooks.example'],
    ['options.publicUrl', {}, { publicUrl: 'https://app.example' }, () => 'https://app.example'],
    ['what the request says', {}, {}, (origin) => origin],
  ])('takes %s, with the path that the host app has stripped, and the query', async (_, more, options, base) => {
    const config = { listener: { ...more, callbacks: [square] } } as CallbacksConfig
    const { hooks, post, origin } = await hosts.open(config, options, (app, it) => app.use('/mounted', it))
    const wait = hooks.wait('a')
    const signature = signUrl(`${base(origin)}/mounted/done?x=1`)
    const sent = post('/mounted/done?x=1').type('json').set('x-square-hmacsha256-signature', signature).send(DONE)
    expect((await sent).status).toBe(200)
    await expect(wait).resolves.toEqual({ id: 'a', n: 1 })
  })
})

describe('a handshake', () => {
  test('of Meta comes by GET, and any other GET goes on to the app', async () => {
    const meta = { ...signed, challenge: { type: 'meta', token: 'chosen' }, verify: { scheme: 'meta', secret: SECRET } }
    const { hooks, app, origin } = await hosts.open(listening(meta))
    app.get('/done', (_request, response) => void response.send('of the app'))
    const ask = async (query: string) => {
      const answer = await fetch(`${origin}/done${query}`)
      return [answer.status, await answer.text()]
    }
    expect(await ask('?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=chosen')).toEqual([
      200,
      '1158201444',
    ])
    expect(await ask('?hub.mode=subscribe&hub.challenge=1&hub.verify_token=guessed')).toEqual([
      401,
      '{"error":"ERR_UNVERIFIED"}',
    ])
    expect(await ask('')).toEqual([200, 'of the app'])
    expect(Object.keys(hooks.stats().endpoints)).toEqual(['POST /done'])
  })

  test('of a verified sender is answered after its signature, and refused without', async () => {
    const discord = {
      path: '/done',
      identify_by: '${body.id}',
      verify: { scheme: 'token', secret: 't0ken' },
      challenge: 'discord',
    }
    const { post } = await hosts.open(listening(discord))
    await post('/done').type('json').send('{"type":1}').expect(401, { error: 'ERR_UNVERIFIED' })
    const answer = await post('/done').type('json').set('authorization', 'Bearer t0ken').send('{"type":1}')
    expect([answer.status, answer.body]).toEqual([200, { type: 1 }])
  })
})

test('all that cannot verify is told together, with its places', () => {
  const text = `
listener:
  callbacks:
    - { path: /a, challenge: zoom }
    - path: /b
      verify: { scheme: github, secret: s, tolerance: 5m }
    - { path: /c, challenge: slak }
`
  const problems = problemsOf(() => callbacks(parseConfig(text)))
  expect(problems.map(({ code }) => code)).toEqual(['ERR_CONFIG_VALUE', 'ERR_CONFIG_VALUE', 'ERR_CONFIG_VALUE'])
  expect(problems.map(({ at }) => at.replace(/^\S+:\d+:\d+ /, ''))).toEqual([
    'listener.callbacks[0].challenge',
    'listener.callbacks[1].verify.tolerance',
    'listener.callbacks[2].challenge',
  ])
})

describe('endpoints that take callbacks from anyone under a public URL', () => {
  const paths = (count: number) => Array.from({ length: count }, (_, index) => ({ ...open, path: `/p${index}` }))
  const warningsOf = (config: CallbacksConfig, options = {}): readonly string[] =>
    hosts
      .start(config, options)
      .log.filter(({ details }) => 'code' in details && details.code === 'ERR_UNVERIFIED')
      .map(({ message }) => message)

  test.each<[string, object, object]>([
    ['of the listener', { listener: { public_url: 'https://hooks.example', callbacks: [open, signed] } }, {}],
    ['of the app', listening(open, signed), { publicUrl: 'https://hooks.example' }],
    ['of a gateway', { ...listening(open, signed), gateway: { driver: 'ngrok', port: 8090 } }, {}],
  ])('%s are warned of', (_, config, options) => {
    expect(warningsOf(config as CallbacksConfig, options)).toEqual([
      "listener.callbacks[0]: anybody who knows the public URL can send callbacks to POST /open, in anyone's name; " +
        'add "verify", or take tickets alone (their ids cannot be guessed)',
    ])
  })

  test('are warned of once, and three are named', () => {
    const [message, ...others] = warningsOf(listening(...paths(5)), { publicUrl: 'https://hooks.example' })
    expect(others).toEqual([])
    expect(message).toContain('POST /p0, POST /p1, POST /p2 and 2 more')
  })

  test.each<[string, object, object]>([
    ['where all verify', listening(signed), { publicUrl: 'https://hooks.example' }],
    ['without a public URL', listening(open), {}],
    ['where it is that of this machine', listening(open), { publicUrl: 'http://127.0.0.1:8090' }],
    ['on the port of no gateway', { ...listening(open), gateway: { driver: 'ngrok', port: 7000 } }, {}],
  ])('are none %s', (_, config, options) => {
    expect(warningsOf(config as CallbacksConfig, options)).toEqual([])
  })
})
