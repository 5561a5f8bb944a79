import { createHmac } from 'node:crypto'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { parseJson } from '../../lib/template/exact-json'
import { FUZZ_MS, runs } from '../helpers/fuzz'
import { type Host, useHosts } from '../helpers/use-hosts'

const SECRET = 'a secret of the tests'
const FORM = 'application/x-www-form-urlencoded'
const hosts = useHosts()

/** A host whose endpoint believes GitHub's signature, which covers the body and no header. */
function open(): Promise<Host> {
  return hosts.open({
    listener: {
      path: '/done',
      verify: { scheme: 'github', secret: SECRET },
      identify_by: '${body.task_id}',
      result: '${body}',
    },
  })
}

function sign(bytes: Buffer): string {
  return `sha256=${createHmac('sha256', SECRET).update(bytes).digest('hex')}`
}

async function send(
  { origin }: Host,
  signed: Buffer,
  headers: Readonly<Record<string, string>>,
  { bytes = signed, query = '' }: { readonly bytes?: Buffer; readonly query?: string } = {},
): Promise<number> {
  const all = { 'x-hub-signature-256': sign(signed), ...headers }
  const answer = await fetch(`${origin}/done${query}`, { method: 'POST', body: bytes, headers: all })
  await answer.arrayBuffer()
  return answer.status
}

const IDS = ['mine', 'victim', 'Jürgen', 'Jьrgen', 'J\uFFFDrgen']

/** Sends signed bytes under a label, and returns the answer and the ids whose waits it ended. */
async function settledBy(bytes: Buffer | string, type: string): Promise<readonly [number, readonly string[]]> {
  const host = await open()
  const ended: string[] = []
  host.hooks.on('settled', ({ id }) => void ended.push(String(id)))
  const waits = IDS.map((id) => host.hooks.wait(id))
  const status = await send(host, Buffer.from(bytes), { 'content-type': type })
  const byRequest = [...ended]
  for (const id of IDS) if (!byRequest.includes(id)) await host.hooks.settle(id, undefined)
  await Promise.all(waits)
  return [status, byRequest]
}

describe('signed JSON sent again under another label settles its own id', () => {
  const attacks = [
    '{"task_id":"mine","prompt":"x&task_id=victim&status=completed&y="}',
    ' {"task_id":"mine","prompt":"\\r\\n--b\\r\\nContent-Disposition: form-data; name=task_id\\r\\n\\r\\nvictim\\r\\n--b--"}\n',
    '\uFEFF{"x=&task_id=victim&y":1,"task_id":"mine"}',
    '{"task_id":"mine","x":"\u6469","payload":"&payload=%7B%22task_id%22%3A%22victim%22%7D"}',
  ]
  const labels = [
    'application/json',
    FORM,
    `${FORM}; charset=utf-16le`,
    `${FORM}; charset=shift_jis`,
    'multipart/form-data; boundary=b',
    'text/plain',
    'text/plain; charset=utf-16be',
    'application/xml',
    'application/octet-stream',
    'application/x-ndjson',
    'application/json-seq',
    'application/json; charset=utf-16',
    'application/json; charset=x-none',
    '',
  ]
  test.each(attacks.flatMap((attack) => labels.map((label) => [label, attack] as const)))(
    '%j %s',
    async (label, attack) => {
      await expect(settledBy(attack, label)).resolves.toEqual([200, ['mine']])
    },
  )
})

