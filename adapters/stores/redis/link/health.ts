import type { Clock, Logger } from '../../../../lib/base/contracts'
import { elapsedOf } from '../../../../lib/base/timers'
import { createUnavailable } from '../errors'

/** How often an error of a server that can be reached is logged, in milliseconds. */
const TROUBLE_EVERY_MS = 60_000

export interface HealthOptions {
  readonly place: string
  readonly clock: Clock
  readonly logger: Logger
  /** Called when every connection is there again, and when the server has lost records. */
  onBack(): void
}

/** Knows whether the server can be reached, logs it once, and calls `onBack` when messages or records may be lost. */
export interface Health {
  /** A connection is lost. */
  down(part: string): void
  /** A connection cannot be made, or the server did not answer on it. */
  failed(cause: unknown): void
  /** A connection is there again. */
  up(part: string): void
  /** The server can be reached, and refuses something. */
  trouble(cause: unknown): void
  /** The server has lost records. */
  lost(why: string): void
}

export function createHealth({ place, clock, logger, onBack }: HealthOptions): Health {
  const missing = new Set<string>()
  let isTold = false
  let toldAt = -Infinity
  const elapsed = elapsedOf(clock)

  return {
    down: (part) => void missing.add(part),
    failed(cause) {
      if (isTold) return
      isTold = true
      const message = `The store ${place} is away: callbacks are answered 503, and runs pause, until it is back`
      logger.warn({ error: createUnavailable(place, cause).message }, message)
    },
    up(part) {
      missing.delete(part)
      if (missing.size > 0) return
      if (isTold) logger.info({}, `The store ${place} is back`)
      isTold = false
      onBack()
    },
    trouble(cause) {
      if (elapsed() - toldAt < TROUBLE_EVERY_MS) return
      toldAt = elapsed()
      logger.warn({ error: createUnavailable(place, cause).message }, `The store ${place} reports an error`)
    },
    lost(why) {
      logger.warn({}, `The store ${place} ${why}; what this process waits for and runs is written again`)
      if (missing.size === 0) onBack()
    },
  }
}
