import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { Judged, Store } from '../../lib/base/contracts'
import { type Came, Inbox } from '../../lib/store/each/inbox'
import { Iteration } from '../../lib/store/each/iteration'
import { createKeyedIterations, type KeyedIterations } from '../../lib/store/each/keyed-iterations'
import { createOutcome, DONE, type StoreKind, type StoreWorld, waitUntil } from './store-parts'

const LIMITS = {
  maxWaits: 1000,
  park: { forMs: 600_000, max: 4, maxBytes: 100_000 },
  onForgotten: () => undefined,
}
const REAL = {
  now: Date.now,
  setTimeout: (callback: () => void, ms: number) => setTimeout(callback, ms),
  clearTimeout: (timer: unknown) => clearTimeout(timer as NodeJS.Timeout),
}

/** The part of the contract that says how many callbacks for one id are read. */
export function describeEach(name: string, { create, isShared, isDurable, shortMs }: StoreKind): void {
  let world: StoreWorld
  let store: Store
  const known = new WeakMap<Store, KeyedIterations>()

  beforeEach(async () => {
    world = await create()
    store = await world.open(LIMITS)
  })
  afterEach(() => world.end())

  /** Reads all callbacks for an id, up to a failure or one whose result is `last`. */
  function each(
    more: {
      readonly on?: Store
      readonly key?: string | undefined
      readonly idleMs?: number
      readonly id?: string
    } = {},
  ) {
    const { on = store, key, idleMs = 600_000, id = 'a' } = more
    const asked = { endpoints: [DONE], ids: [id], idleMs }
    const isFinal = ({ outcome, result }: Judged): boolean => outcome === 'failed' || result === 'last'
    const createInbox = (came?: readonly Came[]): Inbox =>
      new Inbox({ idleMs, limits: LIMITS.park, isFinal, onEnd: () => undefined }, came)
    const quiet = (): void => undefined
    const plan = { ...asked, signal: undefined, isLast: isFinal, onCallback: quiet, onFreed: quiet }
    return new Iteration({ ...plan, pick: ({ result }) => result }, () => {
      if (key !== undefined) return keyedOf(on).begin({ ...asked, key, createInbox })
      const inbox = createInbox()
      inbox.open = on.wait({ ...asked, timeoutMs: idleMs, queued: false, waiter: inbox })
      return { inbox }
    })
  }

  /** An app has one of these for its store. */
  function keyedOf(on: Store): KeyedIterations {
    const keyed = known.get(on) ?? createKeyedIterations(on, REAL)
    known.set(on, keyed)
    return keyed
  }

  const registered = (on: Store = store): Promise<void> => waitUntil(() => on.stats().waiting === 1)

  async function deliver(result: unknown, more: { readonly on?: Store; readonly dedupeKey?: string } = {}) {
    const { on = store, dedupeKey } = more
    return on.deliver({ endpoint: DONE, outcome: createOutcome(DONE, 'a', result), size: () => 100, dedupeKey })
  }

  async function pend(result: unknown, on: Store = store, dedupeKey?: string) {
    const more = { size: () => 100, dedupeKey: () => dedupeKey, result: () => result }
    return on.progress(DONE, { ...createOutcome(DONE, 'a', undefined), outcome: 'pending' }, more)
  }

  async function take(iteration: Iteration<unknown>, count: number): Promise<unknown[]> {
    const got: unknown[] = []
    while (got.length < count) got.push((await iteration.next()).value)
    return got
  }

  /** Returns an iteration whose wait is registered. */
  async function begin(iteration: Iteration<unknown>, on: Store = store): Promise<Iteration<unknown>> {
    await registered(on)
    await world.pass(100)
    return iteration
  }

  describe(`${name}: many callbacks for one id`, () => {
    test('are read in the order in which they came, pending ones too, until the last', async () => {
      const iteration = await begin(each())
      expect([await deliver(1), await pend(2), await deliver(3), await deliver('last')]).toEqual([
        'settled',
        'pending',
        'settled',
        'settled',
      ])
      expect(await take(iteration, 5)).toEqual([1, 2, 3, 'last', undefined])
      await waitUntil(() => store.stats().waiting === 0)
      await world.pass(100)
      expect([await deliver(4), await pend(5)]).toEqual(['duplicate', 'pending'])
    })

    test('end by a failure, after what came before', async () => {
      const iteration = await begin(each())
      await deliver(1)
      await store.deliver({
        endpoint: DONE,
        outcome: { ...createOutcome(DONE, 'a', 2), outcome: 'failed' },
        size: () => 1,
      })
      expect(await take(iteration, 1)).toEqual([1])
      await expect(iteration.next()).rejects.toMatchObject({ code: 'ERR_CALLBACK_FAILED' })
      expect(await iteration.next()).toEqual({ done: true, value: undefined })
    })

    test('are kept up to a limit, and there is room again when one is dealt with', async () => {
      const iteration = await begin(each())
      for (let n = 0; n < 4; n += 1) expect(await deliver(n)).toBe('settled')
      await expect(async () => deliver(4)).rejects.toMatchObject({ code: 'ERR_EACH_FULL' })
      await expect(async () => pend(4)).rejects.toMatchObject({ code: 'ERR_EACH_FULL' })
      expect(await take(iteration, 2)).toEqual([0, 1])
      await world.pass(100)
      expect(await tryFor(() => deliver(4))).toBe('settled')
      expect(await take(iteration, 3)).toEqual([2, 3, 4])
      await iteration.return()
    })

    test('count once for each delivery', async () => {
      const iteration = await begin(each())
      expect([await deliver(1, { dedupeKey: 'x' }), await deliver(2, { dedupeKey: 'x' })]).toEqual([
        'settled',
        'duplicate',
      ])
      expect([await pend(3, store, 'y'), await pend(4, store, 'y')]).toEqual(['pending', 'duplicate'])
      await deliver('last')
      expect(await take(iteration, 3)).toEqual([1, 3, 'last'])
      await iteration.next()
    })

    test('that came with one request keep their order', async () => {
      const iteration = await begin(each())
      await Promise.all([pend(1, store, 'x'), pend(2, store, 'y'), deliver('last', { dedupeKey: 'z' })])
      expect(await take(iteration, 4)).toEqual([1, 2, 'last', undefined])
    })

    test('end by silence, which each of them breaks', async () => {
      const iteration = await begin(each({ idleMs: 6 * shortMs }))
      for (let n = 0; n < 4; n += 1) {
        await world.pass(shortMs * 1.6)
        await deliver(n)
      }
      expect(await take(iteration, 4)).toEqual([0, 1, 2, 3])
      const late = iteration.next()
      late.catch(() => undefined)
      await world.pass(6 * shortMs + 100)
      await expect(late).rejects.toMatchObject({ code: 'ERR_WAIT_TIMEOUT' })
      expect(store.stats().waiting).toBe(0)
    })

    test('are freed by return, and a wait beside them goes on', async () => {
      const iteration = await begin(each())
      const ends: unknown[] = []
      const waiter = { onEnd: (ending: unknown) => void ends.push(ending) }
      await deliver(1)
      await take(iteration, 1)
      const open = store.wait({ endpoints: [DONE], ids: ['b'], timeoutMs: 600_000, queued: true, waiter })
      await open.registered
      const next = iteration.next()
      await iteration.return()
      expect([await next, store.stats().waiting]).toEqual([{ done: true, value: undefined }, 1])
      open.cancel()
    })

    test.each([
      ['without a key', undefined],
      ['by a key', 'k'],
    ])('%s are given up by hand, and their id is free again', async (_, key) => {
      const iteration = await begin(each({ key }))
      const next = iteration.next()
      next.catch(() => undefined)
      expect(store.abort('a', new Error('enough'))).toBe(1)
      await expect(next).rejects.toMatchObject({ code: 'ERR_ABORTED' })
      await world.pass(100)
      expect(await deliver('last')).toBe('parked')
      expect(await take(each({ key }), 2)).toEqual(['last', undefined])
    })

    test('by a key go on behind the last one that was dealt with', async () => {
      const first = await begin(each({ key: 'k' }))
      for (let n = 0; n < 4; n += 1) await deliver(n)
      expect(await take(first, 2)).toEqual([0, 1])
      const second = each({ key: 'k' })
      expect(await take(second, 2)).toEqual([1, 2])
      await expect(first.next()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
      await deliver('last')
      expect(await take(second, 3)).toEqual([3, 'last', undefined])
      expect(await each({ key: 'k' }).next()).toEqual({ done: true, value: undefined })
    })

    if (isDurable) {
      test('by a key are kept while nobody reads them, over a close', async () => {
        const first = await begin(each({ key: 'k' }))
        await deliver(1)
        expect(await take(first, 1)).toEqual([1])
        await store.close()
        const again = await world.open(LIMITS)
        expect([await deliver(2, { on: again }), await pend(3, again)]).toEqual(['settled', 'pending'])
        const second = each({ key: 'k', on: again })
        expect(await take(second, 3)).toEqual([1, 2, 3])
        await deliver('last', { on: again })
        expect(await take(second, 2)).toEqual(['last', undefined])
        await world.pass(100)
        expect(await tryUntil(() => deliver(4, { on: again }), 'duplicate')).toBe('duplicate')
      })

      test('without a key what was not read is for the next one, after a close', async () => {
        const first = await begin(each())
        for (let n = 0; n < 3; n += 1) await deliver(n)
        expect(await take(first, 2)).toEqual([0, 1])
        await store.close()
        const again = await world.open(LIMITS)
        const second = await begin(each({ on: again }), again)
        await deliver('last', { on: again })
        expect(await take(second, 4)).toEqual([1, 2, 'last', undefined])
      })
    }

    if (isShared) {
      test('are read wherever they came', async () => {
        const other = await world.open(LIMITS)
        const iteration = await begin(each())
        await deliver(1, { on: other })
        await pend(2, other)
        await deliver(3)
        await deliver('last', { on: other })
        expect(await take(iteration, 5)).toEqual([1, 2, 3, 'last', undefined])
      })

      test('by a key are read by the process that asked last, each by one', async () => {
        const other = await world.open(LIMITS)
        const first = await begin(each({ key: 'k' }))
        await deliver(1)
        expect(await take(first, 1)).toEqual([1])
        const second = each({ key: 'k', on: other })
        expect(await take(second, 1)).toEqual([1])
        await expect(first.next()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
        await deliver(2)
        await deliver('last')
        expect(await take(second, 3)).toEqual([2, 'last', undefined])
      })
    }
  })

  /** What is done without being awaited may take a moment on a server. */
  async function tryUntil<T>(work: () => Promise<T>, wanted: T): Promise<T> {
    for (let tries = 0; ; tries += 1) {
      const result = await work()
      if (result === wanted || tries > 50) return result
      await world.pass(20)
    }
  }

  async function tryFor<T>(work: () => Promise<T>): Promise<T> {
    for (let tries = 0; ; tries += 1) {
      try {
        return await work()
      } catch (error) {
        if (tries > 50) throw error
        await world.pass(20)
      }
    }
  }
}
