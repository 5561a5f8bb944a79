import { describe, expect, test } from '@jest/globals'
import type { CallbacksConfig } from '../../lib'
import { writeShown } from '../../lib/base/values/shown-json'
import { useJournal } from '../workflow/use-journal'
import { useFlows } from '../workflow/use-flows'

const flows = useFlows()
const journal = useJournal()

const API = { base_url: '${env.API}' } as const
const HAND_ON = {
  components: { get: { ...API, path: '/get' }, put: { ...API, path: '/put', method: 'PUT', body: '${input}' } },
  workflow: {
    jobs: [
      { id: 'get', component: 'get' },
      { id: 'put', component: 'put', input: '${jobs.get.output}' },
    ],
  },
} as const satisfies CallbacksConfig

const BOM = '\uFEFF'
const JPEG = Buffer.from([0xff, 0xd8, 0x00, 0x01, 0xfe])

/** Type, bytes, and the content type with which they go on where the next request names none. */
const BODIES: readonly [name: string, type: string | undefined, bytes: Buffer, onward: string][] = [
  ['an image', 'image/jpeg', JPEG, 'image/jpeg'],
  ['an image that is UTF-8 by chance', 'image/x-icon', Buffer.from('GIF89a'), 'image/x-icon'],
  [
    'octet-stream that looks like JSON',
    'application/octet-stream',
    Buffer.from('{"a": 1.0}'),
    'application/octet-stream',
  ],
  ['octet-stream of a number', 'application/octet-stream', Buffer.from('1.0'), 'application/octet-stream'],
  ['octet-stream with a mark', 'application/octet-stream', Buffer.from(`${BOM}x`), 'application/octet-stream'],
  ['a PDF', 'application/pdf', Buffer.from('%PDF-1.4 [ ]'), 'application/pdf'],
  ['a zip', 'application/zip', Buffer.from('PK\u0003\u0004'), 'application/zip'],
  ['sound', 'audio/mpeg; rate=44100', Buffer.from([1, 2, 3]), 'audio/mpeg; rate=44100'],
  ['an unknown type', 'application/vnd.custom', Buffer.from('[1.0]'), 'application/vnd.custom'],
  ['CSV with its mark', 'text/csv', Buffer.from(`${BOM}a,b\r\n1.0,2\r\n`), 'text/plain;charset=utf-8'],
  ['CSV with its mark and a charset', 'text/csv; charset=utf-8', Buffer.from(`${BOM}ä\n`), 'text/plain;charset=utf-8'],
  ['CSV that looks like JSON', 'text/csv', Buffer.from('[1.0]\n'), 'text/plain;charset=utf-8'],
  ['CSV in Latin-1 that does not say so', 'text/csv', Buffer.from('ä;1', 'latin1'), 'text/csv'],
  [
    'CSV that lies about its charset',
    'text/csv; charset=utf-8',
    Buffer.from('ä;1', 'latin1'),
    'text/csv; charset=utf-8',
  ],
  ['plain text with its mark', 'text/plain', Buffer.from(`${BOM}hello`), 'text/plain;charset=utf-8'],
  ['text of a number', 'text/plain', Buffer.from('1.0'), 'text/plain;charset=utf-8'],
  ['lines of JSON', 'application/x-ndjson', Buffer.from('{"a":1.0}\n{"a":2}\n'), 'text/plain;charset=utf-8'],
  ['XML with its mark', 'application/xml', Buffer.from(`${BOM}<a/>`), 'text/plain;charset=utf-8'],
  ['SVG', 'image/svg+xml', Buffer.from('<svg/>'), 'text/plain;charset=utf-8'],
  ['YAML', 'application/yaml', Buffer.from('[1.0]'), 'text/plain;charset=utf-8'],
  ['no type, with a mark', undefined, Buffer.from(`${BOM}hello`), 'text/plain;charset=utf-8'],
  ['no type, no text', undefined, JPEG, 'none'],
]

describe('a body passes unchanged when it is handed on', () => {
  test.each(BODIES)('%s', async (_, type, bytes, onward) => {
    const { hooks, service } = await flows.open(HAND_ON, ({ path }) =>
      path === '/get' ? { body: bytes, ...(type !== undefined && { headers: { 'content-type': type } }) } : {},
    )
    await hooks.run()
    expect(service.requests[1]?.raw).toEqual(bytes)
    expect(service.requests[1]?.headers['content-type'] ?? 'none').toBe(onward)
  })

  test('JSON is parsed all the same, with a mark too', async () => {
    const { hooks } = await flows.open(
      { component: { ...API, path: '/get', output: '${response.a}' }, workflow: { jobs: [{ id: 'get' }] } },
      () => ({ headers: { 'content-type': 'application/json' }, body: `${BOM}{"a":"x"}` }),
    )
    await expect(hooks.run()).resolves.toBe('x')
  })

  test('a type that the next request names stands', async () => {
    const { components, workflow } = HAND_ON
    const put = { ...components.put, headers: { 'content-type': 'image/png' } }
    const { hooks, service } = await flows.open({ components: { ...components, put }, workflow }, ({ path }) =>
      path === '/get' ? { body: JPEG, headers: { 'content-type': 'image/jpeg' } } : {},
    )
    await hooks.run()
    expect(service.requests[1]).toMatchObject({ raw: JPEG, headers: { 'content-type': 'image/png' } })
  })
})

