import { hasCode, reasonOf } from '../../base/errors'
import { isDoneWithin, startTimer } from '../../base/timers'
import type { Clock, Logger } from '../../base/contracts'

/** What can lose interest in what it wants written. */
interface Interest {
  isOver(): boolean
}

/** Does work until it succeeds, however long the store is away. Never rejects: what else goes wrong is logged. */
export interface Persist {
  /** Resolves when it is done, or when whoever wanted it does not any more; says whether it was. */
  (work: () => unknown, interest?: Interest): Promise<boolean>
  /** Resolves after a limit too; says whether it was done by then. */
  within(limitMs: number, work: () => unknown): Promise<boolean>
}

export interface Persistence {
  readonly persist: Persist
  /** Waits for what is under way, each at its present try, and tries nothing anew. */
  finish(): Promise<void>
}

const ENDLESS: Interest = { isOver: () => false }
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 5000

/** Gives what persists in writing while the store is away. */
export function createPersistence(clock: Clock, logger: Logger): Persistence {
  const underWay = new Set<Promise<unknown>>()
  const stops = new Set<() => void>()
  let isFinishing = false

  /** Says whether it was done. */
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
    const reason = reasonOf(error)
    logger.error({ err: error }, `The store could not be written; this is a bug: ${reason}`)
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
      // What is done may set off more of it.
      while (underWay.size > 0) await Promise.all(underWay)
    },
  }
}

/** Whether something may work when the store is back. */
export function isAway(error: unknown): boolean {
  return hasCode(error, 'ERR_STORE_UNAVAILABLE')
}
