import type { GatewaySpec } from '../config/normalize'
import type { CallbackError, ErrorCode } from '../errors'
import { sleep } from '../timers'
import type { Clock, Logger, TunnelRequest } from '../types'
import { readBackoff } from './backoff'
import { noTunnel } from './gateway'
import type { LiveStatus } from './live-status'
import { closeTunnel, type OpenTunnel } from './open-tunnel'
import { untilLost } from './until-lost'

/** What differs from attempt to attempt. */
export type Attempt = Pick<TunnelRequest, 'signal' | 'previousUrl' | 'onPublicUrl'>

export interface TunnelLifeOptions {
  readonly status: LiveStatus
  readonly logger: Logger
  readonly clock: Clock
  /** Gives a number from 0 to 1. */
  readonly random: () => number
  readonly openTunnel: (attempt: Attempt) => Promise<OpenTunnel>
}

/** How often the first opening is tried. */
const FIRST_TRIES = 5
/** A tunnel that lived so long was a good one: the next is opened at once. */
const GOOD_MS = 120_000
/** What trying again does not change. */
const PERMANENT: ReadonlySet<ErrorCode> = new Set([
  'ERR_GATEWAY_PROGRAM',
  'ERR_GATEWAY_OPTIONS',
  'ERR_GATEWAY_AUTH',
  'ERR_GATEWAY_HOST_KEY',
])

/**
 * Keeps a tunnel open until the signal aborts, and rejects with its reason then. The first opening gives up after five
 * tries; a tunnel that was open once is opened again for ever, unless trying again cannot help. Rejects with why it gave up.
 */
export async function keepTunnel(spec: GatewaySpec, signal: AbortSignal, options: TunnelLifeOptions): Promise<never> {
  const { port, driver } = spec
  const { status, logger, clock, random, openTunnel } = options
  let failures = 0
  let delayMs = 0

  function countFailure(code: ErrorCode): void {
    failures += 1
    delayMs = readBackoff(failures, code, random)
  }

  function warn(error: CallbackError): void {
    const next = delayMs === 0 ? 'it is opened again' : `trying again in ${(delayMs / 1000).toFixed(1)} s`
    logger.warn({ err: error, port, driver }, `${error.message}; ${next}`)
  }

  async function attempt(maxTries: number): Promise<OpenTunnel | undefined> {
    // Each attempt has a signal of its own: what listens to it goes with the attempt.
    const own = new AbortController()
    const abort = (): void => own.abort(signal.reason)
    signal.addEventListener('abort', abort)
    try {
      return await openTunnel({ signal: own.signal, previousUrl: status.lastUrl(), onPublicUrl })
    } catch (error) {
      signal.throwIfAborted()
      const problem = noTunnel(spec, `could not be opened by the driver "${driver}"`, error)
      countFailure(problem.code)
      if (PERMANENT.has(problem.code) || failures >= maxTries) throw problem
      status.change(status.get().state, { place: status.place(), error: problem })
      warn(problem)
      return undefined
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }

  async function openSoon(maxTries: number): Promise<OpenTunnel> {
    for (;;) {
      if (delayMs > 0) await sleep(clock, delayMs, signal)
      const opened = await attempt(maxTries)
      if (opened && signal.aborted) await closeTunnel(opened.tunnel, port, logger)
      signal.throwIfAborted()
      if (opened) return opened
    }
  }

  function onPublicUrl(publicUrl: string): void {
    const { state } = status.get()
    const isOpen = state === 'ready' || state === 'degraded'
    if (isOpen && publicUrl !== status.lastUrl()) status.change('ready', { place: { publicUrl } })
  }

  function onHealth(health: 'up' | 'down'): void {
    status.change(health === 'up' ? 'ready' : 'degraded', { place: status.place() })
    if (health === 'down')
      logger.warn({ port, driver }, `The tunnel of port ${port} is down; it may come back by itself`)
  }

  for (let maxTries = FIRST_TRIES; ; maxTries = Number.POSITIVE_INFINITY) {
    const { tunnel, place } = await openSoon(maxTries)
    const since = clock.now()
    status.change('ready', { place })
    const reason = await untilLost(tunnel, { port, clock, logger, signal, onHealth })
    const problem = noTunnel(spec, 'lost its tunnel', reason)
    if (PERMANENT.has(problem.code)) throw problem
    if (clock.now() - since < GOOD_MS) countFailure(problem.code)
    else [failures, delayMs] = [0, 0]
    status.change('restarting', { place: tunnel.isStable ? status.place() : undefined, error: problem })
    warn(problem)
  }
}
