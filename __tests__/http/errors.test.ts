import { getEventListeners } from 'node:events'
import { createServer } from 'node:net'
import { describe, expect, test } from '@jest/globals'
import { type ServiceAnswer, useServices } from '../helpers/fake-service'
import { findFreePorts } from '../helpers/free-ports'
import { type Client, createClient, errorOf } from './requests'

const services = useServices()

function expectNothingLeft({ clock, controller }: Client): void {
  expect(clock.timers).toBe(0)
  expect(getEventListeners(controller.signal, 'abort')).toEqual([])
}

function typed(status: number, type: string, body: string | Buffer): ServiceAnswer {
  return { status, headers: { 'content-type': type }, body }
}

describe('a status of 400 and more', () => {
  const html = '<html>\r\n  <h1>Bad\tGateway</h1>\n</html>'
  const long = JSON.stringify({ error: 'ü'.repeat(500) })
  const bytes = Buffer.from([0xff, 0x00, 0x80])

  test.each<[string, ServiceAnswer, string, unknown]>([
    [
      'JSON',
      { status: 404, body: { error: 'no such task' } },
      '404 Not Found: {"error":"no such task"}',
      { error: 'no such task' },
    ],
    ['nothing', { status: 500 }, '500 Internal Server Error', null],
    ['text', typed(400, 'text/plain', 'go away'), '400 Bad Request: go away', 'go away'],
    ['a page', typed(502, 'text/html', html), '502 Bad Gateway: <html> <h1>Bad Gateway</h1> </html>', html],
    [
      'control characters',
      typed(500, 'text/plain', 'a\u001B[31mb\u2028c\0'),
      '500 Internal Server Error: a [31mb c',
      'a\u001B[31mb\u2028c\0',
    ],
    [
      'much JSON',
      typed(500, 'application/json', long),
      `500 Internal Server Error: ${long.slice(0, 200)}…`,
      JSON.parse(long),
    ],
    [
      'JSON that is none',
      typed(503, 'application/json', 'try later'),
      '503 Service Unavailable: try later',
      'try later',
    ],
    ['bytes', typed(500, 'image/png', bytes), '500 Internal Server Error: 3 bytes that are no text', bytes],
    ['a status of its own', typed(499, 'text/plain', 'hm'), '499: hm', 'hm'],
    [
      'a broken packing',
      { ...typed(500, 'text/plain', 'x'), headers: { 'content-encoding': 'gzip' } },
      '500 Internal Server Error',
      null,
    ],
    [
      'too much text',
      typed(500, 'text/plain', 'x'.repeat(70_000)),
      `500 Internal Server Error: ${'x'.repeat(200)}…`,
      `${'x'.repeat(2000)}…`,
    ],
    [
      'too much JSON',
      typed(500, 'application/json', `["${'x'.repeat(70_000)}"]`),
      `500 Internal Server Error: ["${'x'.repeat(198)}…`,
      `["${'x'.repeat(1998)}…`,
    ],
  ])('rejects with status and body: %s', async (_name, answer, message, body) => {
    const service = await services.open(() => answer)
    const client = createClient()
    const error = await errorOf(client.send({ endpoint: `${service.origin}/x?a=1#b`, body: {} }), 'ERR_HTTP_STATUS')
    expect(error.message).toBe(`POST ${service.origin}/x answered ${message.replace(/^499:/, '499 unknown:')}`)
    expect(error.status).toBe(answer.status)
    expect(error.body).toEqual(body)
    expectNothingLeft(client)
  })

  test('stays one when its body breaks off', async () => {
    const service = await services.open(({ response }) => {
      response.writeHead(500, { 'content-length': 100 })
      response.write('only this', () => response.destroy())
    })
    const error = await errorOf(createClient().send({ endpoint: service.origin }), 'ERR_HTTP_STATUS')
    expect([error.status, error.body]).toEqual([500, null])
  })

  test('an excerpt never ends within a character', async () => {
    const service = await services.open(() => typed(500, 'text/plain', `${'x'.repeat(199)}😀😀`))
    const error = await errorOf(createClient().send({ endpoint: service.origin }), 'ERR_HTTP_STATUS')
    expect(error.message.endsWith(`${'x'.repeat(199)}…`)).toBe(true)
  })
})

