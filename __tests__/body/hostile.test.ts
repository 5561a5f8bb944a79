import { describe, expect, test } from '@jest/globals'
import { parseContent } from '../../lib/body/content'
import { useHosts } from '../helpers/use-hosts'

const { SHAPES }: { SHAPES: Readonly<Record<string, () => [string, string | Buffer]>> } = require('../soak/shapes')

const MALFORMED = '400 {"error":"ERR_BODY_MALFORMED"}'
const ANSWERS: Readonly<Record<string, string>> = {
  'multipart: boundaries': MALFORMED,
  'multipart: parts without name': MALFORMED,
  'multipart: lines that are nearly boundaries': MALFORMED,
  'multipart: quotes in names': MALFORMED,
  'form: escapes of a charset': MALFORMED,
  'JSON: depth without end': '400 {"error":"ERR_BODY_DEPTH"}',
}
const hosts = useHosts()

describe('a megabyte that is made to take long is answered:', () => {
  test.each(Object.keys(SHAPES))('%s', async (name) => {
    const { hooks, origin, post } = await hosts.open({ listener: { path: '/done', identify_by: '${body.id}' } })
    const wait = hooks.wait('a')
    const [type, body] = SHAPES[name]?.() ?? ['', '']
    const answer = await fetch(`${origin}/done`, { method: 'POST', body, headers: { 'content-type': type } })
    expect(`${answer.status} ${await answer.text()}`).toBe(ANSWERS[name] ?? '200 ')
    await post('/done').send({ id: 'a' }).expect(200)
    await expect(wait).resolves.toEqual({ id: 'a' })
  })
})

describe('what is large and honest loses nothing:', () => {
  const form = 'application/x-www-form-urlencoded'
  const namesOf = (count: number): string => Array.from({ length: count }, (_, index) => `k${index}=${index}`).join('&')

  test('a form of 100,000 names', async () => {
    const fields = await parseContent(Buffer.from(namesOf(100_000)), form)
    expect(Object.keys(fields ?? {})).toHaveLength(100_000)
    expect(fields).toMatchObject({ k0: '0', k99999: '99999' })
  })

  test('a form with one name 100,000 times, and names of a prototype', async () => {
    const text = `__proto__=1&${'a=1&'.repeat(100_000)}__proto__=2&constructor=x`
    const fields = await parseContent(Buffer.from(text), form)
    expect(Object.entries(fields ?? {}).map(([name, value]) => [name, value.length])).toEqual([
      ['__proto__', 2],
      ['a', 100_000],
      ['constructor', 1],
    ])
    expect(Object.getPrototypeOf(fields)).toBe(Object.prototype)
  })

  test.each<[number, boolean]>([
    [250_000, true],
    [250_001, false],
  ])('a form of %i fields is taken: %s', async (count, isTaken) => {
    const reading = Promise.resolve(parseContent(Buffer.from('a&'.repeat(count)), form))
    if (isTaken) await expect(reading).resolves.toHaveProperty('a.length', count)
    else await expect(reading).rejects.toMatchObject({ code: 'ERR_BODY_MALFORMED' })
  })

  test('lines of JSON, and one long line', async () => {
    const long = JSON.stringify(Array.from({ length: 50_000 }, (_, index) => ({ index })))
    const text = `${'{"a":[1]}\n'.repeat(20_000)}${long}\n`
    const values = await parseContent(Buffer.from(text), 'application/x-ndjson')
    expect(values).toHaveLength(20_001)
    expect(values).toHaveProperty('20000.49999', { index: 49_999 })
  })

  test('a multipart form with a file of a megabyte', async () => {
    const head = '--b\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\n'
    const content = Buffer.alloc(1024 ** 2, '\r\n--c')
    const body = Buffer.concat([Buffer.from(head), content, Buffer.from('\r\n--b--\r\n')])
    const fields = await parseContent(body, 'multipart/form-data; boundary=b')
    expect(fields).toMatchObject({ f: { size: content.length, content: content.toString('base64') } })
  })
})
