import { CallbackError } from '../../../lib/base/errors'
import { findPeer } from '../../../lib/base/peers'
import { onAbort, sleep, withinLimit } from '../../../lib/base/timers'
import type { Tunnel, TunnelRequest } from '../../../lib/base/contracts'
import { AUTHTOKEN_PAGE, maskAuthtoken, readNgrokError, readNgrokNumber, readThrown } from './errors'
import { readNgrokOptions } from './options'
import { type NgrokSession, type NgrokSessionBuilder, openNgrokSession } from './session'
import { readNumber } from '../options'

/** As much of the package `@ngrok/ngrok` as is called. */
export interface NgrokPackage {
  readonly SessionBuilder: new () => NgrokSessionBuilder
}

/** How long the package has to open a tunnel. */
const OPEN_MS = 60_000

/**
 * Loads the package `@ngrok/ngrok`; undefined when it is not installed. Throws `ERR_GATEWAY_PROGRAM` when it is broken.
 */
export function findNgrokPackage(): NgrokPackage | undefined {
  try {
    const found: unknown = findPeer<unknown>('@ngrok/ngrok', () => require('@ngrok/ngrok'))
    if (found === undefined || isNgrokPackage(found)) return found
    throw new TypeError('it has no SessionBuilder')
  } catch (error) {
    const message = `The package @ngrok/ngrok cannot be used: ${readThrown(error)}. Install it again: npm install @ngrok/ngrok`
    throw new CallbackError('ERR_GATEWAY_PROGRAM', { message, cause: error })
  }
}

/**
 * Opens a tunnel in this process, on a session of its own. The package may not connect a lost session again, since its
 * pauses grow to hours: the tunnel ends, and the next one asks for the same host.
 */
export async function openNgrokPackage(ngrok: NgrokPackage, request: TunnelRequest): Promise<Tunnel> {
  const { authtoken, domain } = readNgrokOptions(request)
  const { signal, logger, port } = request
  if (authtoken === undefined) throw noAuthtoken()
  signal.throwIfAborted()
  const lost = new AbortController()
  const builder = new ngrok.SessionBuilder().authtoken(authtoken).handleDisconnection((_address, reason) => {
    lost.abort(lostSession(reason, authtoken))
    return false
  })
  try {
    const session = await openInTime(builder, request, domain)
    const closed = whenAborted(lost.signal)
    void closed.then(session.close)
    await settle(session, { ...request, signal: AbortSignal.any([signal, lost.signal]) })
    const { publicUrl, close } = session
    logger.debug({ port, program: 'ngrok' }, `[ngrok] @ngrok/ngrok forwards ${publicUrl}`)
    return { publicUrl, isStable: domain !== undefined, closed, close }
  } catch (error) {
    // No `cause`: the original message repeats the authtoken.
    const isOurs = error instanceof CallbackError || (signal.aborted && error === signal.reason)
    throw isOurs ? error : readNgrokError(readThrown(error), [authtoken])
  }
}

/** A session that opens too late is closed; an error after the limit is dropped. */
async function openInTime(
  builder: NgrokSessionBuilder,
  request: TunnelRequest,
  domain?: string,
): Promise<NgrokSession> {
  const { clock, signal } = request
  const limit = { clock, signal, limitMs: OPEN_MS, tooLate }
  let opening: Promise<NgrokSession> | undefined
  try {
    return await withinLimit(
      limit,
      (over) => (opening = openNgrokSession(builder, { ...request, signal: over }, domain)),
    )
  } catch (error) {
    opening?.then(({ close }) => close()).catch(() => undefined)
    throw error
  }
}

async function settle({ close }: NgrokSession, { options, clock, signal }: TunnelRequest): Promise<void> {
  const settleMs = readNumber(options, 'settleMs') ?? 0
  try {
    signal.throwIfAborted()
    if (settleMs > 0) await sleep(clock, settleMs, signal)
  } catch (error) {
    await close()
    throw error
  }
}

function whenAborted(signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => void onAbort(signal, resolve))
}

function tooLate(): CallbackError {
  const message = `@ngrok/ngrok opened no tunnel within ${OPEN_MS / 1000} s. Does a firewall or proxy let it out?`
  return new CallbackError('ERR_GATEWAY_TIMEOUT', { message })
}

function noAuthtoken(): CallbackError {
  const message =
    '@ngrok/ngrok needs the authtoken of an account, and neither "authtoken" of the gateway nor NGROK_AUTHTOKEN is set. ' +
    `A free account shows it on ${AUTHTOKEN_PAGE}`
  return new CallbackError('ERR_GATEWAY_AUTH', { message })
}

function lostSession(reason: string, authtoken: string): CallbackError {
  if (readNgrokNumber(reason) !== undefined) return readNgrokError(reason, [authtoken])
  const message = `The session with ngrok was lost: ${maskAuthtoken(reason, [authtoken])}`
  return new CallbackError('ERR_GATEWAY_NETWORK', { message })
}

function isNgrokPackage(value: unknown): value is NgrokPackage {
  return (
    typeof value === 'object' &&
    value !== null &&
    'SessionBuilder' in value &&
    typeof value.SessionBuilder === 'function'
  )
}
