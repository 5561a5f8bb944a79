import { describe, expect, test } from '@jest/globals'
import { writeBody } from '../../lib/http/body'
import { type ServiceRequest, useServices } from '../helpers/fake-service'
import { createClient, errorOf } from './requests'

const services = useServices()

/** Sends a body and gives what the service saw of it. */
async function sent(body: unknown, type?: string): Promise<ServiceRequest> {
  const service = await services.open(() => ({}))
  const headers = type === undefined ? {} : { 'Content-Type': type }
  await createClient().send({ endpoint: service.origin, headers, body: '${input}' }, body)
  return service.received()
}

describe('a body goes out', () => {
  test.each<[string, unknown, string | undefined, string | undefined, string]>([
    ['a mapping as JSON', { a: [1, 'ü'], b: null }, undefined, 'application/json', '{"a":[1,"ü"],"b":null}'],
    ['a list as JSON', [1, 2], undefined, 'application/json', '[1,2]'],
    ['a number as JSON', 7, undefined, 'application/json', '7'],
    ['false as JSON', false, undefined, 'application/json', 'false'],
    ['a mapping as JSON of its own type', { a: 1 }, 'application/vnd.api+json', 'application/vnd.api+json', '{"a":1}'],
    ['a mapping as JSON of any type', { a: 1 }, 'text/x-odd; v=1', 'text/x-odd; v=1', '{"a":1}'],
    ['text as text', 'plain ü', undefined, 'text/plain;charset=utf-8', 'plain ü'],
    ['text of another type as it stands', '{"a":', 'application/json', 'application/json', '{"a":'],
    [
      'text as a form that is written already',
      'a=1&b=%20',
      'application/x-www-form-urlencoded',
      'application/x-www-form-urlencoded',
      'a=1&b=%20',
    ],
    ['bytes as they are', Buffer.from('bytes'), undefined, undefined, 'bytes'],
    ['bytes of a type', new Uint8Array([0x61, 0x62]), 'image/png', 'image/png', 'ab'],
  ])('%s', async (_name, body, type, seenType, seen) => {
    const request = await sent(body, type)
    expect(request.method).toBe('POST')
    expect(request.headers['content-type']).toBe(seenType)
    expect(request.raw.toString()).toBe(seen)
    expect(request.headers['content-length']).toBe(String(request.raw.length))
  })

  test('a mapping as a form', async () => {
    const fields = { a: 'x y&ü', list: [1, null, 2], none: null, map: { b: 1 }, flag: false }
    const request = await sent(fields, 'application/x-www-form-urlencoded; charset=utf-8')
    expect(request.headers['content-type']).toBe('application/x-www-form-urlencoded; charset=utf-8')
    expect(request.body).toEqual({ a: 'x y&ü', list: ['1', '2'], map: '{"b":1}', flag: 'false' })
  })

  test('a mapping as a multipart form, with bytes as files and a boundary of its own', async () => {
    const file = Buffer.from([0, 255, 13, 10, 45, 45])
    const fields = { a: 'x\r\nü', list: [1, null, 2], none: null, map: { b: 1 }, file }
    const request = await sent(fields, 'Multipart/Form-Data; boundary=mine')
    expect(request.headers['content-type']).toMatch(/^multipart\/form-data; boundary=(?!mine)/)
    const form = request.body as FormData
    expect([...form.keys()]).toEqual(['a', 'list', 'list', 'map', 'file'])
    expect(form.get('a')).toBe('x\r\nü')
    expect(form.getAll('list')).toEqual(['1', '2'])
    expect(form.get('map')).toBe('{"b":1}')
    const seen = form.get('file') as File
    expect(seen.name).toBe('file')
    expect(Buffer.from(await seen.arrayBuffer())).toEqual(file)
  })

  test('a multipart form that is written already, with its boundary', async () => {
    const body = '--mine\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--mine--\r\n'
    const request = await sent(body, 'multipart/form-data; boundary=mine')
    expect((request.body as FormData).get('a')).toBe('1')
  })
})

test('a request without body says nothing of one', async () => {
  const service = await services.open(() => ({}))
  await createClient().send({ endpoint: service.origin })
  const { method, headers } = await service.received()
  expect([method, headers['content-type'], headers['content-length']]).toEqual(['GET', undefined, undefined])
})

describe('what cannot be written is refused before anything is sent', () => {
  const circle: Record<string, unknown> = {}
  circle['self'] = circle

  test.each<readonly [string, unknown, string | undefined, string]>([
    ['a value that contains itself', circle, undefined, 'The body cannot be written as JSON'],
    ...[{ a: Infinity }, [[-Infinity]], Number.NaN].map(
      (body) =>
        [
          'a number that JSON does not have',
          body,
          undefined,
          'The body cannot be written as JSON: it holds a number that is not finite; give it as text',
        ] as const,
    ),
    ['a function', () => 1, undefined, 'A function cannot be sent as a body'],
    [
      'a list as a form',
      [1],
      'application/x-www-form-urlencoded',
      'A body of type application/x-www-form-urlencoded must be a mapping or text, found a list',
    ],
    [
      'a number as a form',
      7,
      'multipart/form-data',
      'A body of type multipart/form-data must be a mapping or text, found 7',
    ],
  ])('%s', async (_name, body, type, message) => {
    const headers = type === undefined ? {} : { 'content-type': type }
    const error = await errorOf(() => writeBody({ body, headers }), 'ERR_TEMPLATE')
    expect(error.message).toBe(message)
  })

  test('by a client too', async () => {
    const service = await services.open(() => ({}))
    const { send, clock } = createClient()
    await errorOf(send({ endpoint: service.origin, body: '${input}' }, circle), 'ERR_TEMPLATE')
    expect([service.connections, clock.timers]).toEqual([0, 0])
  })
})
