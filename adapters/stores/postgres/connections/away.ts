import { elapsedOf, startTimer } from '../../../../lib/base/timers'
import type { Clock, Logger } from '../../../../lib/base/contracts'
import { createUnavailable } from '../errors'

/** A server is away when it could not be connected to for so long, in milliseconds. */
const AWAY_MS = 1_000
const LOOK_MS = 200

export interface AwayOptions {
  /** The server in messages. */
  readonly place: string
  readonly clock: Clock
  readonly logger: Logger
  /** Called again and again while the server is away, with what is wrong. */
  onAway(reason: unknown): void
}

/** Knows whether a server is away, and logs once when it goes away and when it is back. */
export interface Away {
  isAway(): boolean
  /** There is no connection; called again with each reason. */
  missing(reason: unknown): void
  /** There is a connection again. */
  found(): void
  close(): void
}

/** Creates it for a server that is there. The server counts as away when there has been no connection for a second. */
export function createAway({ place, clock, logger, onAway }: AwayOptions): Away {
  let since: number | undefined
  let why: unknown
  let isAway = false
  let stop = (): void => undefined

  const elapsed = elapsedOf(clock)

  function lookLater(): void {
    stop = startTimer(clock, LOOK_MS, () => {
      if (since !== undefined && !isAway && elapsed() - since >= AWAY_MS) {
        isAway = true
        const message = `The store ${place} is away: callbacks are answered 503, and runs pause, until it is back`
        logger.warn({ error: createUnavailable(place, why).message }, message)
      }
      if (isAway) onAway(why)
      lookLater()
    })
  }

  return {
    isAway: () => isAway,
    missing(reason) {
      why = reason
      if (since !== undefined) return
      since = elapsed()
      lookLater()
    },
    found() {
      stop()
      since = undefined
      if (isAway) logger.info({}, `The store ${place} is back`)
      isAway = false
    },
    close: () => stop(),
  }
}
