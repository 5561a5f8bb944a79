import { hasCode, isAway, reasonOf } from '../../base/errors'
import { isDoneWithin, startTimer } from '../../base/timers'
import type { Clock, Logger } from '../../base/contracts'

/** Whether some work is still wanted. */
interface Interest {
  isOver(): boolean
}

/** Does work until it succeeds, however long the store is away. Never rejects: other errors are logged. */
export interface Persist {
  /** Resolves when the work is done, or not wanted any more; returns whether it was done. */
  (work: () => unknown, interest?: Interest): Promise<boolean>
  /** The same, but resolves after `limitMs` at the latest. */
  within(limitMs: number, work: () => unknown): Promise<boolean>
}

export interface Persistence {
  readonly persist: Persist
  /** Waits for the tries that are under way; no work is tried again after that. */
  finish(): Promise<void>
}

const ENDLESS: Interest = { isOver: () => false }
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 5000

/** Creates what does work again while the store is away. */
export function createPersistence(clock: Clock, logger: Logger): Persistence {
  const underWay = new Set<Promise<unknown>>()
  const stops = new Set<() => void>()
  let isFinishing = false

  async function attempt(work: () => unknown, interest: Interest): Promise<boolean> {
    for (let pauseMs = FIRST_PAUSE_MS; !interest.isOver(); pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      try {
        await work()
        return true
      } catch (error) {
        if (!isAway(error)) report(error)
        if (!isAway(error) || isFinishing) return false
      }
      await pause(pauseMs)
      if (isFinishing) return false
    }
    return false
  }

  function report(error: unknown): void {
    if (hasCode(error, 'ERR_CLOSED')) return
    logger.error({ err: error }, `The store could not be written; this is a bug: ${reasonOf(error)}`)
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        stop()
        stops.delete(done)
        resolve()
      }
      const stop = startTimer(clock, ms, done)
      stops.add(done)
    })
  }

  const persist = (work: () => unknown, interest: Interest = ENDLESS): Promise<boolean> => {
    const done = attempt(work, interest).finally(() => underWay.delete(done))
    underWay.add(done)
    return done
  }
  const within = async (limitMs: number, work: () => unknown): Promise<boolean> => {
    let isLate = false
    const done = persist(work, { isOver: () => isLate })
    isLate = !(await isDoneWithin(clock, limitMs, done))
    return !isLate && done
  }

  return {
    persist: Object.assign(persist, { within }),
    async finish() {
      isFinishing = true
      for (const stop of stops) stop()
      // Work that is done may set off more work.
      while (underWay.size > 0) await Promise.all(underWay)
    },
  }
}