describe('signed bytes of another kind make no fields under another label', () => {
  test.each<[string, string, string | Buffer, number]>([
    ['a JSON text', FORM, '"x&task_id=victim&y"', 400],
    ['lines of JSON', FORM, '{"a":"&task_id=victim&"}\n{"b":1}\n', 400],
    ['broken JSON', FORM, '{"a":"&task_id=victim&"', 400],
    ['JSON twice', FORM, '{"a":"&task_id=victim&"}{"a":1}', 400],
    ['JSON with two marks', FORM, '\uFEFF\uFEFF{"a":"&task_id=victim&"}', 400],
    ['JSON in UTF-16', FORM, Buffer.from('{"a":"\u6474\u6b73"}', 'utf16le'), 400],
    ['XML', FORM, '<a><![CDATA[&task_id=victim&]]></a>', 400],
    ['prose', FORM, 'Hello you &task_id=victim& bye', 400],
    ['lines', FORM, 'a\n&task_id=victim&\nb', 400],
    ['bytes', FORM, Buffer.from([0x00, 0xff, ...Buffer.from('&task_id=victim&')]), 400],
    [
      'XML',
      'multipart/form-data; boundary=b',
      '<a>\r\n--b\r\nContent-Disposition: form-data; name="task_id"\r\n\r\nvictim\r\n--b--\r\n</a>',
      400,
    ],
    ['a form', 'application/json', 'task_id=mine', 400],
    ['a form', 'text/plain', 'task_id=mine', 200],
    ['a form', 'multipart/form-data; boundary=task_id', 'task_id=mine', 400],
    ['a form', 'application/x-ndjson', 'task_id=mine', 400],
  ])('%s as %s', async (_what, type, body, status) => {
    await expect(settledBy(body, type)).resolves.toEqual([status, []])
  })
})

