import { describe, expect, test } from '@jest/globals'
import { useHosts } from '../helpers/use-hosts'

const hosts = useHosts()
const listener = { path: '/done', result: '${body}' }

/** What whoever waits receives of a body. */
async function receive(type: string | undefined, body: string | Buffer): Promise<unknown> {
  const { hooks, origin } = await hosts.open({ listener })
  const wait = hooks.wait('x')
  const answer = await fetch(`${origin}/done`, {
    method: 'POST',
    body: Buffer.from(body),
    ...(type === undefined ? {} : { headers: { 'content-type': type } }),
  })
  expect([answer.status, await answer.text()]).toEqual([200, ''])
  return wait
}

describe('JSON', () => {
  test.each([
    '{"a":{"b":[1,2.5,-3e2,true,null,"x"]}}',
    '[]',
    '{}',
    'null',
    'true',
    '123',
    '-0.5',
    '"x"',
    '""',
    ' \n\t[ 1 ] \r\n',
    '"\\ud83d\\ude00 \\u0000 ключ"',
    '{"a":1,"a":2}',
    '"{\\"not\\":\\"parsed twice\\"}"',
  ])('%s has its own shape', async (text) => {
    await expect(receive('application/json', text)).resolves.toEqual(JSON.parse(text))
  })

  test.each([
    'application/json',
    'APPLICATION/JSON',
    'application/json; charset=utf-8',
    'application/json;charset=UTF-8',
    'application/json; charset="utf-8"',
    'application/json; utf-8',
    'application/json;',
    'application/json ; version=1; charset=utf8',
    'application/vnd.api+json',
    'application/cloudevents+json; charset=utf-8',
    'application/problem+JSON',
    'text/plain',
    'text/plain; charset=utf-8',
    'text/json',
    'text/html',
    'application/octet-stream',
    'application/x-unknown',
    'nonsense',
    '*/*',
    undefined,
  ])('is read when the type is %s', async (type) => {
    await expect(receive(type, '{"a":["ü"]}')).resolves.toEqual({ a: ['ü'] })
  })

  test.each(['application/json', 'text/plain', undefined])('may begin with a byte order mark (%s)', async (type) => {
    await expect(receive(type, '\uFEFF{"a":1}')).resolves.toEqual({ a: 1 })
  })

  test('may be as deep as 100', async () => {
    const text = `${'['.repeat(99)}{"a":"]]{{"}${']'.repeat(99)}`
    await expect(receive('application/json', text)).resolves.toEqual(JSON.parse(text))
  })

  test('may be as broad as it likes', async () => {
    const list = Array.from({ length: 20_000 }, () => [{}])
    await expect(receive('application/json', JSON.stringify(list))).resolves.toEqual(list)
  })
})

describe('text', () => {
  test.each([
    ['text/plain', 'hello'],
    ['text/plain', '123'],
    ['text/plain', 'null'],
    ['text/plain', '{not json'],
    ['text/plain', '[1, 2'],
    ['text/plain', ' spaces stay '],
    ['text/plain', '\r\n'],
    ['text/plain', '${body}'],
    ['text/xml', '<?xml version="1.0"?><task id="1">done</task>'],
    ['application/xml', '<a/>'],
    ['application/soap+xml', '<a/>'],
    ['text/csv', 'id,state\n1,done\n'],
    [undefined, 'just text'],
    ['application/octet-stream', 'just text'],
  ])('%s %j stays text', async (type, text) => {
    await expect(receive(type, text)).resolves.toBe(text)
  })

  test.each(['text/plain', 'application/xml', 'application/octet-stream', 'multipart/mixed', undefined])(
    '%s without a body is null',
    async (type) => {
      await expect(receive(type, '')).resolves.toBeNull()
    },
  )
})

test.each(['application/octet-stream', 'image/png', 'text/plain', undefined])(
  'what is no text stays bytes (%s)',
  async (type) => {
    const bytes = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x00, 0xff])
    const result = await receive(type, bytes)
    expect(Buffer.isBuffer(result)).toBe(true)
    expect(bytes.equals(result as Buffer)).toBe(true)
  },
)

describe('a form', () => {
  const type = 'application/x-www-form-urlencoded'

  test.each<[string, object | null]>([
    ['id=a&state=done', { id: 'a', state: 'done' }],
    ['id=a&id=b&id=c', { id: ['a', 'b', 'c'] }],
    ['text=a+b%20c%26d%3De%C3%BC', { text: 'a b c&d=eü' }],
    ['a[b]=1&a%5Bc%5D=2', { 'a[b]': '1', 'a[c]': '2' }],
    ['empty=&none', { empty: '', none: '' }],
    ['=x', { '': 'x' }],
    ['bad=%zz&also=%E0%A4', { bad: '%zz', also: expect.any(String) }],
    ['', null],
  ])('%s', async (text, expected) => {
    await expect(receive(type, text)).resolves.toEqual(expected)
    if (expected !== null) await expect(receive(`${type}; charset=UTF-8`, text)).resolves.toEqual(expected)
  })

  test('loses none of a great many names', async () => {
    const text = Array.from({ length: 3000 }, (_, index) => `name${index}=${index}`).join('&')
    const form = await receive(type, text)
    expect(Object.keys(form ?? {})).toHaveLength(3000)
    expect(form).toMatchObject({ name0: '0', name2999: '2999' })
  })

  test('carries JSON in a field for those who ask for it', async () => {
    const { hooks, post } = await hosts.open({
      listener: { path: '/done', item: '${body.payload as json}', identify_by: '${item.id}' },
    })
    const wait = hooks.wait('a')
    await post('/done').type('form').send({ payload: '{"id":"a","n":1}' })
    await expect(wait).resolves.toEqual({ id: 'a', n: 1 })
  })
})

test('a query loses none of a great many names', async () => {
  const { hooks, origin } = await hosts.open({ listener: { path: '/done', identify_by: '${query.id}' } })
  const wait = hooks.wait('a')
  const padding = Array.from({ length: 1500 }, (_, index) => `p${index}=`).join('&')
  expect((await fetch(`${origin}/done?${padding}&id=a`, { method: 'POST' })).status).toBe(200)
  expect(hooks.stats().waiting).toBe(0)
  await wait
})
