import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { CallbackError } from '../../lib/base/errors'
import { useFlows } from '../workflow/use-flows'
import { errorOf, renderRequest, type Written } from './requests'

const BASE = 'https://api.test/v1'

function hrefOf(written: Written, input: unknown): string {
  return renderRequest({ baseUrl: BASE, ...written }, input).url.href
}

describe('a value in a path stays in its segment', () => {
  const SEGMENTS: readonly (readonly [unknown, string])[] = [
    ['7', '7'],
    [7, '7'],
    [0, '0'],
    [false, 'false'],
    [12345678901234567890n, '12345678901234567890'],
    ['../../admin', '..%2F..%2Fadmin'],
    ['x?role=admin', 'x%3Frole%3Dadmin'],
    ['x#y', 'x%23y'],
    ['group/sub', 'group%2Fsub'],
    ['50%', '50%25'],
    ['%2F', '%252F'],
    ['%2e%2e', '%252e%252e'],
    ['..\\..\\admin', '..%5C..%5Cadmin'],
    ['..;', '..%3B'],
    ['a\tb\nc', 'a%09b%0Ac'],
    ['\0', '%00'],
    ['.\t.', '.%09.'],
    [' ', '%20'],
    ['...', '...'],
    ['größe 😀', 'gr%C3%B6%C3%9Fe%20%F0%9F%98%80'],
    ['@evil.test', '%40evil.test'],
    ['http://evil.test/x', 'http%3A%2F%2Fevil.test%2Fx'],
    ['${env.TOKEN}', '%24%7Benv.TOKEN%7D'],
  ]

  test.each(SEGMENTS.map(([id, segment]) => [segment, id] as const))('as %s', (segment, id) => {
    expect(hrefOf({ path: '/users/${input.id}/get' }, { id })).toBe(`${BASE}/users/${segment}/get`)
    expect(hrefOf({ path: 'users/a-${input.id}_${input.id}' }, { id })).toBe(`${BASE}/users/a-${segment}_${segment}`)
    expect(hrefOf({ path: undefined, endpoint: `${BASE}/u/\${input.id}` }, { id })).toBe(`${BASE}/u/${segment}`)
    expect(hrefOf({ baseUrl: `${BASE}/\${input.id}`, path: '/x' }, { id })).toBe(`${BASE}/${segment}/x`)
  })

  test.each<[string, unknown]>([
    ['/users/${input}/get', '.'],
    ['/users/${input}/get', '..'],
    ['${input}/get', '..'],
    ['/users/${input}', '..'],
    ['/users/.${input}', '.'],
    ['/users/%2e${input}/x', '.'],
    ['/users/%2E${input}/x', ''],
    ['/users/${input}%2e/x', '.'],
    ['/users/${input}.?q=1', '.'],
    ['/users\\${input}\\x', '..'],
    ['/users/\t.${input}', '.'],
    ['/users/${input}${input}', '.'],
  ])('%s with %p makes a dot segment, and is refused', async (path, input) => {
    const written = { baseUrl: BASE, path: path.replaceAll('${input}', '${input | ""}') }
    const error = await errorOf(() => renderRequest(written, input), 'ERR_CONFIG_VALUE')
    expect(error.message).toMatch(
      /^A value in the path makes a segment "." or "..", which leads elsewhere; look at \$\{input/,
    )
  })

  test.each<[string, unknown, RegExp]>([
    ['a list', ['a'], /^\$\{input\.id\} in the path is a list; a URL takes a text, a number or a boolean$/],
    ['a mapping', { a: 1 }, / is a mapping;/],
    ['bytes', Buffer.from('a'), / is bytes;/],
    ['half a character', 'a\uD800', / holds half a character/],
    ['half a character at the end', '\uDC00', / holds half a character/],
  ])('refuses %s', async (_what, id, message) => {
    for (const path of ['/users/${input.id}/get', '/x?q=${input.id}']) {
      const error = await errorOf(() => renderRequest({ baseUrl: BASE, path }, { id }), 'ERR_CONFIG_VALUE')
      expect(error.message).toMatch(message)
    }
  })

  test.each(['%', '%2', 'x%4'])('refuses a value behind %j, which it would make another character', async (before) => {
    const error = await errorOf(
      () => renderRequest({ baseUrl: BASE, path: `/x/${before}\${input}` }, '1'),
      'ERR_CONFIG_VALUE',
    )
    expect(error.message).toBe('A "%" stands in front of ${input} in the path; write it as %25')
  })

  test('in the query it is a value of the query, and in the fragment it is dropped', () => {
    const path = '/x?q=${input.q}&r=${input.r | ""}#${input.none}'
    expect(hrefOf({ path }, { q: 'a&b=c d+e#f/ü?' })).toBe(`${BASE}/x?q=a%26b%3Dc%20d%2Be%23f%2F%C3%BC%3F&r=`)
  })

  test('is not encoded twice where it is "as urlencoded"', () => {
    const path = '/x/${input as urlencoded}/y?q=${input as urlencoded}'
    expect(hrefOf({ path }, 'a b')).toBe(`${BASE}/x/a%20b/y?q=a%20b`)
    expect(hrefOf({ path }, 'a/ü?')).toBe(`${BASE}/x/a%2F%C3%BC%3F/y?q=a%2F%C3%BC%3F`)
  })

  test('what the config says itself, also from the environment, stays as it is written', () => {
    expect(hrefOf({ path: '/a b/../c/$${x}/${input.id}' }, { id: 'i' })).toBe(`${BASE}/c/$%7Bx%7D/i`)
  })
})

describe('a value that is missing or empty', () => {
  test.each<[Written, unknown, string]>([
    [{ path: '/jobs/${input.id}' }, {}, '${input.id} in the path is missing'],
    [{ path: '/jobs/${input.id}' }, { id: null }, '${input.id} in the path is missing'],
    [{ path: '/jobs/${input.id}' }, { id: '' }, '${input.id} in the path is empty'],
    [{ path: '/jobs/${input.a.b[0]}/x' }, {}, '${input.a.b[0]} in the path is missing'],
    [{ path: '${input.path}' }, {}, '${input.path} in the path is missing'],
    [{ path: '${input.path}' }, { path: ' ' }, '${input.path} in the path is empty'],
    [{ path: '${input.path | null}' }, {}, '${input.path | null} in the path is missing'],
    [{ path: '/jobs?id=${input.id}' }, {}, '${input.id} in the path is missing'],
    [{ path: '/jobs/${input.id | ${input.other}}' }, {}, '${input.id | ${input.other}} in the path is missing'],
    [{ endpoint: `${BASE}/jobs/\${input.id}` }, {}, '${input.id} in the endpoint is missing'],
    [{ baseUrl: `${BASE}/\${input.id}`, path: '/x' }, {}, '${input.id} in the base_url is missing'],
  ])('%j with %j is refused', async (written, input, message) => {
    const error = await errorOf(
      () => renderRequest({ baseUrl: BASE, method: 'DELETE', ...written }, input),
      'ERR_CONFIG_VALUE',
    )
    expect(error.message.split(', so nothing is sent')[0]).toBe(message)
    expect(error.at).toBe('components.api')
  })

  test('says how to allow it', async () => {
    const error = await errorOf(() => renderRequest({ baseUrl: BASE, path: '/jobs/${input.id}' }), 'ERR_CONFIG_VALUE')
    expect(error.message).toBe(
      '${input.id} in the path is missing, so nothing is sent; if it may be empty, write ${input.id | ""}',
    )
  })

  test.each<[string, unknown, string]>([
    ['/jobs/${input.id | ""}', {}, '/jobs/'],
    ['/jobs/${input.id | ""}', { id: '' }, '/jobs/'],
    ['/jobs/${input.id | ${input.other | ""}}', {}, '/jobs/'],
    ['/jobs/${input.id | ""}/x', {}, '/jobs//x'],
    ['${input.path | ""}', {}, ''],
    ['/jobs/${input.id | 7}', {}, '/jobs/7'],
  ])('%s with %j may be empty, or has a default', (path, input, wanted) => {
    expect(hrefOf({ path, method: 'DELETE' }, input)).toBe(`${BASE}${wanted}`)
  })
})

describe('a template that is the whole path', () => {
  test.each<[unknown, string]>([
    ['/a/b?c=d', 'https://api.test/v1/a/b?c=d'],
    [' a/b ', 'https://api.test/v1/a/b'],
    ['https://other.test/x?y=1', 'https://other.test/x?y=1'],
    [7, 'https://api.test/v1/7'],
  ])('is taken as it stands: %p', (path, href) => {
    expect(hrefOf({ path: '${input}' }, path)).toBe(href)
  })

  test.each([[[]], [{}], [['https://other.test']]])('is refused where it is %j', async (path) => {
    await errorOf(() => renderRequest({ baseUrl: BASE, path: '${input}' }, path), 'ERR_CONFIG_VALUE')
  })
})

describe('a value in front of the path', () => {
  test.each<[string, unknown, string | undefined, boolean]>([
    ['${input}', 'https://a.test/x', 'https://a.test/x', false],
    ['${input}/v1', 'https://a.test', 'https://a.test/v1', false],
    ['${input}/v1', 'https://a.test/x?y', undefined, false],
    ['${input}/v1', 'https://a.test#', undefined, false],
    ['${input}://a.test/v1', 'https', 'https://a.test/v1', false],
    ['${input}://a.test/v1', 'https://evil.test/?', undefined, false],
    ['https://${input}/v1', 'a.test:81', 'https://a.test:81/v1', false],
    ['https://${input}/v1', 'me@evil.test', undefined, false],
    ['https://${input}.api.test/v1', 'shop', 'https://shop.api.test/v1', true],
    ['https://${input}.api.test/v1', 'evil.test/', undefined, false],
    ['https://${input}.api.test/v1', 'evil.test#', undefined, false],
    ['https://${input}.api.test/v1', 'evil.test\\', undefined, false],
    ['https://${input}.test/v1', 'shop', 'https://shop.test/v1', false],
    ['https://api.test${input}/v1', '.evil.test', 'https://api.test.evil.test/v1', false],
    ['http://127.0.0.1:${input}/v1', 81, 'http://127.0.0.1:81/v1', false],
    ['https://me:${input}@api.test/v1', 'p@evil.test/', 'https://api.test/v1', true],
  ])('%s with %p is %s', async (endpoint, input, href, isFixed) => {
    if (href === undefined) return void (await errorOf(() => renderRequest({ endpoint }, input), 'ERR_CONFIG_VALUE'))
    const { url, homes } = renderRequest({ endpoint }, input)
    expect([url.href, homes]).toEqual([href, isFixed ? [url.origin] : []])
  })

  test('leads to no other host, whatever it is', () => {
    const characters = fc.constantFrom(
      '/',
      '\\',
      '@',
      ':',
      '?',
      '#',
      '.',
      '%',
      ' ',
      '\t',
      '\n',
      'a',
      '[',
      ']',
      '-',
      'ü',
      '\uD800',
    )
    const ENDPOINTS = [
      'https://${input}.api.test/x',
      'https://a${input}b.api.test',
      'https://me:${input}@www.api.test/x',
      'https://${input}@www.api.test',
    ]
    fc.assert(
      fc.property(
        fc.array(characters, { minLength: 1, maxLength: 8 }),
        fc.constantFrom(...ENDPOINTS),
        (parts, endpoint) => {
          try {
            const { url } = renderRequest({ endpoint }, parts.join(''))
            expect(url.host).toMatch(/\.api\.test$/)
            expect(['/', '/x']).toContain(url.pathname)
          } catch (error) {
            expect(error).toMatchObject({ code: 'ERR_CONFIG_VALUE' })
          }
        },
      ),
      { numRuns: 1000 },
    )
  })

  test('no value makes a path a whole URL', () => {
    expect(hrefOf({ path: '${input}://evil.test/x' }, 'http')).toBe(`${BASE}/http://evil.test/x`)
    expect(hrefOf({ path: 'ht${input}://evil.test/x' }, 'tp')).toBe(`${BASE}/http://evil.test/x`)
  })
})

const flows = useFlows()

describe('a missing value sends nothing', () => {
  test.each([
    { path: '/jobs/${input.id}' },
    { path: '${input.id}' },
    { endpoint: '${env.API}/jobs/${input.id}' },
    { path: '/jobs?id=${input.id}' },
  ])('neither at first nor under retry: %j', async (target) => {
    const { hooks, service } = await flows.open(
      {
        component: { base_url: '${env.API}/v1', method: 'DELETE', completion: 'none', ...target },
        workflow: { jobs: [{ id: 'drop', retry: { max_attempts: 3, delay: 1 } }] },
      },
      () => ({ status: 204 }),
    )
    for (const input of [{}, { id: null }, { id: '' }]) {
      const error = await errorOf(hooks.run(input), 'ERR_CONFIG_VALUE')
      expect(error.message).toMatch(
        /^Job "drop" failed: \$\{input\.id\} in the (?:path|endpoint) is (?:missing|empty), so nothing/,
      )
    }
    expect(service.requests).toEqual([])
  })

  test.each([
    ['polling', { type: 'polling', path: '/tasks/${response.id}' }],
    ['polling by a whole path', { type: 'polling', path: '${response.url}' }],
  ] as const)('in %s', async (_what, completion) => {
    const component = { base_url: '${env.API}', path: '/tasks', body: {}, completion }
    const { hooks, service } = await flows.open({ component, workflow: { jobs: [{ id: 'ask' }] } }, () => ({
      body: {},
    }))
    const error = await errorOf(hooks.run(), 'ERR_CONFIG_VALUE')
    expect(error.message).toMatch(/\$\{response\.(?:id|url)\} in the path is missing, so nothing is sent/)
    expect(service.requests.map(({ method }) => method)).toEqual(['POST'])
  })

  test('in a job that stands in', async () => {
    const components = {
      fail: { base_url: '${env.API}', path: '/fail' },
      drop: { base_url: '${env.API}', path: '/jobs/${error.body.id}', method: 'DELETE' },
    } as const
    const jobs = [{ id: 'a', component: 'fail', on_error: [{ component: 'drop' }] }]
    const { hooks, service } = await flows.open({ components, workflow: { jobs } }, () => ({ status: 500 }))
    await errorOf(hooks.run(), 'ERR_CONFIG_VALUE')
    expect(service.requests.map(({ url }) => url)).toEqual(['/fail'])
  })
})

describe('what a server sees', () => {
  const values = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({
      unit: fc.constantFrom('.', '/', '\\', '%', '2', 'e', 'F', '?', '#', '\t', '\n', '\0', ' ', '😀', '@', ':'),
    }),
    fc.constantFrom('..', '.', '%2e%2e', '%2F', '\uD800', 'a\uDC00', '../..', '//evil.test', 'http://evil.test/'),
  )

  test('is the segments of the config and the value in its place, or nothing', async () => {
    const component = {
      base_url: '${env.API}/v1/',
      path: '/users/a${input.id}/get/${input.id}?q=${input.id}',
      completion: 'none',
    } as const
    const flow = await flows.open({ component, workflow: { jobs: [{ id: 'ask' }] } }, () => ({ body: {} }))
    await fc.assert(
      fc.asyncProperty(values, async (id) => {
        const before = flow.service.requests.length
        const error: unknown = await flow.hooks.run({ id }).then(
          () => undefined,
          (cause: unknown) => cause,
        )
        const requests = flow.service.requests.slice(before)
        if (error !== undefined) {
          expect(error).toBeInstanceOf(CallbackError)
          return expect(requests).toEqual([])
        }
        const [path = '', query = ''] = (requests[0]?.url ?? '').split('?')
        expect(path.split('/').map(decodeURIComponent)).toEqual(['', 'v1', 'users', `a${id}`, 'get', id])
        return expect(decodeURIComponent(query)).toBe(`q=${id}`)
      }),
      { numRuns: 300 },
    )
  })
})
