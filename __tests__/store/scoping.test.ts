import { describe, expect, test } from '@jest/globals'
import { createDesk, DAY, DONE, HOUR, MINUTE, READY } from './desk'

const BOTH = [DONE, READY]

describe('ids belong to their endpoint', () => {
  test('a callback at another endpoint does not end a wait', () => {
    const { deliver, wait, registry } = createDesk()
    const waiting = wait('a', { endpoints: [DONE] })
    expect(deliver(READY, 'a', 'elsewhere')).toBe('parked')
    expect(waiting.results).toStrictEqual([])
    expect(deliver(DONE, 'a', 'here')).toBe('settled')
    expect(waiting.results).toStrictEqual(['here'])
    expect(registry.stats(READY)).toStrictEqual({ waiting: 0, parked: 1 })
  })

  test('an id that is settled at one endpoint is new at another', () => {
    const { deliver, wait } = createDesk()
    wait('a', { endpoints: [DONE] })
    deliver(DONE, 'a')
    expect(deliver(READY, 'a')).toBe('parked')
    expect(deliver(DONE, 'a')).toBe('duplicate')
  })

  test('a new wait at one endpoint does not free the id at another', () => {
    const { deliver, wait } = createDesk()
    for (const endpoint of BOTH) {
      wait('a', { endpoints: [endpoint] })
      deliver(endpoint, 'a')
    }
    wait('a', { endpoints: [DONE] }).cancel()
    expect(deliver(READY, 'a')).toBe('duplicate')
    expect(deliver(DONE, 'a')).toBe('parked')
  })

  test('endpoints with the same key are the same, whichever list they stand in', () => {
    const { deliver, wait } = createDesk()
    const waits = [wait('a', { endpoints: [DONE, READY] }), wait('a', { endpoints: [{ ...READY }, { ...DONE }] })]
    expect(deliver({ ...DONE }, 'a', 1)).toBe('settled')
    expect(waits.map(({ results }) => results)).toStrictEqual([[1], [1]])
    expect(deliver(READY, 'a')).toBe('duplicate')
  })
})

describe('a wait on several endpoints', () => {
  test.each(BOTH)('is ended by a callback at $key, and settled at all of them', (endpoint) => {
    const { deliver, wait, registry } = createDesk()
    const waiting = wait('a', { endpoints: BOTH })
    expect(registry.stats(DONE).waiting).toBe(1)
    expect(registry.stats(READY).waiting).toBe(1)
    expect(registry.stats().waiting).toBe(1)
    expect(deliver(endpoint, 'a', 1)).toBe('settled')
    expect(BOTH.map((one) => deliver(one, 'a'))).toStrictEqual(['duplicate', 'duplicate'])
    expect(waiting.results).toStrictEqual([1])
  })

  test('takes what was parked at any of them', () => {
    const { deliver, wait } = createDesk()
    deliver(READY, 'a', 'early')
    expect(wait('a', { endpoints: BOTH }).results).toStrictEqual(['early'])
  })

  test('shares a callback with waits on one of them', () => {
    const { deliver, wait } = createDesk()
    const both = wait('a', { endpoints: BOTH })
    const done = wait('a', { endpoints: [DONE] })
    const ready = wait('a', { endpoints: [READY] })
    expect(deliver(DONE, 'a', 1)).toBe('settled')
    expect([both.results, done.results, ready.results]).toStrictEqual([[1], [1], []])
    expect(deliver(READY, 'a', 2)).toBe('settled')
    expect(ready.results).toStrictEqual([2])
    expect(BOTH.map((one) => deliver(one, 'a'))).toStrictEqual(['duplicate', 'duplicate'])
  })

  test('is not ended by what a wait on one of them took', () => {
    const { deliver, wait } = createDesk()
    deliver(DONE, 'a', 'early')
    expect(wait('a', { endpoints: [DONE] }).results).toStrictEqual(['early'])
    const both = wait('a', { endpoints: BOTH })
    expect(both.results).toStrictEqual([])
    both.cancel()
  })
})

describe('an id that was settled at several endpoints', () => {
  function settleAtBoth() {
    const desk = createDesk()
    desk.wait('a', { endpoints: BOTH })
    desk.deliver(DONE, 'a', 'first')
    return desk
  }

  test('stays settled at those that a new wait does not ask', () => {
    const { deliver, wait } = settleAtBoth()
    const again = wait('a', { endpoints: [DONE] })
    expect(deliver(READY, 'a', 'late copy')).toBe('duplicate')
    expect(deliver(DONE, 'a', 'second')).toBe('settled')
    expect(again.results).toStrictEqual(['second'])
    expect(BOTH.map((one) => deliver(one, 'a'))).toStrictEqual(['duplicate', 'duplicate'])
  })

  test('stays settled there also when the new wait ends without a callback', () => {
    const { deliver, wait } = settleAtBoth()
    wait('a', { endpoints: [DONE] }).cancel()
    expect(deliver(READY, 'a')).toBe('duplicate')
    expect(deliver(DONE, 'a')).toBe('parked')
  })

  test('is forgotten there 24 hours after it was settled, not after the new wait', () => {
    const { deliver, wait, clock } = settleAtBoth()
    clock.advance(23 * HOUR)
    wait('a', { endpoints: [DONE] }).cancel()
    clock.advance(HOUR - MINUTE)
    expect(deliver(READY, 'a')).toBe('duplicate')
    clock.advance(MINUTE)
    expect(deliver(READY, 'a')).toBe('parked')
  })

  test('counts from the last callback that settled it there', () => {
    const { deliver, wait, clock } = createDesk()
    wait('a', { endpoints: BOTH, timeoutMs: DAY })
    wait('a', { endpoints: [DONE], timeoutMs: DAY })
    deliver(READY, 'a', 'first')
    clock.advance(HOUR)
    expect(deliver(DONE, 'a', 'second')).toBe('settled')
    wait('a', { endpoints: [READY] }).cancel()
    clock.advance(DAY - HOUR)
    expect(deliver(DONE, 'a', 'third')).toBe('duplicate')
    clock.advance(HOUR)
    expect(deliver(DONE, 'a', 'fourth')).toBe('parked')
  })

  test('is free everywhere when the new wait asks everywhere', () => {
    const { deliver, wait, clock } = settleAtBoth()
    wait('a', { endpoints: BOTH }).cancel()
    expect(BOTH.map((one) => deliver(one, 'a'))).toStrictEqual(['parked', 'parked'])
    clock.advance(DAY)
  })
})
