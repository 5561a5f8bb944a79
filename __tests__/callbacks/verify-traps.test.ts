import { createHmac } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import express from 'express'
import { callbacks, type CallbacksConfig } from '../../lib'
import { problemsOf } from '../config/problems'
import { type Host, useHosts } from '../helpers/use-hosts'

const hosts = useHosts()

type Headers = Readonly<Record<string, string | string[]>>

const SECRET = 's3cret'
const NOW_S = Date.UTC(2026, 0, 1) / 1000
const DONE = '{"id":"a","n":1}'
const FORGED = '{"id":"a","n":"forged"}'

const hex = (text: string, secret = SECRET): string => createHmac('sha256', secret).update(text).digest('hex')
const github = (body: string, secret?: string): Headers => ({ 'x-hub-signature-256': `sha256=${hex(body, secret)}` })
const stripe = (timestamp: number | string, body = DONE): Headers => ({
  'stripe-signature': `t=${timestamp},v1=${hex(`${timestamp}.${body}`)}`,
})

function endpoint(scheme: string, more: object = {}): object {
  return { path: '/done', identify_by: '${body.id}', verify: { scheme, secret: SECRET }, ...more }
}

function listening(...entries: readonly object[]): CallbacksConfig {
  return { listener: { callbacks: entries } } as CallbacksConfig
}

const send = ({ post }: Host, path: string, body: string, headers: Headers = {}) =>
  post(path).type('json').set(headers).send(body)

/** What was sent before has settled nothing, and the good callback still ends the wait. */
async function expectUntouched(host: Host, wait: Promise<unknown>, headers: Headers): Promise<void> {
  expect(host.hooks.stats()).toMatchObject({ received: 0, parked: 0, settled: 0, waiting: 1 })
  expect((await send(host, '/done', DONE, headers)).status).toBe(200)
  await expect(wait).resolves.toEqual({ id: 'a', n: 1 })
}

const REFUSED = [401, '{"error":"ERR_UNVERIFIED"}']
const good = `sha256=${hex(DONE)}`

