import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { describe, expect, test } from '@jest/globals'
import { useHosts } from '../helpers/use-hosts'

const hosts = useHosts()
const listener = { path: '/done', identify_by: '${body.id}' }
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))

async function send(bytes: Buffer, headers: Readonly<Record<string, string>>, type = 'application/json') {
  const host = await hosts.open({ listener })
  const wait = host.hooks.wait('a')
  const answer = await fetch(`${host.origin}/done`, {
    method: 'POST',
    body: bytes,
    headers: { 'content-type': type, ...headers },
  })
  return { ...host, wait, answer: [answer.status, await answer.text()] as const }
}

/** A good callback is still taken. */
async function expectGood({ post, wait }: Awaited<ReturnType<typeof send>>): Promise<void> {
  expect((await post('/done').send({ id: 'a', good: true })).status).toBe(200)
  await expect(wait).resolves.toEqual({ id: 'a', good: true })
}

describe('content encodings', () => {
  const body = { id: 'a', text: 'ü'.repeat(500) }

  test.each<[string, Buffer]>([
    ['gzip', gzipSync(json(body))],
    ['GZIP', gzipSync(json(body))],
    ['deflate', deflateSync(json(body))],
    ['br', brotliCompressSync(json(body))],
    ['identity', json(body)],
  ])('%s is unpacked', async (encoding, bytes) => {
    const { wait, answer } = await send(bytes, { 'content-encoding': encoding })
    expect(answer).toEqual([200, ''])
    await expect(wait).resolves.toEqual(body)
  })

  test.each<[string, Buffer]>([
    ['x-gzip', gzipSync(json(body))],
    ['X-Gzip', gzipSync(json(body))],
    ['x-deflate', deflateSync(json(body))],
    ['deflate', deflateRawSync(json(body))],
    ['gzip, gzip', gzipSync(gzipSync(json(body)))],
    ['gzip, br', brotliCompressSync(gzipSync(json(body)))],
    ['deflate ,identity,\tbr , gzip', gzipSync(brotliCompressSync(deflateSync(json(body))))],
    ['utf-8, gzip', gzipSync(json(body))],
    ['gzip, none', gzipSync(json(body))],
    ['', json(body)],
    ['none', json(body)],
    ['None', json(body)],
    ['identity, identity', json(body)],
    [', ,', json(body)],
    ['utf-8', json(body)],
    ['UTF8', json(body)],
    ['iso-8859-1', json(body)],
    ['us-ascii', json(body)],
    ['windows-1252', json(body)],
  ])('%j is undone from the last to the first', async (encoding, bytes) => {
    const { wait, answer } = await send(bytes, { 'content-encoding': encoding })
    expect(answer).toEqual([200, ''])
    await expect(wait).resolves.toEqual(body)
  })

  test.each(['gzip', 'none', 'utf-8', 'br, gzip'])('%s of an empty body is an empty body', async (encoding) => {
    const { hooks, post, answer } = await send(Buffer.alloc(0), { 'content-encoding': encoding })
    expect(answer).toEqual([200, ''])
    expect(hooks.stats()).toMatchObject({ received: 1, unidentified: 1, rejected: 0 })
    expect((await post('/done').send({ id: 'a' })).status).toBe(200)
  })

  test('what unpacks to nothing is an empty body', async () => {
    const { hooks, post, answer } = await send(gzipSync(''), { 'content-encoding': 'gzip' })
    expect(answer).toEqual([200, ''])
    expect(hooks.stats()).toMatchObject({ unidentified: 1 })
    expect((await post('/done').send({ id: 'a' })).status).toBe(200)
  })

  test.each([
    'compress',
    'x-compress',
    'zstd2',
    'x',
    'gzip;q=1',
    'base64',
    'gzip, x',
    'x, gzip',
    'utf-7',
    '__proto__',
    'gzip, gzip, gzip, gzip, gzip',
  ])('%s is not known', async (encoding) => {
    const sent = await send(gzipSync(json(body)), { 'content-encoding': encoding })
    expect(sent.answer).toEqual([415, '{"error":"ERR_BODY_ENCODING"}'])
    await expectGood(sent)
  })

  test.each<[string, string, Buffer]>([
    ['is not packed at all', 'gzip', json(body)],
    ['is cut off', 'gzip', gzipSync(json(body)).subarray(0, 30)],
    ['is packed once only', 'gzip, gzip', gzipSync(json(body))],
    ['is packed in another way', 'br', gzipSync(json(body))],
    ['is spoilt in the middle', 'deflate', spoil(deflateSync(json({ id: 'a', r: Math.PI, s: 'abcdefgh' })))],
  ])('what %s is refused', async (_, encoding, bytes) => {
    const sent = await send(bytes, { 'content-encoding': encoding })
    expect(sent.answer[0]).toBe(400)
    expect(sent.answer[1]).toMatch(/^\{"error":"ERR_BODY_(MALFORMED|ABORTED)"\}$/)
    await expectGood(sent)
  })

  test.each<[string, (zeros: Buffer) => Buffer]>([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
    ['x-deflate', (zeros) => deflateSync(zeros)],
    ['gzip, gzip', (zeros) => gzipSync(gzipSync(zeros))],
    ['gzip, br', (zeros) => brotliCompressSync(gzipSync(zeros))],
  ])('a bomb packed with %s is too large before it has unfolded', async (encoding, pack) => {
    const bomb = pack(Buffer.alloc(50 * 1024 * 1024))
    expect(bomb.length).toBeLessThan(100_000)
    const sent = await send(bomb, { 'content-encoding': encoding })
    expect(sent.answer).toEqual([413, '{"error":"ERR_BODY_TOO_LARGE"}'])
    await expectGood(sent)
  })
})

