import { describeFound } from '../config/field/found'
import type { GatewaySpec } from '../config/normalize'
import { PUBLIC_URL } from '../config/field/values'
import { CallbackError, reasonOf } from '../base/errors'
import { isDoneWithin, startTimer } from '../base/timers'
import type { Tunnel, TunnelDriver, TunnelRequest } from '../base/contracts'
import type { PublicPlace } from './live-status'

/** A tunnel that was checked. */
export interface OpenTunnel {
  readonly tunnel: Tunnel
  /** Its URL has no slash at the end. */
  readonly place: PublicPlace
}

/** Keys that the request has as fields of its own, or that only the config uses. */
const NO_OPTIONS: ReadonlySet<string> = new Set(['at', 'location', 'type', 'driver', 'port', 'host'])

/** Returns what a driver may want to know of its gateway: every key that the config holds. */
export function tunnelOptionsOf(spec: GatewaySpec): TunnelRequest['options'] {
  const entries = Object.entries(spec).filter(([key, value]) => !NO_OPTIONS.has(key) && value !== undefined)
  return Object.freeze(Object.fromEntries(entries))
}

/**
 * Makes one attempt. Throws what the driver throws, and `ERR_GATEWAY_OPTIONS` when the driver returns something that
 * cannot be used: it would do so again.
 */
export async function openTunnel(driver: TunnelDriver, request: TunnelRequest): Promise<OpenTunnel> {
  const tunnel: unknown = await driver({ ...request, onPublicUrl })
  if (!isTunnel(tunnel)) throw unusable('it gave no tunnel; expected an object with publicUrl, closed and close()')
  // A tunnel that is closed before anybody listens may still say why it ended.
  Promise.resolve(tunnel.closed).catch(() => undefined)
  const publicUrl = PUBLIC_URL.read(tunnel.publicUrl)
  if (publicUrl !== undefined) return { tunnel, place: { publicUrl, publicAddress: tunnel.publicAddress } }
  await closeTunnel(tunnel, request)
  throw unusable(describeBadUrl(tunnel.publicUrl))

  function onPublicUrl(changed: string): void {
    const usable = PUBLIC_URL.read(changed)
    if (usable !== undefined) request.onPublicUrl(usable)
    else
      request.logger.warn(
        { port: request.port },
        `A tunnel of port ${request.port} changed: ${describeBadUrl(changed)}`,
      )
  }
}

/** How long a tunnel has to close; a program that does not stop is killed within 10 s. */
const CLOSE_MS = 12_000
/** After this time, a line of the log says what is waited for. */
const SLOW_MS = 1000

/** Closes a tunnel. A failure is logged, since there is nothing that the caller could do about it. */
export async function closeTunnel(
  tunnel: Tunnel,
  { port, logger, clock }: Pick<TunnelRequest, 'port' | 'logger' | 'clock'>,
): Promise<void> {
  const close = async (): Promise<void> => tunnel.close()
  const stopTimer = startTimer(clock, SLOW_MS, () =>
    logger.info({ port }, `[Gateway] Waiting for the tunnel of port ${port} to end`),
  )
  try {
    if (await isDoneWithin(clock, CLOSE_MS, close())) return
    logger.error({ port }, `A tunnel of port ${port} did not close within ${CLOSE_MS / 1000} s; it is left behind`)
  } catch (error) {
    logger.error({ err: error, port }, `A tunnel of port ${port} could not be closed: ${reasonOf(error)}`)
  } finally {
    stopTimer()
  }
}

function isTunnel(value: unknown): value is Tunnel {
  if (typeof value !== 'object' || value === null || !('closed' in value && 'close' in value)) return false
  return (
    typeof value.closed === 'object' &&
    value.closed !== null &&
    'then' in value.closed &&
    typeof value.close === 'function'
  )
}

function unusable(message: string): CallbackError {
  return new CallbackError('ERR_GATEWAY_OPTIONS', { message })
}

function describeBadUrl(url: unknown): string {
  return `it gave the public URL ${describeFound(url, [])}; expected ${PUBLIC_URL.expected}`
}
