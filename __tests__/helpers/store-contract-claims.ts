import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { Arrival, Claim, Delivery, Store, StoreEndpoint } from '../../lib/base/contracts'
import { createOutcome, DONE, NEWS, PLAIN, type StoreKind, type StoreWorld } from './store-parts'

const LIMITS = {
  maxWaits: 1000,
  park: { forMs: 600_000, max: 100, maxBytes: 100_000 },
  onForgotten: () => undefined,
}

/** The part of the contract that says what is one delivery, however often and wherever it comes at once. */
export function describeClaims(name: string, { create, isShared }: StoreKind): void {
  let world: StoreWorld
  let stores: Store[] = []
  /** How many processes have the store open. */
  const counts = isShared ? [1, 2] : [1]

  beforeEach(async () => {
    world = await create()
  })
  afterEach(async () => {
    await world.end()
    stores = []
  })

  async function open(count: number): Promise<void> {
    for (let index = 0; index < count; index += 1) stores.push(await world.open(LIMITS))
  }

  function at(index: number): Store {
    const store = stores[index % stores.length]
    if (store === undefined) throw new Error('no store is open')
    return store
  }

  async function wait(endpoint: StoreEndpoint, id: string, on: Store, ends: unknown[]): Promise<void> {
    const opened = on.wait({
      endpoints: [endpoint],
      ids: [id],
      timeoutMs: 600_000,
      queued: true,
      waiter: { onEnd: (ending) => void ends.push(ending.kind === 'outcome' ? ending.outcome.result : ending.kind) },
    })
    await opened.registered
  }

  async function deliver(index: number, id: string | undefined, more: Partial<Arrival> = {}): Promise<Delivery> {
    const { endpoint = DONE } = more
    return at(index).deliver({ endpoint, outcome: createOutcome(endpoint, id, index), size: () => 100, ...more })
  }

  const tally = (deliveries: readonly Delivery[]): Record<string, number> =>
    Object.fromEntries([...new Set(deliveries)].map((one) => [one, deliveries.filter((two) => two === one).length]))

  describe(`${name}: equal deliveries at one instant`, () => {
    describe.each(counts)('at %s of its processes', (count) => {
      beforeEach(() => open(count))

      test.each([
        ['two waits on an endpoint without ids, three deliveries', PLAIN, undefined, 2, 3],
        ['five waits on an endpoint without ids, ten deliveries', PLAIN, undefined, 5, 10],
      ])('are one: %s', async (_, endpoint, id, waits, times) => {
        const ends: unknown[] = []
        for (let index = 0; index < waits; index += 1) await wait(endpoint, `wait-${index}`, at(index), ends)
        const all = Array.from({ length: times }, (__, index) => deliver(index, id, { endpoint, dedupeKey: 'one' }))
        expect(tally(await Promise.all(all))).toEqual({ settled: 1, duplicate: times - 1 })
        await world.pass(100)
        expect(ends.length).toBe(1)
        expect(await deliver(0, id, { endpoint, dedupeKey: 'two' })).toBe('settled')
        await world.pass(100)
        expect(ends.length).toBe(2)
      })

      test('are one that is parked, where nobody waits', async () => {
        const all = [0, 1, 2].map((index) => deliver(index, undefined, { endpoint: PLAIN, dedupeKey: 'one' }))
        expect(tally(await Promise.all(all))).toEqual({ parked: 1, duplicate: 2 })
        const ends: unknown[] = []
        for (const id of ['first', 'second']) await wait(PLAIN, id, at(0), ends)
        await world.pass(100)
        expect(ends.length).toBe(1)
      })

      test('count once each, of many deliveries mixed', async () => {
        const ends: unknown[] = []
        for (let index = 0; index < 10; index += 1) await wait(PLAIN, `wait-${index}`, at(index), ends)
        const all = Array.from({ length: 30 }, (_, index) =>
          deliver(index, undefined, { endpoint: PLAIN, dedupeKey: `${index % 10}` }),
        )
        expect(tally(await Promise.all(all))).toEqual({ settled: 10, duplicate: 20 })
        await world.pass(100)
        expect(ends.length).toBe(10)
      })

      test('of an event start one run, and are told to have started it once', async () => {
        const runs = new Set<string | undefined>()
        const start = (run?: string): void => void runs.add(run)
        for (const dedupeKey of [undefined, 'one']) {
          runs.clear()
          const id = `event ${dedupeKey}`
          const all = Array.from({ length: 30 }, (_, index) => deliver(index, id, { endpoint: NEWS, start, dedupeKey }))
          expect(tally(await Promise.all(all))).toEqual({ started: 1, duplicate: 29 })
          expect(runs.size).toBe(1)
        }
      })

      test('of many events start one run each', async () => {
        const started = new Map<string, Set<string | undefined>>()
        const all = Array.from({ length: 60 }, (_, index) => {
          const id = `event-${index % 20}`
          const start = (run?: string): void => void started.set(id, (started.get(id) ?? new Set()).add(run))
          return deliver(index, id, { endpoint: NEWS, start, dedupeKey: id })
        })
        expect(tally(await Promise.all(all))).toEqual({ started: 20, duplicate: 40 })
        expect([...started.values()].map(({ size }) => size)).toEqual(Array.from({ length: 20 }, () => 1))
      })

      test('of a trigger start one run', async () => {
        const trigger = async (index: number, dedupeKey: string | undefined): Promise<[Delivery, number]> => {
          let calls = 0
          const start = (claim?: Claim): boolean | Promise<boolean> => {
            calls += 1
            return begin(index, claim)
          }
          return [await at(index).trigger({ endpoint: NEWS, dedupeKey, start }), calls]
        }
        const once = await Promise.all([0, 1, 2, 3].map((index) => trigger(index, 'one')))
        expect(tally(once.map(([delivery]) => delivery))).toEqual({ started: 1, duplicate: 3 })
        expect((await trigger(0, 'one'))[0]).toBe('duplicate')
        const each = await Promise.all([0, 1, 2].map((index) => trigger(index, undefined)))
        expect(tally(each.map(([delivery]) => delivery))).toEqual({ started: 3 })
        expect((await trigger(1, 'two'))[0]).toBe('started')
      })

      /** Starts a run as a workflow does: where runs are kept, with the claim. */
      function begin(index: number, claim: Claim | undefined): boolean | Promise<boolean> {
        const { runs } = at(index)
        if (runs === undefined) return true
        const id = `run-${index}-${Math.random().toString(36).slice(2)}`
        const run = { id, workflow: 'paint', definition: 1, input: 1, startedAt: 0, deadline: undefined }
        return runs.begin(run, claim).then((record) => record !== undefined)
      }
    })

    test('are not claimed by what could not be handed over', async () => {
      const small = await world.open({ ...LIMITS, park: { ...LIMITS.park, max: 1 } })
      stores.push(small)
      expect(await deliver(0, 'full')).toBe('parked')
      const refused = async (): Promise<Delivery> => deliver(0, 'a', { dedupeKey: 'one' })
      for (let time = 0; time < 2; time += 1)
        await expect(refused()).rejects.toMatchObject({ code: 'ERR_PARKING_FULL' })
      const ends: unknown[] = []
      await wait(DONE, 'a', small, ends)
      expect(await deliver(0, 'a', { dedupeKey: 'one' })).toBe('settled')
      expect(await deliver(0, 'b', { dedupeKey: 'one' })).toBe('duplicate')
      const fail = (): never => {
        throw new Error('no room')
      }
      const failing = async (): Promise<Delivery> =>
        deliver(0, 'c', { endpoint: NEWS, start: fail, dedupeKey: 'three' })
      await expect(failing()).rejects.toThrow('no room')
      expect(await deliver(0, 'c', { endpoint: NEWS, start: () => undefined, dedupeKey: 'three' })).toBe('started')
      const trigger = async (start: () => boolean): Promise<Delivery> =>
        small.trigger({ endpoint: NEWS, dedupeKey: 'four', start })
      await expect(trigger(fail)).rejects.toThrow('no room')
      expect(await trigger(() => true)).toBe('started')
    })
  })
}
