import { connect } from 'node:net'
import { CallbackError } from '../../lib/errors'
import type { Clock } from '../../lib/types'
import { badOptions } from './options'
import type { SshLogin } from './ssh-auth'
import { readErrorParts } from './ssh-error-parts'
import { connectionLost, explainSshError, KEEPALIVES } from './ssh-errors'
import type { HostKeyCheck } from './ssh-host-key'
import type { AuthHandler, SshClient, SshLibrary } from './ssh-library'
import type { SshServer } from './ssh-server'

export interface SessionOptions {
  readonly server: SshServer
  readonly login: SshLogin
  readonly hostKey: HostKeyCheck
  readonly clock: Clock
}

/** A connection to an ssh server, from the first packet to the last. */
export interface SshSession {
  readonly client: SshClient
  /** Resolves when the user is logged in. Does not settle when that never comes to pass: see `ended`. */
  readonly ready: Promise<void>
  /** Resolves, with the reason, when nothing is left of it; with undefined after `end`. */
  readonly ended: Promise<unknown>
  /** Cuts it off at once, for this reason. */
  fail(reason: unknown): void
  /** Says goodbye, so that the server frees its port, and cuts off what is still there a second later. */
  end(): Promise<void>
}

/** How long a server has to close its side of the connection. */
const GOODBYE_MS = 1000

/** Begins to connect. The socket is made here, since ssh2 does not let go of one that is half closed. */
export function openSession({ Client }: SshLibrary, { server, login, hostKey, clock }: SessionOptions): SshSession {
  const { host, port, keepaliveIntervalMs } = server
  const socket = connect({ host, port, noDelay: true })
  const client = new Client()
  const methods = [...login.methods]
  let accepted: readonly string[] = []
  let agentError: string | undefined
  let reason: unknown
  let isUp = false
  let isEnding = false

  function fail(error: unknown): void {
    reason ??= error
    socket.destroy()
  }

  function onError(error: unknown): void {
    // ssh2 goes on with the next key when the agent did not sign with one.
    const { level, message } = readErrorParts(error)
    if (level === 'agent') agentError = message
    else fail(explainSshError(error, { server, login, accepted, agentError }))
  }

  const authHandler: AuthHandler = (left) => {
    accepted = left ?? accepted
    return methods.shift() ?? false
  }

  function hostVerifier(key: Buffer): boolean {
    const refusal = hostKey.check(key)
    reason ??= refusal
    return refusal === undefined
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
  client.on('error', onError)
  client.on('end', () => socket.destroy())
  client.on('change password', () => fail(passwordExpired(server, login)))
  try {
    client.connect({
      sock: socket,
      username: login.username,
      authHandler,
      hostVerifier,
      ...(hostKey.keyTypes && { algorithms: { serverHostKey: hostKey.keyTypes } }),
      keepaliveInterval: keepaliveIntervalMs,
      keepaliveCountMax: KEEPALIVES,
      readyTimeout: 0,
    })
  } catch (error) {
    // It refuses what it is given; another attempt would give the same.
    fail(badOptions(`ssh2 does not connect to ${server.name}: ${readErrorParts(error).message}`))
  }

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

function passwordExpired({ name }: SshServer, { username }: SshLogin): CallbackError {
  const message = `The ssh server ${name} wants a new password for "${username}": log in by hand once to change it`
  return new CallbackError('ERR_GATEWAY_AUTH', { message })
}
