import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from '@jest/globals'
import { createMemoryStore } from '../../lib/store/registry'
import type { OpenWait } from '../../lib/base/contracts'
import { createFakeClock } from '../helpers/fake-clock'
import { createDesk, createOutcome, createProgress, DAY, DONE, HOUR, PLAIN, READY, TICK } from './desk'

describe('a wait whose time is over', () => {
  test.each([1, 1000, HOUR, 30 * DAY])('ends after %i ms, not before', (timeoutMs) => {
    const { wait, clock, registry } = createDesk()
    const waiting = wait('a', { timeoutMs })
    clock.advance(timeoutMs - 1)
    expect(waiting.endings).toStrictEqual([])
    clock.advance(1 + TICK)
    expect(waiting.endings).toStrictEqual([{ kind: 'timeout' }])
    expect(registry.stats().waiting).toBe(0)
    expect(clock.timers).toBe(0)
  })

  test('ends alone: another wait for the id goes on', () => {
    const { wait, clock, deliver } = createDesk()
    const short = wait('a', { timeoutMs: 1000 })
    const long = wait('a', { timeoutMs: 5000 })
    clock.advance(2000)
    expect(deliver(DONE, 'a', 'late')).toBe('settled')
    expect([short.results, long.results]).toStrictEqual([['timeout'], ['late']])
  })

  test('does not settle its id: what comes late is kept for the next wait', () => {
    const { wait, clock, deliver } = createDesk()
    const early = wait(['a', 'b'], { timeoutMs: 1000 })
    clock.advance(2000)
    expect(deliver(DONE, 'b', 'late')).toBe('parked')
    expect(wait('b').results).toStrictEqual(['late'])
    expect(early.results).toStrictEqual(['timeout'])
  })

  test('does not end again when it is cancelled, or when it was ended before', () => {
    const { wait, clock, deliver } = createDesk()
    const over = wait('a', { timeoutMs: 1000 })
    const ended = wait('b', { timeoutMs: 1000 })
    deliver(DONE, 'b')
    clock.advance(2000)
    over.cancel()
    expect([over.results, ended.results]).toStrictEqual([['timeout'], ['b']])
  })
})

describe('cancelling a wait', () => {
  test('frees everything and tells nobody', () => {
    const { wait, registry, deliver, clock } = createDesk()
    const cancelled = wait(['a', 'b'], { endpoints: [DONE, READY, PLAIN] })
    cancelled.cancel()
    cancelled.cancel()
    expect(registry.stats()).toStrictEqual({ waiting: 0, parked: 0 })
    for (const endpoint of [DONE, READY, PLAIN]) expect(registry.stats(endpoint).waiting).toBe(0)
    registry.progress(DONE, createProgress(DONE, 'a', 1))
    expect([deliver(DONE, 'a'), deliver(READY, 'b'), deliver(PLAIN, undefined)]).toStrictEqual(Array(3).fill('parked'))
    clock.advance(DAY)
    expect([cancelled.endings, cancelled.news]).toStrictEqual([[], []])
  })

  test('leaves other waits for the id alone', () => {
    const { wait, deliver } = createDesk()
    const waits = [wait('a'), wait('a'), wait('a')]
    waits[1]?.cancel()
    deliver(DONE, 'a', 1)
    expect(waits.map(({ results }) => results)).toStrictEqual([[1], [], [1]])
  })

  test('does nothing to a wait that has ended', () => {
    const { wait, deliver, registry } = createDesk()
    const ended = wait('a')
    wait('b')
    deliver(DONE, 'a')
    ended.cancel()
    expect(registry.stats().waiting).toBe(1)
    expect(deliver(DONE, 'a')).toBe('duplicate')
  })
})