describe('traps of verifying a sender', () => {
  describe('a body that the host app has parsed', () => {
    test('is 500 with what to do about it, and settles nothing', async () => {
      const host = await hosts.open(listening(endpoint('github')), {}, (app, it) => app.use(express.json()).use(it))
      const wait = host.hooks.wait('a', { timeout: '1s' })
      const answer = await send(host, '/done', DONE, github(DONE))
      expect([answer.status, answer.text]).toEqual([500, '{"error":"ERR_BODY_CONSUMED"}'])
      expect(host.log.at(-1)).toMatchObject({
        level: 'error',
        message: expect.stringMatching(/signature covers the bytes as they came.*before express\.json\(\)$/),
      })
      expect(host.hooks.stats()).toMatchObject({ received: 0, parked: 0, settled: 0, waiting: 1 })
      host.clock.advance(2000)
      await expect(wait).rejects.toMatchObject({ code: 'ERR_WAIT_TIMEOUT' })
    })

    test('is verified by rawBody, not by what was made of it', async () => {
      const json = express.json({ verify: (request, _response, rawBody) => void Object.assign(request, { rawBody }) })
      const host = await hosts.open(listening(endpoint('github')), {}, (app, it) => app.use(json).use(it))
      const wait = host.hooks.wait('a')
      const answer = await send(host, '/done', FORGED, github(DONE))
      expect([answer.status, answer.text]).toEqual(REFUSED)
      await expectUntouched(host, wait, github(DONE))
    })
  })

  test.each<[string, string, Headers]>([
    ['twice, the same', 'github', { 'x-hub-signature-256': [good, good] }],
    ['twice, the good one first', 'github', { 'x-hub-signature-256': [good, 'sha256=00'] }],
    ['twice, the good one last', 'github', { 'x-hub-signature-256': ['sha256=00', good] }],
    ['twice, the first one empty', 'github', { 'x-hub-signature-256': ['', good] }],
    ['twice, as one', 'github', { 'x-hub-signature-256': `${good}, ${good}` }],
    ['that is shorter', 'github', { 'x-hub-signature-256': good.slice(0, -2) }],
    ['that is longer', 'github', { 'x-hub-signature-256': `${good}00` }],
    ['that is empty', 'github', { 'x-hub-signature-256': '' }],
    ['of nothing but its prefix', 'github', { 'x-hub-signature-256': 'sha256=' }],
    ['that is no hex, which decodes to nothing', 'github', { 'x-hub-signature-256': 'sha256=zz' }],
    ['with one character beyond ASCII', 'github', { 'x-hub-signature-256': `${good.slice(0, -1)}é` }],
    ['with nothing but those', 'github', { 'x-hub-signature-256': `sha256=${'é'.repeat(64)}` }],
    ['with a time in the future', 'stripe', stripe(NOW_S + 301)],
    ['with a time in the past', 'stripe', stripe(NOW_S - 301)],
    ['with a time that is NaN', 'stripe', stripe('NaN')],
    ['with a time that only begins with one', 'stripe', stripe(`${NOW_S}abc`)],
    ['with a time that is empty', 'stripe', stripe('')],
    ['without a time', 'stripe', { 'stripe-signature': `v1=${hex(`.${DONE}`)}` }],
    ['with two times', 'stripe', { 'stripe-signature': `t=${NOW_S},v1=${hex(`${NOW_S}.${DONE}`)},t=${NOW_S}` }],
    [
      'with an old time that is signed, and a new one that is not',
      'stripe',
      { ...stripe(NOW_S - 301), 'x-timestamp': `${NOW_S}`, date: new Date(NOW_S * 1000).toUTCString() },
    ],
    [
      'of another time than the one beside it',
      'slack',
      { 'x-slack-signature': `v0=${hex(`v0:${NOW_S - 301}:${DONE}`)}`, 'x-slack-request-timestamp': `${NOW_S}` },
    ],
  ])('a signature %s is refused', async (_name, scheme, headers) => {
    const host = await hosts.open(listening(endpoint(scheme)))
    const wait = host.hooks.wait('a')
    const answer = await send(host, '/done', DONE, headers)
    expect([answer.status, answer.text]).toEqual(REFUSED)
    const time = { 'x-slack-request-timestamp': `${NOW_S}`, 'x-slack-signature': `v0=${hex(`v0:${NOW_S}:${DONE}`)}` }
    await expectUntouched(host, wait, { ...github(DONE), ...stripe(NOW_S), ...time })
  })

  test('a time that is no part of what is signed is refused at start', () => {
    const verify = { scheme: 'hmac', secret: SECRET, signature: '${header.X-S}', timestamp: '${header.X-T}' }
    expect(problemsOf(() => callbacks(listening(endpoint('hmac', { verify }))))).toMatchObject([
      { code: 'ERR_CONFIG_VALUE', message: expect.stringContaining('must be part of what is signed') },
    ])
  })

  test.each<[string, string | readonly string[], Record<string, string>]>([
    ['empty', '', {}],
    ['blank', ' ', {}],
    ['one zero byte', '\0', {}],
    ['an empty variable', '${env.S}', { S: '' }],
    ['a blank variable', '${env.S}', { S: ' \t' }],
    ['a variable that is not there', '${env.S}', {}],
    ['an empty default', '${env.S | ""}', {}],
    ['an empty one beside a good one', ['good', '${env.S}'], { S: '' }],
    ['a list of none', [], {}],
  ])('a secret that is %s is refused at start', (_name, secret, env) => {
    const config = listening(endpoint('github', { verify: { scheme: 'github', secret } }))
    expect(problemsOf(() => callbacks(config, { env }))).toMatchObject([
      { at: expect.stringContaining('listener.callbacks[0].verify.secret') },
    ])
  })

  test('a secret that is being replaced counts beside the new one, and no other does', async () => {
    const verify = { scheme: 'github', secret: ['new', SECRET] }
    const host = await hosts.open(listening(endpoint('github', { verify })))
    const waits = [host.hooks.wait('a'), host.hooks.wait('b')]
    expect((await send(host, '/done', DONE, github(DONE, 'older'))).status).toBe(401)
    expect((await send(host, '/done', DONE, github(DONE))).status).toBe(200)
    expect((await send(host, '/done', '{"id":"b"}', github('{"id":"b"}', 'new'))).status).toBe(200)
    await expect(Promise.all(waits)).resolves.toEqual([{ id: 'a', n: 1 }, { id: 'b' }])
  })

  test.each(['$&', '$$', '$`', "$'", '${raw}', '${timestamp}', '$1'])('%s in a body is text', async (text) => {
    const host = await hosts.open(listening(endpoint('stripe')))
    const wait = host.hooks.wait('a')
    const body = JSON.stringify({ id: 'a', text })
    expect((await send(host, '/done', body, stripe(NOW_S, body))).status).toBe(200)
    await expect(wait).resolves.toEqual({ id: 'a', text })
  })

  test('an id in the query, which is not signed, ends no wait for one that can be guessed', async () => {
    const host = await hosts.open(listening(endpoint('github')))
    const wait = host.hooks.wait('a')
    const own = '{"id":"own"}'
    expect((await send(host, '/done?callback_id=a', own, github(own))).status).toBe(200)
    expect(host.hooks.stats()).toMatchObject({ settled: 0, parked: 1, waiting: 1 })
    expect((await send(host, '/done', DONE, github(DONE))).status).toBe(200)
    await expect(wait).resolves.toEqual({ id: 'a', n: 1 })
  })

  test('a ticket counts where senders are verified, too', async () => {
    const host = await hosts.open(listening(endpoint('github')))
    const { url, result } = host.hooks.ticket()
    const { search } = new URL(url)
    expect((await send(host, `/done${search}`, DONE)).status).toBe(401)
    expect((await send(host, `/done${search}`, DONE, github(DONE))).status).toBe(200)
    await expect(result).resolves.toEqual({ id: 'a', n: 1 })
  })

  test('a second name of a signed header, with another value, is no way round dedupe_by', async () => {
    const verify = { scheme: 'svix', secret: `whsec_${Buffer.from(SECRET).toString('base64')}` }
    const host = await hosts.open(listening(endpoint('svix', { verify, dedupe_by: '${header.svix-id}' })))
    const signature = `v1,${createHmac('sha256', SECRET).update(`msg_1.${NOW_S}.${DONE}`).digest('base64')}`
    const named = (prefix: string): Headers => ({
      [`${prefix}-id`]: 'msg_1',
      [`${prefix}-timestamp`]: `${NOW_S}`,
      [`${prefix}-signature`]: signature,
    })
    for (const headers of [
      { ...named('webhook'), 'svix-id': 'msg_2' },
      { ...named('svix'), 'webhook-id': 'msg_2' },
      { ...named('svix'), 'webhook-signature': 'v1,AAAA' },
      { ...named('svix'), 'webhook-timestamp': `${NOW_S + 1}` },
    ]) {
      const answer = await send(host, '/done', DONE, headers)
      expect([answer.status, answer.text]).toEqual(REFUSED)
    }
    const wait = host.hooks.wait('a')
    await expectUntouched(host, wait, { ...named('svix'), ...named('webhook') })
  })

  test.each([
    ['webhook', 'svix'],
    ['svix', 'webhook'],
  ])('nor is an empty header beside those of %s', async (used, other) => {
    const verify = { scheme: 'svix', secret: `whsec_${Buffer.from(SECRET).toString('base64')}` }
    const host = await hosts.open({
      listener: { type: 'http-trigger', path: '/go', verify, dedupe_by: `\${header.${other}-id}` },
      workflow: { jobs: [{ component: 'logger' }] },
    } as CallbacksConfig)
    const headers = {
      [`${used}-id`]: 'msg_1',
      [`${used}-timestamp`]: `${NOW_S}`,
      [`${used}-signature`]: `v1,${createHmac('sha256', SECRET).update(`msg_1.${NOW_S}.${DONE}`).digest('base64')}`,
    }
    for (const more of [{}, { [`${other}-id`]: '' }, { [`${other}-timestamp`]: '' }, {}])
      expect((await send(host, '/go', DONE, { ...headers, ...more })).status).toBe(200)
    expect(host.hooks.stats()).toMatchObject({ started: 1, duplicate: 3 })
  })
})

