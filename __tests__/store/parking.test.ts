import { describe, expect, test } from '@jest/globals'
import { createDesk, createOutcome, DONE, HOUR, MINUTE, PLAIN, READY, TICK } from './desk'

const park = { forMs: 10 * MINUTE, max: 3, maxBytes: 1000 }

describe('an outcome that nobody waits for yet', () => {
  test('is parked and ends the next wait for it at once', () => {
    const { deliver, wait, registry } = createDesk()
    expect(deliver(DONE, 'a', 'early')).toBe('parked')
    expect(registry.stats()).toStrictEqual({ waiting: 0, parked: 1 })
    expect(wait('a').results).toStrictEqual(['early'])
    expect(registry.stats()).toStrictEqual({ waiting: 0, parked: 0 })
    expect(deliver(DONE, 'a', 'again')).toBe('duplicate')
  })

  test('ends one wait only; the next one waits anew', () => {
    const { deliver, wait } = createDesk()
    deliver(DONE, 'a', 'early')
    expect(wait('a').results).toStrictEqual(['early'])
    const second = wait('a')
    expect(second.results).toStrictEqual([])
    expect(deliver(DONE, 'a', 'new')).toBe('settled')
    expect(second.results).toStrictEqual(['new'])
  })

  test('stays the first one: what comes later for its id is a duplicate', () => {
    const { deliver, wait } = createDesk()
    expect(deliver(DONE, 'a', 'first')).toBe('parked')
    expect(deliver(DONE, 'a', 'second')).toBe('duplicate')
    expect(wait('a').results).toStrictEqual(['first'])
  })

  test('may be a failure', () => {
    const { registry, wait } = createDesk()
    const outcome = createOutcome(DONE, 'a', undefined, { outcome: 'failed', status: 'error' })
    registry.deliver({ endpoint: DONE, outcome, size: () => 1 })
    expect(wait('a').endings).toStrictEqual([{ kind: 'outcome', outcome }])
  })

  test('that came first ends a wait for several ids, and the others are of no more use', () => {
    const { deliver, wait, registry, clock, forgotten } = createDesk()
    deliver(DONE, 'b', 'first')
    deliver(DONE, 'a', 'second')
    deliver(DONE, 'c', 'third')
    expect(wait(['a', 'b', 'c']).results).toStrictEqual(['first'])
    expect(registry.stats().parked).toBe(0)
    expect(['a', 'b', 'c'].map((id) => deliver(DONE, id))).toStrictEqual(['duplicate', 'duplicate', 'duplicate'])
    clock.advance(HOUR)
    expect(forgotten).toStrictEqual([])
  })

  test('that came first counts across endpoints too', () => {
    const { deliver, wait, registry } = createDesk()
    deliver(READY, 'a', 'first')
    deliver(DONE, 'a', 'second')
    expect(wait('a', { endpoints: [DONE, READY] }).results).toStrictEqual(['first'])
    expect(registry.stats().parked).toBe(0)
  })
})

