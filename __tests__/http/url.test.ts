import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { errorOf, renderRequest, type Written } from './requests'

function urlOf(written: Written, input?: unknown): string {
  return renderRequest(written, input).url.href
}

describe('where a request goes', () => {
  test.each([
    ['https://api.test', '/tasks', 'https://api.test/tasks'],
    ['https://api.test/', '/tasks', 'https://api.test/tasks'],
    ['https://api.test', 'tasks', 'https://api.test/tasks'],
    ['https://api.test/v1', 'tasks', 'https://api.test/v1/tasks'],
    ['https://api.test/v1///', '///tasks', 'https://api.test/v1/tasks'],
    ['https://api.test/v1', '//evil.test/tasks', 'https://api.test/v1/evil.test/tasks'],
    ['https://api.test', '@evil.test/', 'https://api.test/@evil.test/'],
    ['https://api.test', '.evil.test', 'https://api.test/.evil.test'],
    ['https://api.test', String.raw`\\evil.test`, 'https://api.test///evil.test'],
    ['https://api.test/v1', '/', 'https://api.test/v1/'],
    ['https://api.test/v1', '', 'https://api.test/v1'],
    ['https://api.test/v1/', '', 'https://api.test/v1/'],
    ['https://api.test/v1', '?a=1', 'https://api.test/v1?a=1'],
    ['https://api.test/v1?key=1', '/tasks?a=2', 'https://api.test/v1/tasks?key=1&a=2'],
    ['https://api.test/v1?key=a/b?c', '/tasks', 'https://api.test/v1/tasks?key=a/b?c'],
    ['https://api.test/v1', '/tasks?next=https://other.test/', 'https://api.test/v1/tasks?next=https://other.test/'],
    ['https://api.test/v1', '/tasks#part', 'https://api.test/v1/tasks'],
    ['https://api.test/v1', 'https://other.test/x', 'https://other.test/x'],
    ['https://api.test/v1', ' HTTP://other.test/x ', 'http://other.test/x'],
    [' https://api.test\n', '/a b/ü', 'https://api.test/a%20b/%C3%BC'],
  ])('base_url %j with path %j is %s', (baseUrl, path, url) => {
    expect(urlOf({ baseUrl, path })).toBe(url)
  })

  test('a whole URL needs no base_url, as path or as endpoint', () => {
    expect(urlOf({ path: 'https://api.test/x' })).toBe('https://api.test/x')
    expect(urlOf({ endpoint: 'https://api.test/x' })).toBe('https://api.test/x')
    expect(urlOf({ endpoint: 'https://api.test/x', baseUrl: 'https://base.test' })).toBe('https://api.test/x')
    expect(urlOf({ baseUrl: 'https://base.test' })).toBe('https://base.test/')
    expect(urlOf({ endpoint: '${input.next}' }, { next: 'http://127.0.0.1:80/x' })).toBe('http://127.0.0.1/x')
  })

  test.each<[string, Written, string]>([
    ['no place', {}, 'The request has neither base_url, path nor endpoint'],
    [
      'a missing endpoint',
      { endpoint: '${input.none}' },
      '${input.none} in the endpoint is missing, so nothing is sent',
    ],
    [
      'a missing base_url',
      { baseUrl: '${input.none}' },
      '${input.none} in the base_url is missing, so nothing is sent',
    ],
    ['an empty endpoint', { endpoint: '${input.none | ""}' }, 'The endpoint is empty; what it reads is missing'],
    ['empty parts', { baseUrl: '${input.none | ""}' }, 'base_url and path are empty; what they read is missing'],
    ['a path alone', { path: '/x?key=abc' }, 'The path "/x" has no base_url to be joined to, and is no whole URL'],
    [
      'no scheme',
      { endpoint: 'api.test/x' },
      '"api.test/x" is no URL that can be called; it must begin with http:// or https://',
    ],
    [
      'another scheme',
      { endpoint: 'file:///etc/passwd' },
      '"file:///etc/passwd" is no URL that can be called; it must begin with http:// or https://',
    ],
    [
      'no host',
      { endpoint: 'https://' },
      '"https://" is no URL that can be called; it must begin with http:// or https://',
    ],
    [
      'userinfo in what cannot be read',
      { endpoint: 'https://me:pa/ss?w#rd@host:x/y?key=abc#z' },
      '"https://host:x/y" is no URL that can be called; it must begin with http:// or https://',
    ],
    [
      'userinfo without scheme',
      { endpoint: 'me:password@host/x' },
      '"host/x" is no URL that can be called; it must begin with http:// or https://',
    ],
  ])('refuses %s', async (_name, written, message) => {
    const error = await errorOf(() => renderRequest(written), 'ERR_CONFIG_VALUE')
    expect(error.message).toBe(message)
    expect(error.at).toBe('components.api')
  })

  test('a path stays on the host of base_url, whatever stands in it', () => {
    const characters = fc.constantFrom('/', '\\', '@', ':', '?', '#', '.', '%', ' ', '\t', '\n', 'a', 'ü', '[', '//')
    fc.assert(
      fc.property(fc.array(characters, { maxLength: 12 }), (parts) => {
        const { url } = renderRequest({ baseUrl: 'https://api.test/v1', path: `/${parts.join('')}` })
        expect([url.origin, url.username]).toEqual(['https://api.test', ''])
      }),
    )
  })
})

describe('params', () => {
  test.each<[string, unknown, string]>([
    ['text', { a: 'x y&z=ü' }, '?a=x+y%26z%3D%C3%BC'],
    ['numbers and booleans', { a: 1, b: false, c: 0 }, '?a=1&b=false&c=0'],
    ['lists', { a: [1, null, 'x'], b: [] }, '?a=1&a=x'],
    ['mappings', { a: { b: [1] } }, '?a=%7B%22b%22%3A%5B1%5D%7D'],
    ['missing values', { a: null, b: '${input.none}', c: '' }, '?c='],
    ['names', { 'a[b]': 1 }, '?a%5Bb%5D=1'],
    ['nothing', null, ''],
  ])('writes %s', (_name, params, query) => {
    expect(urlOf({ endpoint: 'https://api.test/x', params })).toBe(`https://api.test/x${query}`)
  })

  test('stand behind the query that is there, which stays as it was written', () => {
    const written = { baseUrl: 'https://api.test?k=a%20b', path: '/x?l=%7e', params: { m: 'c d' } }
    expect(urlOf(written)).toBe('https://api.test/x?k=a%20b&l=%7e&m=c+d')
  })

  test('are refused unless they are a mapping, without being shown', async () => {
    const error = await errorOf(
      () => renderRequest({ endpoint: 'https://api.test', params: 'key=abcdef' }),
      'ERR_TEMPLATE',
    )
    expect(error.message).toBe('The params must be a mapping of names to values, found a text')
    expect(error.at).toBe('components.api')
  })

  test('arrive as they were', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })), (params) => {
        const wanted = Object.entries(params).map(([name, value]) => [toUtf8(name), toUtf8(value)])
        const { url } = renderRequest({ endpoint: 'https://api.test', params: '${input}' }, params)
        expect([...url.searchParams]).toEqual(wanted)
      }),
    )
  })
})

/** Lone surrogates cannot be written. */
function toUtf8(text: string): string {
  return Buffer.from(text).toString()
}