describe('a refusal', () => {
  const given = (text: string): Headers => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` })

  test.each<[string, Headers, number, boolean]>([
    ['basic', {}, 401, true],
    ['basic', given('user:wrong'), 401, true],
    ['basic', { authorization: 'Bearer x' }, 401, true],
    ['basic', given('user:pass'), 200, false],
    ['token', {}, 401, false],
    ['github', {}, 401, false],
  ])(
    'asks for user and password, of clients that show them on demand: %s, %j',
    async (scheme, headers, status, asks) => {
      const host = await hosts.open(listening(endpoint(scheme, { verify: { scheme, secret: 'user:pass' } })))
      const answer = await send(host, '/done', DONE, headers)
      const asked = asks ? 'Basic realm="callbacks", charset="UTF-8"' : undefined
      expect([answer.status, answer.headers['www-authenticate']]).toEqual([status, asked])
    },
  )
})

test('a refusal of basic leaves an answer alone that the host app has begun', async () => {
  const config = listening(endpoint('basic', { verify: { scheme: 'basic', secret: 'user:pass' } }))
  const host = await hosts.open(config, {}, (app, hooks) =>
    app.use((_request, response, next) => {
      response.status(503).write('too late')
      hooks.on('rejected', () => response.end())
      next()
    }, hooks),
  )
  const answer = await send(host, '/done', DONE)
  expect([answer.status, answer.text]).toEqual([503, 'too late'])
  expect(host.log.filter(({ level }) => level === 'error')).toEqual([])
})

describe('traps of handshakes', () => {
  const oracle = `v0:${NOW_S}:${DONE}`
  const ask = (plainToken: string): string =>
    JSON.stringify({ event: 'endpoint.url_validation', payload: { plainToken } })
  const zoomed = (body: string): Headers => ({
    'x-zm-request-timestamp': `${NOW_S}`,
    'x-zm-signature': `v0=${hex(`v0:${NOW_S}:${body}`)}`,
  })

  test.each<[string, string, Headers]>([
    ['from anyone', ask('abc'), {}],
    ['of a forged callback, from anyone', ask(oracle), {}],
    ['of a forged callback, signed', ask(oracle), zoomed(ask(oracle))],
  ])('zoom gets no signature for a text %s', async (_name, body, headers) => {
    const host = await hosts.open(listening(endpoint('zoom')))
    const wait = host.hooks.wait('a')
    const answer = await send(host, '/done', body, headers)
    expect([answer.status, answer.text]).toEqual(REFUSED)
    await expectUntouched(host, wait, zoomed(DONE))
  })

  const x = endpoint('hmac', {
    challenge: 'x',
    verify: { scheme: 'hmac', secret: SECRET, signature: '${header.X-S}', prefix: 'sha256=', encoding: 'base64' },
  })

  test('x gets no signature for a forged callback, and what it gets one for is no callback', async () => {
    const host = await hosts.open(listening(x))
    const crc = (token: string) => fetch(`${host.origin}/done?crc_token=${encodeURIComponent(token)}`)
    const refused = await crc(DONE)
    expect([refused.status, await refused.text()]).toEqual(REFUSED)
    const body: unknown = await (await crc('12345')).json()
    const { response_token: signature } = body as { response_token: string }
    expect(signature).toMatch(/^sha256=.{44}$/)
    const answer = await send(host, '/done', '12345', { 'x-s': signature })
    expect([answer.status, answer.text]).toEqual(REFUSED)
    expect(host.hooks.stats()).toMatchObject({ received: 0, parked: 0 })
  })

  test.each(['${timestamp}${raw}', '${header.X-T}'])('x, where %s is signed, is refused at start', (signed) => {
    const verify = { scheme: 'hmac', secret: SECRET, signature: '${header.X-S}', timestamp: '${header.X-T}', signed }
    expect(problemsOf(() => callbacks(listening({ ...x, verify })))).toMatchObject([
      { code: 'ERR_CONFIG_VALUE', message: expect.stringContaining('signs what anybody asks for') },
    ])
  })

  test.each(['ssl_check=1&payload=%7B%22id%22%3A%22a%22%7D', 'id=a&ssl_check=1'])(
    'slack is answered %s without signature, and nothing of it is taken',
    async (form) => {
      const host = await hosts.open(listening(endpoint('slack')))
      const wait = host.hooks.wait('a')
      const answer = await host.post('/done').type('form').send(form)
      expect([answer.status, answer.text]).toEqual([200, ''])
      await expectUntouched(host, wait, {
        'x-slack-request-timestamp': `${NOW_S}`,
        'x-slack-signature': `v0=${hex(`v0:${NOW_S}:${DONE}`)}`,
      })
    },
  )
})

describe('an id of a signed endpoint that is sent to an unsigned one', () => {
  const both = listening(endpoint('github'), { path: '/open', identify_by: '${body.id}' })
  const signedOf = ({ hooks }: Host) => hooks.stats().endpoints['POST /done']

  test.each<[string, object]>([
    ['that names no path', {}],
    ['that names the path of the signed one', { path: '/done' }],
  ])('ends no wait %s, and changes nothing at the signed one', async (_name, options) => {
    const host = await hosts.open(both)
    const wait = host.hooks.wait('a', options)
    const before = signedOf(host)
    expect((await send(host, '/open', FORGED)).status).toBe(200)
    expect((await send(host, '/open', FORGED, github(FORGED))).status).toBe(200)
    expect(signedOf(host)).toEqual(before)
    expect((await send(host, '/done', DONE, github(DONE))).status).toBe(200)
    await expect(wait).resolves.toEqual({ id: 'a', n: 1 })
  })

  test.each<[string, object]>([
    ['a path', { path: '/done' }],
    ['none', {}],
  ])('does not take the place of what is parked there, for a wait with %s', async (_name, options) => {
    const host = await hosts.open(both)
    expect((await send(host, '/open', FORGED)).status).toBe(200)
    expect((await send(host, '/done', DONE, github(DONE))).status).toBe(200)
    expect((await send(host, '/open', FORGED)).status).toBe(200)
    expect(signedOf(host)).toMatchObject({ parked: 1, duplicate: 0 })
    await expect(host.hooks.wait('a', options)).resolves.toEqual({ id: 'a', n: 1 })
  })

  test('does not settle it there', async () => {
    const host = await hosts.open(both)
    const open = host.hooks.wait('a', { path: '/open' })
    expect((await send(host, '/open', FORGED)).status).toBe(200)
    await expect(open).resolves.toEqual({ id: 'a', n: 'forged' })
    const wait = host.hooks.wait('a')
    expect((await send(host, '/done', DONE, github(DONE))).status).toBe(200)
    await expect(wait).resolves.toEqual({ id: 'a', n: 1 })
    expect(signedOf(host)).toMatchObject({ settled: 1, duplicate: 0 })
  })
})
