import type { GatewaySpec } from '../config/normalize'
import type { CallbackError, ErrorCode } from '../base/errors'
import { onAbort, sleep } from '../base/timers'
import type { Clock, Logger, TunnelRequest } from '../base/contracts'
import { noTunnel } from './gateway'
import { closeTunnel, type OpenTunnel } from './open-tunnel'

/** The URL of the previous tunnel, and how a driver reports a new one. */
interface Told {
  readonly previousUrl: TunnelRequest['previousUrl']
  readonly onPublicUrl: TunnelRequest['onPublicUrl']
}

/** What differs from attempt to attempt. */
export interface Attempt extends Told {
  readonly signal: AbortSignal
}

export interface AttemptsOptions {
  readonly logger: Logger
  readonly clock: Clock
  /** Returns a number from 0 to 1. */
  readonly random: () => number
  readonly openTunnel: (attempt: Attempt) => Promise<OpenTunnel>
}

/** One series of attempts. */
export interface Attempts {
  /**
   * Tries until a tunnel is open, and resolves to it; pauses after failures. The first opening gives up after five tries.
   * `tell` is asked for each attempt. Rejects with why it gives up, or with the signal's reason.
   */
  open(tell: () => Told, isFirst: boolean): Promise<OpenTunnel>
  /** Counts a tunnel that was lost; one that did not live long counts as a failure. Returns in words what is done next. */
  countLoss(error: CallbackError, livedMs: number): string
}

/** How often the first opening is tried. */
const FIRST_TRIES = 5
/** After a tunnel that lived this long, the next one is opened at once. */
const GOOD_MS = 120_000
/** What trying again does not change. */
const PERMANENT: ReadonlySet<ErrorCode> = new Set(['ERR_GATEWAY_PROGRAM', 'ERR_GATEWAY_AUTH', 'ERR_GATEWAY_HOST_KEY'])

const FIRST_MS = 1000
const MAX_MS = 60_000
/** How many times longer the pause is after a provider's rate limit. */
const RATE_LIMITED_FACTOR = 10
/** The part of a delay that chance decides, so that many processes do not come back at the same time. */
const JITTER = 0.25

/**
 * How long to wait after so many failures in a row, in milliseconds: a second, doubling up to a minute, ten times that
 * when the provider limits the rate; up to a quarter less by chance (`random` from 0 to 1).
 */
export function readBackoff(failures: number, code: ErrorCode, random: () => number): number {
  const delayMs = Math.min(FIRST_MS * 2 ** (failures - 1), MAX_MS)
  const factor = code === 'ERR_GATEWAY_RATE_LIMITED' ? RATE_LIMITED_FACTOR : 1
  return Math.round(delayMs * factor * (1 - JITTER * random()))
}

/** Whether trying again cannot help. Options that a tunnel was opened with before are no permanent problem. */
export function isPermanent({ code }: CallbackError, isFirst: boolean): boolean {
  return PERMANENT.has(code) || (isFirst && code === 'ERR_GATEWAY_OPTIONS')
}

/** Begins a series of attempts; `onProblem` is told of each that fails and is followed by another. */
export function createAttempts(
  spec: GatewaySpec,
  signal: AbortSignal,
  { logger, clock, random, openTunnel }: AttemptsOptions,
  onProblem: (error: CallbackError, next: string) => void,
): Attempts {
  let failures = 0
  let delayMs = 0

  function countFailure(code: ErrorCode): void {
    failures += 1
    delayMs = readBackoff(failures, code, random)
  }

  function describeNext(): string {
    return delayMs === 0 ? 'it is opened again' : `trying again in ${(delayMs / 1000).toFixed(1)} s`
  }

  async function attempt(told: Told): Promise<OpenTunnel> {
    // Each attempt has a signal of its own, so that its listeners go with it.
    const own = new AbortController()
    const stopListening = onAbort(signal, (reason) => own.abort(reason))
    try {
      const opened = await openTunnel({ ...told, signal: own.signal })
      if (signal.aborted) await closeTunnel(opened.tunnel, { port: spec.port, logger, clock })
      signal.throwIfAborted()
      return opened
    } finally {
      stopListening()
    }
  }

  return {
    async open(tell, isFirst) {
      for (;;) {
        if (delayMs > 0) await sleep(clock, delayMs, signal)
        try {
          return await attempt(tell())
        } catch (error) {
          signal.throwIfAborted()
          const problem = noTunnel(spec, `could not be opened by the driver "${spec.driver}"`, error)
          countFailure(problem.code)
          if (isPermanent(problem, isFirst) || (isFirst && failures >= FIRST_TRIES)) throw problem
          onProblem(problem, describeNext())
        }
      }
    },
    countLoss(error, livedMs) {
      if (livedMs < GOOD_MS) countFailure(error.code)
      else [failures, delayMs] = [0, 0]
      return describeNext()
    },
  }
}
