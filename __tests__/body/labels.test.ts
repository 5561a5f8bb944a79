import { describe, expect, test } from '@jest/globals'
import { useHosts } from '../helpers/use-hosts'

const hosts = useHosts()
const listener = { path: '/done', result: '${body}' }

/** Sends a body under a label, and returns the answer and what the wait got. */
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

async function refusal(type: string, body: string | Buffer): Promise<readonly [number, string]> {
  const { origin } = await hosts.open({ listener })
  const answer = await fetch(`${origin}/done`, {
    method: 'POST',
    body: Buffer.from(body),
    headers: { 'content-type': type },
  })
  return [answer.status, await answer.text()]
}

const LABELS = [
  'application/x-www-form-urlencoded',
  'application/x-www-form-urlencoded; charset=iso-8859-1',
  'APPLICATION/X-WWW-FORM-URLENCODED;charset=utf-16',
  'multipart/form-data; boundary=b',
  'multipart/form-data; boundary="x&id=victim&y"',
  'multipart/form-data',
  'multipart/mixed; boundary=b',
  'text/plain',
  'text/plain; charset=utf-16le',
  'text/plain; charset=shift_jis',
  'text/xml',
  'application/xml; charset=utf-16be',
  'application/soap+xml',
  'application/octet-stream',
  'application/json; charset=utf-16',
  'application/json; charset=iso-8859-1',
  'application/json; charset=utf-7',
  'application/vnd.api+json; charset=x-unknown',
  'image/png',
  'text/html; charset=gb18030',
  'nonsense',
  undefined,
]

describe('a whole JSON object or list is read as JSON', () => {
  test.each(LABELS)('under the label %s', async (type) => {
    const object = '{"id":"mine","prompt":"x&id=victim&status=completed&y=é 日本"}'
    await expect(receive(type, object)).resolves.toEqual(JSON.parse(object))
    await expect(receive(type, `\uFEFF \r\n\t[${object}]\n `)).resolves.toEqual([JSON.parse(object)])
  })

  test.each(['[]', '{}', ' {"a":[1,{"b":null}]}\r\n', '["--b\\r\\nContent-Disposition: form-data; name=id"]'])(
    '%s as a form and as multipart',
    async (text) => {
      await expect(receive('application/x-www-form-urlencoded', text)).resolves.toEqual(JSON.parse(text))
      await expect(receive('multipart/form-data; boundary=b', text)).resolves.toEqual(JSON.parse(text))
    },
  )

  test('of a megabyte, too', async () => {
    const list = Array.from({ length: 30_000 }, (_, index) => ({ id: `id-${index}`, text: 'a&b=c' }))
    for (const type of ['application/x-www-form-urlencoded', 'text/plain', 'application/json'])
      await expect(receive(type, JSON.stringify(list))).resolves.toEqual(list)
  })

  test.each(['application/x-www-form-urlencoded', 'text/plain', 'application/octet-stream', undefined])(
    'and nested too deep, it is refused as %s',
    async (type) => {
      const deep = '['.repeat(101) + ']'.repeat(101)
      await expect(refusal(type ?? 'x/x', deep)).resolves.toEqual([400, '{"error":"ERR_BODY_DEPTH"}'])
    },
  )
})

describe('a charset', () => {
  test.each(["'utf-8'", "'UTF-8'", '"utf-8"', "'iso-8859-1'"])('may stand in quotes: %s', async (charset) => {
    const type = `application/x-www-form-urlencoded; charset=${charset}`
    await expect(receive(type, 'a=b%20c')).resolves.toEqual({ a: 'b c' })
  })
})

describe('what is no whole JSON object or list follows its label', () => {
  test.each<[string, string, unknown]>([
    ['application/x-www-form-urlencoded', '{"a":1', { '{"a":1': '' }],
    ['application/x-www-form-urlencoded', '{a}', { '{a}': '' }],
    ['application/x-www-form-urlencoded', '[a]=1&b=[2]', { '[a]': '1', b: '[2]' }],
    ['application/x-www-form-urlencoded', '"a&b=c"', { '"a': '', b: 'c"' }],
    ['application/x-www-form-urlencoded', 'payload={"a":1}', { payload: '{"a":1}' }],
    ['text/plain', '[1] and [2]', '[1] and [2]'],
    ['text/plain', '{"a":1}{"a":2}', '{"a":1}{"a":2}'],
    ['text/plain', `[${'x'.repeat(200_000)}]`, `[${'x'.repeat(200_000)}]`],
    ['text/plain', '12', '12'],
  ])('%s %j', async (type, body, expected) => {
    await expect(receive(type, body)).resolves.toEqual(expected)
  })
})