describe('a wait that is over', () => {
  type Watched = ReturnType<typeof createDesk>

  test.each<[string, (desk: Watched, open: OpenWait) => unknown]>([
    ['a callback', ({ deliver }) => deliver(DONE, 'a')],
    ['being cancelled', (_desk, open) => open.cancel()],
    ['its time', ({ clock }) => clock.advance(2 * HOUR)],
    ['the close', ({ registry }) => registry.close()],
  ])('by %s is held by nobody', async (_how, end) => {
    const desk = createDesk()
    const neighbour = desk.wait('b', { timeoutMs: HOUR })
    const held = openAndEnd(desk, end)
    await new Promise((resolve) => setImmediate(resolve))
    collectGarbage()
    expect(held.deref()).toBeUndefined()
    neighbour.cancel()
  })

  /** A function of its own, so that no variable of the test holds what it opened. */
  function openAndEnd(desk: Watched, end: (desk: Watched, open: OpenWait) => unknown): WeakRef<object> {
    const held = { endings: 0 }
    const open = desk.registry.wait({
      endpoints: [DONE, READY, PLAIN],
      ids: ['a', 'c'],
      timeoutMs: HOUR,
      queued: true,
      waiter: { onEnd: () => void (held.endings += 1) },
    })
    end(desk, open)
    return new WeakRef(held)
  }

  function collectGarbage(): void {
    setFlagsFromString('--expose-gc')
    const collect: unknown = runInNewContext('gc')
    if (typeof collect === 'function') collect()
  }
})

describe('too many waits', () => {
  test('are refused until some have ended', () => {
    const { wait, deliver, registry, clock } = createDesk({ maxWaits: 2 })
    wait('a')
    const second = wait('b', { timeoutMs: 1000 })
    const full = expect.objectContaining({
      code: 'ERR_WAITS_FULL',
      message: '2 waits are open already (store.max_waits); wait for some to end, or raise the limit',
    })
    expect(() => wait('c')).toThrow(full)
    expect(registry.stats().waiting).toBe(2)
    expect(deliver(DONE, 'c')).toBe('parked')
    deliver(DONE, 'a')
    expect(wait('c').results).toStrictEqual(['c'])
    wait('d').cancel()
    wait('e')
    expect(() => wait('f')).toThrow(full)
    clock.advance(1000 + TICK)
    expect(second.results).toStrictEqual(['timeout'])
    wait('f')
    expect(() => wait('g')).toThrow(full)
  })
})

describe('closing', () => {
  test('ends every open wait once and leaves no timer', () => {
    const { wait, registry, clock, deliver } = createDesk()
    const waits = [
      wait(['a', 'b']),
      wait('a'),
      wait([], { endpoints: [PLAIN] }),
      wait('c', { endpoints: [DONE, PLAIN] }),
    ]
    const ended = wait('z')
    deliver(DONE, 'z')
    registry.close()
    registry.close()
    expect(waits.map(({ endings }) => endings)).toStrictEqual(waits.map(() => [{ kind: 'closed' }]))
    expect(ended.results).toStrictEqual(['z'])
    expect(registry.stats().waiting).toBe(0)
    expect(clock.timers).toBe(0)
  })

  test('refuses new waits and callbacks', () => {
    const { wait, registry, deliver } = createDesk()
    registry.close()
    expect(() => wait('a')).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }))
    expect(() => deliver(DONE, 'a')).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }))
    expect(() => registry.progress(DONE, createProgress(DONE, 'a', 1))).not.toThrow()
  })

  test('leaves nothing that could still be told later', () => {
    const { wait, registry, deliver, clock, forgotten } = createDesk()
    const waiting = wait('a')
    deliver(DONE, 'b')
    registry.close()
    clock.advance(2 * DAY)
    waiting.cancel()
    waiting.alias(['b'])
    expect(waiting.results).toStrictEqual(['closed'])
    expect(forgotten).toStrictEqual([])
  })
})

describe('the memory store', () => {
  test('keeps the rules of the registry', async () => {
    const clock = createFakeClock()
    const park = { forMs: HOUR, max: 10, maxBytes: 1000 }
    const store = createMemoryStore({ clock, maxWaits: 10, park, onForgotten: () => {} })
    await store.open()
    const endings: unknown[] = []
    const request = {
      endpoints: [DONE],
      timeoutMs: HOUR,
      queued: true,
      waiter: { onEnd: (one: unknown) => void endings.push(one) },
    }
    const outcome = createOutcome(DONE, 'a', 1)
    expect(store.deliver({ endpoint: DONE, outcome, size: () => 1 })).toBe('parked')
    store.wait({ ...request, ids: ['a'] })
    store.wait({ ...request, ids: ['b'] })
    await store.progress(DONE, createProgress(DONE, 'b', 1))
    expect(store.stats(DONE)).toStrictEqual({ waiting: 1, parked: 0 })
    await store.close()
    expect(endings).toStrictEqual([{ kind: 'outcome', outcome }, { kind: 'closed' }])
    expect(clock.timers).toBe(0)
  })
})
