import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { createTimerWheel, Timed } from '../../lib/store/collections/timer-wheel'
import type { Clock } from '../../lib/base/contracts'
import { createFakeClock } from '../helpers/fake-clock'
import { DAY, HOUR, MINUTE, TICK } from './desk'
import { createRandom, createWheel, type Entry, expectOnTime, LONGEST_TIMEOUT } from './wheel'

describe('a timer wheel', () => {
  test.each([
    0,
    1,
    15,
    16,
    17,
    500,
    512,
    513,
    MINUTE,
    HOUR,
    DAY,
    7 * DAY,
    LONGEST_TIMEOUT,
    25 * DAY,
    40 * DAY,
    300 * DAY,
  ])('fires after %i ms, never early and at most a tick late', (delay) => {
    const { clock, add } = createWheel()
    clock.advance(7)
    const entry = add(delay)
    clock.advance(delay + TICK)
    expectOnTime(entry)
    expect(clock.timers).toBe(0)
  })

  test('is on time for thousands of random delays up to 40 days, with one timer', () => {
    const { clock, add } = createWheel()
    const random = createRandom()
    const entries: Entry[] = []
    for (let count = 0; count < 5000; count += 1) {
      const scale = 40 * DAY * 2 ** -random(30)
      entries.push(add(random(scale)))
      if (count % 10 === 0) clock.advance(random(MINUTE))
      expect(clock.timers).toBeLessThanOrEqual(1)
    }
    clock.advance(41 * DAY)
    for (const entry of entries) expectOnTime(entry)
    expect(clock.timers).toBe(0)
  })

  test('is on time whatever is added and removed while time goes on', () => {
    const step = fc.oneof(
      fc.record({ add: fc.oneof(fc.nat(100), fc.nat(HOUR), fc.nat(40 * DAY)) }),
      fc.record({ remove: fc.nat(20) }),
      fc.record({ advance: fc.oneof(fc.nat(50), fc.nat(HOUR), fc.nat(2 * DAY)) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.nat(1000), (steps, start) => {
        const { clock, wheel, add } = createWheel(undefined, start)
        const entries: Entry[] = []
        const removed = new Set<Entry>()
        for (const one of steps) {
          if ('add' in one) entries.push(add(one.add))
          if ('advance' in one) clock.advance(one.advance)
          if ('remove' in one) {
            const entry = entries[one.remove % Math.max(entries.length, 1)]
            if (entry === undefined || entry.firedAt !== undefined) continue
            wheel.remove(entry)
            removed.add(entry)
          }
        }
        clock.advance(41 * DAY)
        for (const entry of entries) {
          if (removed.has(entry)) expect(entry.firedAt).toBeUndefined()
          else expectOnTime(entry)
        }
        expect(clock.timers).toBe(0)
      }),
      { numRuns: 300 },
    )
  })

  test.each([198, 199, 400, 4000])('is on time when it has run for %i days', (days) => {
    const { clock, add } = createWheel()
    clock.advance(days * DAY)
    const entries = [0, 20, MINUTE, DAY, 40 * DAY].map((delay) => add(delay))
    clock.advance(41 * DAY)
    for (const entry of entries) expectOnTime(entry)
  })

  test('never fires what has no end', () => {
    const { clock, add } = createWheel()
    const entry = add(Number.POSITIVE_INFINITY)
    const other = add(DAY)
    clock.advance(400 * DAY)
    expect(entry.firedAt).toBeUndefined()
    expectOnTime(other)
  })

  test('fires a negative delay at once', () => {
    const { clock, add } = createWheel()
    const entry = add(-5)
    clock.advance(TICK)
    expect(entry.firedAt).toBeDefined()
  })

  test('fires in the order of their times', () => {
    const order: number[] = []
    const { clock, add } = createWheel((entry) => order.push(entry.dueAt - start))
    const start = clock.now()
    for (const delay of [HOUR, 100, DAY, 50, MINUTE]) add(delay)
    clock.advance(2 * DAY)
    expect(order).toStrictEqual([50, 100, MINUTE, HOUR, DAY])
  })

  test('takes over what is due when the process slept for long', () => {
    const clock = createFakeClock()
    let skew = 0
    const fired: Timed[] = []
    const wheel = createTimerWheel({ ...clock, now: () => clock.now() + skew }, (entry) => fired.push(entry))
    const entries = [new Timed(), new Timed(), new Timed()]
    for (const [index, entry] of entries.entries()) wheel.add(entry, (index + 1) * HOUR)
    skew = 2 * HOUR
    clock.advance(HOUR)
    expect(fired).toStrictEqual(entries)
  })

  test('waits on when a timer fires too early for the clock', () => {
    const clock = createFakeClock()
    const fired: number[] = []
    let hurry = 1
    const hasty: Clock = {
      ...clock,
      setTimeout(run, delayMs) {
        const timer = clock.setTimeout(run, delayMs - hurry)
        hurry = 0
        return timer
      },
    }
    const start = clock.now()
    const wheel = createTimerWheel(hasty, () => fired.push(clock.now() - start))
    wheel.add(new Timed(), 160)
    clock.advance(159)
    expect(fired).toStrictEqual([])
    expect(clock.timers).toBe(1)
    clock.advance(1)
    expect(fired).toStrictEqual([160])
  })
})
