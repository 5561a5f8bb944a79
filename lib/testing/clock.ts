import { readDuration } from '../app/options'
import type { Clock } from '../base/contracts'

/** A clock that stands still until a test moves it. */
export interface TestClock extends Clock {
  /**
   * Moves the time on, by milliseconds or text such as `"5m"`, and fires the timers that become due, in their order. Throws
   * `ERR_CONFIG_VALUE` for what is no duration.
   */
  advance(by: number | string): void
  /** How many timers are set. */
  readonly timers: number
}

interface Timer {
  readonly at: number
  readonly number: number
  readonly callback: () => void
}

/** Creates a clock for the option `clock` of `callbacks()`. It starts at a time, in milliseconds since the epoch; default: now. */
export function createTestClock(start: number | Date = Date.now()): TestClock {
  const timers = new Map<unknown, Timer>()
  let now = Number(start)
  let counter = 0

  function nextUntil(end: number): Timer | undefined {
    const due = [...timers.values()].filter((timer) => timer.at <= end)
    return due.sort((one, other) => one.at - other.at || one.number - other.number)[0]
  }

  return {
    now: () => now,
    setTimeout(callback, delayMs) {
      const timer = { at: now + delayMs, number: counter++, callback }
      timers.set(timer, timer)
      return timer
    },
    clearTimeout: (timer) => void timers.delete(timer),
    advance(by) {
      const end = now + readDuration('by', by)
      for (let timer = nextUntil(end); timer !== undefined; timer = nextUntil(end)) {
        timers.delete(timer)
        now = Math.max(now, timer.at)
        timer.callback()
      }
      now = end
    },
    get timers() {
      return timers.size
    },
  }
}
