import { once } from 'node:events'
import { writeFileSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { openSsh } from '../../adapters/tunnels/ssh/ssh'
import type { CallbackError } from '../../lib/base/errors'
import type { Tunnel, TunnelRequest } from '../../lib/base/contracts'
import { createFakeClock } from '../helpers/fake-clock'
import { findFreePorts } from '../helpers/free-ports'
import {
  createKeptLog,
  createSshRequest,
  failureOf,
  type EchoApp,
  post,
  type RequestParts,
  sha256,
  startEchoApp,
  until,
} from './ssh-request'
import {
  createKey,
  createKeyFolder,
  createSshUser,
  type Sshd,
  type SshdOptions,
  type SshUser,
  startSshd,
  withoutSshd,
} from './use-sshd'

const describeSshd = withoutSshd === undefined ? describe : describe.skip

describeSshd(`through a real sshd${withoutSshd === undefined ? '' : ` (skipped: ${withoutSshd})`}`, () => {
  const folder = createKeyFolder()
  const knownHosts = join(folder, 'known_hosts')
  const running: Sshd[] = []
  const open: Tunnel[] = []
  const servers: Server[] = []
  let user: SshUser
  let app: EchoApp
  let key: string
  let hostKey: string

  beforeAll(async () => {
    user = createSshUser()
    key = createKey(folder, 'login')
    hostKey = createKey(folder, 'host')
    app = await startEchoApp()
  })

  afterEach(async () => {
    for (const sshd of running) sshd.signal('SIGCONT')
    for (const tunnel of open.splice(0)) await tunnel.close()
    for (const sshd of running.splice(0)) await sshd.close()
    for (const server of servers.splice(0)) await new Promise((resolve) => void server.close(resolve))
  })

  afterAll(async () => {
    await app.close()
    user.remove()
    rmSync(folder, { recursive: true })
  })

  async function start(over: Partial<SshdOptions> = {}): Promise<Sshd> {
    const sshd = await startSshd({ hostKeys: [hostKey], authorized: [`${key}.pub`], ...over })
    running.push(sshd)
    writeFileSync(knownHosts, sshd.knownHosts)
    return sshd
  }

  function requestTo(sshd: Sshd, over: Partial<RequestParts> = {}): TunnelRequest {
    const auth = { type: 'keyfile', username: user.name, keyfile: key }
    const connection = { host: '127.0.0.1', port: sshd.port, knownHosts, auth, ...over.connection }
    return createSshRequest({ port: app.port, remotePort: 0, ...over, connection })
  }

  async function openTo(sshd: Sshd, over: Partial<RequestParts> = {}): Promise<Tunnel> {
    const tunnel = await openSsh(requestTo(sshd, over))
    open.push(tunnel)
    return tunnel
  }

  async function failure(sshd: Sshd, over: Partial<RequestParts> = {}): Promise<CallbackError> {
    return failureOf(openTo(sshd, over))
  }

  async function listenLocally(onSocket: (socket: Socket) => void): Promise<number> {
    const server = createServer({ allowHalfOpen: true }, onSocket)
    servers.push(server)
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const address = server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  function remotePortOf({ publicUrl }: Tunnel): number {
    return Number(new URL(publicUrl).port)
  }

  describe('a tunnel', () => {
    test('leads a POST to the local app and its answer back', async () => {
      const tunnel = await openTo(await start())
      expect(await post(`${tunnel.publicUrl}/done?id=1`, 'hello')).toBe(`POST /done?id=1 ${sha256('hello')}`)
    })

    test('leads 20 requests at once', async () => {
      const { publicUrl } = await openTo(await start())
      const bodies = Array.from({ length: 20 }, (_, index) => `body ${index}`)
      const answers = await Promise.all(bodies.map(async (body) => post(`${publicUrl}/`, body)))
      expect(answers).toEqual(bodies.map((body) => `POST / ${sha256(body)}`))
    })

    test('leads a POST with a body of 5 MB', async () => {
      const body = Buffer.alloc(5 * 1024 * 1024, 'callback ')
      const { publicUrl } = await openTo(await start())
      expect(await post(`${publicUrl}/big`, body)).toBe(`POST /big ${sha256(body)}`)
    })

    test('leads 5 MB there and back at once', async () => {
      const body = Buffer.alloc(5 * 1024 * 1024, 'callback ')
      const port = await listenLocally((socket) => void socket.pipe(socket))
      const { publicUrl } = await openTo(await start(), { port })
      const socket = connect({ port: Number(new URL(publicUrl).port), host: '127.0.0.1', allowHalfOpen: true })
      const chunks: Buffer[] = []
      socket.on('data', (chunk) => void chunks.push(chunk))
      socket.end(body)
      await once(socket, 'close')
      expect(Buffer.concat(chunks).equals(body)).toBe(true)
    })

    test('stays half open: an answer arrives after the caller has ended', async () => {
      const port = await listenLocally((socket) => {
        socket.resume()
        socket.on('end', () => socket.end('late answer'))
      })
      const socket = connect({
        port: remotePortOf(await openTo(await start(), { port })),
        host: '127.0.0.1',
        allowHalfOpen: true,
      })
      let answer = ''
      socket.on('data', (chunk) => void (answer += chunk.toString()))
      socket.end('question')
      await once(socket, 'close')
      expect(answer).toBe('late answer')
    })

    test.each([0, 1])('tells a caller that the local app has broken off, after %d bytes', async (bytes) => {
      const port = await listenLocally((socket) => {
        socket.on('error', () => undefined)
        if (bytes === 0) socket.resetAndDestroy()
        else socket.once('data', () => void socket.resetAndDestroy())
      })
      const tunnel = await openTo(await start(), { port })
      const caller = connect({ port: remotePortOf(tunnel), host: '127.0.0.1', allowHalfOpen: true })
      caller.on('error', () => undefined).resume()
      caller.write('x')
      await new Promise((resolve) => void caller.once('end', resolve).once('close', resolve))
      // It goes on without an end of its own; it must be told that nobody reads.
      await until(() => !caller.write('y') || caller.destroyed)
      expect(await Promise.race([tunnel.closed, Promise.resolve('open')])).toBe('open')
    })

    test('tells the local app that a caller has broken off', async () => {
      const local: Socket[] = []
      const port = await listenLocally((socket) => void local.push(socket.on('error', () => undefined).resume()))
      const tunnel = await openTo(await start(), { port })
      const caller = connect(remotePortOf(tunnel), '127.0.0.1')
      caller.write('x')
      await until(() => local[0]?.bytesRead === 1)
      const ended = once(local[0] ?? caller, 'end')
      caller.resetAndDestroy()
      await ended
      await until(() => local[0]?.write('y') === undefined || local[0].destroyed)
      expect(await Promise.race([tunnel.closed, Promise.resolve('open')])).toBe('open')
    })

    test('turns callers away while nothing listens locally, and goes on', async () => {
      const [port = 0] = await findFreePorts(1)
      const { logger, lines } = createKeptLog()
      const tunnel = await openTo(await start(), { port, logger })
      await expect(post(tunnel.publicUrl, 'x')).rejects.toThrow(/socket hang up|ECONNRESET/)
      await expect(post(tunnel.publicUrl, 'x')).rejects.toThrow(/socket hang up|ECONNRESET/)
      const turned = lines.filter(({ message }) => message.includes(`127.0.0.1:${port} does not answer`))
      expect(turned.map(({ level }) => level)).toEqual(['warn', 'debug'])
      const server = createServer((socket) => void socket.end('up'))
      servers.push(server)
      await once(server.listen(port, '127.0.0.1'), 'listening')
      const caller = connect(remotePortOf(tunnel), '127.0.0.1')
      const [answer] = await once(caller, 'data')
      expect(String(answer)).toBe('up')
      caller.destroy()
    })

    test('ends with everything that runs through it, and may be closed again', async () => {
      const local: Socket[] = []
      const port = await listenLocally((socket) => void local.push(socket.resume()))
      const sshd = await start()
      const tunnel = await openTo(sshd, { port })
      const caller = connect(remotePortOf(tunnel), '127.0.0.1')
      caller.write('x')
      await until(() => local[0]?.bytesRead === 1)
      const gone = [once(caller, 'close'), once(local[0] ?? caller, 'end')]
      await Promise.all([tunnel.close(), tunnel.close()])
      await tunnel.close()
      await Promise.all(gone)
      local[0]?.destroy()
      expect(await tunnel.closed).toBeUndefined()
      await until(() => sshd.log().includes('Received disconnect'))
      const again = await openTo(sshd, { remotePort: remotePortOf(tunnel) })
      expect(again.publicUrl).toBe(tunnel.publicUrl)
    })
  })

  describe('the public URL', () => {
    test('is the host and the port that the server chose, with a warning of what that assumes', async () => {
      const { logger, lines } = createKeptLog()
      const tunnel = await openTo(await start(), { logger })
      expect(tunnel).toMatchObject({ publicUrl: `http://${tunnel.publicAddress}`, isStable: false })
      expect(tunnel.publicAddress).toMatch(/^127\.0\.0\.1:\d{4,5}$/)
      expect(lines).toEqual([
        {
          level: 'warn',
          message:
            `[Gateway] ${tunnel.publicUrl} assumes that everybody reaches port ${remotePortOf(tunnel)} of the ssh server ` +
            '("GatewayPorts clientspecified" in its sshd_config, no firewall in between), and that plain http will do. ' +
            'Write "public_url" when the port is reached under another URL',
        },
      ])
    })

    test('is stable with a port of ours', async () => {
      const [remotePort = 0] = await findFreePorts(1)
      const tunnel = await openTo(await start(), { remotePort })
      expect(tunnel).toMatchObject({ publicUrl: `http://127.0.0.1:${remotePort}`, isStable: true })
    })

    test('has the number of the local port when nothing else is said', async () => {
      const [port = 0] = await findFreePorts(1)
      const request = requestTo(await start(), { port })
      const { remotePort: _none, ...options } = request.options
      const tunnel = await openSsh({ ...request, options })
      open.push(tunnel)
      expect(tunnel.publicUrl).toBe(`http://127.0.0.1:${port}`)
    })

    test('is the one of the config, without a warning', async () => {
      const [remotePort = 0] = await findFreePorts(1)
      const { logger, lines } = createKeptLog()
      const options = { publicUrl: 'https://hooks.example.org' }
      const tunnel = await openTo(await start(), { remotePort, logger, options })
      expect(tunnel).toMatchObject({
        publicUrl: 'https://hooks.example.org',
        publicAddress: `127.0.0.1:${remotePort}`,
        isStable: true,
      })
      expect(lines).toEqual([])
    })

    test('of the config with a port of the server: the log says which', async () => {
      const { logger, lines } = createKeptLog()
      const options = { publicUrl: 'https://hooks.example.org' }
      const { publicAddress } = await openTo(await start(), { logger, options })
      const remotePort = publicAddress?.split(':')[1]
      expect(lines).toEqual([
        {
          level: 'warn',
          message: expect.stringContaining(`https://hooks.example.org must lead to port ${remotePort}`),
        },
      ])
    })

    test('stays when the server may choose, and the warning is not repeated', async () => {
      const sshd = await start()
      const first = await openTo(sshd)
      await first.close()
      const { logger, lines } = createKeptLog()
      const second = await openTo(sshd, { previousUrl: first.publicUrl, logger })
      expect(second.publicUrl).toBe(first.publicUrl)
      expect(lines).toEqual([])
    })

    test('changes when the server may choose and the former port is held', async () => {
      const sshd = await start()
      const first = await openTo(sshd)
      const clock = createFakeClock()
      const opening = openTo(sshd, { previousUrl: first.publicUrl, clock })
      for (let pauses = 1; pauses < 3; pauses++) {
        // The deadline and the pause.
        await until(() => clock.timers === 2)
        clock.advance(2000)
      }
      const second = await opening
      expect(second.publicUrl).not.toBe(first.publicUrl)
      expect(await post(second.publicUrl, 'x')).toContain('POST /')
    })

    test.each(['http://other.test:PORT', 'not a URL', 'https://127.0.0.1'])(
      'of former times is no wish when it is none of this server: %s',
      async (former) => {
        const [port = 0] = await findFreePorts(1)
        const previousUrl = former.replace('PORT', String(port))
        const tunnel = await openTo(await start(), { previousUrl })
        expect(remotePortOf(tunnel)).not.toBe(port)
        expect(await post(tunnel.publicUrl, 'x')).toContain('POST /')
      },
    )
  })

  describe('a port that cannot be had', () => {
    test('since another session holds it', async () => {
      const sshd = await start()
      const remotePort = remotePortOf(await openTo(sshd))
      const error = await failure(sshd, { remotePort })
      expect([error.code, error.message]).toEqual([
        'ERR_GATEWAY_PORT',
        `The ssh server 127.0.0.1:${sshd.port} does not listen on port ${remotePort}: another program or the session before ` +
          'this one still holds it (ClientAliveInterval ends a dead one); or it allows no forwarding ("AllowTcpForwarding yes", ' +
          '"PermitListen" in its sshd_config)',
      ])
    })

    test('since another program holds it, until it does not', async () => {
      const remotePort = await listenLocally((socket) => void socket.destroy())
      const sshd = await start()
      expect(await failure(sshd, { remotePort })).toMatchObject({ code: 'ERR_GATEWAY_PORT' })
      await new Promise((resolve) => void servers.pop()?.close(resolve))
      expect((await openTo(sshd, { remotePort })).publicUrl).toBe(`http://127.0.0.1:${remotePort}`)
    })

    test('since the server allows no forwarding', async () => {
      const error = await failure(await start({ config: ['AllowTcpForwarding no'] }))
      expect(error).toMatchObject({
        code: 'ERR_GATEWAY_PORT',
        message: expect.stringContaining('AllowTcpForwarding yes'),
      })
      expect(error.message).toContain('does not listen on a port of its choice')
    })

    test('may be one below 1024, which the message says', async () => {
      const error = await failure(await start({ config: ['AllowTcpForwarding no'] }), { remotePort: 80 })
      expect(error).toMatchObject({ code: 'ERR_GATEWAY_PORT', message: expect.stringContaining('only root') })
    })
  })

  describe('a server that', () => {
    test('is killed ends the tunnel; another attempt has the same URL', async () => {
      const [remotePort = 0] = await findFreePorts(1)
      const sshd = await start()
      const tunnel = await openTo(sshd, { remotePort })
      sshd.signal('SIGKILL')
      const reason = await tunnel.closed
      expect(reason).toMatchObject({
        code: 'ERR_GATEWAY_NETWORK',
        message: `The ssh server 127.0.0.1:${sshd.port} closed the connection: it was stopped, or ended the session`,
      })
      await sshd.close()
      const gone = await failure(sshd, { remotePort })
      expect(gone).toMatchObject({
        code: 'ERR_GATEWAY_NETWORK',
        message: expect.stringContaining('nothing listens there'),
      })
      const next = await openTo(await start({ port: sshd.port }), { remotePort, previousUrl: tunnel.publicUrl })
      expect(next.publicUrl).toBe(tunnel.publicUrl)
      expect(await post(next.publicUrl, 'x')).toBe(`POST / ${sha256('x')}`)
    })

    test('is frozen ends the tunnel by its keepalive; another attempt has the same URL', async () => {
      const sshd = await start()
      const tunnel = await openTo(sshd, { connection: { keepaliveIntervalMs: 100 } })
      sshd.signal('SIGSTOP')
      expect(await tunnel.closed).toMatchObject({
        code: 'ERR_GATEWAY_NETWORK',
        message: `The ssh server 127.0.0.1:${sshd.port} does not answer any more (3 keepalives, one every 0.1 s)`,
      })
      sshd.signal('SIGCONT')
      const remotePort = remotePortOf(tunnel)
      // The session before this one may hold the port for a moment.
      await until(async () => (await openOrCode(sshd, remotePort)) === 'open')
      expect(open.at(-1)?.publicUrl).toBe(tunnel.publicUrl)
    })

    async function openOrCode(sshd: Sshd, remotePort: number): Promise<string> {
      return openTo(sshd, { remotePort }).then(
        () => 'open',
        (error) => error.code,
      )
    }

    test('answers its keepalives keeps the tunnel', async () => {
      const sshd = await start({ config: ['LogLevel DEBUG1'] })
      const tunnel = await openTo(sshd, { connection: { keepaliveIntervalMs: 10 } })
      await until(() => sshd.log().split('keepalive@openssh.com').length > 10)
      expect(await Promise.race([tunnel.closed, Promise.resolve('open')])).toBe('open')
    })

    test('is frozen does not keep close() waiting for long', async () => {
      const sshd = await start()
      const clock = createFakeClock()
      const tunnel = await openTo(sshd, { clock })
      sshd.signal('SIGSTOP')
      const closing = tunnel.close()
      clock.advance(999)
      expect(await Promise.race([closing, Promise.resolve('waits')])).toBe('waits')
      clock.advance(1)
      await closing
      expect(clock.timers).toBe(0)
    })

    test('is frozen from the start is given up after 20 s', async () => {
      const sshd = await start()
      sshd.signal('SIGSTOP')
      const clock = createFakeClock()
      const opening = failure(sshd, { clock })
      clock.advance(20_000)
      expect(await opening).toMatchObject({
        code: 'ERR_GATEWAY_TIMEOUT',
        message: `The ssh server 127.0.0.1:${sshd.port} did not let us in and bind its port within 20 s`,
      })
      expect(clock.timers).toBe(0)
    })
  })
})
