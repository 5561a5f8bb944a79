import type { Clock } from '../../lib/base/contracts'

/** A clock that stands still until it is told to go on. */
export interface FakeClock extends Clock {
  /** Goes on by so many milliseconds and fires the timers on the way, in their order. */
  advance(ms: number): void
  /** How many timers are set. */
  readonly timers: number
}

interface Timer {
  readonly at: number
  readonly number: number
  readonly callback: () => void
}

/** Gives a clock that starts at a time, by default in 2026. */
export function createFakeClock(start = Date.UTC(2026, 0, 1)): FakeClock {
  const timers = new Set<Timer>()
  let now = start
  let counter = 0

  function nextUntil(end: number): Timer | undefined {
    const due = [...timers].filter((timer) => timer.at <= end)
    return due.sort((one, other) => one.at - other.at || one.number - other.number)[0]
  }

  return {
    now: () => now,
    setTimeout(callback, delayMs) {
      const timer = { at: now + delayMs, number: counter++, callback }
      timers.add(timer)
      return timer
    },
    clearTimeout: (timer) => void timers.delete(timer as Timer),
    advance(ms) {
      const end = now + ms
      for (let timer = nextUntil(end); timer !== undefined; timer = nextUntil(end)) {
        timers.delete(timer)
        now = timer.at
        timer.callback()
      }
      now = end
    },
    get timers() {
      return timers.size
    },
  }
}
