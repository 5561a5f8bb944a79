import * as fc from 'fast-check'
import { stringify, TokenData } from 'path-to-regexp'
import { describe, expect, test } from '@jest/globals'
import { head, openRawSocket } from '../helpers/raw-socket'
import { useHosts } from '../helpers/use-hosts'
import { createRouteTable } from '../../lib/listener/paths/route-table'
import { compileStrip, isSamePath, toPathKey, toUrlPath, trimEnd, trimPath } from '../../lib/base/same-path'

const hosts = useHosts()

test.each([
  ['', '', ''],
  ['/', '', ''],
  ['///', '', ''],
  ['a', '/a', 'a'],
  ['/a/b//', '/a/b', '/a/b'],
  ['//a//b/', '/a//b', '//a//b'],
  ['/a/ ', '/a/ ', '/a/ '],
])('the slashes at the ends of %j', (path, trimmed, withoutEnd) => {
  expect([trimPath(path), trimEnd(path)]).toEqual([trimmed, withoutEnd])
})

describe('one path', () => {
  test.each([
    ['/größe', '/gr%C3%B6%C3%9Fe'],
    ['/größe', '/gr%c3%b6%c3%9fe/'],
    ['/größe', '/GRÖßE'],
    ['/gro\u0308ße', '/gr%C3%B6ße'],
    ['/日本', '/%E6%97%A5%e6%9c%ac'],
    ['/a b', '/a%20b'],
    ['/a', '/%61'],
    ['/a-b_c~d.e', '/a%2Db%5fc%7Ed%2e%65'],
    ['/v1:done', '/v1%3Adone'],
    ['/50%', '/50%25'],
    ['/50%zz', '/50%25zz'],
    ['/a%2Fb', '/a%2fb'],
    ['/a%252Fb', '/a%252fb'],
    ['/%FF', '/%ff'],
    ['//image//done', '/image/done'],
    ['/image/done///', '/image/done'],
    ['image/done', '/image/done'],
    ['', '/'],
    ['//', '/'],
  ])('%s and %s', (one, other) => {
    expect(isSamePath(one, other)).toBe(true)
    expect(toPathKey(toPathKey(one))).toBe(toPathKey(one))
  })

  test.each([
    ['/a%2Fb', '/a/b'],
    ['/a%252Fb', '/a%2Fb'],
    ['/a%2541', '/a%41'],
    ['/%%34%31', '/%41'],
    ['/a b', '/a+b'],
    ['/a b', '/ab'],
    ['/größe', '/grosse'],
    ['/größe', '/gr%F6%DFe'],
    ['/a/./b', '/a/b'],
    ['/%C3', '/%C4'],
  ])('but not %s and %s', (one, other) => {
    expect(isSamePath(one, other)).toBe(false)
  })
})

test('any path, however its characters are encoded', () => {
  const segment = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 8 })
    .filter((text) => !/[/\p{Surrogate}]/u.test(text))
  const spelling = fc.array(fc.nat(3), { minLength: 16, maxLength: 16 })
  fc.assert(
    fc.property(fc.array(segment, { minLength: 1, maxLength: 4 }), spelling, spelling, (segments, one, other) => {
      const spell = (ways: readonly number[]): string =>
        segments.map((text, place) => '/'.repeat(1 + ((ways[place] ?? 0) % 2)) + respell(text, ways)).join('')
      expect(toPathKey(spell(one))).toBe(toPathKey(spell(other)))
      const table = createRouteTable([
        { method: 'POST', path: stringify(new TokenData([{ type: 'text', value: spell(one) }])) },
      ])
      expect(table.find('POST', spell(other))?.params).toEqual({})
    }),
  )
})

