import { once } from 'node:events'
import { readFileSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { createSshDriver, openSsh } from '../../adapters/tunnels/ssh/ssh'
import { readErrorParts } from '../../adapters/tunnels/ssh/error-parts'
import type { SshLibrary } from '../../adapters/tunnels/ssh/library'
import { fingerprintOf } from '../../adapters/tunnels/ssh/known-hosts'
import { createFakeClock } from '../helpers/fake-clock'
import { findFreePorts } from '../helpers/free-ports'
import { type FakeSshServer, type LoginAttempt, type ServerClient, startFakeSshServer } from './ssh-fake-server'
import { createSshRequest, failureOf, type RequestParts, until } from './ssh-request'
import { createKey, createKeyFolder, withoutKeygen } from './use-sshd'

const connection = {
  host: '127.0.0.1',
  hostKey: `SHA256:${'A'.repeat(43)}`,
  auth: { type: 'password', username: 'me', password: 's3cret' },
}

function requestTo(port: number, over: Partial<RequestParts> = {}) {
  return createSshRequest({ port: 9, remotePort: 0, ...over, connection: { ...connection, port, ...over.connection } })
}

test.each([
  [new Error('one\r\n\u001B[31mtwo'), { message: 'one [31mtwo', code: undefined, level: undefined }],
  [
    { message: 'plain', code: 'EPIPE', level: 'client-socket' },
    { message: 'plain', code: 'EPIPE', level: 'client-socket' },
  ],
  [
    { message: 7, code: 2 },
    { message: '', code: undefined, level: undefined },
  ],
  ['text', { message: 'text', code: undefined, level: undefined }],
  [null, { message: 'null', code: undefined, level: undefined }],
])('what was thrown is read by its shape, and on one line (%#)', (error, parts) => {
  expect(readErrorParts(error)).toEqual(parts)
})

describe('before it connects, an attempt', () => {
  test('that is aborted already does nothing', async () => {
    const reason = new Error('not wanted')
    let isLoaded = false
    const driver = createSshDriver(() => {
      isLoaded = true
      return require('ssh2')
    })
    await expect(driver(requestTo(1, { signal: AbortSignal.abort(reason) }))).rejects.toBe(reason)
    expect(isLoaded).toBe(false)
  })

  test('says how to get ssh2 when it is not installed', async () => {
    const driver = createSshDriver(() => {
      throw Object.assign(new Error("Cannot find module 'ssh2'"), { code: 'MODULE_NOT_FOUND' })
    })
    expect(await failureOf(driver(requestTo(1)))).toMatchObject({
      code: 'ERR_GATEWAY_PROGRAM',
      message: 'An ssh-tunnel needs the package ssh2, which is not installed: npm install ssh2',
    })
  })
})

describe('at a port where', () => {
  const servers: Server[] = []

  afterEach(async () => {
    for (const server of servers.splice(0)) await new Promise((resolve) => void server.close(resolve))
  })

  async function listen(onSocket: (socket: Socket) => void): Promise<number> {
    const server = createServer(onSocket)
    servers.push(server)
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const address = server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  test('ssh2 throws by itself, nothing is left of the attempt', async () => {
    const sockets: Socket[] = []
    const port = await listen((socket) => void sockets.push(socket.on('error', () => undefined).resume()))
    const library: SshLibrary = require('ssh2')
    class Client extends library.Client {
      override connect(): never {
        throw new Error('Unsupported algorithm: test')
      }
    }
    const clock = createFakeClock()
    const driver = createSshDriver(() => ({ ...library, Client }))
    expect(await failureOf(driver(requestTo(port, { clock })))).toMatchObject({
      code: 'ERR_GATEWAY_OPTIONS',
      message: `ssh2 does not connect to 127.0.0.1:${port}: Unsupported algorithm: test`,
    })
    expect([clock.timers, sockets.filter(({ destroyed }) => !destroyed)]).toEqual([0, []])
  })

  test('nothing listens, it says so', async () => {
    const [port = 0] = await findFreePorts(1)
    const clock = createFakeClock()
    expect(await failureOf(openSsh(requestTo(port, { clock })))).toMatchObject({
      code: 'ERR_GATEWAY_NETWORK',
      message: `The ssh server 127.0.0.1:${port} cannot be reached: nothing listens there (ECONNREFUSED); check "host" and "port" of the connection`,
    })
    expect(clock.timers).toBe(0)
  })

  test.each([
    ['closes at once', (socket: Socket) => void socket.destroy()],
    ['ends at once', (socket: Socket) => void socket.end()],
    ['speaks HTTP', (socket: Socket) => void socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n')],
    ['speaks nonsense', (socket: Socket) => void socket.end('SSH-2.0-test\r\n\x00\x00\x00\x0cnonsense')],
  ])('somebody %s, it says so', async (_what, onSocket) => {
    const port = await listen((socket) => {
      socket.on('error', () => undefined).resume()
      onSocket(socket)
    })
    const { code, message } = await failureOf(openSsh(requestTo(port)))
    expect(code).toBe('ERR_GATEWAY_NETWORK')
    expect(message).toContain(`127.0.0.1:${port}`)
  })

  test('somebody says nothing, it gives up after 20 s', async () => {
    const sockets: Socket[] = []
    const port = await listen((socket) => void sockets.push(socket.on('error', () => undefined).resume()))
    const clock = createFakeClock()
    const opening = failureOf(openSsh(requestTo(port, { clock })))
    await until(() => sockets.length === 1)
    clock.advance(20_000)
    expect(await opening).toMatchObject({ code: 'ERR_GATEWAY_TIMEOUT' })
    await until(() => sockets[0]?.destroyed === true)
    expect(clock.timers).toBe(0)
  })

  test('somebody says nothing, it ends when it is aborted', async () => {
    const sockets: Socket[] = []
    const port = await listen((socket) => {
      socket.on('error', () => undefined)
      sockets.push(socket.resume())
    })
    const clock = createFakeClock()
    const abort = new AbortController()
    const opening = openSsh(requestTo(port, { clock, signal: abort.signal }))
    await until(() => (sockets[0]?.bytesRead ?? 0) > 0)
    const reason = new Error('not wanted')
    abort.abort(reason)
    await expect(opening).rejects.toBe(reason)
    await until(() => sockets[0]?.destroyed === true)
    expect(clock.timers).toBe(0)
  })

  test('it is about to connect, it ends when it is aborted', async () => {
    let connections = 0
    const port = await listen((socket) => {
      connections++
      socket.on('error', () => undefined).resume()
    })
    const clock = createFakeClock()
    const abort = new AbortController()
    const opening = openSsh(requestTo(port, { clock, signal: abort.signal }))
    abort.abort()
    await expect(opening).rejects.toBe(abort.signal.reason)
    expect(clock.timers).toBe(0)
    expect(connections).toBeLessThanOrEqual(1)
  })
})

const describeServer = withoutKeygen === undefined ? describe : describe.skip

describeServer(`with a server that${withoutKeygen === undefined ? '' : ` (skipped: ${withoutKeygen})`}`, () => {
  const folder = createKeyFolder()
  const servers: FakeSshServer[] = []
  let hostKey: string
  let pin: string

  beforeAll(() => {
    const file = createKey(folder, 'host')
    hostKey = readFileSync(file, 'utf8')
    pin = fingerprintOf(Buffer.from(readFileSync(`${file}.pub`, 'utf8').split(' ')[1] ?? '', 'base64'))
  })

  afterEach(async () => {
    for (const server of servers.splice(0)) {
      await until(() => server.clients() === 0)
      await server.close()
    }
  })

  afterAll(() => rmSync(folder, { recursive: true }))

  async function serve(onLogin: (login: LoginAttempt) => void, onClient = (_client: ServerClient): void => undefined) {
    const server = await startFakeSshServer(hostKey, (client) => {
      client.on('authentication', onLogin)
      onClient(client)
    })
    servers.push(server)
    return (over: Partial<RequestParts> = {}) =>
      requestTo(server.port, { ...over, connection: { hostKey: pin, ...over.connection } })
  }

  /** Resolves as soon as the server has come to a stage, and aborts there. */
  async function abortAt(
    stage: (reached: () => void) => Promise<ReturnType<typeof requestTo>>,
    clock = createFakeClock(),
  ) {
    const abort = new AbortController()
    let onReached = (): void => undefined
    const reached = new Promise<void>((resolve) => void (onReached = resolve))
    const request = await stage(onReached)
    const opening = openSsh({ ...request, clock, signal: abort.signal })
    opening.catch(() => undefined)
    await reached
    abort.abort()
    await expect(opening).rejects.toBe(abort.signal.reason)
    expect(clock.timers).toBe(0)
  }

  test('does not answer a login leaves nothing when it is aborted', async () => {
    await abortAt(async (reached) => (await serve(() => reached()))())
  })

  test('does not answer the request for a port leaves nothing when it is aborted', async () => {
    const hang = (reached: () => void) => (client: ServerClient) => void client.on('request', () => reached())
    await abortAt(async (reached) => (await serve((login) => login.accept(), hang(reached)))())
  })

  test('does not answer the request for a port is given up after 20 s', async () => {
    const clock = createFakeClock()
    let isAsked = false
    const request = await serve(
      (login) => login.accept(),
      (client) => void client.on('request', () => void (isAsked = true)),
    )
    const opening = failureOf(openSsh(request({ clock })))
    await until(() => isAsked)
    clock.advance(20_000)
    expect(await opening).toMatchObject({ code: 'ERR_GATEWAY_TIMEOUT' })
  })

  test('goes away instead of giving a port is a matter of the network', async () => {
    const request = await serve(
      (login) => login.accept(),
      (client) => void client.on('request', () => client.end()),
    )
    expect(await failureOf(openSsh(request()))).toMatchObject({
      code: 'ERR_GATEWAY_NETWORK',
      message: expect.stringContaining('closed the connection'),
    })
  })

  test('goes away during the login is a matter of the network', async () => {
    const clients: ServerClient[] = []
    const request = await serve(
      () => clients[0]?.end(),
      (client) => void clients.push(client),
    )
    expect(await failureOf(openSsh(request()))).toMatchObject({
      code: 'ERR_GATEWAY_NETWORK',
      message: expect.stringMatching(/before the login was done/),
    })
  })

  test('asks for a password by questions gets it once, and nothing that shows on a screen', async () => {
    const asked: (readonly string[])[] = []
    const request = await serve(
      (login) => {
        if (login.method !== 'keyboard-interactive') return login.reject(['keyboard-interactive'])
        login.prompt(
          [
            { prompt: 'Code: ', echo: true },
            { prompt: 'Password: ', echo: false },
          ],
          '',
          (answers) => {
            asked.push(answers)
            login.prompt([{ prompt: 'New password: ', echo: false }], '', (more) => {
              asked.push(more)
              login.accept()
            })
          },
        )
      },
      (client) => void client.on('request', (accept) => accept?.(4711)),
    )
    const tunnel = await openSsh(request())
    expect([asked, tunnel.publicAddress]).toEqual([[['', 's3cret'], ['']], '127.0.0.1:4711'])
    await tunnel.close()
  })

  test('lets nobody in says whom, how and what it would take, but not the password', async () => {
    const request = await serve((login) => login.reject(['publickey', 'hostbased']))
    const { code, message } = await failureOf(openSsh(request()))
    expect(code).toBe('ERR_GATEWAY_AUTH')
    expect(message).toMatch(
      /^The ssh server 127\.0\.0\.1:\d+ refused the user "me" with a password; it accepts publickey, hostbased\. Check user/,
    )
    expect(message).not.toContain('s3cret')
  })

  test('wants a new password says so', async () => {
    const request = await serve((login) => {
      if (login.method === 'password') return login.requestChange?.('Change it', () => undefined)
      login.reject(['password'])
    })
    expect(await failureOf(openSsh(request()))).toMatchObject({
      code: 'ERR_GATEWAY_AUTH',
      message: expect.stringContaining('wants a new password for "me"'),
    })
  })
})
