import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { Arrival, Delivery, Ending, OpenWait, Outcome, Store, WaitRequest } from '../../lib/base/contracts'
import { describeClaims } from './store-contract-claims'
import { describeEach } from './store-contract-each'
import {
  createOutcome,
  DONE,
  NEWS,
  PLAIN,
  READY,
  type StoreKind,
  type StoreLimits,
  type StoreWorld,
  waitUntil,
} from './store-parts'

export { createOutcome, DONE, NEWS, PLAIN, READY, type StoreKind, type StoreWorld, waitUntil } from './store-parts'

interface Watched {
  readonly open: OpenWait
  readonly endings: readonly Ending[]
  /** Resolves when it has ended: with the result, or with how else. */
  readonly end: Promise<unknown>
}

/** What every store must do, whatever keeps it. */
export function describeStore(name: string, kind: StoreKind): void {
  const { isShared, isDurable, shortMs } = kind
  let world: StoreWorld
  let store: Store
  let forgotten: unknown[]

  function open(limits: Partial<StoreLimits> = {}): Promise<Store> {
    return world.open({
      maxWaits: 1000,
      park: { forMs: 600_000, max: 100, maxBytes: 100_000 },
      onForgotten: ({ result }) => forgotten.push(result),
      ...limits,
    })
  }

  beforeEach(async () => {
    forgotten = []
    world = await kind.create()
    store = await open()
  })

  afterEach(() => world.end())

  async function wait(
    ids: readonly string[],
    more: Partial<WaitRequest> & { readonly on?: Store } = {},
  ): Promise<Watched> {
    const { on = store, ...request } = more
    const endings: Ending[] = []
    const { promise, resolve } = createPromise()
    const opened = on.wait({
      endpoints: [DONE],
      ids,
      timeoutMs: 600_000,
      queued: true,
      ...request,
      waiter: {
        onEnd(ending) {
          endings.push(ending)
          resolve(ending.kind === 'outcome' ? ending.outcome.result : ending.kind)
        },
      },
    })
    await opened.registered
    return { open: opened, endings, end: promise }
  }

  async function deliver(id: string | undefined, result: unknown, more: Partial<Arrival> & { on?: Store } = {}) {
    const { on = store, endpoint = DONE, ...arrival } = more
    return on.deliver({ endpoint, outcome: createOutcome(endpoint, id, result), size: () => 100, ...arrival })
  }

  describeClaims(name, kind)
  describeEach(name, kind)

  describe(name, () => {
    test('a callback ends the wait for its id, once', async () => {
      const { end, endings } = await wait(['a'])
      expect(await deliver('a', { url: 'https://example.com' })).toBe('settled')
      expect(await end).toEqual({ url: 'https://example.com' })
      expect(await deliver('a', 2)).toBe('duplicate')
      expect(endings.length).toBe(1)
    })

    test('a callback that comes early is kept, and ends the next wait at once', async () => {
      expect(await deliver('a', 1)).toBe('parked')
      expect(await deliver('a', 2)).toBe('duplicate')
      expect(store.stats().parked).toBe(1)
      expect(await (await wait(['a'])).end).toBe(1)
      expect(store.stats().parked).toBe(0)
      expect(await deliver('a', 3)).toBe('duplicate')
    })

    test('an id that is waited for anew is settled no longer', async () => {
      const first = await wait(['a'])
      await deliver('a', 1)
      await first.end
      const second = await wait(['a'])
      expect(await deliver('a', 2)).toBe('settled')
      expect(await second.end).toBe(2)
      expect(await deliver('a', 3)).toBe('duplicate')
    })

    test('all ids of a wait are settled by the first callback for any', async () => {
      const { end } = await wait(['run', 'task'])
      expect(await deliver('task', 1)).toBe('settled')
      expect(await end).toBe(1)
      await world.pass(0)
      expect(await deliver('run', 2)).toBe('duplicate')
    })

    test('an id that is told later counts too, also when its callback was first', async () => {
      const late = await wait(['run-1'])
      await late.open.alias(['task-1'])
      expect(await deliver('task-1', 1)).toBe('settled')
      expect(await late.end).toBe(1)
      expect(await deliver('task-2', 2)).toBe('parked')
      const early = await wait(['run-2'])
      await early.open.alias(['task-2'])
      expect(await early.end).toBe(2)
    })

    test('two waits for one id both get the result', async () => {
      const [one, other] = [await wait(['a']), await wait(['a'])]
      await deliver('a', 1)
      expect(await Promise.all([one.end, other.end])).toEqual([1, 1])
    })

    test('ids belong to their endpoint, and a wait on several takes the first', async () => {
      const { end } = await wait(['a'], { endpoints: [DONE, READY] })
      expect(await deliver('a', 1, { endpoint: READY })).toBe('settled')
      expect(await end).toBe(1)
      const only = await wait(['b'])
      expect(await deliver('b', 2, { endpoint: READY })).toBe('parked')
      expect(await deliver('b', 3)).toBe('settled')
      expect(await only.end).toBe(3)
    })

    test('without ids the oldest wait gets the callback, and nothing is remembered', async () => {
      const first = await wait(['x'], { endpoints: [PLAIN] })
      const second = await wait(['y'], { endpoints: [PLAIN] })
      expect(await deliver(undefined, 1, { endpoint: PLAIN })).toBe('settled')
      expect(await first.end).toBe(1)
      expect(await deliver(undefined, 2, { endpoint: PLAIN })).toBe('settled')
      expect(await second.end).toBe(2)
      expect(await deliver(undefined, 3, { endpoint: PLAIN })).toBe('parked')
      expect(await deliver(undefined, 4, { endpoint: PLAIN })).toBe('parked')
      expect(await (await wait(['z'], { endpoints: [PLAIN] })).end).toBe(3)
      expect(await (await wait(['z'], { endpoints: [PLAIN] })).end).toBe(4)
    })

    test('a wait ends when its time is up, and frees what it held', async () => {
      const { end } = await wait(['a'], { timeoutMs: shortMs })
      await world.pass(shortMs + 50)
      expect(await end).toBe('timeout')
      expect(store.stats().waiting).toBe(0)
      expect(await deliver('a', 1)).toBe('parked')
    })

    test('a wait that is cancelled is told nothing more', async () => {
      const { open: opened, endings } = await wait(['a'])
      opened.cancel()
      await world.pass(50)
      expect(await deliver('a', 1)).toBe('parked')
      expect(endings).toEqual([])
    })

    test.each([
      ['every endpoint', undefined],
      ['its own', DONE],
    ])('a wait that is given up on %s ends with the reason, and its id is free again', async (_where, endpoint) => {
      const first = await wait(['a'])
      const second = await wait(['b', 'a'])
      const other = await wait(['c'])
      const reason = new Error('enough')
      expect(store.abort('a', reason, endpoint)).toBe(2)
      expect([first.endings, second.endings]).toEqual([[{ kind: 'aborted', reason }], [{ kind: 'aborted', reason }]])
      expect(store.stats().waiting).toBe(1)
      await world.pass(50)
      expect(await deliver('a', 1)).toBe('parked')
      expect(await (await wait(['a'])).end).toBe(1)
      expect(await deliver('b', 2)).toBe('parked')
      expect(await deliver('c', 3)).toBe('settled')
      expect(await other.end).toBe(3)
    })

    test('nothing is given up under an id or on an endpoint that nobody waits on', async () => {
      const { endings } = await wait(['a'])
      expect(store.abort('b', undefined)).toBe(0)
      expect(store.abort('a', undefined, NEWS)).toBe(0)
      expect(endings).toEqual([])
      expect(store.abort('a', undefined)).toBe(1)
      expect(store.abort('a', undefined)).toBe(0)
      expect(endings).toEqual([{ kind: 'aborted', reason: undefined }])
    })

    test('a failure, bytes and an error come through as they are', async () => {
      const outcome: Outcome = {
        ...createOutcome(DONE, 'a', { bytes: Buffer.from([0, 1, 255]), $kept: 'bytes' }),
        outcome: 'failed',
        status: 'broken',
        body: JSON.parse('{"__proto__": {"a": 1}, "text": "\\u0000 \\ud800 ü"}'),
        headers: { 'x-many': ['1', '2'] },
      }
      const { end, endings } = await wait(['a'])
      await store.deliver({ endpoint: DONE, outcome, size: () => 1 })
      await end
      expect(endings).toEqual([{ kind: 'outcome', outcome }])
    })

    test('what is kept is bounded by number and by size, and nothing is pushed out', async () => {
      const small = await open({ park: { forMs: 600_000, max: 2, maxBytes: 1000 } })
      expect(await deliver('a', 1, { on: small })).toBe('parked')
      await expect(deliver('b', 2, { on: small, size: () => 901 })).rejects.toMatchObject({ code: 'ERR_PARKING_FULL' })
      expect(await deliver('b', 2, { on: small })).toBe('parked')
      await expect(deliver('c', 3, { on: small })).rejects.toMatchObject({ code: 'ERR_PARKING_FULL' })
      expect(await deliver('a', 4, { on: small })).toBe('duplicate')
      expect(await (await wait(['a'], { on: small })).end).toBe(1)
      expect(await deliver('c', 3, { on: small })).toBe('parked')
    })

    test('what is kept in vain is forgotten in the end, and said so', async () => {
      const brief = await open({ park: { forMs: shortMs, max: 10, maxBytes: 1000 } })
      expect(await deliver('a', 1, { on: brief })).toBe('parked')
      await world.pass(shortMs + 200)
      await waitUntil(() => forgotten.length > 0)
      expect(forgotten).toEqual([1])
      expect(brief.stats().parked).toBe(0)
      const { end } = await wait(['a'], { on: brief })
      expect(await deliver('a', 2, { on: brief })).toBe('settled')
      expect(await end).toBe(2)
    })

    test('a delivery with the name of an earlier one is a duplicate', async () => {
      expect(await deliver('a', 1, { dedupeKey: 'one' })).toBe('parked')
      expect(await deliver('b', 2, { dedupeKey: 'one' })).toBe('duplicate')
      expect(await deliver('b', 2, { dedupeKey: 'two' })).toBe('parked')
    })

    test('what nobody waits for is started once, and settles its id', async () => {
      const started: unknown[] = []
      const start = (id?: string): void => void started.push(id)
      expect(await deliver('a', 1, { endpoint: NEWS, start })).toBe('started')
      expect(await deliver('a', 2, { endpoint: NEWS, start })).toBe('duplicate')
      expect(started.length).toBe(1)
      const waiting = await wait(['b'], { endpoints: [NEWS] })
      expect(await deliver('b', 3, { endpoint: NEWS, start })).toBe('settled')
      expect(await waiting.end).toBe(3)
      const gone = await wait(['c'], { endpoints: [NEWS] })
      gone.open.cancel()
      await world.pass(50)
      expect(await deliver('c', 4, { endpoint: NEWS, start })).toBe('parked')
      expect(started.length).toBe(1)
    })

    test('what cannot be started has changed nothing', async () => {
      const fail = (): never => {
        throw new Error('no room')
      }
      await expect(async () => deliver('a', 1, { endpoint: NEWS, start: fail })).rejects.toThrow('no room')
      expect(await deliver('a', 2, { endpoint: NEWS, start: () => undefined })).toBe('started')
    })

    test('news of a pending callback reach the wait, and do not end it', async () => {
      const news: unknown[] = []
      const opened = store.wait({
        endpoints: [DONE],
        ids: ['a'],
        timeoutMs: 600_000,
        queued: true,
        waiter: { onEnd: () => undefined, onProgress: ({ status }) => news.push(status) },
      })
      await opened.registered
      await store.progress(DONE, { ...createOutcome(DONE, 'a', 1), outcome: 'pending', status: 'half' })
      expect(news).toEqual(['half'])
      expect(store.stats().waiting).toBe(1)
    })

    test('more waits than allowed are refused, and there is room again when one has ended', async () => {
      const small = await open({ maxWaits: 1 })
      const { open: opened } = await wait(['a'], { on: small })
      await expect(wait(['b'], { on: small })).rejects.toMatchObject({ code: 'ERR_WAITS_FULL' })
      opened.cancel()
      await wait(['b'], { on: small })
    })

    test('a hundred waits and callbacks in any order each find their own', async () => {
      const ids = Array.from({ length: 100 }, (_, index) => `task-${index}`)
      const early = ids.filter((_, index) => index % 3 === 0)
      await Promise.all(early.map((id) => deliver(id, id)))
      const ends = Promise.all(ids.map(async (id) => (await wait([id])).end))
      const late = ids.filter((_, index) => index % 3 !== 0)
      await Promise.all(late.toReversed().map((id) => deliver(id, id)))
      expect(await ends).toEqual(ids)
    })

    test('close ends what is open, and takes nothing more', async () => {
      const { end } = await wait(['a'])
      await store.close()
      await store.close()
      expect(await end).toBe('closed')
      await expect(wait(['b'])).rejects.toMatchObject({ code: 'ERR_CLOSED' })
      await expect(async () => deliver('a', 1)).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    })

    if (isDurable) describeDurable()
    if (isShared) describeShared()
  })

  function describeDurable(): void {
    test('what was kept and what was settled is known after the store was closed', async () => {
      const settled = await wait(['settled'])
      await deliver('settled', 1)
      await settled.end
      expect(await deliver('kept', 2)).toBe('parked')
      expect(await deliver('x', 3, { dedupeKey: 'one' })).toBe('parked')
      await store.close()
      const again = await open()
      expect(await deliver('settled', 4, { on: again })).toBe('duplicate')
      expect(await deliver('y', 5, { on: again, dedupeKey: 'one' })).toBe('duplicate')
      expect(await (await wait(['kept'], { on: again })).end).toBe(2)
    })

    test('a kept wait gets what came while nobody held it', async () => {
      const { open: opened } = await wait(['a'], { kept: 'wait-1' })
      opened.leave?.()
      await store.close()
      const again = await open()
      expect(await deliver('a', 1, { on: again })).toBe('settled')
      const { open: taken, end } = await wait(['a'], { on: again, kept: 'wait-1' })
      expect(await end).toBe(1)
      taken.release?.()
      await world.pass(50)
      expect(await deliver('a', 2, { on: again })).toBe('duplicate')
    })
  }

  function describeShared(): void {
    test('a callback at another process ends the wait', async () => {
      const other = await open()
      const { end } = await wait(['a'])
      expect(await deliver('a', 1, { on: other })).toBe('settled')
      expect(await end).toBe(1)
      expect(await deliver('a', 2, { on: other })).toBe('duplicate')
    })

    test('what came early at one process ends the wait at another', async () => {
      const other = await open()
      expect(await deliver('a', 1, { on: other })).toBe('parked')
      expect(await (await wait(['a'])).end).toBe(1)
      await waitUntil(() => other.stats().parked === 0)
    })

    test('one callback sent to two processes at once counts once', async () => {
      const other = await open()
      const waits = await Promise.all(Array.from({ length: 20 }, (_, index) => wait([`task-${index}`])))
      const deliveries = await Promise.all(
        waits.flatMap((_, index) => [store, other].map((on) => deliver(`task-${index}`, `${index}`, { on }))),
      )
      const counts = (what: Delivery): number => deliveries.filter((delivery) => delivery === what).length
      expect([counts('settled'), counts('duplicate')]).toEqual([20, 20])
      expect(await Promise.all(waits.map(({ end }) => end))).toEqual(waits.map((_, index) => `${index}`))
    })

    test('without ids, each of two callbacks at two processes ends one wait', async () => {
      const other = await open()
      const first = await wait(['x'], { endpoints: [PLAIN] })
      const second = await wait(['y'], { endpoints: [PLAIN], on: other })
      await Promise.all([
        deliver(undefined, 1, { endpoint: PLAIN }),
        deliver(undefined, 2, { endpoint: PLAIN, on: other }),
      ])
      expect(new Set([await first.end, await second.end])).toEqual(new Set([1, 2]))
    })

    test('news reach a wait at another process', async () => {
      const other = await open()
      const news: unknown[] = []
      const opened = store.wait({
        endpoints: [DONE],
        ids: ['a'],
        timeoutMs: 600_000,
        queued: true,
        waiter: { onEnd: () => undefined, onProgress: ({ status }) => news.push(status) },
      })
      await opened.registered
      await other.progress(DONE, { ...createOutcome(DONE, 'a', 1), outcome: 'pending', status: 'half' })
      await waitUntil(() => news.length > 0)
      expect(news).toEqual(['half'])
    })

    test('an event that two processes receive starts one run', async () => {
      const other = await open()
      const started = new Set<string | undefined>()
      const start = (id?: string): void => void started.add(id)
      const deliveries = await Promise.all([
        deliver('a', 1, { endpoint: NEWS, start }),
        deliver('a', 1, { endpoint: NEWS, start, on: other }),
      ])
      expect(started.size).toBe(1)
      expect(deliveries).toContain('started')
    })
  }
}

function createPromise(): { readonly promise: Promise<unknown>; readonly resolve: (value: unknown) => void } {
  let resolve = (_value: unknown): void => undefined
  const promise = new Promise<unknown>((done) => {
    resolve = done
  })
  return { promise, resolve }
}
