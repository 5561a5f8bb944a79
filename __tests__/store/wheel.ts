import { expect } from '@jest/globals'
import { createTimerWheel, Timed, type TimerWheel } from '../../lib/store/collections/timer-wheel'
import type { Clock } from '../../lib/base/contracts'
import { createFakeClock, type FakeClock } from '../helpers/fake-clock'
import { TICK } from './desk'

export const LONGEST_TIMEOUT = 2 ** 31 - 1

/** What lies in the wheel of a test, and when it was handed out. */
export class Entry extends Timed {
  firedAt: number | undefined = undefined

  constructor(readonly dueAt: number) {
    super()
  }
}

export interface TestWheel {
  readonly clock: FakeClock
  readonly wheel: TimerWheel
  /** How often a timer was set. */
  armed(): number
  add(delayMs: number): Entry
}

/** Gives a wheel on a fake clock; what Node's `setTimeout` would not take fails the test, and so does a second timer. */
export function createWheel(onDue: (entry: Entry) => void = () => {}, start?: number): TestWheel {
  const clock = createFakeClock(start)
  let armed = 0
  const strict: Clock = {
    ...clock,
    setTimeout(callback, delayMs) {
      expect(delayMs).toBeGreaterThanOrEqual(0)
      expect(delayMs).toBeLessThanOrEqual(LONGEST_TIMEOUT)
      armed += 1
      const timer = clock.setTimeout(callback, delayMs)
      expect(clock.timers).toBe(1)
      return timer
    },
  }
  const wheel = createTimerWheel(strict, (entry) => {
    if (!(entry instanceof Entry)) throw new Error('not an entry of this test')
    expect(entry.firedAt).toBeUndefined()
    entry.firedAt = clock.now()
    onDue(entry)
  })
  return {
    clock,
    wheel,
    armed: () => armed,
    add(delayMs: number) {
      const entry = new Entry(clock.now() + delayMs)
      wheel.add(entry, delayMs)
      return entry
    },
  }
}

/** Checks that an entry came never early, and at most a tick late. */
export function expectOnTime(entry: Entry): void {
  const late = (entry.firedAt ?? Number.NaN) - entry.dueAt
  expect(late).toBeGreaterThanOrEqual(0)
  expect(late).toBeLessThanOrEqual(TICK)
}

/** Whole numbers that look random and are the same each time. */
export function createRandom(seed = 1): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}
