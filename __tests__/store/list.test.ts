import { describe, expect, test } from '@jest/globals'
import { createDesk, DONE, MINUTE, PLAIN, READY, TICK } from './desk'

describe('the list of open waits', () => {
  test('is empty at first', () => {
    expect(createDesk().registry.list(10)).toEqual([])
  })

  test('has ids, endpoints and deadline of each, oldest first, over all endpoints', () => {
    const { registry, wait, clock } = createDesk()
    const start = clock.now()
    wait('a', { endpoints: [READY], timeoutMs: 16 * MINUTE })
    clock.advance(1600)
    wait(['b', 'c'], { endpoints: [DONE, READY], timeoutMs: 16 })
    wait('d', { endpoints: [READY], timeoutMs: 160 })
    expect(registry.list(10)).toEqual([
      { ids: ['a'], endpoints: [READY.key], deadline: start + 16 * MINUTE, isOutdated: false },
      { ids: ['b', 'c'], endpoints: [DONE.key, READY.key], deadline: start + 1616, isOutdated: false },
      { ids: ['d'], endpoints: [READY.key], deadline: start + 1760, isOutdated: false },
    ])
  })

  test('has deadlines that stay as time goes by, never early and at most a tick late', () => {
    const { registry, wait, clock } = createDesk()
    clock.advance(7)
    const due = clock.now() + 12_345
    wait('a', { timeoutMs: 12_345 })
    const deadlines = [0, 3, 5000, 7000].map((ms) => {
      clock.advance(ms)
      return registry.list(1)[0]?.deadline ?? 0
    })
    expect(new Set(deadlines).size).toBe(1)
    expect((deadlines[0] ?? 0) - due).toBeGreaterThanOrEqual(0)
    expect((deadlines[0] ?? 0) - due).toBeLessThan(TICK)
  })

  test('leaves out those that have ended', () => {
    const { registry, wait, deliver, clock } = createDesk()
    wait('a', { timeoutMs: 10 })
    wait('b')
    const cancelled = wait('c')
    wait('d')
    cancelled.cancel()
    deliver(DONE, 'b')
    clock.advance(100)
    expect(registry.list(10).map(({ ids }) => ids)).toEqual([['d']])
  })

  test('has each wait once, whatever its aliases', () => {
    const { registry, wait } = createDesk()
    const first = wait(['a', 'b'])
    wait('b')
    first.alias(['c'])
    expect(registry.list(10).map(({ ids }) => ids)).toEqual([['a', 'b', 'c'], ['b']])
  })

  test('has waits without ids too', () => {
    const { registry, wait } = createDesk()
    wait([], { endpoints: [PLAIN], queued: true })
    wait('ticket', { endpoints: [PLAIN], queued: false })
    wait('a', { endpoints: [PLAIN], queued: true })
    expect(registry.list(10).map(({ ids }) => ids)).toEqual([[], ['ticket'], ['a']])
    expect(registry.list(2).map(({ ids }) => ids)).toEqual([[], ['ticket']])
  })

  test('ends at its limit, with the oldest', () => {
    const { registry, wait } = createDesk()
    for (let number = 0; number < 30; number += 1) wait(`${number}`, { endpoints: [number % 2 ? DONE : READY] })
    expect(registry.list(5).map(({ ids }) => ids[0])).toEqual(['0', '1', '2', '3', '4'])
    expect(registry.list(0)).toEqual([])
  })

  test('is empty once all is closed', () => {
    const { registry, wait } = createDesk()
    wait('a')
    registry.close()
    expect(registry.list(10)).toEqual([])
  })
})