describe('an empty body is null', () => {
  test.each([...LABELS, 'application/json', 'application/x-ndjson'])('under the label %s', async (type) => {
    await expect(receive(type, '')).resolves.toBeNull()
  })

  test('and the id may be in the URL', async () => {
    const { hooks, post } = await hosts.open({ listener: { path: '/done', identify_by: '${query.id}' } })
    const wait = hooks.wait('a')
    const answer = await post('/done?id=a').type('json')
    expect([answer.status, answer.text]).toEqual([200, ''])
    await expect(wait).resolves.toBeNull()
  })

  test.each([' ', '\n', '\uFEFF', '{', '[1', 'null x', '\u0000'])('but %j is broken JSON', async (body) => {
    await expect(refusal('application/json', body)).resolves.toEqual([400, '{"error":"ERR_BODY_MALFORMED"}'])
  })
})

describe('a form follows its charset', () => {
  test.each<[string, string | Buffer, object]>([
    ['iso-8859-1', 'name=J%FCrgen', { name: 'Jürgen' }],
    ['latin1', 'n%E4me=J%fcrgen+M%FCller&a=%26', { näme: 'Jürgen Müller', a: '&' }],
    ['windows-1252', 'a=%80', { a: '€' }],
    ['iso-8859-15', 'a=%A4&a=%a4', { a: ['€', '€'] }],
    ['windows-1251', 'a=%CC%E8%F0', { a: 'Мир' }],
    ['shift_jis', 'a=%83e%83X%83g', { a: 'テスト' }],
    ['gbk', '%C4%E3=%BA%C3', { 你: '好' }],
    ['euc-kr', 'a=%C7%D1', { a: '한' }],
    ['iso-8859-1', Buffer.from('name=Jürgen&x=1', 'latin1'), { name: 'Jürgen', x: '1' }],
    ['utf-16le', Buffer.from('a=ü&b=%C3%BC', 'utf16le'), { a: 'ü', b: 'ü' }],
    ['utf-8', 'name=J%C3%BCrgen', { name: 'Jürgen' }],
    ['utf-8', 'name=J%FCrgen', { name: 'J\uFFFDrgen' }],
    ['us-ascii', 'a=1+2', { a: '1 2' }],
  ])('%s %s', async (charset, body, expected) => {
    await expect(receive(`application/x-www-form-urlencoded; charset=${charset}`, body)).resolves.toEqual(expected)
  })

  test('and is refused when its charset is not known', async () => {
    await expect(refusal('application/x-www-form-urlencoded; charset=x-none', 'a=1')).resolves.toEqual([
      415,
      '{"error":"ERR_BODY_ENCODING"}',
    ])
  })
})

describe('one JSON value after another is a list', () => {
  test.each([
    'application/x-ndjson',
    'application/ndjson',
    'application/jsonl',
    'application/x-jsonl',
    'application/jsonlines',
    'application/x-json-lines',
    'Application/X-NDJSON; charset=utf-8',
    'application/json-seq',
    'application/x-json-seq',
    'application/geo+json-seq',
  ])('as %s', async (type) => {
    await expect(receive(type, '{"id":"a"}\n{"id":"é"}\n')).resolves.toEqual([{ id: 'a' }, { id: 'é' }])
    await expect(receive(type, '{"id":"a"}')).resolves.toEqual([{ id: 'a' }])
    await expect(receive(type, '\r\n1\r\n\r\n"x"\n \nnull\n[2]')).resolves.toEqual([1, 'x', null, [2]])
    await expect(receive(type, '\uFEFF[1]\n[2]')).resolves.toEqual([[1], [2]])
  })

  test.each<[string, readonly unknown[]]>([
    ['\x1e{"a":1}\n\x1e{"a":2}\n', [{ a: 1 }, { a: 2 }]],
    ['\x1e{\n "a": 1\n}\n\x1e[\n]\n', [{ a: 1 }, []]],
    ['\x1e1\x1e2', [1, 2]],
    ['\x1e\x1e\n\x1e3\n', [3]],
  ])('%j is a sequence', async (body, expected) => {
    await expect(receive('application/json-seq', body)).resolves.toEqual(expected)
  })

  test('and its items are those of a bulk callback', async () => {
    const { hooks, post } = await hosts.open({ listener: { path: '/done', bulk: true, identify_by: '${item.id}' } })
    const waits = [hooks.wait('a'), hooks.wait('b')]
    await post('/done').type('application/x-ndjson').send('{"id":"a"}\n{"id":"b"}\n').expect(200)
    await expect(Promise.all(waits)).resolves.toEqual([{ id: 'a' }, { id: 'b' }])
  })

  test.each<[string, string]>([
    ['{"a":1}\n{"a":', 'ERR_BODY_MALFORMED'],
    ['1,2\n3', 'ERR_BODY_MALFORMED'],
    ['1],[2\n3', 'ERR_BODY_MALFORMED'],
    ['{"a":1} {"a":2}\n', 'ERR_BODY_MALFORMED'],
    ['a=1\nb=2', 'ERR_BODY_MALFORMED'],
    [`1\n${'['.repeat(101)}${']'.repeat(101)}\n`, 'ERR_BODY_DEPTH'],
  ])('%j is refused', async (body, code) => {
    await expect(refusal('application/x-ndjson', body)).resolves.toEqual([400, `{"error":"${code}"}`])
  })
})
