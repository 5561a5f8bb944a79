import { describe, expect, test } from '@jest/globals'
import { createDesk, createOutcome, createProgress, DAY, DONE, HOUR, READY, TICK } from './desk'

describe('an outcome that is waited for', () => {
  test('ends its wait with all that came', () => {
    const { registry, wait } = createDesk()
    const waiting = wait('a')
    const outcome = createOutcome(DONE, 'a', { image: 'cat' }, { status: 'ok', headers: { 'x-a': '1' } })
    expect(registry.deliver({ endpoint: DONE, outcome, size: () => 1 })).toBe('settled')
    expect(waiting.endings).toStrictEqual([{ kind: 'outcome', outcome }])
    expect(registry.stats()).toStrictEqual({ waiting: 0, parked: 0 })
  })

  test('ends its wait when it says that the work failed', () => {
    const { registry, wait } = createDesk()
    const waiting = wait('a')
    const outcome = createOutcome(DONE, 'a', undefined, { outcome: 'failed' })
    expect(registry.deliver({ endpoint: DONE, outcome, size: () => 1 })).toBe('settled')
    expect(waiting.endings).toStrictEqual([{ kind: 'outcome', outcome }])
  })

  test('ends every wait for the id, in the order in which they came', () => {
    const { deliver, wait } = createDesk()
    const order: number[] = []
    const waits = [0, 1, 2, 3].map((number) => wait('a', { andThen: () => order.push(number) }))
    const other = wait('b')
    expect(deliver(DONE, 'a', 'result')).toBe('settled')
    expect(waits.map(({ results }) => results)).toStrictEqual(waits.map(() => ['result']))
    expect(order).toStrictEqual([0, 1, 2, 3])
    expect(other.results).toStrictEqual([])
  })

  test.each(['__proto__', 'constructor', '', ' ', '0', 'ключ', 'a b"c'])('may have the id %j', (id) => {
    const { deliver, wait } = createDesk()
    const waiting = wait(id)
    expect(deliver(DONE, id, 1)).toBe('settled')
    expect(waiting.results).toStrictEqual([1])
    expect(deliver(DONE, id, 2)).toBe('duplicate')
  })

  test('is compared with case', () => {
    const { deliver, wait } = createDesk()
    const waiting = wait('Task-A')
    expect(deliver(DONE, 'task-a')).toBe('parked')
    expect(waiting.results).toStrictEqual([])
  })
})

describe('an outcome for an id that is settled', () => {
  test('is a duplicate, whatever it says', () => {
    const { deliver, wait, registry } = createDesk()
    const waiting = wait('a')
    deliver(DONE, 'a', 'first')
    expect(deliver(DONE, 'a', 'second')).toBe('duplicate')
    const failure = createOutcome(DONE, 'a', undefined, { outcome: 'failed' })
    expect(registry.deliver({ endpoint: DONE, outcome: failure, size: () => 1 })).toBe('duplicate')
    expect(waiting.results).toStrictEqual(['first'])
    expect(registry.stats().parked).toBe(0)
  })

  test('is remembered for 24 hours and not longer', () => {
    const { deliver, wait, clock } = createDesk()
    wait('a')
    deliver(DONE, 'a')
    clock.advance(DAY - 1)
    expect(deliver(DONE, 'a')).toBe('duplicate')
    clock.advance(1)
    expect(deliver(DONE, 'a')).toBe('parked')
  })

  test.each([0, 1, 2])('is remembered for the last %s ids, where no more are wanted', (rememberMax) => {
    const { deliver, wait } = createDesk({ rememberMax })
    for (const id of ['a', 'b', 'c']) {
      wait(id)
      expect(deliver(DONE, id)).toBe('settled')
    }
    const parked = 3 - rememberMax
    const expected = ['a', 'b', 'c'].map((_id, index) => (index < parked ? 'parked' : 'duplicate'))
    expect(['a', 'b', 'c'].map((id) => deliver(DONE, id))).toStrictEqual(expected)
  })

  test('is remembered for the last 100,000 ids', () => {
    const { deliver, wait } = createDesk()
    for (let id = 0; id <= 100_000; id += 1) {
      wait(String(id))
      deliver(DONE, String(id))
    }
    expect(deliver(DONE, '0')).toBe('parked')
    expect(['1', '2', '50000', '100000'].map((id) => deliver(DONE, id))).toStrictEqual(Array(4).fill('duplicate'))
  })

  test('ends a new wait, since that makes the id free again', () => {
    const { deliver, wait } = createDesk()
    wait('a')
    deliver(DONE, 'a', 'first')
    const again = wait('a')
    expect(again.results).toStrictEqual([])
    expect(deliver(DONE, 'a', 'second')).toBe('settled')
    expect(again.results).toStrictEqual(['second'])
    expect(deliver(DONE, 'a', 'third')).toBe('duplicate')
  })

  test('is parked when the new wait was cancelled', () => {
    const { deliver, wait } = createDesk()
    wait('a')
    deliver(DONE, 'a', 'first')
    wait('a').cancel()
    expect(deliver(DONE, 'a', 'second')).toBe('parked')
    expect(wait('a').results).toStrictEqual(['second'])
  })
})

