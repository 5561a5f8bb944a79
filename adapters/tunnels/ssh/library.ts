import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { CallbackError } from '../../../lib/base/errors'
import { describeMissingPeer, findPeer, isInstalled } from '../../../lib/base/peers'

/** What is used of the package ssh2. */
export interface SshLibrary {
  readonly Client: new () => SshClient
  readonly utils: {
    /** Returns a key, or an error. */
    parseKey(text: string, passphrase?: string): unknown
  }
}

export interface SshClient {
  connect(config: SshConfig): unknown
  forwardIn(address: string, port: number, done: (error: unknown, port: number) => void): unknown
  end(): unknown
  on(event: 'ready' | 'end' | 'change password', listener: () => void): unknown
  on(event: 'error', listener: (error: unknown) => void): unknown
  on(event: 'tcp connection', listener: OnConnection): unknown
}

/** Somebody connects to the port on the server. */
export type OnConnection = (details: unknown, accept: () => SshChannel, reject: () => void) => void

/** One connection to the port on the server. */
export interface SshChannel extends Duplex {
  /** Tells the server that the channel is over; what is not written yet is lost. */
  close(): void
}

export interface SshConfig {
  readonly sock: Socket
  readonly username: string
  readonly authHandler: AuthHandler
  readonly hostVerifier: (key: Buffer) => boolean
  readonly algorithms?: { readonly serverHostKey: readonly string[] }
  readonly keepaliveInterval: number
  readonly keepaliveCountMax: number
  /** 0: never. */
  readonly readyTimeout: number
}

/**
 * Tells the next way to log in, or false when there is none. `left` are the ways that the server accepts, once it has
 * said so.
 */
export type AuthHandler = (accepted: readonly string[] | null) => AuthMethod | false

export type AuthMethod =
  | { readonly type: 'none'; readonly username: string }
  | { readonly type: 'password'; readonly username: string; readonly password: string }
  | { readonly type: 'publickey'; readonly username: string; readonly key: unknown }
  | { readonly type: 'agent'; readonly username: string; readonly agent: string }
  | { readonly type: 'keyboard-interactive'; readonly username: string; readonly prompt: Prompt }

/** Asked by the server; `echo` is false for what must not show on a screen. */
export type Prompt = (
  name: string,
  instructions: string,
  language: string,
  questions: readonly { readonly prompt: string; readonly echo?: boolean }[],
  answer: (answers: readonly string[]) => void,
) => void

/** Loads ssh2, which a user installs beside this package. Throws `ERR_GATEWAY_PROGRAM` when it is not there. */
export function loadSsh(load: () => SshLibrary): SshLibrary {
  const library = findPeer('ssh2', load)
  if (library !== undefined) return library
  throw noSsh()
}

/** Throws `ERR_GATEWAY_PROGRAM` when ssh2 is not there. */
export function lookForSsh(isThere = isInstalled): void {
  if (!isThere('ssh2')) throw noSsh()
}

function noSsh(): CallbackError {
  return new CallbackError('ERR_GATEWAY_PROGRAM', { message: describeMissingPeer('ssh2', 'An ssh-tunnel') })
}
