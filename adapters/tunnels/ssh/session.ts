import { connect } from 'node:net'
import { CallbackError } from '../../../lib/base/errors'
import type { Clock } from '../../../lib/base/contracts'
import { badOptions } from '../options'
import type { SshLogin } from './auth'
import { readErrorParts } from './error-parts'
import { connectionLost, explainSshError, KEEPALIVES } from './errors'
import type { HostKeyCheck } from './host-key'
import type { AuthHandler, SshClient, SshConfig, SshLibrary } from './library'
import type { SshServer } from './server'

export interface SessionOptions {
  readonly server: SshServer
  readonly login: SshLogin
  readonly hostKey: HostKeyCheck
  readonly clock: Clock
}

/** A connection to an ssh server, from the first packet to the last. */
export interface SshSession {
  readonly client: SshClient
  /** Resolves when the user is logged in. Never settles when the login fails: see `ended`. */
  readonly ready: Promise<void>
  /** Resolves with the reason when the connection is gone, and with undefined after `end`. */
  readonly ended: Promise<unknown>
  /** Cuts it off at once, for this reason. */
  fail(reason: unknown): void
  /** Says goodbye, so that the server frees its port, and cuts off what is still there a second later. */
  end(): Promise<void>
}

/** How long a server has to close its side of the connection. */
const GOODBYE_MS = 1000

const RESETS: ReadonlySet<unknown> = new Set(['ECONNRESET', 'EPIPE'])

/** Begins to connect. The socket is made here, since ssh2 does not let go of one that is half closed. */
export function openSession({ Client }: SshLibrary, options: SessionOptions): SshSession {
  const { server, login, hostKey, clock } = options
  const socket = connect({ host: server.host, port: server.port, noDelay: true })
  const client = new Client()
  const steps = createLoginSteps(login)
  let reason: unknown
  let isUp = false
  let isEnding = false

  function fail(error: unknown): void {
    reason ??= error
    socket.destroy()
  }

  const ended = new Promise<unknown>((resolve) => {
    socket.once('close', () => resolve(isEnding ? undefined : (reason ?? connectionLost(server, isUp))))
  })
  const ready = new Promise<void>((resolve) => {
    client.on('ready', () => {
      isUp = true
      resolve()
    })
  })
  client.on('error', (error) => {
    // A server that dies resets the connection when something of ours was still on its way, and closes it otherwise.
    if (isUp && RESETS.has(readErrorParts(error).code)) return fail(connectionLost(server, isUp))
    const explained = steps.explain(error, server)
    if (explained !== undefined) fail(explained)
  })
  client.on('end', () => socket.destroy())
  client.on('change password', () => fail(passwordExpired(server, login)))
  const hostVerifier = createVerifier(hostKey, (refusal) => (reason ??= refusal))
  startClient(client, options, { sock: socket, authHandler: steps.next, hostVerifier }, fail)

  return {
    client,
    ready,
    ended,
    fail,
    async end() {
      isEnding = true
      if (isUp) client.end()
      else socket.destroy()
      const timer = clock.setTimeout(() => socket.destroy(), GOODBYE_MS)
      await ended
      clock.clearTimeout(timer)
    },
  }
}

interface LoginSteps {
  readonly next: AuthHandler
  /** Returns why the session breaks; undefined for an error after which it goes on. */
  explain(error: unknown, server: SshServer): CallbackError | undefined
}

/** Tries the ways to log in one after the other, and remembers what the server and the agent said. */
function createLoginSteps(login: SshLogin): LoginSteps {
  const methods = [...login.methods]
  let accepted: readonly string[] = []
  let agentError: string | undefined
  return {
    next(left) {
      accepted = left ?? accepted
      return methods.shift() ?? false
    },
    explain(error, server) {
      const { level, message } = readErrorParts(error)
      if (level !== 'agent') return explainSshError(error, { server, login, accepted, agentError })
      // ssh2 goes on with the next key when the agent did not sign with one.
      agentError = message
      return undefined
    },
  }
}

function createVerifier(hostKey: HostKeyCheck, onRefusal: (refusal: CallbackError) => void): (key: Buffer) => boolean {
  return (key) => {
    const refusal = hostKey.check(key)
    if (refusal !== undefined) onRefusal(refusal)
    return refusal === undefined
  }
}

function startClient(
  client: SshClient,
  { server, login, hostKey }: SessionOptions,
  parts: Pick<SshConfig, 'sock' | 'authHandler' | 'hostVerifier'>,
  fail: (reason: unknown) => void,
): void {
  try {
    client.connect({
      ...parts,
      username: login.username,
      ...(hostKey.keyTypes && { algorithms: { serverHostKey: hostKey.keyTypes } }),
      keepaliveInterval: server.keepaliveIntervalMs,
      keepaliveCountMax: KEEPALIVES,
      readyTimeout: 0,
    })
  } catch (error) {
    // ssh2 refuses the options; another attempt would have the same ones.
    fail(badOptions(`ssh2 does not connect to ${server.name}: ${readErrorParts(error).message}`))
  }
}

function passwordExpired({ name }: SshServer, { username }: SshLogin): CallbackError {
  const message = `The ssh server ${name} wants a new password for "${username}": log in by hand once to change it`
  return new CallbackError('ERR_GATEWAY_AUTH', { message })
}