describe('a parking that is full', () => {
  test('refuses what comes and pushes nothing out', () => {
    const { deliver, wait, registry } = createDesk({ park })
    for (const id of ['a', 'b', 'c']) expect(deliver(DONE, id)).toBe('parked')
    expect(() => deliver(DONE, 'd')).toThrow(
      expect.objectContaining({
        code: 'ERR_PARKING_FULL',
        message: 'POST /done holds 3 callbacks (300 bytes) that nobody waits for; no more are taken until some are',
      }),
    )
    expect(registry.stats(DONE).parked).toBe(3)
    expect(['a', 'b', 'c', 'd'].map((id) => wait(id).results)).toStrictEqual([['a'], ['b'], ['c'], []])
  })

  test('refuses what would take more bytes than there are', () => {
    const { deliver } = createDesk({ park })
    expect(deliver(DONE, 'a', 'a', { size: () => 600 })).toBe('parked')
    expect(() => deliver(DONE, 'b', 'b', { size: () => 401 })).toThrow(
      expect.objectContaining({ code: 'ERR_PARKING_FULL' }),
    )
    expect(deliver(DONE, 'b', 'b', { size: () => 400 })).toBe('parked')
    expect(() => deliver(DONE, 'c', 'c', { size: () => 1 })).toThrow(
      expect.objectContaining({ code: 'ERR_PARKING_FULL' }),
    )
    expect(deliver(DONE, 'c', 'c', { size: () => 0 })).toBe('parked')
  })

  test('has room again when an outcome is taken, superseded or forgotten', () => {
    const { deliver, wait, clock } = createDesk({ park: { ...park, maxBytes: 300 } })
    for (const id of ['a', 'b', 'c']) deliver(DONE, id)
    wait('a')
    expect(deliver(DONE, 'd')).toBe('parked')
    wait(['b', 'c'])
    expect(deliver(DONE, 'e')).toBe('parked')
    expect(deliver(DONE, 'f')).toBe('parked')
    expect(() => deliver(DONE, 'g')).toThrow(expect.objectContaining({ code: 'ERR_PARKING_FULL' }))
    clock.advance(park.forMs + TICK)
    for (const id of ['g', 'h', 'i']) expect(deliver(DONE, id)).toBe('parked')
    expect(() => deliver(DONE, 'j')).toThrow(expect.objectContaining({ code: 'ERR_PARKING_FULL' }))
  })

  test('still settles waits and knows duplicates', () => {
    const { deliver, wait } = createDesk({ park })
    for (const id of ['a', 'b', 'c']) deliver(DONE, id)
    const waiting = wait('d')
    expect(deliver(DONE, 'd')).toBe('settled')
    expect(waiting.results).toStrictEqual(['d'])
    expect(deliver(DONE, 'd')).toBe('duplicate')
    expect(deliver(DONE, 'a')).toBe('duplicate')
  })

  test('is full for its own endpoint only, with and without ids together', () => {
    const { deliver, registry } = createDesk({ park })
    for (const id of ['a', undefined, undefined]) expect(deliver(PLAIN, id)).toBe('parked')
    expect(() => deliver(PLAIN, undefined)).toThrow(expect.objectContaining({ code: 'ERR_PARKING_FULL' }))
    expect(deliver(DONE, 'a')).toBe('parked')
    expect(registry.stats(PLAIN)).toStrictEqual({ waiting: 0, parked: 3 })
    expect(registry.stats(DONE)).toStrictEqual({ waiting: 0, parked: 1 })
    expect(registry.stats()).toStrictEqual({ waiting: 0, parked: 4 })
  })
})

describe('a parked outcome that nobody comes for', () => {
  test('is forgotten after its time, not before, and told of once', () => {
    const { deliver, clock, forgotten, registry } = createDesk()
    deliver(DONE, 'a', 'first')
    clock.advance(MINUTE)
    deliver(DONE, 'b', 'second')
    deliver(PLAIN, undefined, 'third')
    clock.advance(9 * MINUTE - 1)
    expect(forgotten).toStrictEqual([])
    clock.advance(1 + TICK)
    expect(forgotten).toStrictEqual(['first'])
    expect(registry.stats().parked).toBe(2)
    clock.advance(HOUR)
    expect(new Set(forgotten)).toStrictEqual(new Set(['first', 'second', 'third']))
    expect(forgotten).toHaveLength(3)
    expect(registry.stats().parked).toBe(0)
  })

  test('ends no wait any more, and its id may come again', () => {
    const { deliver, wait, clock } = createDesk()
    deliver(DONE, 'a', 'old')
    clock.advance(10 * MINUTE + TICK)
    const late = wait('a')
    expect(late.results).toStrictEqual([])
    expect(deliver(DONE, 'a', 'new')).toBe('settled')
    expect(late.results).toStrictEqual(['new'])
  })

  test('is not told of when somebody came in the last millisecond', () => {
    const { deliver, wait, clock, forgotten } = createDesk()
    deliver(DONE, 'a')
    clock.advance(10 * MINUTE - 1)
    expect(wait('a').results).toStrictEqual(['a'])
    clock.advance(HOUR)
    expect(forgotten).toStrictEqual([])
  })
})
