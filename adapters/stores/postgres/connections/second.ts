import { elapsedOf } from '../../../../lib/base/timers'
import type { Clock, Logger } from '../../../../lib/base/contracts'
import { createUnavailable } from '../errors'

/** For how long no second connection is tried after the server or the pool had none, in milliseconds. */
const SCARCE_MS = 15_000

export interface SecondOptions {
  /** The server in messages. */
  readonly place: string
  readonly clock: Clock
  readonly logger: Logger
  readonly signal: AbortSignal
  connect(): Promise<void>
}

/** The second connection. Where the server has none, the first one serves all work. */
export interface Second {
  /** Tries to connect, unless that is under way or has just failed. */
  grow(): void
  /** Resolves when no connection is being made. */
  settled(): Promise<void>
}

/** Creates what opens the second connection. */
export function createSecond({ place, clock, logger, signal, connect }: SecondOptions): Second {
  let growing: Promise<void> | undefined
  let scarceUntil = -Infinity

  const elapsed = elapsedOf(clock)

  async function grow(): Promise<void> {
    try {
      await connect()
    } catch (error) {
      scarceUntil = elapsed() + SCARCE_MS
      const details = { error: createUnavailable(place, error).message }
      if (!signal.aborted) logger.debug(details, `The store ${place} gives no second connection`)
    }
    growing = undefined
  }

  return {
    grow() {
      if (elapsed() >= scarceUntil) growing ??= grow()
    },
    async settled() {
      await growing
    },
  }
}
