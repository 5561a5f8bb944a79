import { describe, expect, test } from '@jest/globals'
import { createRecent } from '../../lib/store/collections/recent'
import { createFakeClock } from '../helpers/fake-clock'

describe('what was recent', () => {
  test('is remembered for its time and not a millisecond longer', () => {
    const clock = createFakeClock()
    const recent = createRecent(clock, 1000, 10)
    recent.add('a')
    clock.advance(999)
    expect(recent.has('a')).toBe(true)
    expect(recent.has('b')).toBe(false)
    clock.advance(1)
    expect(recent.has('a')).toBe(false)
  })

  test('is remembered anew when it comes again', () => {
    const clock = createFakeClock()
    const recent = createRecent(clock, 1000, 10)
    recent.add('a')
    recent.add('b')
    clock.advance(800)
    recent.add('a')
    clock.advance(800)
    expect([recent.has('a'), recent.has('b')]).toStrictEqual([true, false])
  })

  test('pushes out the oldest when there is no more room', () => {
    const recent = createRecent(createFakeClock(), 1000, 3)
    for (const key of ['a', 'b', 'c', 'a', 'd']) recent.add(key)
    expect(['a', 'b', 'c', 'd'].filter((key) => recent.has(key))).toStrictEqual(['a', 'c', 'd'])
  })

  test('makes room of what is out of time before it pushes out anything', () => {
    const clock = createFakeClock()
    const recent = createRecent(clock, 1000, 2)
    recent.add('a')
    clock.advance(1000)
    recent.add('b')
    recent.add('c')
    expect(['a', 'b', 'c'].filter((key) => recent.has(key))).toStrictEqual(['b', 'c'])
  })

  test('can be taken out, with the time until which it counted', () => {
    const clock = createFakeClock()
    const recent = createRecent(clock, 1000, 10)
    recent.add('a')
    expect(recent.take('b')).toBeUndefined()
    expect(recent.take('a')).toBe(clock.now() + 1000)
    expect(recent.take('a')).toBeUndefined()
    expect(recent.has('a')).toBe(false)
    recent.add('a', clock.now() + 5)
    expect(recent.has('a')).toBe(true)
    clock.advance(5)
    expect(recent.has('a')).toBe(false)
  })

  test('is never remembered for a shorter time than before', () => {
    const clock = createFakeClock()
    const recent = createRecent(clock, 1000, 10)
    recent.add('a')
    recent.add('a', clock.now() + 5)
    clock.advance(999)
    expect(recent.has('a')).toBe(true)
    recent.add('b', clock.now() - 1)
    expect(recent.has('b')).toBe(false)
  })

  test.each(['__proto__', 'constructor', ''])('may be called %j', (key) => {
    const recent = createRecent(createFakeClock(), 1000, 10)
    expect(recent.has(key)).toBe(false)
    recent.add(key)
    expect(recent.has(key)).toBe(true)
  })

  test('needs no timer', () => {
    const clock = createFakeClock()
    createRecent(clock, 1000, 10).add('a')
    expect(clock.timers).toBe(0)
  })
})
