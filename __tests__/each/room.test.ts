import { expect, test } from '@jest/globals'
import type { Judged, Outcome } from '../../lib/base/contracts'
import { awaitCallback } from '../../lib/store/await-callback'
import { Inbox } from '../../lib/store/each/inbox'
import { createKeyedIterations } from '../../lib/store/each/keyed-iterations'
import { createMemoryStore } from '../../lib/store/registry'
import { createFakeClock } from '../helpers/fake-clock'
import { createOutcome, DONE } from '../helpers/store-contract'
import { DAY, MINUTE, type Process, useDurable } from '../store/use-durable'

const world = useDurable()
const quiet = (): void => undefined
const PARK = { forMs: MINUTE, max: 3, maxBytes: 100_000 }

function waitFor({ store }: Process, wanted: unknown): Promise<unknown> {
  const plan = { endpoints: [DONE], onEnd: quiet, pick: ({ result }: Outcome) => result }
  const filter = { when: ({ result }: Outcome) => result === wanted, onFiltered: quiet }
  const asked = { ids: ['a'], timeoutMs: 5 * MINUTE, queued: false, signal: undefined, onProgress: undefined, filter }
  return awaitCallback(store, plan, asked)
}

function readMany({ store }: Process): void {
  const inbox = new Inbox({ idleMs: MINUTE, limits: PARK, isFinal: () => false, onEnd: quiet })
  inbox.open = store.wait({ endpoints: [DONE], ids: ['a'], timeoutMs: MINUTE, queued: false, waiter: inbox })
}

/** Sends callbacks with the numbers from 1 on, and returns what became of each. */
async function send(process: Process, count: number): Promise<unknown[]> {
  const came: unknown[] = []
  for (let n = 1; n <= count; n += 1) came.push(await process.deliver('a', n).catch(({ code }) => code))
  return came
}

test.each([[4], [5], [9]])(
  'a wait with "when" refuses none, also of %d that its process has not read',
  async (count) => {
    const [one, other] = [await world.open({ park: PARK }), await world.open({ park: PARK })]
    const waiting = waitFor(one, count)
    await world.pass(0)
    world.ledgers.losesMessages = true
    expect(await send(other, count)).toEqual(Array.from({ length: count }, () => 'settled'))
    world.ledgers.losesMessages = false
    world.ledgers.tellLoss()
    await world.pass(0)
    expect(await waiting).toBe(count)
  },
)

test('beside a wait with "when", an iteration counts what it has itself', async () => {
  const [one, other] = [await world.open({ park: PARK }), await world.open({ park: PARK })]
  const waiting = waitFor(one, 4)
  await world.pass(0)
  world.ledgers.losesMessages = true
  expect(await send(other, 2)).toEqual(['settled', 'settled'])
  readMany(other)
  await world.pass(0)
  expect(await send(other, 4)).toEqual(['settled', 'settled', 'settled', 'ERR_EACH_FULL'])
  world.ledgers.losesMessages = false
  await world.pass(6 * MINUTE)
  await expect(waiting).rejects.toMatchObject({ code: 'ERR_WAIT_TIMEOUT' })
})

function createKeyed() {
  const clock = createFakeClock()
  let looks = 0
  const counting = {
    ...clock,
    now() {
      looks += 1
      return clock.now()
    },
  }
  const store = createMemoryStore({ clock, maxWaits: 100_000, park: PARK, onForgotten: quiet })
  const keyed = createKeyedIterations(store, counting)
  const createInbox = () =>
    new Inbox({ idleMs: MINUTE, limits: PARK, isFinal: ({ result }: Judged) => result === 'last', onEnd: quiet })
  const begin = (n: number) =>
    keyed.begin({ key: `k${n}`, endpoints: [DONE], ids: [`${n}`], idleMs: MINUTE, createInbox })
  const end = (n: number) =>
    store.deliver({ endpoint: DONE, outcome: createOutcome(DONE, `${n}`, 'last'), size: () => 1 })
  return { clock, store, begin, end, takeLooks: () => [looks, (looks = 0)][0] }
}

test.each([
  ['that have ended', 500, true],
  ['that have ended', 5000, true],
  ['that are open', 5000, false],
])('beginning an iteration in memory costs the same, beside those %s: %d', async (_, count, isEnded) => {
  const { store, begin, end, takeLooks } = createKeyed()
  for (let n = 0; n < count; n += 1) {
    await begin(n)
    if (isEnded) await end(n)
  }
  takeLooks()
  await begin(count)
  expect(takeLooks()).toBeLessThan(5)
  await store.close()
})

test('iterations in memory are forgotten a day after they have ended, or when there are too many', async () => {
  const { clock, store, begin, end } = createKeyed()
  const isFresh = async (n: number): Promise<boolean> => {
    const begun = await begin(n)
    return 'inbox' in begun && begun.inbox.left.length === 0
  }
  for (let n = 0; n < 3; n += 1) {
    await begin(n)
    await end(n)
  }
  expect([await isFresh(0), await isFresh(1)]).toEqual([false, false])
  clock.advance(DAY - 1)
  expect(await isFresh(1)).toBe(false)
  clock.advance(1)
  expect(await isFresh(1)).toBe(true)
  for (let n = 10; n < 10_020; n += 1) {
    await begin(n)
    await end(n)
  }
  expect([await isFresh(10), await isFresh(10_019)]).toEqual([true, false])
  await store.close()
})
