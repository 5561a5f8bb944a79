import { describe, expect, test } from '@jest/globals'
import { createDesk, createProgress, DONE, PLAIN, QUIET } from './desk'

const AT_PLAIN = { endpoints: [PLAIN] }
const AT_ANY = { endpoints: [PLAIN, DONE] }

describe('callbacks without an id', () => {
  test('end one wait each, the oldest first, whatever ids the waits have', () => {
    const { deliver, wait } = createDesk()
    const waits = ['x', 'y', 'z'].map((id) => wait(id, AT_PLAIN))
    expect([1, 2].map((result) => deliver(PLAIN, undefined, result))).toStrictEqual(['settled', 'settled'])
    expect(waits.map(({ results }) => results)).toStrictEqual([[1], [2], []])
  })

  test('are never duplicates, and nothing is remembered as settled', () => {
    const { deliver, wait } = createDesk()
    wait('x', AT_PLAIN)
    expect([1, 2, 3].map((result) => deliver(PLAIN, undefined, result))).toStrictEqual(['settled', 'parked', 'parked'])
    expect(deliver(PLAIN, 'x')).toBe('parked')
  })

  test('that came early end the next waits, the earliest first', () => {
    const { deliver, wait, registry } = createDesk()
    for (const result of [1, 2, 3]) expect(deliver(PLAIN, undefined, result)).toBe('parked')
    expect([wait('x', AT_PLAIN), wait('y', AT_PLAIN)].map(({ results }) => results)).toStrictEqual([[1], [2]])
    expect(registry.stats(PLAIN)).toStrictEqual({ waiting: 0, parked: 1 })
  })

  test('are compared by age with those that carry the id', () => {
    const { deliver, wait } = createDesk()
    deliver(PLAIN, undefined, 'oldest')
    deliver(PLAIN, 'x', 'named')
    deliver(PLAIN, undefined, 'youngest')
    expect(wait('other', AT_PLAIN).results).toStrictEqual(['oldest'])
    expect(wait('x', AT_PLAIN).results).toStrictEqual(['named'])
    expect(wait('x', AT_PLAIN).results).toStrictEqual(['youngest'])
  })

  test('leave what was parked for an id of their wait to the next one', () => {
    const { deliver, wait, registry } = createDesk()
    deliver(PLAIN, undefined, 'plain')
    deliver(DONE, 'x', 'named')
    expect(wait('x', AT_ANY).results).toStrictEqual(['plain'])
    expect(registry.stats(DONE).parked).toBe(1)
    expect(wait('x', AT_ANY).results).toStrictEqual(['named'])
  })

  test('go to who waits longest, also among waits on different endpoints', () => {
    const { deliver, wait } = createDesk()
    const first = wait('x', AT_ANY)
    const second = wait('y', AT_PLAIN)
    const third = wait('z', { endpoints: [PLAIN, QUIET] })
    for (const result of [1, 2, 3]) deliver(PLAIN, undefined, result)
    expect([first, second, third].map(({ results }) => results)).toStrictEqual([[1], [2], [3]])
  })

  test('that came early at several endpoints are taken by age', () => {
    const { deliver, wait } = createDesk()
    deliver(QUIET, undefined, 'first')
    deliver(PLAIN, undefined, 'second')
    const both = { endpoints: [PLAIN, QUIET] }
    expect([wait('x', both), wait('y', both)].map(({ results }) => results)).toStrictEqual([['first'], ['second']])
  })

  test('go past waits that ended, were cancelled, or take no such callback', () => {
    const { deliver, wait } = createDesk()
    const ticket = wait('ticket', { ...AT_PLAIN, queued: false })
    const cancelled = wait('x', AT_PLAIN)
    const named = wait('y', AT_PLAIN)
    const last = wait('z', AT_PLAIN)
    cancelled.cancel()
    deliver(PLAIN, 'y', 'by hand')
    expect(deliver(PLAIN, undefined, 'plain')).toBe('settled')
    const results = [ticket, cancelled, named, last].map((one) => one.results)
    expect(results).toStrictEqual([[], [], ['by hand'], ['plain']])
  })

  test('do not end a ticket that comes later, and wait for another wait', () => {
    const { deliver, wait } = createDesk()
    deliver(PLAIN, undefined, 'plain')
    expect(wait('ticket', { ...AT_PLAIN, queued: false }).results).toStrictEqual([])
    expect(wait('x', AT_PLAIN).results).toStrictEqual(['plain'])
  })

  test('end a wait without ids', () => {
    const { deliver, wait, registry } = createDesk()
    const waiting = wait([], AT_PLAIN)
    expect(registry.stats(PLAIN).waiting).toBe(1)
    expect(deliver(PLAIN, undefined, 1)).toBe('settled')
    expect(waiting.results).toStrictEqual([1])
  })

  test('do not reach waits at another endpoint', () => {
    const { deliver, wait } = createDesk()
    const elsewhere = wait('x', { endpoints: [QUIET] })
    expect(deliver(PLAIN, undefined, 1)).toBe('parked')
    expect(elsewhere.results).toStrictEqual([])
  })

  test('that came early do not come with an id that is added later', () => {
    const { deliver, wait } = createDesk()
    const ticket = wait('ticket', { ...AT_PLAIN, queued: false })
    deliver(PLAIN, undefined, 'plain')
    ticket.alias(['other'])
    expect(ticket.results).toStrictEqual([])
  })
})

describe('news without an id', () => {
  test('reaches only who waits longest', () => {
    const { registry, wait } = createDesk()
    const waits = [wait('x', AT_ANY), wait('y', AT_PLAIN)]
    registry.progress(PLAIN, createProgress(PLAIN, undefined, 0.5))
    expect(waits.map(({ news }) => news.length)).toStrictEqual([1, 0])
    waits[0]?.cancel()
    registry.progress(PLAIN, createProgress(PLAIN, undefined, 0.7))
    expect(waits.map(({ news }) => news.length)).toStrictEqual([1, 1])
  })

  test('reaches nobody when nobody waits', () => {
    const { registry } = createDesk()
    registry.progress(PLAIN, createProgress(PLAIN, undefined, 0.5))
    expect(registry.stats()).toStrictEqual({ waiting: 0, parked: 0 })
  })
})
