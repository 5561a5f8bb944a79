import { describe, expect, test } from '@jest/globals'
import { type ServiceAnswer, type ServiceRequest, useServices } from '../helpers/fake-service'
import { createClient, errorOf, type Written } from './requests'

const services = useServices()

/** Answers with everything that it got, as debugging pages do. */
function echo({ url, headers }: ServiceRequest): ServiceAnswer {
  const { authorization, cookie, ...others } = headers
  const keys = Object.fromEntries(Object.values(headers).map((value) => [String(value), true]))
  return { status: 500, body: { url, authorization, cookie, others, keys, all: JSON.stringify(headers) } }
}

const CASES: readonly (readonly [string, Written & { readonly user?: string }, readonly string[]])[] = [
  ['a bearer token', { headers: { Authorization: 'Bearer abc.def+123/x==' } }, ['abc.def+123/x==']],
  ['a key of another scheme', { headers: { Authorization: 'Key id:abcdef' } }, ['id:abcdef']],
  ['an API key', { headers: { 'X-Api-Key': 'key"with\\odd' } }, ['key"with', String.raw`key\"with`]],
  ['a cookie', { headers: { Cookie: 'a=1; session=abcdef123' } }, ['abcdef123']],
  ['a signature', { headers: { 'X-Hub-Signature-256': 'sha256=0123456789' } }, ['0123456789']],
  [
    'a query',
    { params: { key: 'abc def&ü', list: ['second-secret'] } },
    ['abc def&ü', 'abc+def%26%C3%BC', 'second-secret'],
  ],
  ['a query in the URL', { path: '/x?key=abc%20def%7e' }, ['abc def~', 'abc%20def%7e']],
  ['userinfo', { user: 'someone:pass%20word' }, ['someone', 'pass word', 'pass%20word']],
]

describe('a service that echoes what it got: no message and no error holds', () => {
  test.each(CASES)('%s', async (_name, { user, ...written }, secrets) => {
    const service = await services.open(echo)
    const baseUrl = user === undefined ? service.origin : service.origin.replace('//', `//${user}@`)
    const error = await errorOf(createClient().send({ baseUrl, path: '/x', ...written }), 'ERR_HTTP_STATUS')
    for (const shown of [error.message, JSON.stringify(error.body), String(error.stack)]) {
      for (const secret of secrets) expect(shown).not.toContain(secret)
    }
    expect(JSON.stringify(error.body)).toContain('[redacted]')
    expect(error.status).toBe(500)
  })

  test('the encoded form of Basic credentials, nor what it encodes', async () => {
    const encoded = Buffer.from('someone:password').toString('base64')
    const service = await services.open(() => ({
      status: 401,
      body: { tried: [encoded, 'someone', 'password'], a: 1 },
    }))
    const endpoint = service.origin.replace('//', '//someone:password@')
    const error = await errorOf(createClient().send({ endpoint }), 'ERR_HTTP_STATUS')
    expect(error.body).toEqual({ tried: ['[redacted]', '[redacted]', '[redacted]'], a: 1 })
    expect(error.message).toContain('{"tried":["[redacted]","[redacted]","[redacted]"],"a":1}')
  })

  test('a secret in text that is cut behind it, or in bytes', async () => {
    const headers = { authorization: 'Bearer abcdefgh' }
    const cut = await services.open(() => ({ status: 500, body: `${'x'.repeat(1996)}abcdefgh${'x'.repeat(70_000)}` }))
    const error = await errorOf(createClient().send({ endpoint: cut.origin, headers }), 'ERR_HTTP_STATUS')
    expect(error.body).not.toContain('abc')
    const bytes = await services.open(() => ({ status: 500, body: Buffer.from('\xFFabcdefgh', 'latin1') }))
    const other = await errorOf(createClient().send({ endpoint: bytes.origin, headers }), 'ERR_HTTP_STATUS')
    expect(other.body).toBe('[redacted]')
  })

  test('a secret in the status text', async () => {
    const service = await services.open(({ response }) => void response.writeHead(403, 'Key abcdefgh refused').end())
    const headers = { 'x-api-key': 'abcdefgh' }
    const error = await errorOf(createClient().send({ endpoint: service.origin, headers }), 'ERR_HTTP_STATUS')
    expect(error.message).toBe(`GET ${service.origin}/ answered 403 Key [redacted] refused`)
  })

  test('a secret in a body that cannot be read, not by way of the cause either', async () => {
    const answer = { headers: { 'content-type': 'application/json' }, body: 'abcdefgh' }
    const service = await services.open(() => answer)
    const headers = { authorization: 'Bearer abcdefgh' }
    const error = await errorOf(createClient().send({ endpoint: service.origin, headers }), 'ERR_HTTP_BODY')
    expect([error.body, error.cause]).toEqual(['[redacted]', undefined])
  })
})

test('what is no secret, or too short for one, stays as it is', async () => {
  const service = await services.open(echo)
  const written = { headers: { 'X-Trace': 'trace-1234', 'X-Token': 'abcde' }, params: { page: 1 } }
  const error = await errorOf(createClient().send({ endpoint: `${service.origin}/x`, ...written }), 'ERR_HTTP_STATUS')
  expect(error.body).toMatchObject({ url: '/x?page=1', others: { 'x-trace': 'trace-1234', 'x-token': 'abcde' } })
})

test('the path is shown, query and userinfo are not', async () => {
  const { send } = createClient({ fetch: () => Promise.reject(new TypeError('fetch failed')) })
  const error = await errorOf(send({ endpoint: 'https://me:secret@api.test/a/b?key=abcdef' }), 'ERR_HTTP_NETWORK')
  expect(error.message).toBe('GET https://api.test/a/b failed: fetch failed')
})
