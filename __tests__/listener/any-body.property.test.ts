import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { FUZZ_MS, runs } from '../helpers/fuzz'
import { type Host, useHosts } from '../helpers/use-hosts'

const hosts = useHosts()

/** Every answer that the table of answers has for a body. */
const ANSWERS = new Map<number, readonly string[]>([
  [200, ['']],
  [
    400,
    ['ERR_BODY_MALFORMED', 'ERR_BODY_DEPTH', 'ERR_BODY_ABORTED', 'ERR_ITEMS', 'ERR_ID', 'ERR_TEMPLATE'].map(
      (error) => `{"error":"${error}"}`,
    ),
  ],
  [413, ['{"error":"ERR_BODY_TOO_LARGE"}']],
  [415, ['{"error":"ERR_BODY_ENCODING"}']],
])

const types = fc.oneof(
  fc.constantFrom(
    'application/json',
    'application/x+json; charset=utf-16le',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=b',
    'multipart/form-data',
    'text/plain',
    'text/plain; charset=latin1',
    'application/octet-stream',
    'application/json; charset=utf-16',
  ),
  fc.stringMatching(/^[!-~]{1,30}$/),
  fc.stringMatching(/^text\/[a-z]{1,5}; ?charset="?[a-z0-9-]{0,12}"?;?$/),
)

const encodings = fc.constantFrom('', '', 'identity', 'gzip', 'deflate', 'br', 'zstd', 'x')

/** Bytes of any kind, among them many that look like what the types promise. */
const bodies = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc.json().map((text) => Buffer.from(text)),
  fc.json().map((text) => Buffer.from(text, 'utf16le')),
  fc.stringMatching(/^[[\]{}":,\\0-9a-z ]{0,300}$/).map((text) => Buffer.from(text)),
  fc.stringMatching(/^[a-z&=%+[\]]{0,80}$/).map((text) => Buffer.from(text)),
  fc
    .stringMatching(/^(--b|\r\n|name=|Content-Disposition: form-data; |"|a|--){0,20}$/)
    .map((text) => Buffer.from(text)),
  fc.integer({ min: 0, max: 9000 }).map((length) => Buffer.alloc(length, '[')),
)

const packings = fc.constantFrom<((bytes: Buffer) => Buffer) | undefined>(
  undefined,
  undefined,
  gzipSync,
  deflateSync,
  brotliCompressSync,
)

async function send(
  host: Host,
  path: string,
  body: Buffer,
  headers: Record<string, string>,
): Promise<[number, string]> {
  const answer = await fetch(host.origin + path, { method: 'POST', body, headers })
  return [answer.status, await answer.text()]
}

test(
  'any bytes of any type and encoding get an answer of the table, and harm no later callback',
  async () => {
    const host = await hosts.open({
      listener: {
        body_limit: '4kb',
        callbacks: [
          {
            path: '/one',
            identify_by: '${body.id}',
            status: '${body.s}',
            fail_when: 'bad',
            result: ['${body}', '${query}'],
          },
          { path: '/many', bulk: true, item: '${body.items}', identify_by: '${item.id}' },
          { path: '/none' },
        ],
      },
      store: { park: { max: 100_000 } },
    })
    await fc.assert(
      fc.asyncProperty(
        bodies,
        types,
        encodings,
        packings,
        fc.constantFrom('/one', '/many', '/none'),
        async (bytes, type, encoding, pack, path) => {
          const headers = { 'content-type': type, ...(encoding === '' ? {} : { 'content-encoding': encoding }) }
          const [status, text] = await send(host, path, pack ? pack(bytes) : bytes, headers)
          expect([status, ANSWERS.get(status)?.includes(text)]).toEqual([status, true])
        },
      ),
      { numRuns: runs(600) },
    )
    expect(host.log.filter(({ level }) => level === 'error')).toEqual([])
    const wait = host.hooks.wait('good', { path: '/one' })
    expect(
      await send(host, '/one', Buffer.from('{"id":"good","s":"ok"}'), { 'content-type': 'application/json' }),
    ).toEqual([200, ''])
    await expect(wait).resolves.toEqual([{ id: 'good', s: 'ok' }, {}])
  },
  FUZZ_MS,
)

/** JSON of JavaScript writes an integer below 1e21 with its digits, and what is larger with an exponent. */
function largeAsText(_key: string, value: unknown): unknown {
  const isLarge = Number.isInteger(value) && !Number.isSafeInteger(value) && Math.abs(Number(value)) < 1e21
  return isLarge ? String(value) : value
}

test(
  'any JSON comes back as it was sent, whatever it is called and however it is packed',
  async () => {
    const host = await hosts.open({ listener: { path: '/done', identify_by: '${header.X-Id}', result: '${body}' } })
    let count = 0
    await fc.assert(
      fc.asyncProperty(
        fc.jsonValue({ maxDepth: 8 }),
        fc.constantFrom('application/json', 'application/vnd.x+json; v=1', 'application/json; charset=utf-16le'),
        packings,
        async (value, type, pack) => {
          const id = `id-${(count += 1)}`
          const wait = host.hooks.wait(id)
          const text = JSON.stringify(value)
          const bytes = Buffer.from(text, type.endsWith('utf-16le') ? 'utf16le' : 'utf8')
          const encoding = pack === gzipSync ? 'gzip' : pack === deflateSync ? 'deflate' : 'br'
          const headers = { 'content-type': type, 'x-id': id, ...(pack ? { 'content-encoding': encoding } : {}) }
          expect(await send(host, '/done', pack ? pack(bytes) : bytes, headers)).toEqual([200, ''])
          expect(await wait).toEqual(JSON.parse(text, largeAsText))
        },
      ),
      { numRuns: runs(300) },
    )
  },
  FUZZ_MS,
)

test(
  'any text may be an id, in the body and in the query',
  async () => {
    const host = await hosts.open({
      listener: {
        callbacks: [
          { path: '/body', identify_by: '${body.id}' },
          { path: '/query', identify_by: '${query.id}' },
        ],
      },
    })
    await fc.assert(
      fc.asyncProperty(fc.string({ minLength: 1, maxLength: 200, unit: 'grapheme' }), async (id) => {
        const waits = [host.hooks.wait(id, { path: '/body' }), host.hooks.wait(id, { path: '/query' })]
        const json = { 'content-type': 'application/json' }
        expect(await send(host, '/body', Buffer.from(JSON.stringify({ id })), json)).toEqual([200, ''])
        expect(await send(host, `/query?id=${encodeURIComponent(id)}`, Buffer.from(''), {})).toEqual([200, ''])
        await expect(Promise.all(waits)).resolves.toEqual([{ id }, null])
      }),
      { numRuns: runs(200) },
    )
  },
  FUZZ_MS,
)