describe('a signed multipart form has the boundary of its first line', () => {
  const field = (name: string, value: string, boundary: string): string =>
    `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
  const inner = `\r\n${field('task_id', 'victim', 'evil')}--evil--`
  const body = `${field('prompt', inner, 'real')}${field('task_id', 'mine', 'real')}--real--\r\n`

  test.each([
    'multipart/form-data; boundary=real',
    'multipart/form-data; boundary="real"',
    'multipart/form-data; boundary=evil',
    'multipart/form-data; boundary=rea',
    'multipart/form-data; boundary=evil; boundary=real',
    'multipart/form-data',
    'Multipart/Form-Data; charset=utf-16; boundary=evil',
  ])('%s', async (type) => {
    await expect(settledBy(body, type)).resolves.toEqual([200, ['mine']])
  })

  test('and nothing before it', async () => {
    await expect(settledBy(`preamble\r\n${body}`, 'multipart/form-data; boundary=real')).resolves.toEqual([400, []])
  })
})

describe('the charset of signed text is that of its bytes', () => {
  test.each<[string, string | Buffer, number, readonly string[]]>([
    [FORM, 'task_id=J%C3%BCrgen', 200, ['Jürgen']],
    [`${FORM}; charset=iso-8859-1`, 'task_id=J%C3%BCrgen', 200, ['Jürgen']],
    [`${FORM}; charset=iso-8859-1`, 'task_id=J%FCrgen', 200, ['Jürgen']],
    [`${FORM}; charset=utf-8`, 'task_id=J%FCrgen', 200, ['Jürgen']],
    [`${FORM}; charset=windows-1251`, 'task_id=J%FCrgen', 200, ['Jürgen']],
    [FORM, 'task_id=J%FCrgen', 200, ['Jürgen']],
    ['application/json; charset=iso-8859-1', Buffer.from('{"task_id":"Jürgen"}', 'latin1'), 200, ['Jürgen']],
    ['application/json; charset=windows-1251', Buffer.from('{"task_id":"Jürgen"}', 'latin1'), 415, []],
    ['application/json; charset=shift_jis', Buffer.from('{"task_id":"Jürgen"}', 'latin1'), 415, []],
    ['application/json', Buffer.from('{"task_id":"Jürgen"}', 'latin1'), 400, []],
    [FORM, Buffer.from('{"task_id":"Jürgen&task_id=victim&"}', 'latin1'), 400, []],
  ])('%s %s', async (type, body, status, ids) => {
    await expect(settledBy(body, type)).resolves.toEqual([status, ids])
  })
})

/** Texts that mean something to some reader of a body. */
const traps = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc.constantFrom(
    '&task_id=victim&',
    'x&task_id=victim&task_id=victim&y=',
    '\r\n--b\r\nContent-Disposition: form-data; name="task_id"\r\n\r\nvictim\r\n--b--\r\n',
    '\n{"task_id":"victim"}\n',
    '\x1e{"task_id":"victim"}\n',
    '"}{"task_id":"victim"}',
    '%22%2C%22task_id%22%3A%22victim',
    '+task_id=victim',
    '</a><task_id>victim</task_id>',
    '慴歳楟㵤楶瑣浩',
    '\uFEFF',
    '\u0083\\',
  ),
)
const values: fc.Arbitrary<unknown> = fc.oneof(traps, fc.jsonValue({ maxDepth: 3 }), fc.array(traps, { maxLength: 3 }))
const objects = fc
  .tuple(fc.dictionary(traps, values, { maxKeys: 4 }), fc.dictionary(traps, values, { maxKeys: 4 }))
  .map(([before, after]) => ({ ...before, ...after, task_id: 'mine' }))
const texts = fc
  .tuple(
    objects,
    fc.constantFrom(0, 2, '\t'),
    fc.constantFrom('', '\uFEFF', ' \r\n'),
    fc.constantFrom('', '\n', '\r\n '),
  )
  .map(([object, indent, before, after]) => before + JSON.stringify(object, null, indent) + after)
const charsets = fc.constantFrom(
  '',
  'utf-8',
  'UTF8',
  'utf-16',
  'utf-16le',
  'utf-16be',
  'iso-8859-1',
  'windows-1251',
  'shift_jis',
  'gb18030',
  'big5',
  'euc-kr',
  'iso-2022-jp',
  'utf-7',
  'utf-32',
  'x-user-defined',
  'none',
  '"utf-16"',
)
const labels = fc
  .tuple(
    fc.oneof(
      fc.constantFrom(
        'application/json',
        FORM,
        'multipart/form-data; boundary=b',
        'multipart/form-data',
        'text/plain',
        'text/html',
        'application/xml',
        'application/soap+xml',
        'application/vnd.x+json',
        'application/octet-stream',
        'image/png',
        'application/x-ndjson',
        'application/jsonl',
        'application/json-seq',
        'multipart/mixed; boundary=b',
        '',
        'application/json, application/x-www-form-urlencoded',
        `${FORM};`,
        ` ${FORM} ; x=y`,
        'multipart/form-data; boundary="',
      ),
      fc.stringMatching(/^[!-~]{0,30}$/),
    ),
    charsets,
  )
  .map(([type, charset]) => (charset === '' ? type : `${type}; charset=${charset}`))
const encodings = fc.constantFrom(
  '',
  'identity',
  'none',
  'utf-8',
  'utf-16',
  'gzip',
  'x-gzip',
  'deflate',
  'br',
  'gzip, gzip',
  'compress',
  'zstd',
  'x',
)
const packings = fc.constantFrom<((bytes: Buffer) => Buffer) | undefined>(
  undefined,
  undefined,
  undefined,
  gzipSync,
  deflateSync,
  brotliCompressSync,
)
const queries = fc.constantFrom(
  '',
  '?',
  '?task_id=victim',
  '?id=victim&task_id=victim',
  '?callback=victim',
  '?charset=utf-16',
  '?__proto__=victim',
)

test(
  'no label, charset, encoding or query makes signed JSON settle another id than its own',
  async () => {
    const host = await open()
    const settled: unknown[] = []
    host.hooks.on('settled', ({ id }) => void settled.push(id))
    host.hooks.on('parked', ({ id }) => void settled.push(id))
    let taken = 0
    await fc.assert(
      fc.asyncProperty(texts, labels, encodings, packings, queries, async (text, type, encoding, pack, query) => {
        const signed = Buffer.from(text)
        const headers = { 'content-type': type, ...(encoding === '' ? {} : { 'content-encoding': encoding }) }
        settled.length = 0
        const wait = host.hooks.wait('mine')
        const status = await send(host, signed, headers, { bytes: pack ? pack(signed) : signed, query })
        expect([200, 400, 401, 415]).toContain(status)
        expect(settled).toEqual(status === 200 ? ['mine'] : [])
        if (status === 200) taken += 1
        else await host.hooks.settle('mine', parseJson(text.replace(/^\uFEFF/, '')))
        await expect(wait).resolves.toEqual(parseJson(text.replace(/^\uFEFF/, '')))
      }),
      { numRuns: runs(600) },
    )
    expect(taken).toBeGreaterThan(50)
  },
  FUZZ_MS,
)
