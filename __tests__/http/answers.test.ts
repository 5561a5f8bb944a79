import { gzipSync } from 'node:zlib'
import { describe, expect, test } from '@jest/globals'
import { type FakeService, type ServiceAnswer, useServices } from '../helpers/fake-service'
import { createClient, errorOf } from './requests'

const services = useServices()

async function bodyOf(answer: ServiceAnswer, method: 'GET' | 'HEAD' = 'GET'): Promise<unknown> {
  const service = await services.open(() => answer)
  const { body } = await createClient().send({ endpoint: service.origin, method })
  return body
}

function typed(type: string, body: string | Buffer, more: Record<string, string> = {}): ServiceAnswer {
  return { headers: { 'content-type': type, ...more }, body }
}

describe('an answer is read by its content type', () => {
  const multipart = '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--b--\r\n'
  const bytes = Buffer.from([0xff, 0xd8, 0x00, 0x01])

  test.each<[string, ServiceAnswer, unknown]>([
    ['JSON', typed('application/json', '{"a":[1]}'), { a: [1] }],
    ['JSON of any shape', typed('application/json', '0'), 0],
    ['JSON with a mark in front', typed('application/json', '\uFEFF{"a":1}'), { a: 1 }],
    ['+json', typed('application/problem+json; charset=utf-8', '{"a":1}'), { a: 1 }],
    ['JSON as Latin-1', typed('application/json; charset=iso-8859-1', Buffer.from('"ü"', 'latin1')), 'ü'],
    ['a form', typed('application/x-www-form-urlencoded', 'a=1&a=2&b=x+y'), { a: ['1', '2'], b: 'x y' }],
    ['a multipart form', typed('multipart/form-data; boundary=b', multipart), { a: '1' }],
    ['text', typed('text/plain', 'ü'), 'ü'],
    ['JSON called text', typed('text/plain', '{"a":1}'), { a: 1 }],
    ['text as Latin-1', typed('text/plain; charset=ISO-8859-1', Buffer.from('ü', 'latin1')), 'ü'],
    ['XML', typed('application/xml', '<a/>'), '<a/>'],
    ['bytes', typed('image/jpeg', bytes), bytes],
    ['no type', { body: 'hello' }, 'hello'],
    ['gzip', typed('application/json', gzipSync('{"a":1}'), { 'content-encoding': 'gzip' }), { a: 1 }],
    ['nothing', typed('application/json', ''), null],
    ['204', { status: 204, headers: { 'content-type': 'application/json' } }, null],
    ['205', { status: 205 }, null],
    ['304', { status: 304 }, null],
  ])('%s', async (_name, answer, body) => {
    expect(await bodyOf(answer)).toEqual(body)
  })

  test('HEAD has none', async () => {
    expect(await bodyOf(typed('application/json', '{"a":1}'), 'HEAD')).toBeNull()
  })
})

test('an answer carries its status and its headers, those that come twice joined', async () => {
  const headers = { 'X-One': '1', 'Set-Cookie': ['a=1', 'b=2'] }
  const service = await services.open(() => ({ status: 202, headers, body: { id: 7 } }))
  const answer = await createClient().send({ endpoint: service.origin, body: {} })
  expect(answer).toMatchObject({ status: 202, body: { id: 7 }, headers: { 'x-one': '1', 'set-cookie': 'a=1, b=2' } })
})

describe('a good status with a body that cannot be read', () => {
  test.each<[string, ServiceAnswer, string, string | null]>([
    [
      'JSON that is none',
      typed('application/json', '<html>\n</html>'),
      'the body cannot be read: it is not valid JSON',
      '<html>\n</html>',
    ],
    [
      'wrong bytes',
      typed('application/json', Buffer.from('"ü"', 'latin1')),
      'the body cannot be read: it is not valid UTF-8',
      '"\uFFFD"',
    ],
    ['an unknown charset', typed('text/plain; charset=nope', 'a'), 'the body\'s charset "nope" is not known', 'a'],
    [
      'a broken multipart form',
      typed('multipart/form-data; boundary=b', 'nothing'),
      'the body cannot be read: it is not a valid multipart form',
      'nothing',
    ],
    ['too deep', typed('application/json', '['.repeat(300)), 'the body is nested deeper than 100', '['.repeat(300)],
    [
      'gzip that is none',
      typed('text/plain', 'no gzip', { 'content-encoding': 'gzip' }),
      'its body cannot be unpacked',
      null,
    ],
  ])('%s', async (_name, answer, reason, body) => {
    const service = await services.open(() => ({ status: 201, ...answer }))
    const { send, clock } = createClient()
    const error = await errorOf(send({ baseUrl: service.origin, path: '/x?key=abc', body: {} }), 'ERR_HTTP_BODY')
    expect(error.message).toBe(`POST ${service.origin}/x answered 201 Created, but ${reason}`)
    expect([error.status, error.body]).toEqual([201, body])
    expect(error.cause).toBeDefined()
    expect(clock.timers).toBe(0)
  })

  test('is cut in the error', async () => {
    const service = await services.open(() => typed('application/json', 'x'.repeat(5000)))
    const error = await errorOf(createClient().send({ endpoint: service.origin }), 'ERR_HTTP_BODY')
    expect(error.body).toBe(`${'x'.repeat(2000)}…`)
  })

  test('a body of more than 64 MiB is given up, and its connection with it', async () => {
    let closed = Promise.resolve()
    const piece = Buffer.alloc(1024 ** 2)
    const service = await services.open(({ response }) => {
      closed = new Promise((resolve) => void response.once('close', resolve))
      const write = (): void => {
        while (!response.destroyed && response.write(piece));
        if (!response.destroyed) response.once('drain', write)
      }
      write()
    })
    const error = await errorOf(createClient().send({ endpoint: service.origin }), 'ERR_HTTP_BODY')
    expect(error.message).toBe(`GET ${service.origin}/ answered 200 OK, but its body is larger than 64 MiB`)
    await closed
  })

  test('a small body that unpacks to more than 64 MiB too', async () => {
    const bomb = gzipSync(Buffer.alloc(65 * 1024 ** 2))
    const service = await services.open(() => typed('text/plain', bomb, { 'content-encoding': 'gzip' }))
    const error = await errorOf(createClient().send({ endpoint: service.origin }), 'ERR_HTTP_BODY')
    expect(error.message).toContain('larger than 64 MiB')
  })
})

