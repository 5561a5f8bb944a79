import { describe, expect, test } from '@jest/globals'
import { errorOf, renderRequest, type Written } from './requests'

const ENDPOINT = 'https://api.test/x'

describe('the method', () => {
  test.each<[Written, string]>([
    [{}, 'GET'],
    [{ body: { a: 1 } }, 'POST'],
    [{ body: '' }, 'POST'],
    [{ body: false }, 'POST'],
    [{ body: null }, 'GET'],
    [{ body: '${input.none}' }, 'GET'],
    [{ body: '${input.none}', method: 'GET' }, 'GET'],
    [{ method: 'POST' }, 'POST'],
    [{ method: 'PUT', body: 1 }, 'PUT'],
  ])('of %j is %s', (written, method) => {
    expect(renderRequest({ endpoint: ENDPOINT, ...written }).method).toBe(method)
  })

  test.each(['GET', 'HEAD'] as const)('%s with a body that shows up later is refused', async (method) => {
    const written = { endpoint: ENDPOINT, method, body: '${input.data}' }
    const error = await errorOf(() => renderRequest(written, { data: 'x' }), 'ERR_CONFIG_VALUE')
    expect(error.message).toBe(
      `A ${method} request carries no body, but this one was given one; use params, or another method`,
    )
    expect(error.at).toBe('components.api')
  })
})

test('a missing body is none', () => {
  expect(renderRequest({ endpoint: ENDPOINT, body: '${input.none}' }).body).toBeUndefined()
})

describe('headers', () => {
  test('have names in lower case, the later ones on top', () => {
    const baseHeaders = { 'X-One': 'base', 'X-Two': 'base', 'X-Three': 'base' }
    const headers = { 'x-two': 'action', 'X-THREE': '${input.none}', 'X-Four': 4 }
    expect(renderRequest({ endpoint: ENDPOINT, baseHeaders, headers }).headers).toEqual({
      'x-one': 'base',
      'x-two': 'action',
      'x-three': 'base',
      'x-four': '4',
    })
  })

  test('hold text: lists are joined, mappings are JSON, nothing is left out', () => {
    const headers = { accept: ['a/b', null, 'c/d'], data: { a: 1 }, flag: true, none: null, empty: '', __proto__x: 1 }
    expect(renderRequest({ endpoint: ENDPOINT, headers }).headers).toEqual({
      accept: 'a/b, c/d',
      data: '{"a":1}',
      flag: 'true',
      empty: '',
      __proto__x: '1',
    })
  })

  test('a name like one of a prototype is a name', () => {
    const input = JSON.parse('{"__proto__": "a", "constructor": "b"}')
    const { headers } = renderRequest({ endpoint: ENDPOINT, headers: '${input}' }, input)
    expect(Object.entries(headers)).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ])
  })

  test.each([
    [
      'a line break',
      'X-Key',
      'abc\r\nX-Other: 1',
      'The value of the header "x-key" holds a line break (it is not shown)',
    ],
    [
      'a line break at its end',
      'X-Key',
      'abcdef\n',
      'The value of the header "x-key" holds a line break (it is not shown)',
    ],
    [
      'a control character',
      'X-Key',
      'abc\0def',
      'The value of the header "x-key" holds a character that no header can hold (it is not shown)',
    ],
    [
      'more than Latin-1',
      'X-Key',
      'abc€',
      'The value of the header "x-key" holds a character that no header can hold (it is not shown)',
    ],
    ['a bad name', 'X Key', 'abc', '"x key" cannot be the name of a header'],
    ['no name', '', 'abc', '"" cannot be the name of a header'],
    ['a line break in a name', 'X-Key: 1\r\nX', 'abc', String.raw`"x-key: 1\r\nx" cannot be the name of a header`],
    ['a length', 'Content-Length', '3', 'The header "content-length" is set by the connection itself; take it out'],
    [
      'an encoding',
      'Transfer-Encoding',
      'chunked',
      'The header "transfer-encoding" is set by the connection itself; take it out',
    ],
  ])('refuses %s', async (_what, name, value, message) => {
    const written = { endpoint: ENDPOINT, headers: '${input}' }
    const error = await errorOf(() => renderRequest(written, { [name]: value }), 'ERR_TEMPLATE')
    expect(error.message).toBe(message)
    expect(error.at).toBe('components.api')
  })

  test('are refused unless they are a mapping', async () => {
    const error = await errorOf(() => renderRequest({ endpoint: ENDPOINT, headers: '${input}' }, ['a']), 'ERR_TEMPLATE')
    expect(error.message).toBe('The headers must be a mapping of names to values, found a list')
  })
})

describe('userinfo in the URL', () => {
  test.each([
    ['https://me:secret@api.test/x', 'me:secret'],
    ['https://key@api.test/x', 'key:'],
    ['https://:pass@api.test/x', ':pass'],
    ['https://m%40e:p%3A%C3%BC@api.test/x', 'm@e:p:ü'],
    ['https://me:100%@api.test/x', 'me:100%'],
  ])('of %s becomes a header', (endpoint, credentials) => {
    const { url, headers } = renderRequest({ endpoint })
    expect(url.href).toBe(ENDPOINT)
    expect(headers).toEqual({ authorization: `Basic ${Buffer.from(credentials).toString('base64')}` })
  })

  test('gives way to a header that is there', () => {
    const written = { endpoint: 'https://me:secret@api.test/x', headers: { Authorization: 'Bearer abc' } }
    const { url, headers } = renderRequest(written)
    expect(url.href).toBe(ENDPOINT)
    expect(headers).toEqual({ authorization: 'Bearer abc' })
  })
})