describe('charsets', () => {
  const text = '{"id":"a","text":"Grüße €"}'
  const utf16be = Buffer.from(text, 'utf16le').swap16()

  test.each<[string, Buffer]>([
    ['utf-8', Buffer.from(text)],
    ['UTF8', Buffer.from(text)],
    ['utf-8', Buffer.from(`\uFEFF${text}`)],
    ['utf-16le', Buffer.from(text, 'utf16le')],
    ['utf-16le', Buffer.from(`\uFEFF${text}`, 'utf16le')],
    ['utf-16be', utf16be],
    ['utf-16', Buffer.concat([Buffer.from([0xfe, 0xff]), utf16be])],
    ['utf-16', Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')])],
    [
      'iso-8859-15',
      Buffer.concat([Buffer.from('{"id":"a","text":"Grüße ', 'latin1'), Buffer.from([0xa4]), Buffer.from('"}')]),
    ],
  ])('%s (%#)', async (charset, bytes) => {
    const { wait, answer } = await send(bytes, {}, `application/json; charset=${charset}`)
    expect(answer).toEqual([200, ''])
    await expect(wait).resolves.toEqual(JSON.parse(text))
  })

  test.each(['application/json', 'text/plain', 'text/plain; charset=latin1'])('latin1 as %s', async (type) => {
    const bytes = Buffer.from('{"id":"a","text":"Grüße"}', 'latin1')
    const labelled = type.includes('charset') ? type : `${type}; charset=iso-8859-1`
    const { wait, answer } = await send(bytes, {}, labelled)
    expect(answer).toEqual([200, ''])
    await expect(wait).resolves.toEqual({ id: 'a', text: 'Grüße' })
  })

  test.each(['x-unknown', 'utf-32', 'utf-7', 'iso-2022-kr', '__proto__'])('%s is not known', async (charset) => {
    const sent = await send(Buffer.from('"text"'), {}, `application/json; charset=${charset}`)
    expect(sent.answer).toEqual([415, '{"error":"ERR_BODY_ENCODING"}'])
    await expectGood(sent)
  })

  test.each<[string, Buffer]>([
    ['application/json', Buffer.from([0x22, 0xff, 0x22])],
    ['application/json', Buffer.concat([Buffer.from('{"id":"a'), Buffer.from([0xc3]), Buffer.from('"}')])],
    ['application/json', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
    ['application/json', Buffer.from([0xff, 0xfe, 0x22, 0x00])],
    ['application/x-www-form-urlencoded', Buffer.from([0x61, 0x3d, 0xff])],
    ['application/json; charset=utf-16le', Buffer.from([0x22, 0x00, 0x22])],
    ['text/plain; charset=utf-8', Buffer.from([0xff])],
  ])('%s with bytes that are none of it is refused (%#)', async (type, bytes) => {
    const sent = await send(bytes, {}, type)
    expect(sent.answer).toEqual([400, '{"error":"ERR_BODY_MALFORMED"}'])
    await expectGood(sent)
  })
})

function spoil(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes)
  const middle = Math.floor(copy.length / 2)
  for (let index = middle; index < middle + 8; index += 1) copy[index] = 0xff
  return copy
}