describe('redirects are followed', () => {
  async function openRedirect(status: number, location: string): Promise<FakeService> {
    return services.open(({ path, method, body }) =>
      path === '/from' ? { status, headers: { location } } : { body: { path, method, body } },
    )
  }

  test.each([
    [301, 'GET', undefined],
    [302, 'GET', undefined],
    [303, 'GET', undefined],
    [307, 'POST', { a: 1 }],
    [308, 'POST', { a: 1 }],
  ])('%i on POST by %s', async (status, method, body) => {
    const service = await openRedirect(status, '/to')
    const answer = await createClient().send({ baseUrl: service.origin, path: '/from', body: { a: 1 } })
    expect(answer.body).toEqual({ path: '/to', method, ...(body && { body }) })
  })

  test('to another origin without what authenticates, whatever its name', async () => {
    const other = await services.open(({ headers, body }) => ({ body: { headers, body } }))
    const service = await openRedirect(307, other.origin)
    const headers = { Authorization: 'Bearer secret-token', 'X-Api-Key': 'secret-key', 'X-Trace': 'a' }
    const answer = await createClient().send({ baseUrl: service.origin, path: '/from', headers, body: { b: 1 } })
    expect(answer.body).toMatchObject({
      headers: { 'x-trace': 'a', 'content-type': 'application/json' },
      body: { b: 1 },
    })
    expect(JSON.stringify(answer.body)).not.toContain('secret')
  })

  test('on the same origin with all headers, but none of a body that is not sent again', async () => {
    const service = await services.open(({ path, headers }) =>
      path === '/from' ? { status: 303, headers: { location: '/to' } } : { body: headers },
    )
    const headers = { 'X-Api-Key': 'secret-key' }
    const answer = await createClient().send({ baseUrl: service.origin, path: '/from', headers, body: { b: 1 } })
    expect(answer.body).toMatchObject({ 'x-api-key': 'secret-key' })
    expect(answer.body).not.toHaveProperty('content-type')
  })

  test.each([
    ['file:///etc/passwd', 'it redirects to file:, which is not followed'],
    ['http://[', 'Invalid URL (ERR_INVALID_URL)'],
  ])('but not to %s', async (location, reason) => {
    const service = await openRedirect(302, location)
    const error = await errorOf(createClient().send({ endpoint: `${service.origin}/from` }), 'ERR_HTTP_NETWORK')
    expect(error.message).toBe(`GET ${service.origin}/from failed: ${reason}`)
  })

  test('but not for ever', async () => {
    const service = await openRedirect(302, '/from')
    const error = await errorOf(createClient().send({ endpoint: `${service.origin}/from` }), 'ERR_HTTP_NETWORK')
    expect(error.message).toBe(`GET ${service.origin}/from failed: it redirects without end`)
  })

  test('a redirect to nowhere is an answer', async () => {
    const service = await services.open(() => ({ status: 302, body: 'where to?' }))
    expect(await createClient().send({ endpoint: service.origin })).toMatchObject({ status: 302, body: 'where to?' })
  })
})

describe('a connection is used again', () => {
  test.each<[string, ServiceAnswer]>([
    ['a body', { body: { a: 1 } }],
    ['no body', { status: 204 }],
    ['a refusal', { status: 400, body: { error: 'no' } }],
    ['a body that cannot be read', typed('application/json', 'no JSON')],
  ])('after %s', async (_name, answer) => {
    const service = await services.open(() => answer)
    const { send } = createClient()
    for (let count = 0; count < 3; count += 1) {
      await send({ endpoint: service.origin, body: {} }).catch(() => undefined)
      // Only then does fetch know that its connection is free.
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect([service.requests.length, service.connections]).toEqual([3, 1])
  })
})
