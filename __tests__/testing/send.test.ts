import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { createServer, type RequestListener } from 'node:http'
import express from 'express'
import { afterEach, describe, expect, test } from '@jest/globals'
import { type Callbacks, callbacks } from '../../lib'
import { createTestClock, send, type SignAs, type TestedApp } from '../../lib/testing'
import { SCHEMES, VERIFY_SCHEMES, type VerifyScheme } from '../../lib/verify/schemes'

const SECRET = 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const ed25519 = generateKeyPairSync('ed25519')
const ecdsa = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const bare = (encoding: 'hex' | 'base64'): string =>
  ed25519.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString(encoding)
const pem = (key: KeyObject): string => key.export({ format: 'pem', type: 'pkcs8' }).toString()

/** What the endpoint has as `verify`, where a scheme and a secret are not all. */
const VERIFY: Partial<Record<VerifyScheme, Omit<SignAs, 'scheme'>>> = {
  hmac: { secret: SECRET, signature: '${header.X-Signature}', prefix: 'sha256=' },
  basic: { secret: 'user:password' },
  adyen: { secret: '44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056' },
  ed25519: { secret: bare('hex'), signature: '${header.X-Signature}' },
  discord: { secret: bare('hex') },
  telnyx: { secret: bare('base64') },
  sendgrid: { secret: ecdsa.publicKey.export({ format: 'der', type: 'spki' }).toString('base64') },
}

const PRIVATE: Partial<Record<VerifyScheme, string>> = {
  ed25519: pem(ed25519.privateKey),
  discord: pem(ed25519.privateKey),
  telnyx: pem(ed25519.privateKey),
  sendgrid: pem(ecdsa.privateKey),
}

const SIGNED = VERIFY_SCHEMES.filter((scheme) => SCHEMES[scheme].needsSecret)

const ITEM = {
  NotificationRequestItem: {
    pspReference: '7',
    amount: { value: 1, currency: 'EUR' },
    eventCode: 'A',
    success: 'true',
  },
}

const say = (): void => undefined
const QUIET = { debug: say, info: say, warn: say, error: say }

let hooks: Callbacks | undefined

afterEach(() => hooks?.close())

function useHooks(verify?: SignAs): Callbacks {
  const isAdyen = verify?.scheme === 'adyen'
  const bulk = isAdyen
    ? { bulk: true, item: '${body.notificationItems}', identify_by: '${item.NotificationRequestItem.pspReference}' }
    : {}
  const listener = { path: '/done', identify_by: '${body.id}', challenge: false as const, ...bulk }
  const config = { listener: verify ? { ...listener, verify: { ...verify, unsigned_ids: true } } : listener }
  hooks = callbacks(config, { logger: QUIET })
  return hooks
}

describe('each scheme that can be signed', () => {
  test.each(SIGNED)('%s', async (scheme) => {
    const verify = { scheme, secret: SECRET, ...VERIFY[scheme] }
    const app = useHooks(verify)
    const body = scheme === 'adyen' ? { notificationItems: [ITEM] } : { id: '7' }
    const sign = { ...verify, privateKey: PRIVATE[scheme] }

    const result = app.wait('7')
    const forged = await send(app, '/done', body, { sign: { ...sign, forged: true } })
    expect([forged.status, forged.body]).toEqual([401, { error: 'ERR_UNVERIFIED' }])
    expect(app.stats().waiting).toBe(1)
    const { status } = await send(app, '/done', body, { sign })
    expect(status).toBe(200)
    await result
  })

  test('the private key of the sender is enough', async () => {
    const app = useHooks({ scheme: 'discord', secret: bare('hex') })
    const { status } = await send(
      app,
      '/done',
      { id: 1 },
      { sign: { scheme: 'discord', privateKey: pem(ed25519.privateKey) } },
    )
    expect(status).toBe(200)
  })

  test('at the time of a clock', async () => {
    const clock = createTestClock(Date.UTC(2030, 0, 1))
    const sign = { scheme: 'stripe', secret: SECRET } as const
    hooks = callbacks(
      { listener: { path: '/done', verify: sign, identify_by: '${body.id}' } },
      { clock, logger: QUIET },
    )
    const late = await send(hooks, '/done', { id: 1 }, { sign })
    const inTime = await send(hooks, '/done', { id: 1 }, { sign: { ...sign, at: clock.now() } })
    expect([late.status, inTime.status]).toEqual([401, 200])
  })

  test.each([
    [{ scheme: 'stripe' }, 'ERR_CONFIG_VALUE', 'secret'],
    [{ scheme: 'strype', secret: 'x' }, 'ERR_CONFIG_VALUE', 'stripe'],
    [{ scheme: 'stripe', secret: 'x', prefix: 'y' }, 'ERR_CONFIG_VALUE', 'prefix'],
    [{ scheme: 'discord', secret: bare('hex') }, 'ERR_CONFIG_VALUE', 'privateKey'],
    [{ scheme: 'fal' }, 'ERR_CONFIG_VALUE', 'publishes'],
  ])('refuses %j', async (sign, code, named) => {
    const sending: unknown = Reflect.apply(send, undefined, [useHooks(), '/done', {}, { sign }])
    await expect(sending).rejects.toMatchObject({ code, message: expect.stringContaining(named) })
  })
})