describe('a network that fails', () => {
  test('nothing listens there', async () => {
    const [port = 0] = await findFreePorts(1)
    const client = createClient()
    const error = await errorOf(client.send({ endpoint: `http://127.0.0.1:${port}/x?key=abcdef` }), 'ERR_HTTP_NETWORK')
    expect(error.message).toBe(`GET http://127.0.0.1:${port}/x failed: nothing listens there (ECONNREFUSED)`)
    expect(error.cause).toMatchObject({ name: 'TypeError' })
    expectNothingLeft(client)
  })

  test('the connection breaks before the answer', async () => {
    const service = await services.open(({ response }) => void response.socket?.resetAndDestroy())
    const error = await errorOf(createClient().send({ endpoint: service.origin, body: {} }), 'ERR_HTTP_NETWORK')
    expect(error.message).toMatch(/^POST http:\S+ failed: the connection broke \((ECONNRESET|UND_ERR_SOCKET)\)$/)
  })

  test('the connection breaks within the body', async () => {
    const service = await services.open(({ response }) => {
      response.writeHead(200, { 'content-length': 100 })
      response.write('only this', () => response.destroy())
    })
    const client = createClient()
    const error = await errorOf(client.send({ endpoint: service.origin }), 'ERR_HTTP_NETWORK')
    expect(error.message).toMatch(/^GET http:\S+ failed: the connection broke \((ECONNRESET|UND_ERR_SOCKET)\)$/)
    expectNothingLeft(client)
  })

  test('what answers speaks no HTTP', async () => {
    const server = createServer(
      (socket) =>
        void socket
          .on('error', () => undefined)
          .resume()
          .end('garbage\r\n\r\n'),
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : undefined
    const error = await errorOf(createClient().send({ endpoint: `http://127.0.0.1:${port}` }), 'ERR_HTTP_NETWORK')
    expect(error.message).toContain('failed: what it sent is no HTTP answer (HPE_INVALID_CONSTANT)')
    await new Promise((resolve) => server.close(resolve))
  })

  test.each<[string, unknown, string]>([
    ['an unknown name', { code: 'ENOTFOUND' }, 'the name cannot be resolved (ENOTFOUND)'],
    ['a resolver that is away', { code: 'EAI_AGAIN' }, 'the name cannot be resolved at the moment (EAI_AGAIN)'],
    [
      'several addresses',
      { errors: [{ code: 'ECONNREFUSED' }, { code: 'ENETUNREACH' }] },
      'nothing listens there (ECONNREFUSED)',
    ],
    ['an old certificate', { code: 'CERT_HAS_EXPIRED' }, 'its certificate has expired (CERT_HAS_EXPIRED)'],
    [
      'its own certificate',
      { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
      'its certificate is self-signed (DEPTH_ZERO_SELF_SIGNED_CERT)',
    ],
    [
      'the wrong certificate',
      { code: 'ERR_TLS_CERT_ALTNAME_INVALID' },
      'its certificate is for another name (ERR_TLS_CERT_ALTNAME_INVALID)',
    ],
    [
      'an unknown certificate',
      { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' },
      'its certificate is not trusted (UNABLE_TO_VERIFY_LEAF_SIGNATURE)',
    ],
    [
      'no TLS',
      { code: 'ERR_SSL_WRONG_VERSION_NUMBER' },
      'no secure connection could be made (ERR_SSL_WRONG_VERSION_NUMBER)',
    ],
    ['another code', { code: 'EODD', message: 'odd' }, 'odd (EODD)'],
    ['a message alone', { message: 'odd' }, 'odd'],
    ['nothing', undefined, 'fetch failed'],
  ])('%s', async (_name, cause, reason) => {
    const failed = new TypeError('fetch failed', { cause })
    const { send } = createClient({ fetch: () => Promise.reject(failed) })
    const error = await errorOf(send({ endpoint: 'https://api.test/x' }), 'ERR_HTTP_NETWORK')
    expect(error.message).toBe(`GET https://api.test/x failed: ${reason}`)
    expect(error.cause).toBe(failed)
  })

  test('a wait that fetch itself ends is a timeout', async () => {
    const cause = { code: 'UND_ERR_HEADERS_TIMEOUT' }
    const { send } = createClient({ fetch: () => Promise.reject(new TypeError('fetch failed', { cause })) })
    const error = await errorOf(send({ endpoint: 'https://api.test/x' }), 'ERR_HTTP_TIMEOUT')
    expect(error.message).toContain('nothing came for longer than fetch waits (UND_ERR_HEADERS_TIMEOUT)')
  })
})

describe('the time is up', () => {
  test('before the headers', async () => {
    const service = await services.open(() => undefined)
    const client = createClient()
    const sending = client.send({ endpoint: `${service.origin}/x?key=abcdef`, body: {} })
    const { response } = await service.received()
    const closed = new Promise((resolve) => void response.once('close', resolve))
    client.clock.advance(29_999)
    expect(client.clock.timers).toBe(1)
    client.clock.advance(1)
    const error = await errorOf(sending, 'ERR_HTTP_TIMEOUT')
    expect(error.message).toBe(`POST ${service.origin}/x did not answer within 30000 ms`)
    expectNothingLeft(client)
    await closed
  })

  test.each([200, 500])('within the body of a %i', async (status) => {
    const service = await services.open(({ response }) => {
      response.writeHead(status, { 'content-length': 100 })
      response.write('only this')
    })
    let onHeaders = (): void => undefined
    const headers = new Promise<void>((resolve) => (onHeaders = resolve))
    const client = createClient({
      async fetch(...parameters) {
        const response = await fetch(...parameters)
        onHeaders()
        return response
      },
    })
    const sending = client.send({ endpoint: service.origin })
    const { response } = await service.received()
    const closed = new Promise((resolve) => void response.once('close', resolve))
    await headers
    client.clock.advance(30_000)
    await errorOf(sending, 'ERR_HTTP_TIMEOUT')
    expectNothingLeft(client)
    await closed
  })

  test('also when fetch does not listen', async () => {
    const client = createClient({ fetch: () => new Promise(() => undefined), timeoutMs: 10 })
    const sending = client.send({ endpoint: 'https://api.test/x' })
    client.clock.advance(10)
    await errorOf(sending, 'ERR_HTTP_TIMEOUT')
    expectNothingLeft(client)
  })

  test('a limit beyond what timers can do does not end at once', async () => {
    const service = await services.open(() => ({ body: 'in time' }))
    const client = createClient({ timeoutMs: 90 * 86_400_000 })
    const delays: number[] = []
    const { setTimeout } = client.clock
    client.clock.setTimeout = (callback, delayMs) => {
      delays.push(delayMs)
      return setTimeout(callback, delayMs)
    }
    expect(await client.send({ endpoint: service.origin })).toMatchObject({ body: 'in time' })
    expect(delays).toEqual([2 ** 31 - 1])
    expectNothingLeft(client)
  })
})

describe('an abort', () => {
  test('rejects with its reason and breaks the connection', async () => {
    const service = await services.open(() => undefined)
    const client = createClient()
    const sending = client.send({ endpoint: service.origin })
    const { response } = await service.received()
    const closed = new Promise((resolve) => void response.once('close', resolve))
    const reason = new Error('cancelled')
    client.controller.abort(reason)
    await expect(sending).rejects.toBe(reason)
    expectNothingLeft(client)
    await closed
  })

  test('that came before sends nothing', async () => {
    const service = await services.open(() => ({}))
    const client = createClient()
    client.controller.abort('any reason')
    await expect(client.send({ endpoint: service.origin })).rejects.toBe('any reason')
    expect(service.connections).toBe(0)
    expectNothingLeft(client)
  })

  test('that comes later changes nothing', async () => {
    const service = await services.open(() => ({ body: 'done' }))
    const client = createClient()
    const answer = await client.send({ endpoint: service.origin })
    client.controller.abort()
    expect(answer.body).toBe('done')
    expectNothingLeft(client)
  })
})
