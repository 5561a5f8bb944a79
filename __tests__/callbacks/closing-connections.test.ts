import { once } from 'node:events'
import { Agent, createServer, request as requestHttp, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { type Callbacks, callbacks } from '../../lib'

// A connection that is answered while its server is closed ends at once, though its client would keep it alive.

let hooks: Callbacks
let agent: Agent
let server: Server

beforeEach(() => {
  agent = new Agent({ keepAlive: true })
  hooks = callbacks(
    { listener: { path: '/done', identify_by: '${body.id}', response: { body: { ok: true } }, body_limit: '1kb' } },
    { logger: { debug: say, info: say, warn: say, error: say } },
  )
})

afterEach(async () => {
  agent.destroy()
  await hooks.close()
})

function say(): void {}

async function serve(create: () => Server): Promise<void> {
  server = create().listen(0, '127.0.0.1')
  server.keepAliveTimeout = 3_600_000
  await once(server, 'listening')
}

async function post(body: string): Promise<IncomingMessage> {
  const { port } = server.address() as AddressInfo
  const sent = requestHttp({ port, host: '127.0.0.1', path: '/done', method: 'POST', agent })
  sent.setHeader('content-type', 'application/json')
  sent.end(body)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  response.resume()
  await once(response, 'end')
  return response
}

const MOUNTS: readonly (readonly [string, () => Server])[] = [
  ['in the server of an app', () => createServer(hooks)],
  ['in a server of ours', () => hooks.createServer()],
]

describe.each(MOUNTS)('%s', (_, create) => {
  test('the answer that follows close() ends its connection, and the server is closed then', async () => {
    await serve(create)
    const waited = hooks.wait('a').then(() => {
      const closed = once(server.close(), 'close')
      return { closed, left: hooks.close() }
    })
    const response = await post('{"id":"a"}')
    expect([response.statusCode, response.headers.connection]).toEqual([200, 'close'])
    const { closed, left } = await waited
    await Promise.all([closed, left])
  })

  test('an answer that was on its way when the server was closed ends its connection', async () => {
    await serve(create)
    const waited = hooks.wait('a').then(async () => {
      // As in a workflow that goes on: all of this is before the turn in which the answer leaves.
      for (let turn = 0; turn < 200; turn += 1) await Promise.resolve()
      const closed = once(server.close(), 'close')
      return { closed, left: hooks.close() }
    })
    const response = await post('{"id":"a"}')
    expect(response.statusCode).toBe(200)
    const { closed, left } = await waited
    await Promise.all([closed, left])
  })

  test.each([
    ['a callback that is refused', '{"id":', 400],
    ['a body that is too long', `{"id":"${'x'.repeat(2000)}"}`, 413],
    ['a callback that nobody waits for', '{"id":"b"}', 200],
  ])('%s while waits are drained ends its connection too', async (_what, body, status) => {
    await serve(create)
    hooks.wait('a').catch(() => undefined)
    const left = hooks.close({ drain: '1h' })
    const response = await post(body)
    expect([response.statusCode, response.headers.connection]).toEqual([status, 'close'])
    const closed = once(server.close(), 'close')
    await Promise.all([hooks.close(), left, closed])
  })

  test('an answer before that keeps its connection', async () => {
    await serve(create)
    const response = await post('{"id":"a"}')
    expect([response.statusCode, response.headers.connection]).toEqual([200, 'keep-alive'])
    const closed = once(server.close(), 'close')
    server.closeIdleConnections()
    await closed
  })
})
