import { describe, expect, test } from '@jest/globals'
import { createDesk, createProgress, DONE, HOUR, READY } from './desk'

describe('a wait with several ids', () => {
  test.each(['a', 'b', 'c'])('is ended by the first callback for any of them: %s', (id) => {
    const { deliver, wait } = createDesk()
    const waiting = wait(['a', 'b', 'c'])
    expect(deliver(DONE, id, 'first')).toBe('settled')
    expect(['a', 'b', 'c'].map((other) => deliver(DONE, other, 'later'))).toStrictEqual(Array(3).fill('duplicate'))
    expect(waiting.results).toStrictEqual(['first'])
  })

  test('counts an id that is named twice once', () => {
    const { registry, deliver, wait } = createDesk()
    const waiting = wait(['a', 'a'])
    waiting.alias(['b', 'b', 'a'])
    registry.progress(DONE, createProgress(DONE, 'a', 1))
    registry.progress(DONE, createProgress(DONE, 'b', 2))
    expect(waiting.news).toHaveLength(2)
    expect(deliver(DONE, 'b', 'done')).toBe('settled')
    expect(waiting.results).toStrictEqual(['done'])
    expect(registry.stats().waiting).toBe(0)
  })

  test('leaves a wait for another of its ids open', () => {
    const { deliver, wait } = createDesk()
    const both = wait(['a', 'b'])
    const second = wait('b')
    expect(deliver(DONE, 'a', 1)).toBe('settled')
    expect(second.results).toStrictEqual([])
    expect(deliver(DONE, 'b', 2)).toBe('settled')
    expect([both.results, second.results]).toStrictEqual([[1], [2]])
  })

  test('gives all of them back when it is cancelled', () => {
    const { deliver, wait } = createDesk()
    wait(['a', 'b']).cancel()
    expect([deliver(DONE, 'a'), deliver(DONE, 'b')]).toStrictEqual(['parked', 'parked'])
  })
})

describe('an id that is added to an open wait', () => {
  test('ends it when its callback comes, and is settled with the others', () => {
    const { deliver, wait } = createDesk()
    const waiting = wait('run-1')
    waiting.alias(['service-1', 'service-2'])
    expect(deliver(DONE, 'service-2', 'done')).toBe('settled')
    expect(waiting.results).toStrictEqual(['done'])
    for (const id of ['run-1', 'service-1', 'service-2']) expect(deliver(DONE, id)).toBe('duplicate')
  })

  test('ends it at once when its callback came already', () => {
    const { deliver, wait, registry } = createDesk()
    const waiting = wait('run-1')
    expect(deliver(DONE, 'service-1', 'early')).toBe('parked')
    waiting.alias(['service-1'])
    expect(waiting.results).toStrictEqual(['early'])
    expect(registry.stats()).toStrictEqual({ waiting: 0, parked: 0 })
    expect([deliver(DONE, 'run-1'), deliver(DONE, 'service-1')]).toStrictEqual(['duplicate', 'duplicate'])
  })

  test('takes the earliest of several that came already', () => {
    const { deliver, wait, registry } = createDesk()
    const waiting = wait('run-1', { endpoints: [DONE, READY] })
    deliver(READY, 'service-2', 'first')
    deliver(DONE, 'service-1', 'second')
    waiting.alias(['service-1', 'service-2'])
    expect(waiting.results).toStrictEqual(['first'])
    expect(registry.stats().parked).toBe(0)
  })

  test('makes a settled id free again', () => {
    const { deliver, wait } = createDesk()
    wait('service-1')
    deliver(DONE, 'service-1', 'old')
    const waiting = wait('run-1')
    waiting.alias(['service-1'])
    expect(waiting.results).toStrictEqual([])
    expect(deliver(DONE, 'service-1', 'new')).toBe('settled')
    expect(waiting.results).toStrictEqual(['new'])
  })

  test('may be one that it has, or that another wait has too', () => {
    const { deliver, wait } = createDesk()
    const other = wait('service-1')
    const waiting = wait('run-1')
    waiting.alias(['run-1'])
    waiting.alias(['service-1'])
    waiting.alias([])
    expect(deliver(DONE, 'service-1', 'both')).toBe('settled')
    expect([waiting.results, other.results]).toStrictEqual([['both'], ['both']])
  })

  test('can come in several steps', () => {
    const { deliver, wait } = createDesk()
    const waiting = wait('a')
    waiting.alias(['b'])
    waiting.alias(['c'])
    waiting.cancel()
    expect(['a', 'b', 'c'].map((id) => deliver(DONE, id))).toStrictEqual(['parked', 'parked', 'parked'])
  })

  test.each(['ended', 'cancelled', 'timed out', 'closed'])('ends no wait that has %s already', (how) => {
    const { deliver, wait, clock, registry } = createDesk()
    const waiting = wait('a')
    if (how === 'ended') deliver(DONE, 'a')
    if (how === 'cancelled') waiting.cancel()
    if (how === 'timed out') clock.advance(2 * HOUR)
    if (how === 'closed') registry.close()
    const before = [...waiting.endings]
    waiting.alias(['b'])
    expect(waiting.endings).toStrictEqual(before)
    if (how === 'cancelled' || how === 'timed out') expect(deliver(DONE, 'b')).toBe('parked')
    expect(registry.stats().waiting).toBe(0)
  })

  test('is settled with a wait that a callback has ended, and so is what was kept for it', () => {
    const { deliver, wait, registry } = createDesk()
    const waiting = wait('a')
    deliver(DONE, 'b', 'early')
    deliver(DONE, 'a', 'first')
    waiting.alias(['b', 'c'])
    expect(registry.stats().parked).toBe(0)
    expect(['b', 'c'].map((id) => deliver(DONE, id))).toStrictEqual(['duplicate', 'duplicate'])
    expect(waiting.results).toStrictEqual(['first'])
  })
})
