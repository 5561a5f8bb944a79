import { createServer } from 'node:http'
import {
  type ClientHttp2Session,
  connect,
  createServer as createHttp2Server,
  type OutgoingHttpHeaders,
} from 'node:http2'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, test } from '@jest/globals'
import type { Callbacks, CallbacksConfig } from '../../lib'
import { openRawSocket } from '../helpers/raw-socket'
import { useHosts } from '../helpers/use-hosts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

const hosts = useHosts()

type Listener = NonNullable<CallbacksConfig['listener']>

interface Http2Host {
  readonly hooks: Callbacks
  readonly session: ClientHttp2Session
  /** Resolves once the first request is there. */
  readonly requested: Promise<void>
  /** Sends a request. */
  send(path: string, headers: OutgoingHttpHeaders, chunks: readonly string[]): Promise<readonly [number, string]>
}

/** Serves callbacks by HTTP/2 without TLS, as behind a proxy that speaks it to its upstream. */
async function openHttp2(listener: Listener): Promise<Http2Host> {
  const { hooks } = hosts.start({ listener })
  let noteFirst = (): void => undefined
  const requested = new Promise<void>((resolve) => void (noteFirst = resolve))
  const server = createHttp2Server((request, response) => {
    setImmediate(noteFirst)
    // The compatible API of node:http2 is what Express and others are given.
    Reflect.apply(hooks, undefined, [request, response, () => response.writeHead(404).end()])
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const session = connect(`http://127.0.0.1:${port}`)
  closers.push(
    () => new Promise((resolve) => server.close(resolve)),
    () => session.destroy(),
  )
  async function send(
    path: string,
    headers: OutgoingHttpHeaders,
    chunks: readonly string[],
  ): Promise<readonly [number, string]> {
    const stream = session.request({ ':method': 'POST', ':path': path, ...headers })
    const status = new Promise<number>((resolve, reject) => {
      stream.on('response', ({ ':status': code }) => resolve(code ?? 0))
      stream.on('error', reject)
    })
    for (const chunk of chunks) {
      stream.write(chunk)
      await new Promise((resolve) => setImmediate(resolve))
    }
    stream.end()
    return [await status, await text(stream)]
  }
  return { hooks, session, requested, send }
}

describe('a body that comes by HTTP/2 without a length', () => {
  test.each<[string, string, readonly string[], unknown]>([
    ['JSON', 'application/json', ['{"id":"a","n":1}'], { id: 'a', n: 1 }],
    ['JSON in pieces', 'application/json', ['{"id"', ':"a"', ',"n":2}'], { id: 'a', n: 2 }],
    ['a form', 'application/x-www-form-urlencoded', ['id=a&n=3'], { id: 'a', n: '3' }],
    [
      'JSON of 200 kB',
      'text/plain',
      ['{"id":"a","p":"', 'x'.repeat(200_000), '"}'],
      { id: 'a', p: 'x'.repeat(200_000) },
    ],
  ])('is taken: %s', async (_what, type, chunks, expected) => {
    const { hooks, send } = await openHttp2({ path: '/done', identify_by: '${body.id}' })
    const wait = hooks.wait('a')
    expect(await send('/done', { 'content-type': type }, chunks)).toEqual([200, ''])
    await expect(wait).resolves.toEqual(expected)
  })

  test('is taken with a length, too', async () => {
    const { hooks, send } = await openHttp2({ path: '/done', identify_by: '${body.id}' })
    const wait = hooks.wait('a')
    const headers = { 'content-type': 'application/json', 'content-length': 10 }
    expect(await send('/done', headers, ['{"id":"a"}'])).toEqual([200, ''])
    await expect(wait).resolves.toEqual({ id: 'a' })
  })

  test('may be empty', async () => {
    const { hooks, send } = await openHttp2({ path: '/done', identify_by: '${query.id}' })
    const wait = hooks.wait('a')
    expect(await send('/done?id=a', { 'content-type': 'application/json' }, [])).toEqual([200, ''])
    await expect(wait).resolves.toBeNull()
  })

  test('is limited', async () => {
    const { send } = await openHttp2({ path: '/done', body_limit: '1kb' })
    expect(await send('/done', {}, ['x'.repeat(2000)])).toEqual([413, '{"error":"ERR_BODY_TOO_LARGE"}'])
  })

  test('is no callback when its connection breaks off', async () => {
    const { hooks, session, requested } = await openHttp2({ path: '/done', identify_by: '${body.id}' })
    const rejected = new Promise<unknown>((resolve) => void hooks.on('rejected', ({ error }) => resolve(error)))
    const wait = hooks.wait('a')
    const stream = session.request({
      ':method': 'POST',
      ':path': '/done',
      'content-type': 'application/x-www-form-urlencoded',
    })
    stream.on('error', () => undefined)
    stream.write('id=a')
    await requested
    session.destroy()
    expect(await rejected).toMatchObject({ code: 'ERR_BODY_ABORTED' })
    expect(hooks.stats()).toMatchObject({ waiting: 1, received: 0 })
    await hooks.settle('a', 'end')
    await wait
  })
})

describe('a body whose headers somebody took away', () => {
  /** Serves callbacks behind something that takes headers away. */
  async function open(names: readonly string[], later = false): Promise<{ hooks: Callbacks; origin: string }> {
    const { hooks } = hosts.start({ listener: { path: '/done', identify_by: '${body.id}' } })
    const server = createServer((request, response) => {
      for (const name of names) delete request.headers[name]
      const go = (): void => hooks(request, response, () => response.writeHead(404).end())
      if (later) setImmediate(go)
      else go()
    })
    return { hooks, origin: await hosts.serve(server) }
  }

  test.each<[string, readonly string[], boolean]>([
    ['content-length', ['content-length'], false],
    ['content-length and content-type', ['content-length', 'content-type'], false],
    ['content-length, a while before', ['content-length'], true],
    ['transfer-encoding', ['transfer-encoding'], false],
    ['transfer-encoding, a while before', ['transfer-encoding', 'content-length'], true],
  ])('is taken: %s', async (_what, names, later) => {
    const { hooks, origin } = await open(names, later)
    const wait = hooks.wait('a')
    const isChunked = names.includes('transfer-encoding')
    const body = '{"id":"a"}'
    const length = isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`
    const content = isChunked ? `a\r\n${body}\r\n0\r\n\r\n` : body
    const raw = await openRawSocket(origin)
    raw.socket.end(`POST /done HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${length}\r\n\r\n${content}`)
    expect(await raw.closed()).toMatch(/^HTTP\/1\.1 200 /)
    await expect(wait).resolves.toEqual({ id: 'a' })
  })

  test('is taken when it comes long after its head', async () => {
    const { hooks, origin } = await open(['content-length'])
    const wait = hooks.wait('a')
    const raw = await openRawSocket(origin)
    raw.socket.write('POST /done HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 10\r\n\r\n')
    await new Promise((resolve) => setImmediate(resolve))
    raw.socket.write('{"id"')
    await new Promise((resolve) => setImmediate(resolve))
    raw.socket.end(':"a"}')
    expect(await raw.closed()).toMatch(/^HTTP\/1\.1 200 /)
    await expect(wait).resolves.toEqual({ id: 'a' })
  })

  test.each(['', 'Content-Length: 0\r\n', 'Transfer-Encoding: chunked\r\n'])(
    'is none when there was none (%j)',
    async (length) => {
      const { hooks, origin } = await open([])
      const raw = await openRawSocket(origin)
      const content = length.startsWith('T') ? '0\r\n\r\n' : ''
      raw.socket.end(`POST /done HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${length}\r\n${content}`)
      expect(await raw.closed()).toMatch(/^HTTP\/1\.1 200 /)
      expect(hooks.stats()).toMatchObject({ received: 1, unidentified: 1 })
    },
  )
})
