import { EventEmitter, once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createSshDriver } from '../../adapters/tunnels/ssh/ssh'
import type { SshChannel, SshClient } from '../../adapters/tunnels/ssh/library'
import type { Tunnel } from '../../lib/base/contracts'
import { createFakeClock, type FakeClock } from '../helpers/fake-clock'
import { createSshRequest, type RequestParts, until } from './ssh-request'

/** Logs in at once, and leaves it to the test which ports it gets. */
class FakeClient extends EventEmitter implements SshClient {
  constructor(private readonly bind: (port: number) => number | undefined) {
    super()
  }
  connect(): void {
    queueMicrotask(() => this.emit('ready'))
  }
  forwardIn(_address: string, port: number, done: (error: unknown, port: number) => void): void {
    const bound = this.bind(port)
    done(bound === undefined ? new Error('Unable to bind') : undefined, bound ?? 0)
  }
  end(): void {
    this.emit('end')
  }
}

describe('a session with a server', () => {
  const sockets: Socket[] = []
  const asked: number[] = []
  let server: Server
  let clients: FakeClient[]
  let clock: FakeClock
  let isFree: (port: number) => boolean

  beforeEach(async () => {
    clients = []
    clock = createFakeClock()
    isFree = () => true
    server = createServer((socket) => void sockets.push(socket.on('error', () => undefined).resume()))
    await once(server.listen(0, '127.0.0.1'), 'listening')
  })

  afterEach(async () => {
    asked.splice(0)
    for (const socket of sockets.splice(0)) socket.destroy()
    await new Promise((resolve) => void server.close(resolve))
    expect(clock.timers).toBe(0)
  })

  function portOf(one: Server): number {
    const address = one.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  function bind(port: number): number | undefined {
    asked.push(port)
    if (port === 0) return 5000
    return isFree(port) ? port : undefined
  }

  async function openTo(over: Partial<RequestParts> = {}): Promise<Tunnel> {
    class Client extends FakeClient {
      constructor() {
        super(bind)
        clients.push(this)
      }
    }
    const driver = createSshDriver(() => ({ Client, utils: { parseKey: () => undefined } }))
    const auth = { type: 'password', username: 'me', password: 'x' }
    const connection = { host: '127.0.0.1', port: portOf(server), hostKey: `SHA256:${'A'.repeat(43)}`, auth }
    return driver(createSshRequest({ port: 9, remotePort: 0, clock, ...over, connection }))
  }

  /** Resolves when the server was asked for ports so often, and what follows is waited for. */
  async function askedFor(ports: number): Promise<void> {
    await until(() => asked.length === ports)
    await new Promise((resolve) => setImmediate(resolve))
  }

  const previousUrl = 'http://127.0.0.1:4000'

  test('gets the port of the one before, which is freed a little later', async () => {
    isFree = () => asked.length >= 3
    const opening = openTo({ previousUrl })
    await askedFor(1)
    clock.advance(2000)
    await askedFor(2)
    clock.advance(1999)
    expect(asked).toEqual([4000, 4000])
    clock.advance(1)
    const tunnel = await opening
    expect([asked, tunnel.publicUrl]).toEqual([[4000, 4000, 4000], previousUrl])
    await tunnel.close()
  })

  test('takes another port when the former one stays held', async () => {
    isFree = () => false
    const opening = openTo({ previousUrl })
    await askedFor(1)
    clock.advance(2000)
    await askedFor(2)
    clock.advance(2000)
    const tunnel = await opening
    expect([asked, tunnel.publicUrl]).toEqual([[4000, 4000, 4000, 0], 'http://127.0.0.1:5000'])
    await tunnel.close()
  })

  test.each([
    ['waits for its former port', { previousUrl }],
    ['settles', { options: { settleMs: 5000 } }],
  ])('that is aborted or lost while it %s gives no tunnel', async (_, over) => {
    isFree = () => false
    const abort = new AbortController()
    const aborted = openTo({ ...over, signal: abort.signal })
    aborted.catch(() => undefined)
    await askedFor(1)
    abort.abort()
    await expect(aborted).rejects.toBe(abort.signal.reason)
    expect(clock.timers).toBe(0)

    const lost = openTo(over)
    lost.catch(() => undefined)
    await askedFor(2)
    await until(() => sockets.length === 2)
    sockets[1]?.destroy()
    await expect(lost).rejects.toMatchObject({ code: 'ERR_GATEWAY_NETWORK' })
  })

  test('gives its URL once that has settled, however long that takes', async () => {
    let isOpen = false
    const opening = openTo({ options: { settleMs: 60_000 } }).finally(() => (isOpen = true))
    await askedFor(1)
    clock.advance(59_999)
    await new Promise((resolve) => setImmediate(resolve))
    expect(isOpen).toBe(false)
    clock.advance(1)
    await (await opening).close()
  })

  test('that is lost ends the local connections, also those that the library keeps', async () => {
    const apps: Socket[] = []
    const app = createServer((socket) => void apps.push(socket.on('error', () => undefined).resume()))
    await once(app.listen(0, '127.0.0.1'), 'listening')
    const tunnel = await openTo({ port: portOf(app) })
    const channel: SshChannel = Object.assign(new PassThrough(), { close: () => undefined })
    clients[0]?.emit('tcp connection', {}, () => channel)
    await until(() => apps.length === 1 && sockets.length === 1)
    for (const socket of sockets) socket.destroy()
    expect(await tunnel.closed).toMatchObject({ code: 'ERR_GATEWAY_NETWORK' })
    await until(() => apps[0]?.destroyed === true)
    await new Promise((resolve) => void app.close(resolve))
  })
})