describe('bytes in templates', () => {
  test.each<[string, unknown, Buffer, unknown]>([
    ['as base64', '${response as base64}', JPEG, JPEG.toString('base64')],
    [
      'as base64, with a mark',
      '${response as base64}',
      Buffer.from(`${BOM}x`),
      Buffer.from(`${BOM}x`).toString('base64'),
    ],
    ['as base64, a number', '${response as base64}', Buffer.from('1.0'), 'MS4w'],
    ['as text', '${response as text}', Buffer.from('{"a": 1.0}'), '{"a": 1.0}'],
    ['as json', '${response as text as json}', Buffer.from('{"a": 1}'), { a: 1 }],
    [
      'inside text',
      'data:image/jpeg;base64,${response as base64}',
      JPEG,
      `data:image/jpeg;base64,${JPEG.toString('base64')}`,
    ],
  ])('%s', async (_, output, bytes, expected) => {
    const { hooks } = await flows.open(
      { component: { ...API, path: '/get', output }, workflow: { jobs: [{ id: 'get' }] } },
      () => ({ headers: { 'content-type': 'application/octet-stream' }, body: bytes }),
    )
    await expect(hooks.run()).resolves.toEqual(expected)
  })

  test.each<[unknown, string]>([
    [{ image: JPEG }, '{"image":"/9gAAf4="}'],
    [[[JPEG, 1]], '[["/9gAAf4=",1]]'],
    [{ a: { b: new Uint8Array([1]) } }, '{"a":{"b":"AQ=="}}'],
    [{ a: JPEG, b: 2n ** 64n }, '{"a":"/9gAAf4=","b":18446744073709551616}'],
    [{ type: 'Buffer', data: [1] }, '{"type":"Buffer","data":[1]}'],
  ])('inside JSON that is sent they are base64: %#', async (input, text) => {
    const { hooks, service } = await flows.open({
      component: { ...API, path: '/put', body: '${input}' },
      workflow: { jobs: [{ id: 'put' }] },
    })
    await hooks.run(input)
    expect(service.requests[0]?.raw.toString()).toBe(text)
  })
})

describe('JSON that is shown', () => {
  test.each<[string, unknown, string]>([
    ['bytes without a type', JPEG, '{"type":"application/octet-stream","base64":"/9gAAf4="}'],
    ['bytes in a mapping', { a: [JPEG] }, '{"a":[{"type":"application/octet-stream","base64":"/9gAAf4="}]}'],
    [
      'bytes that are no Buffer',
      { a: new Uint8Array([1]) },
      '{"a":{"type":"application/octet-stream","base64":"AQ=="}}',
    ],
    ['a part of other bytes', Buffer.from('abc').subarray(1), '{"type":"application/octet-stream","base64":"YmM="}'],
    ['a mapping that looks so', { type: 'Buffer', data: [1] }, '{"type":"Buffer","data":[1]}'],
    ['a date', new Date(0), '"1970-01-01T00:00:00.000Z"'],
    ['long numbers', [2n ** 64n, Infinity, null], '["18446744073709551616","Infinity",null]'],
  ])('%s', (_, value, text) => {
    expect(writeShown(value)).toBe(text)
  })
})

test('bytes keep their type over a restart', async () => {
  const config: CallbacksConfig = {
    listener: { path: '/done', identify_by: '${body.id}', workflow: false },
    components: {
      get: { base_url: 'http://service.test', path: '/get' },
      put: { base_url: 'http://service.test', path: '/put', method: 'PUT', body: '${jobs.get.output}' },
    },
    workflow: {
      jobs: [
        { id: 'get', component: 'get' },
        { id: 'hold', wait_for: 'go' },
        { id: 'put', component: 'put' },
      ],
      output: '${jobs.get.output}',
    },
  }
  const seen: unknown[] = []
  const fetchImage: typeof fetch = async (input, init) => {
    if (String(input).endsWith('/get')) return new Response(JPEG, { headers: { 'content-type': 'image/jpeg' } })
    seen.push([new Headers(init?.headers).get('content-type'), Buffer.from(Object(init?.body))])
    return new Response(null)
  }
  const first = await journal.begin(config, () => ({}), undefined, undefined, fetchImage)
  const task = await first.hooks.submit()
  await first.until(() => first.hooks.stats().waiting === 1)
  const lines = first.lines()
  await first.hooks.close()
  const second = await journal.begin(config, () => ({}), lines, first.clock.now(), fetchImage)
  await second.until(
    async () => (await second.hooks.task(task.id))?.status === 'succeeded',
    () => void second.hooks.settle('go').catch(() => undefined),
  )
  expect(seen).toEqual([['image/jpeg', JPEG]])
  const output = (await second.hooks.task(task.id))?.output
  expect(writeShown(output)).toBe('{"type":"image/jpeg","base64":"/9gAAf4="}')
})