describe('the same delivery twice', () => {
  const dedupeKey = 'delivery-1'

  test('is a duplicate, also under another id and without a wait', () => {
    const { deliver, wait } = createDesk()
    wait('a')
    expect(deliver(DONE, 'a', 1, { dedupeKey })).toBe('settled')
    const other = wait('b')
    expect(deliver(DONE, 'b', 2, { dedupeKey })).toBe('duplicate')
    expect(other.results).toStrictEqual([])
    expect(deliver(DONE, 'b', 3, { dedupeKey: 'delivery-2' })).toBe('settled')
  })

  test('is not one when its first coming was refused', () => {
    const { deliver, wait } = createDesk({ park: { forMs: HOUR, max: 1, maxBytes: 1000 } })
    deliver(DONE, 'full')
    expect(() => deliver(DONE, 'a', 'kept', { dedupeKey })).toThrow(
      expect.objectContaining({ code: 'ERR_PARKING_FULL' }),
    )
    wait('full')
    expect(deliver(DONE, 'a', 'kept', { dedupeKey })).toBe('parked')
    expect(deliver(DONE, 'a', 'twice', { dedupeKey })).toBe('duplicate')
    expect(wait('a').results).toStrictEqual(['kept'])
  })

  test('is known on its own endpoint, for 24 hours', () => {
    const { deliver, clock } = createDesk()
    expect(deliver(DONE, 'a', 1, { dedupeKey })).toBe('parked')
    expect(deliver(READY, 'b', 1, { dedupeKey })).toBe('parked')
    clock.advance(DAY - 1)
    expect(deliver(DONE, 'c', 1, { dedupeKey })).toBe('duplicate')
    clock.advance(1)
    expect(deliver(DONE, 'c', 1, { dedupeKey })).toBe('parked')
  })
})

describe('news that the work goes on', () => {
  test('reaches every wait for the id and ends none', () => {
    const { registry, wait } = createDesk()
    const waits = [wait('a'), wait(['b', 'a'])]
    const other = wait('b')
    const news = createProgress(DONE, 'a', 0.5)
    registry.progress(DONE, news)
    registry.progress(DONE, news)
    for (const { news: heard, endings } of waits) {
      expect(heard).toStrictEqual([news, news])
      expect(endings).toStrictEqual([])
    }
    expect(other.news).toStrictEqual([])
  })

  test('is not kept for later waits, and does not reach ended ones or other endpoints', () => {
    const { registry, wait, deliver } = createDesk()
    const ended = wait('a')
    deliver(DONE, 'a')
    const elsewhere = wait('b', { endpoints: [READY] })
    registry.progress(DONE, createProgress(DONE, 'a', 1))
    registry.progress(DONE, createProgress(DONE, 'b', 1))
    expect([ended.news, elsewhere.news, wait('a').news]).toStrictEqual([[], [], []])
    expect(registry.stats().parked).toBe(0)
  })

  test('does not move the end of a wait', () => {
    const { registry, wait, clock } = createDesk()
    const waiting = wait('a', { timeoutMs: 1000 })
    clock.advance(999)
    registry.progress(DONE, createProgress(DONE, 'a', 1))
    clock.advance(1 + TICK)
    expect(waiting.results).toStrictEqual(['timeout'])
  })
})
