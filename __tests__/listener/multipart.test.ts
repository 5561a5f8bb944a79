import { describe, expect, test } from '@jest/globals'
import { useHosts } from '../helpers/use-hosts'

const hosts = useHosts()
const listener = { path: '/done', result: '${body}' }
const BOUNDARY = 'x-BOUNDARY-1'

function part(disposition: string, content: string, extra: readonly string[] = []): string {
  const lines = [`Content-Disposition: form-data; ${disposition}`, ...extra]
  return `--${BOUNDARY}\r\n${lines.join('\r\n')}\r\n\r\n${content}\r\n`
}

async function post(body: string | Buffer | FormData, type = `multipart/form-data; boundary=${BOUNDARY}`) {
  const { hooks, origin } = await hosts.open({ listener })
  const wait = hooks.wait('x')
  const headers = body instanceof FormData ? {} : { 'content-type': type }
  const answer = await fetch(`${origin}/done`, { method: 'POST', body, headers })
  return { status: answer.status, text: await answer.text(), wait, hooks }
}

describe('fields and files', () => {
  test('of a browser', async () => {
    const form = new FormData()
    form.append('id', 'a')
    form.append('tag', 'x')
    form.append('tag', 'ü')
    form.append('file', new Blob([Buffer.from([0, 255, 1])], { type: 'image/png' }), 'pic 1.png')
    const { status, wait } = await post(form)
    expect(status).toBe(200)
    await expect(wait).resolves.toEqual({
      id: 'a',
      tag: ['x', 'ü'],
      file: { filename: 'pic 1.png', type: 'image/png', size: 3, content: 'AP8B' },
    })
  })

  const end = `--${BOUNDARY}--\r\n`
  test.each<[string, string, object]>([
    ['one field', part('name="id"', 'a') + end, { id: 'a' }],
    ['no line break at the end', part('name="id"', 'a') + end.trimEnd(), { id: 'a' }],
    [
      'headers in another case',
      part('name="id"', 'a').replace('Content-Disposition', 'content-disposition') + end,
      { id: 'a' },
    ],
    ['a name without quotes', part('name=id', 'a') + end, { id: 'a' }],
    ['a name with quotes', part('name="a\\"b"', 'a') + end, { 'a"b': 'a' }],
    [
      'a file name in two spellings, the first from .NET',
      part("name=f; filename=na?ve.txt; filename*=utf-8''na%C3%AFve.txt", 'a') + end,
      { f: { filename: 'na\u00efve.txt', type: 'text/plain', size: 1, content: 'YQ==' } },
    ],
    [
      'something like a boundary in a field',
      part('name="id"', `a --${BOUNDARY} --${BOUNDARY}--`) + end,
      { id: `a --${BOUNDARY} --${BOUNDARY}--` },
    ],
    ['a type for a field', part('name="id"', 'a', ['Content-Type: text/plain; charset=utf-8']) + end, { id: 'a' }],
    ['a length for a field', part('name="id"', 'a', ['Content-Length: 1']) + end, { id: 'a' }],
    ['an encoding for a field', part('name="id"', 'a', ['Content-Transfer-Encoding: 8bit']) + end, { id: 'a' }],
    ['text before the first part', `preamble\r\n${part('name="id"', 'a')}${end}`, { id: 'a' }],
    ['text behind the last part', `${part('name="id"', 'a')}${end}epilogue`, { id: 'a' }],
    ['lines in a field', part('name="id"', 'a\r\nb') + end, { id: 'a\r\nb' }],
    ['an empty field', part('name="id"', '') + end, { id: '' }],
    [
      'JSON in a field, which stays text',
      part('name="id"', '{"a":1}', ['Content-Type: application/json']) + end,
      { id: '{"a":1}' },
    ],
    [
      'an empty file',
      part('name="f"; filename="e.txt"', '', ['Content-Type: text/plain']) + end,
      { f: { filename: 'e.txt', type: 'text/plain', size: 0, content: '' } },
    ],
    ['__proto__ as a name', part('name="__proto__"', 'a') + end, JSON.parse('{"__proto__":"a"}')],
  ])('with %s', async (_, body, expected) => {
    const { status, text, wait, hooks } = await post(body)
    expect([status, text]).toEqual([200, ''])
    expect(hooks.stats().waiting).toBe(0)
    await expect(wait).resolves.toEqual(expected)
  })

  test('with a boundary in quotes', async () => {
    const { status, wait } = await post(
      part('name="id"', 'a') + end,
      `Multipart/Form-Data; charset=utf-8; boundary="${BOUNDARY}"`,
    )
    expect(status).toBe(200)
    await expect(wait).resolves.toEqual({ id: 'a' })
  })
})

describe('a form that is broken', () => {
  test.each<[string, string, string | undefined]>([
    ['no boundary', part('name="id"', 'a'), 'multipart/form-data'],
    ['another boundary', part('name="id"', 'a'), 'multipart/form-data; boundary=other'],
    ['no end', part('name="id"', 'a'), undefined],
    ['no name', `${part('x="id"', 'a')}--${BOUNDARY}--`, undefined],
    ['half a header', `--${BOUNDARY}\r\nContent-Dispo`, undefined],
    ['no form', 'id=a', undefined],
    ['no part at all', `--${BOUNDARY}--\r\n`, undefined],
    [
      'spaces behind its only boundary',
      `${part('name="id"', 'a').replace(BOUNDARY, `${BOUNDARY}  `)}--${BOUNDARY}--`,
      undefined,
    ],
  ])('is refused: %s', async (_, body, type) => {
    const { status, text, hooks } = await post(body, type)
    expect([status, text]).toEqual([400, '{"error":"ERR_BODY_MALFORMED"}'])
    expect(hooks.stats()).toMatchObject({ waiting: 1, parked: 0 })
  })
})
