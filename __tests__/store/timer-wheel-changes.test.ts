import { describe, expect, test } from '@jest/globals'
import { createTimerWheel, Timed } from '../../lib/store/collections/timer-wheel'
import { createFakeClock } from '../helpers/fake-clock'
import { DAY, HOUR, MINUTE } from './desk'
import { createRandom, createWheel, type Entry, expectOnTime } from './wheel'

describe('removing from a timer wheel', () => {
  test('keeps an entry from firing and does nothing the second time', () => {
    const { clock, wheel, add } = createWheel()
    const entries = [add(HOUR), add(HOUR), add(HOUR)]
    const [, middle] = entries
    if (middle) wheel.remove(middle)
    if (middle) wheel.remove(middle)
    wheel.remove(new Timed())
    clock.advance(DAY)
    expect(entries.map((entry) => entry.firedAt !== undefined)).toStrictEqual([true, false, true])
  })

  test('of a neighbour works while they are being fired', () => {
    const all: Entry[] = []
    const { clock, wheel, add } = createWheel((fired) => {
      for (const entry of all) if (entry !== fired) wheel.remove(entry)
    })
    for (let count = 0; count < 5; count += 1) all.push(add(HOUR))
    clock.advance(DAY)
    expect(all.filter((entry) => entry.firedAt !== undefined)).toHaveLength(1)
  })

  test('leaves only a few hundred wake-ups, however many entries came and went', () => {
    const { clock, wheel, add, armed } = createWheel()
    const random = createRandom()
    for (let count = 0; count < 20_000; count += 1) {
      const entry = add(random(40 * DAY * 2 ** -random(20)))
      if (count % 20 === 0) clock.advance(random(1000))
      wheel.remove(entry)
    }
    const before = armed()
    expect(clock.timers).toBe(1)
    clock.advance(41 * DAY)
    expect(clock.timers).toBe(0)
    expect(armed() - before).toBeLessThan(1000)
  })

  test('and adding the same wait over and over arms hardly any timer', () => {
    const { wheel, add, armed } = createWheel()
    for (let count = 0; count < 10_000; count += 1) wheel.remove(add(5 * MINUTE))
    expect(armed()).toBe(1)
  })
})

describe('an entry that is added while others fire', () => {
  test.each([0, 1, 16, HOUR])('fires %i ms later', (delay) => {
    const later: Entry[] = []
    const { clock, add } = createWheel(() => {
      if (later.length < 3) later.push(add(delay))
    })
    add(100)
    clock.advance(DAY)
    expect(later).toHaveLength(3)
    for (const entry of later) expectOnTime(entry)
    expect(clock.timers).toBe(0)
  })
})

describe('closing a timer wheel', () => {
  test('leaves no timer, and can be done twice', () => {
    const { clock, wheel, add } = createWheel()
    const entry = add(HOUR)
    wheel.close()
    wheel.close()
    expect(clock.timers).toBe(0)
    wheel.remove(entry)
    add(HOUR)
    expect(clock.timers).toBe(0)
    clock.advance(DAY)
    expect(entry.firedAt).toBeUndefined()
  })

  test.each([
    ['an entry that is due too', HOUR],
    ['a later entry of the same bucket', HOUR + 1000],
    ['a much later entry', 10 * DAY],
  ])('while an entry fires leaves no timer and does not fire %s', (_name, delay) => {
    const { clock, wheel, add } = createWheel(() => wheel.close())
    const entries = [add(HOUR), add(delay)]
    clock.advance(20 * DAY)
    expect(entries.filter((entry) => entry.firedAt !== undefined)).toHaveLength(1)
    expect(clock.timers).toBe(0)
  })
})

test('the timer of a wheel does not keep the process alive', () => {
  let unrefs = 0
  const clock = { ...createFakeClock(), setTimeout: () => ({ unref: () => (unrefs += 1) }) }
  createTimerWheel(clock, () => {}).add(new Timed(), HOUR)
  expect(unrefs).toBe(1)
})
