import { EventEmitter, once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { forwardConnections, type SshForward } from '../../adapters/tunnels/ssh/forward'
import type { SshClient } from '../../adapters/tunnels/ssh/library'
import { createKeptLog, until } from './ssh-request'

/** A channel that does what those of ssh2 do, and keeps what is written to it. */
class FakeChannel extends Duplex {
  written = ''
  calls: string[] = []
  constructor() {
    super({ allowHalfOpen: true, emitClose: false, autoDestroy: false })
  }
  override _read(): void {
    // It is pushed.
  }
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.written += chunk.toString()
    done()
  }
  override _final(done: () => void): void {
    this.calls.push('end')
    done()
  }
  close(): void {
    this.calls.push('close')
  }
  override destroy(): this {
    this.end()
    this.close()
    return this
  }
}

class FakeClient extends EventEmitter implements SshClient {
  connect(): void {
    throw new Error('not used')
  }
  forwardIn(): void {
    throw new Error('not used')
  }
  end(): void {
    throw new Error('not used')
  }
}

describe('connections from the server', () => {
  const { logger } = createKeptLog()
  let server: Server
  let forward: SshForward
  let client: FakeClient
  let apps: Socket[]

  beforeEach(async () => {
    apps = []
    server = createServer({ allowHalfOpen: true }, (socket) => void apps.push(socket.on('error', () => undefined)))
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const address = server.address()
    client = new FakeClient()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    forward = forwardConnections(client, { host: '127.0.0.1', port, logger })
  })

  afterEach(async () => {
    forward.close()
    for (const app of apps) app.destroy()
    await new Promise((resolve) => void server.close(resolve))
  })

  async function join(): Promise<{ readonly channel: FakeChannel; readonly app: Socket }> {
    const channel = new FakeChannel()
    let isAccepted = false
    const accept = (): FakeChannel => {
      isAccepted = true
      return channel
    }
    client.emit('tcp connection', {}, accept, () => undefined)
    expect(isAccepted).toBe(false)
    await until(() => isAccepted && apps.length > 0)
    const app = apps.at(-1)
    if (app === undefined) throw new Error('nobody connected')
    return { channel, app }
  }

  test('reach the app when the app has ended its own side', async () => {
    const { channel, app } = await join()
    let received = ''
    app.on('data', (chunk) => void (received += chunk.toString()))
    app.end('bye')
    await until(() => channel.calls.includes('end'))
    channel.push('more')
    channel.push(null)
    await until(() => received === 'more')
    expect(channel.written).toBe('bye')
    await until(() => channel.calls.includes('close'))
    expect(channel.calls).toEqual(['end', 'close'])
  })

  test('survive errors of their channels', async () => {
    const { channel } = await join()
    expect(() => channel.emit('error', new Error('written to after its end'))).not.toThrow()
  })

  test('end with the tunnel, also when nobody reads', async () => {
    const { channel, app } = await join()
    app.pause()
    while (channel.push(Buffer.alloc(65_536)));
    forward.close()
    await once(app.resume(), 'end')
    expect(channel.calls).toEqual([])
  })

  test('are not taken up after the end of the tunnel', () => {
    forward.close()
    const never = (): never => {
      throw new Error('called')
    }
    client.emit('tcp connection', {}, never, never)
    expect(apps).toEqual([])
  })
})