/** Writes each character as it is, or percent-encoded in lower or upper case; what must be encoded always is. */
function respell(text: string, ways: readonly number[]): string {
  return Array.from(text)
    .map((character, index) => {
      const encoded = [...Buffer.from(character)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')
      const way = ways[index % ways.length] ?? 0
      if (way === 1) return encoded
      return way === 2 || character === '%' ? encoded.toUpperCase() : character
    })
    .join('')
}

test.each([
  ['/größe', '/gr%C3%B6%C3%9Fe'],
  ['/a b', '/a%20b'],
  ['/a%20b', '/a%20b'],
  ['/50%', '/50%25'],
  ['/a%2Fb', '/a%2Fb'],
  ['/a?b#c', '/a%3Fb%23c'],
  ['/a\\b"<>', '/a%5Cb%22%3C%3E'],
  ["/v1:done@x,;=!$&'()*+~", "/v1:done@x,;=!$&'()*+~"],
  ['/\ud800', '/%EF%BF%BD'],
])('%s stands in a URL as %s', (path, expected) => {
  expect(toUrlPath(path)).toBe(expected)
  expect(new URL(`http://a${expected}`).pathname).toBe(expected)
})

test.each<[string, string, string | undefined]>([
  ['', '/a//b', '/a//b'],
  ['/hooks', '/hooks/done', '/done'],
  ['/hooks', '/hooks', '/'],
  ['/hooks', '/HOOKS/Done', '/Done'],
  ['/hooks', '//hooks//done', '//done'],
  ['/hooks', '/h%6Foks/a%2Fb', '/a%2Fb'],
  ['/größe/x', '/gr%c3%b6%C3%9Fe/x/done', '/done'],
  ['/hooks', '/hookshop/done', undefined],
  ['/hooks', '/other', undefined],
  ['/a/b', '/a%2Fb/done', undefined],
  ['/a/b', '/a', undefined],
])('the prefix %j of %s leaves %s', (prefix, path, rest) => {
  expect(compileStrip(prefix)(path)).toBe(rest)
})

describe('a callback arrives', () => {
  async function post(origin: string, url: string): Promise<string> {
    const raw = await openRawSocket(origin)
    raw.send(Buffer.from(head(`POST ${url}`, { Connection: 'close', 'Content-Length': 0 })))
    const [, status = ''] = /^HTTP\/1.1 (\d+)/.exec(await raw.closed()) ?? []
    return status
  }

  test.each<[string, object, readonly string[], object]>([
    [
      'at a path beyond ASCII',
      { path: '/größe' },
      ['/gr%C3%B6%C3%9Fe', '/gr%c3%b6%c3%9fe', '/GR%C3%B6%C3%9fe/', '//gr%C3%B6%C3%9Fe//', '/g%72o%CC%88%C3%9Fe'],
      {},
    ],
    [
      'at a path that the config writes encoded',
      { path: '/gr%C3%B6%C3%9Fe' },
      ['/gr%C3%B6%C3%9FE', '/gr%c3%B6%c3%9fe'],
      {},
    ],
    ['at a path with a space', { path: '/a b' }, ['/a%20b', '/%61%20b', '/a%20%62/'], {}],
    ['at a path with an encoded space', { path: '/a%20b' }, ['/a%20b', '/A%20B'], {}],
    ['at a path with a colon', { path: '/v1\\:done' }, ['/v1:done', '/v1%3Adone', '/v1%3adone'], {}],
    ['at a path with an encoded slash', { path: '/a%2Fb' }, ['/a%2Fb', '/a%2fb'], {}],
    [
      'below a base path',
      { base_path: '/größe', path: '/a b' },
      ['/gr%C3%B6%C3%9Fe/a%20b', '/gr%C3%B6%C3%9Fe//a%20b', '//gr%c3%b6%C3%9Fe/a%20b'],
      {},
    ],
    [
      'behind a text',
      { path: '/größe/:id' },
      ['/gr%c3%b6%c3%9fe/AbC', '/GR%C3%B6%C3%9Fe/AbC', '//gr%C3%B6%C3%9Fe//AbC'],
      { id: 'AbC' },
    ],
    ['in a parameter', { path: '/tasks/:id' }, ['/tasks/gr%C3%B6%c3%9fe', '//tasks//gr%C3%B6%C3%9Fe'], { id: 'größe' }],
    ['in a parameter with a slash', { path: '/tasks/:id' }, ['/tasks/a%2Fb', '//tasks/a%2fb'], { id: 'a/b' }],
    ['in a parameter with a percent sign', { path: '/tasks/:id' }, ['/tasks/a%2541', '//tasks/a%2541'], { id: 'a%41' }],
    ['in a decomposed parameter', { path: '/tasks/:id' }, ['/tasks/o%CC%88', '/t%61sks/o%CC%88'], { id: 'o\u0308' }],
    ['in a list', { path: '/files/*rest' }, ['/files/a//b'], { rest: ['a', '', 'b'] }],
  ])('%s', async (_, listener, urls, params) => {
    const { hooks, origin } = await hosts.open({ listener: { ...listener, result: '${params}' } })
    for (const url of urls) {
      const wait = hooks.wait('x')
      expect([url, await post(origin, url)]).toEqual([url, '200'])
      await expect(wait).resolves.toEqual(params)
    }
  })

  test.each<[string, readonly string[]]>([
    ['/größe', ['/gr%F6%DFe/', '/gr%C3%B6%C3%9F', '/grosse']],
    ['/a%2Fb', ['/a/b', '/a%252Fb']],
    ['/a/b', ['/a%2Fb', '/a%5Cb']],
    ['/tasks/:id', ['/tasks/a/b', '/tasks/%FF', '/tasks//', '/%%74asks/a']],
  ])('at %s, but not by another one', async (path, urls) => {
    const { hooks, origin } = await hosts.open({ listener: { path } })
    for (const url of urls) expect([url, await post(origin, url)]).toEqual([url, '404'])
    expect(hooks.stats().received).toBe(0)
  })

  test('below options.mountPath of a server of ours', async () => {
    const { hooks } = hosts.start({ listener: { path: '/fertig' } }, { mountPath: '/größe/a b' })
    const origin = await hosts.serve(hooks.createServer())
    for (const url of [
      '/gr%C3%B6%C3%9Fe/a%20b/fertig',
      '//gr%C3%B6%C3%9Fe/a%20b//fertig',
      '/GR%c3%b6%C3%9FE/%61%20b/FERTIG',
    ]) {
      const wait = hooks.wait('x')
      expect([url, await post(origin, url)]).toEqual([url, '200'])
      await wait
    }
    expect(await post(origin, '/fertig')).toBe('404')
    expect(hooks.ticket().url).toMatch(/^http:\/\/localhost:8090\/gr%C3%B6%C3%9Fe\/a%20b\/fertig\?callback_id=tkt-/)
  })
})

test('a route that is written in two ways is one route, and refused', () => {
  const open = (path: string) => () => hosts.start({ listener: { callbacks: [{ path: '/größe' }, { path }] } })
  for (const path of ['/gr%C3%B6%C3%9Fe', '/GRÖßE', '//gr%c3%b6ße/', '/gro\u0308ße'])
    expect(open(path)).toThrow(/is answered by listener.callbacks\[0\] already/)
  expect(open('/grosse')).not.toThrow()
})

test.each(['/gr%C3%B6%C3%9Fe', 'größe/', '/GR%c3%b6%c3%9fE', '//größe'])('a wait names its endpoint as %s', (path) => {
  const { hooks } = hosts.start({ listener: { callbacks: [{ path: '/größe' }, { path: '/done' }] } })
  expect(hooks.ticket({ path }).url).toMatch(/^http:\/\/localhost:8090\/gr%C3%B6%C3%9Fe\?callback_id=tkt-/)
})
