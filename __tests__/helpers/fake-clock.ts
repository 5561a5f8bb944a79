import { createTestClock, type TestClock } from '../../lib/testing/clock'

/** A clock that stands still until it is told to go on. */
export type FakeClock = TestClock

/** Creates a clock that starts at a time, by default in 2026. */
export function createFakeClock(start = Date.UTC(2026, 0, 1)): FakeClock {
  return createTestClock(start)
}
