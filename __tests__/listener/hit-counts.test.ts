import { describe, expect, test } from '@jest/globals'
import { createHitCounts } from '../../lib/listener/limits/rate-limit'
import { createFakeClock } from '../helpers/fake-clock'

function setUp(maxSenders?: number) {
  const clock = createFakeClock()
  const counts = createHitCounts(1000, clock, maxSenders)
  const hits = (key: string): number => counts.increment(key).totalHits
  return { clock, counts, hits }
}

describe('hit counts', () => {
  test('are those of each sender, in a window that begins with its first request', () => {
    const { clock, counts, hits } = setUp()
    const start = clock.now()
    expect([hits('a'), hits('a'), hits('b')]).toEqual([1, 2, 1])
    clock.advance(600)
    expect([hits('c'), hits('a')]).toEqual([1, 3])
    expect(counts.increment('a').resetTime.getTime()).toBe(start + 1000)
    clock.advance(400)
    expect([hits('a'), hits('c')]).toEqual([1, 2])
    expect(counts.increment('a').resetTime.getTime()).toBe(start + 2000)
  })

  test('hold until the very end of a window, whenever the maps take turns', () => {
    const { clock, hits } = setUp()
    hits('first')
    clock.advance(999)
    hits('late')
    for (const expected of [2, 3, 4]) {
      clock.advance(300)
      hits('other')
      expect(hits('late')).toBe(expected)
    }
    clock.advance(100)
    expect(hits('late')).toBe(1)
  })

  test('are taken back, and forgotten, when the library asks for it', () => {
    const { counts, hits } = setUp()
    hits('a')
    hits('a')
    counts.decrement('a')
    counts.decrement('nobody')
    expect(hits('a')).toBe(2)
    counts.resetKey('a')
    expect(hits('a')).toBe(1)
  })

  test('are kept of so many senders only; in a flood, of those who go on sending', () => {
    const { hits } = setUp(10)
    hits('silent')
    for (let number = 0; number < 1000; number += 1) {
      expect(hits('busy')).toBe(number + 1)
      expect(hits(`flood ${number}`)).toBe(1)
    }
    expect(hits('silent')).toBe(1)
    expect(hits('flood 0')).toBe(1)
    expect(hits('flood 999')).toBe(2)
  })

  test('go by the clock that nobody can set, and say the time by the other', () => {
    let elapsed = 5
    const clock = { ...createFakeClock(70_000), elapsed: () => elapsed }
    const counts = createHitCounts(1000, clock)
    expect(counts.increment('a').resetTime.getTime()).toBe(71_000)
    elapsed = 1004.5
    expect(counts.increment('a')).toEqual({ totalHits: 2, resetTime: new Date(70_001) })
    elapsed = 1005
    expect(counts.increment('a').totalHits).toBe(1)
  })
})
