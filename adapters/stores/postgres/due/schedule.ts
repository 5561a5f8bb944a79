import type { Clock } from '../../../../lib/base/contracts'
import { elapsedOf, startTimer } from '../../../../lib/base/timers'

/** The longest time between two looks, so that records are found that another process has made due. */
export const LOOK_MS = 1_500
/** The shortest time between two looks. */
export const PAUSE_MS = 20

export interface ScheduleOptions {
  readonly clock: Clock
  /** Aborts when no look is wanted any more. */
  readonly signal: AbortSignal
  /** Looks for due records; resolves to when the next look is needed, in milliseconds from then. */
  look(): Promise<number>
}

/** When to look for due records. */
export interface Schedule {
  /** Looks in so many milliseconds, unless it looks before then. */
  lookIn(ms: number): void
  /** Starts no further look; resolves when the look under way has ended. */
  close(): Promise<void>
}

/** Creates a schedule without a look. */
export function createSchedule({ clock, signal, look }: ScheduleOptions): Schedule {
  let stop = (): void => undefined
  let lookAt = Infinity
  let looking: Promise<void> | undefined
  /** The earliest time that was asked for during a look. */
  let askedMs = Infinity

  const elapsed = elapsedOf(clock)

  function lookIn(ms: number): void {
    if (looking !== undefined) {
      askedMs = Math.min(askedMs, ms)
      return
    }
    const at = elapsed() + Math.min(Math.max(ms, PAUSE_MS), LOOK_MS)
    if (signal.aborted || at >= lookAt) return
    stop()
    lookAt = at
    stop = startTimer(clock, at - elapsed(), () => {
      lookAt = Infinity
      looking = lookOnce()
    })
  }

  async function lookOnce(): Promise<void> {
    const nextMs = await look()
    const ms = Math.min(nextMs, askedMs)
    looking = undefined
    askedMs = Infinity
    lookIn(ms)
  }

  return {
    lookIn,
    async close() {
      stop()
      await looking
    },
  }
}