describe('what can be called', () => {
  const app: RequestListener = (request, response) => response.end(`${request.method} ${request.url}`)

  test.each<readonly [string, () => TestedApp]>([
    ['a function', () => app],
    ['an Express app', () => express().use((request, response) => app(request, response))],
    ['a server that does not listen yet', () => createServer(app)],
  ])('%s, twice', async (_, create) => {
    const one = create()
    expect((await send(one, '/a?b=c')).body).toBe('POST /a?b=c')
    expect((await send(one, '/a', undefined, { method: 'put' })).body).toBe('PUT /a')
  })

  test('a server that does not listen yet, many times, which keeps no listeners of it', async () => {
    const server = createServer(app)
    const names = ['error', 'listening', 'close'] as const
    const count = (): readonly number[] => names.map((name) => server.listenerCount(name))
    const before = count()
    for (let index = 0; index < 3; index += 1) await send(server, '/a')
    expect([count(), server.listening]).toEqual([before, false])
  })

  test('a server that listens, and its URL, which stay open', async () => {
    const server = createServer(app).listen(0)
    const address = server.address()
    const url = `http://localhost:${typeof address === 'object' ? address?.port : ''}`
    expect((await send(server, '/a')).body).toBe('POST /a')
    expect((await send(url, '/a')).body).toBe('POST /a')
    expect((await send(new URL('/base/', url), '/a')).body).toBe('POST /base/a')
    expect(server.listening).toBe(true)
    await new Promise((resolve) => server.close(resolve))
  })

  test('nothing that listens', async () => {
    const sending = send('http://127.0.0.1:1', '/a')
    await expect(sending).rejects.toMatchObject({
      code: 'ERR_HTTP_NETWORK',
      message: expect.stringContaining('127.0.0.1:1'),
    })
  })

  test.each<readonly [string, RequestListener]>([
    ['before its answer', (_request, response) => response.destroy()],
    ['in its answer', (_request, response) => response.write('{"a":', () => response.destroy())],
  ])('an app that breaks off %s', async (_, broken) => {
    await expect(send(broken, '/a')).rejects.toMatchObject({
      code: 'ERR_HTTP_NETWORK',
      message: expect.stringMatching(/^POST http:\/\/127\.0\.0\.1:\d+\/a /),
    })
  })

  test('an app that does not end its answer', async () => {
    const sending = send((_request, response) => response.write('{'), '/a', {}, { timeout: 50 })
    await expect(sending).rejects.toMatchObject({ code: 'ERR_HTTP_TIMEOUT' })
  })

  test('an app that does not answer', async () => {
    const sending = send(() => undefined, '/a', {}, { timeout: 20 })
    await expect(sending).rejects.toMatchObject({
      code: 'ERR_HTTP_TIMEOUT',
      message: expect.stringContaining('next(error)'),
    })
  })
})

test.each([
  [{ id: 1 }, 'application/json', '{"id":1}'],
  [[1], 'application/json', '[1]'],
  ['<x/>', 'text/plain; charset=utf-8', '<x/>'],
  [Buffer.from('x'), 'application/octet-stream', 'x'],
  [new URLSearchParams({ a: 'b c' }), 'application/x-www-form-urlencoded', 'a=b+c'],
  [undefined, undefined, ''],
])('sends %p as %p', async (body, type, text) => {
  const echo: RequestListener = async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(Buffer.from(chunk))
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ type: request.headers['content-type'], text: Buffer.concat(chunks).toString() }))
  }
  expect((await send(echo, '/', body)).body).toEqual({ type, text })
  const named = await send(echo, '/', body, { headers: { 'Content-Type': 'text/xml' } })
  expect(named.body).toEqual({ type: 'text/xml', text })
})
