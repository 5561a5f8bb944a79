import { CallbackError } from '../../lib/errors'
import { findPeer } from '../../lib/peers'
import type { Tunnel, TunnelRequest } from '../../lib/types'
import { AUTHTOKEN_PAGE, maskAuthtoken, readNgrokError, readNgrokNumber } from './ngrok-errors'
import { readNgrokOptions } from './ngrok-options'
import { writeAddress } from './options'

/** As much of the package `@ngrok/ngrok` as is called. */
export interface NgrokPackage {
  readonly SessionBuilder: new () => NgrokSessionBuilder
}

export interface NgrokSessionBuilder {
  authtoken(authtoken: string): this
  handleDisconnection(decide: (address: string, error: string) => boolean): this
  connect(): Promise<NgrokSession>
}

export interface NgrokSession {
  httpEndpoint(): NgrokEndpoint
  close(): Promise<void>
}

export interface NgrokEndpoint {
  domain(domain: string): this
  listenAndForward(url: string): Promise<NgrokListener>
}

export interface NgrokListener {
  url(): string | null
  close(): Promise<void>
}

/** How long the package has to open a tunnel. */
const OPEN_MS = 60_000

/** Gives the package `@ngrok/ngrok`; undefined when it is not installed. Throws `ERR_GATEWAY_PROGRAM` when it is broken. */
export function findNgrokPackage(): NgrokPackage | undefined {
  try {
    const found: unknown = findPeer<unknown>(() => require('@ngrok/ngrok'))
    if (found === undefined || isNgrokPackage(found)) return found
    throw new TypeError('it has no SessionBuilder')
  } catch (error) {
    const message = `The package @ngrok/ngrok cannot be used: ${textOf(error)}. Install it again: npm install @ngrok/ngrok`
    throw new CallbackError('ERR_GATEWAY_PROGRAM', { message, cause: error })
  }
}

/**
 * Opens a tunnel in this process, on a session of its own. A session that is lost is not taken up again by the package,
 * whose waits grow to hours: the tunnel ends, and the next one asks for the same host.
 */
export async function openNgrokPackage(ngrok: NgrokPackage, request: TunnelRequest): Promise<Tunnel> {
  const { authtoken, domain } = readNgrokOptions(request)
  const { signal, logger, port } = request
  if (authtoken === undefined) throw noAuthtoken()
  signal.throwIfAborted()
  let onLost = (_reason: string): void => undefined
  const closed = new Promise<CallbackError>((resolve) => {
    onLost = (reason) => resolve(lostSession(reason, authtoken))
  })
  const builder = new ngrok.SessionBuilder().authtoken(authtoken).handleDisconnection((_address, reason) => {
    onLost(reason)
    return false
  })

  const opening = openSession(builder, request, domain)
  const limits = watch(request)
  try {
    const { session, listener } = await Promise.race([opening, limits.passed])
    const publicUrl = (listener.url() ?? '').replace(/\/$/, '')
    logger.debug({ port, program: 'ngrok' }, `[ngrok] @ngrok/ngrok forwards ${publicUrl}`)
    let closing: Promise<void> | undefined
    return {
      publicUrl,
      isStable: domain !== undefined,
      closed,
      close() {
        closing ??= closeAll(listener, session)
        return closing
      },
    }
  } catch (error) {
    // What comes too late is closed, and what fails too late is nobody's.
    void opening.then(({ session, listener }) => closeAll(listener, session)).catch(() => undefined)
    throw error === signal.reason || error instanceof CallbackError ? error : readFailure(error, authtoken)
  } finally {
    limits.release()
  }
}

interface Opened {
  readonly session: NgrokSession
  readonly listener: NgrokListener
}

async function openSession(builder: NgrokSessionBuilder, request: TunnelRequest, domain?: string): Promise<Opened> {
  const { previousUrl, signal } = request
  const url = `http://${writeAddress(request)}`
  const session = await builder.connect()
  try {
    signal.throwIfAborted()
    const host = domain ?? (previousUrl === undefined ? undefined : new URL(previousUrl).host)
    if (host === undefined) return { session, listener: await session.httpEndpoint().listenAndForward(url) }
    try {
      return { session, listener: await session.httpEndpoint().domain(host).listenAndForward(url) }
    } catch (error) {
      // The host that it had before was never promised; a configured one is.
      if (domain !== undefined || readNgrokNumber(textOf(error)) === undefined) throw error
      return { session, listener: await session.httpEndpoint().listenAndForward(url) }
    }
  } catch (error) {
    await closeAll(session)
    throw error
  }
}

/** Closes in this order. A session that was lost cannot say so to ngrok, and rejects. */
async function closeAll(...parts: readonly { close(): Promise<void> }[]): Promise<void> {
  for (const part of parts) await part.close().catch(() => undefined)
}

/** Rejects when the tunnel is not wanted any more, and when it takes too long. */
function watch({ signal, clock }: TunnelRequest): { readonly passed: Promise<never>; release(): void } {
  let onPassed = (_error: unknown): void => undefined
  const passed = new Promise<never>((_resolve, reject) => {
    onPassed = reject
  })
  passed.catch(() => undefined)
  const onAbort = (): void => onPassed(signal.reason)
  const deadline = clock.setTimeout(() => {
    const message = `@ngrok/ngrok opened no tunnel within ${OPEN_MS / 1000} s. Does a firewall or proxy let it out?`
    onPassed(new CallbackError('ERR_GATEWAY_TIMEOUT', { message }))
  }, OPEN_MS)
  signal.addEventListener('abort', onAbort)
  return {
    passed,
    release() {
      clock.clearTimeout(deadline)
      signal.removeEventListener('abort', onAbort)
    },
  }
}

function noAuthtoken(): CallbackError {
  const message =
    '@ngrok/ngrok needs the authtoken of an account, and neither "authtoken" of the gateway nor NGROK_AUTHTOKEN is set. ' +
    `A free account shows it on ${AUTHTOKEN_PAGE}`
  return new CallbackError('ERR_GATEWAY_AUTH', { message })
}

/** No `cause`: the original message repeats the authtoken. */
function readFailure(error: unknown, authtoken: string): CallbackError {
  return readNgrokError(textOf(error), [authtoken])
}

function lostSession(reason: string, authtoken: string): CallbackError {
  if (readNgrokNumber(reason) !== undefined) return readNgrokError(reason, [authtoken])
  const message = `The session with ngrok was lost: ${maskAuthtoken(reason, [authtoken])}`
  return new CallbackError('ERR_GATEWAY_NETWORK', { message })
}

/** The number of an error stands in its `errorCode`, in its message, or in both. */
function textOf(error: unknown): string {
  const { message, errorCode } = new Object(error) as { readonly message?: unknown; readonly errorCode?: unknown }
  if (typeof message !== 'string') return String(error)
  const text = message.replaceAll(/\berror_code:\s*/g, '')
  return typeof errorCode !== 'string' || text.includes(errorCode) ? text : `${text} ${errorCode}`
}

function isNgrokPackage(value: unknown): value is NgrokPackage {
  return (
    typeof value === 'object' &&
    value !== null &&
    'SessionBuilder' in value &&
    typeof value.SessionBuilder === 'function'
  )
}
