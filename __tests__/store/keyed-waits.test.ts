import { describe, expect, test } from '@jest/globals'
import { createKeyedWaits } from '../../lib/store/keyed-waits'
import type { Ending } from '../../lib/base/contracts'
import { DONE, PLAIN, READY } from '../helpers/store-contract'
import { DAY, MINUTE, type Process, useDurable } from './use-durable'

const world = useDurable()

/** Asks by key in a process; `ends` are results, and other endings by their kind. */
function useKeys(process: Process) {
  const keyed = createKeyedWaits(process.store, world.clock)
  return async (key: string, ids: readonly string[], more: object = {}): Promise<readonly unknown[]> => {
    const ends: unknown[] = []
    const onEnd = (): void => undefined
    const asked = { key, endpoints: [DONE], ids, timeoutMs: 10 * MINUTE, queued: true, onEnd, ...more }
    const sharing = keyed.share(asked)
    sharing.catch(() => undefined)
    await world.pass(0)
    const { ending } = await sharing
    void ending.then((ended) => ends.push(describeEnding(ended)))
    await world.pass(0)
    return ends
  }
}

function describeEnding(ending: Ending): unknown {
  return ending.kind === 'outcome' ? ending.outcome.result : ending.kind
}

describe('a wait by key', () => {
  test('is one wait in all processes that ask, whichever the callback comes to', async () => {
    for (const to of [0, 1, 2]) {
      world.reset()
      const processes = [await world.open(), await world.open(), await world.open()]
      const all = [
        await useKeys(processes[0] as Process)('k', ['a']),
        await useKeys(processes[1] as Process)('k', ['a']),
      ]
      expect(await processes[to]?.deliver('a', 1)).toBe('settled')
      await world.pass(2000)
      expect(all).toEqual([[1], [1]])
      expect(await processes[0]?.deliver('a', 2)).toBe('duplicate')
      expect(processes.map(({ store }) => store.stats().waiting)).toEqual([0, 0, 0])
      for (const { store } of processes) await store.close()
    }
  })

  test('that is given up by hand is aborted, which is no failure of a callback, and its id is free again', async () => {
    const [one, other] = [await world.open(), await world.open()]
    const told: Ending[] = []
    const ends = await useKeys(one)('k', ['a'], { onEnd: (ending: Ending) => told.push(ending) })
    const reason = new Error('enough')
    expect(one.store.abort('a', reason)).toBe(1)
    await world.pass(0)
    expect([ends, told]).toEqual([['aborted'], [{ kind: 'aborted', reason }]])
    expect(await other.deliver('a', 1)).toBe('parked')
    const sharing = createKeyedWaits(other.store, world.clock).share({
      key: 'k',
      endpoints: [DONE],
      ids: ['a'],
      timeoutMs: MINUTE,
      queued: true,
      onEnd: () => undefined,
    })
    expect(await (await sharing).ending).toMatchObject({ kind: 'outcome', outcome: { error: { code: 'ERR_ABORTED' } } })
  })

  test.each([
    ['before', true],
    ['after', false],
  ])('outlives its process, and takes what came %s it was asked again', async (_, isBefore) => {
    const [first, other] = [await world.open(), await world.open()]
    await useKeys(first)('k', ['a'])
    world.kill(first)
    if (isBefore) expect(await other.deliver('a', 1)).toBe('settled')
    const again = await useKeys(await world.open())('k', ['a'])
    if (!isBefore) expect(await other.deliver('a', 1)).toBe('settled')
    await world.pass(0)
    expect(again).toEqual([1])
  })

  test('keeps its place among those without ids', async () => {
    const [first, other] = [await world.open(), await world.open()]
    await useKeys(first)('k', ['x'], { endpoints: [PLAIN] })
    const second = other.wait(['y'], { endpoints: [PLAIN] })
    await second.registered
    world.kill(first)
    await world.pass(30_000)
    for (const result of [1, 2]) await other.deliver(undefined, result, { endpoint: PLAIN })
    expect(second.ends).toEqual([2])
    expect(await useKeys(await world.open())('k', ['x'], { endpoints: [PLAIN] })).toEqual([1])
  })

  test('has the same result for all who ask later, for a day', async () => {
    const [one, other] = [await world.open(), await world.open()]
    await useKeys(one)('k', ['a'])
    await one.deliver('a', 1)
    await world.pass(0)
    for (const process of [one, other, await world.open()]) expect(await useKeys(process)('k', ['a'])).toEqual([1])
    for (const process of [one, other]) {
      const another = process.wait(['a'])
      await another.registered
      expect(another.ends).toEqual([])
      another.cancel()
    }
    await world.pass(0)
    for (let hours = 0; hours <= 30; hours += 6) {
      world.clock.advance(DAY / 4)
      await world.pass(0)
    }
    expect(await useKeys(other)('k', ['a'])).toEqual([])
  })

  test('keeps its deadline, whoever asks again and whatever they name', async () => {
    const first = await world.open()
    await useKeys(first)('k', ['a'], { timeoutMs: 2 * MINUTE })
    await world.pass(MINUTE)
    world.kill(first)
    const second = await world.open()
    const again = await useKeys(second)('k', ['a'], { timeoutMs: DAY })
    await world.pass(MINUTE - 2000)
    expect(again).toEqual([])
    await world.pass(4000)
    expect(again).toEqual(['timeout'])
    const late = await useKeys(second)('k', ['a'])
    await world.pass(2000)
    expect(late).toEqual(['timeout'])
  })

  test('has what came before its time was up, though nobody asked until then', async () => {
    const [first, other] = [await world.open(), await world.open()]
    await useKeys(first)('k', ['a'], { timeoutMs: MINUTE })
    world.kill(first)
    await other.deliver('a', 1)
    await world.pass(5 * MINUTE)
    expect(await useKeys(await world.open())('k', ['a'])).toEqual([1])
  })

  test('hears of its end in another process without a message, when its time is up or the store is back', async () => {
    for (const isBack of [true, false]) {
      world.reset()
      const [one, other] = [await world.open(), await world.open()]
      const ends = [await useKeys(one)('k', ['a']), await useKeys(other)('k', ['a'])]
      world.ledgers.losesMessages = true
      await one.deliver('a', 1)
      await world.pass(0)
      expect(ends).toEqual([[1], []])
      if (isBack) world.ledgers.tellLoss()
      await world.pass(isBack ? 2000 : 11 * MINUTE)
      expect(ends).toEqual([[1], [1]])
      for (const { store } of [one, other]) await store.close()
    }
  })

  test.each([
    ['other ids', ['b'], [DONE]],
    ['one id more', ['a', 'b'], [DONE]],
    ['another endpoint', ['a'], [READY]],
    ['an endpoint more', ['a'], [DONE, READY]],
  ])('is refused for %s, in this process and in another', async (_, ids, endpoints) => {
    const [one, other] = [await world.open(), await world.open()]
    const ask = useKeys(one)
    const first = await ask('k', ['a'])
    for (const elsewhere of [ask, useKeys(other)])
      await expect(elsewhere('k', ids, { endpoints })).rejects.toMatchObject({ code: 'ERR_WAIT_KEY' })
    expect(await useKeys(other)('k2', ids, { endpoints })).toEqual([])
    expect(await one.deliver('a', 1)).toBe('settled')
    await world.pass(0)
    expect(first).toEqual([1])
  })

  test('is written again when the server has lost it', async () => {
    const [one, other] = [await world.open(), await world.open()]
    const ends = await useKeys(one)('k', ['a'], { timeoutMs: 5 * MINUTE })
    world.ledgers.flush()
    world.ledgers.tellLoss()
    await world.pass(2000)
    expect(await other.deliver('a', 1)).toBe('settled')
    await world.pass(0)
    expect(ends).toEqual([1])
    expect(await useKeys(other)('k', ['a'])).toEqual([1])
    expect(world.takeLog().length).toBe(1)
  })

  test('ends soon after its time is up while the store is away, and is not lost', async () => {
    const [one, other] = [await world.open(), await world.open()]
    const ends = await useKeys(one)('k', ['a'], { timeoutMs: MINUTE })
    world.ledgers.losesMessages = true
    await other.deliver('a', 1)
    await world.pass(MINUTE - 4000)
    world.ledgers.setAway(true)
    await world.pass(20_000)
    expect(ends).toEqual(['timeout'])
    world.ledgers.setAway(false)
    await world.pass(10_000)
    expect(await useKeys(other)('k', ['a'])).toEqual([1])
  })

  test('begins when the store can be reached, and not after it is closed', async () => {
    const one = await world.open()
    world.ledgers.setAway(true)
    const asking = createKeyedWaits(one.store, world.clock).share({
      key: 'k',
      endpoints: [DONE],
      ids: ['a'],
      timeoutMs: 10 * MINUTE,
      queued: true,
      onEnd: () => undefined,
    })
    asking.catch(() => undefined)
    await world.pass(10_000)
    world.ledgers.setAway(false)
    await world.pass(6000)
    expect((await asking).ids).toEqual(['a'])
    await one.store.close()
    expect(describeEnding(await (await asking).ending)).toBe('closed')
    await expect(useKeys(one)('k', ['a'])).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    const again = await useKeys(await world.open())('k', ['a'])
    expect(again).toEqual([])
  })
})

test.each([
  ['one', 1],
  ['two', 2],
  ['three', 3],
])('of those who share a wait, %s who gave up hear of no more progress', async (_, count) => {
  const one = await world.open()
  const heard: number[] = []
  const signals = [0, 1, 2, 3].map(() => new AbortController())
  const keyed = createKeyedWaits(one.store, world.clock)
  const shared = [0, 1, 2, 3].map((index) =>
    keyed.share({
      key: 'shared',
      endpoints: [DONE],
      ids: ['b'],
      timeoutMs: MINUTE,
      queued: true,
      signal: signals[index]?.signal,
      onProgress: () => heard.push(index),
      onEnd: () => undefined,
    }),
  )
  await world.pass(0)
  await Promise.all(shared)
  for (const controller of signals.slice(0, count)) controller.abort()
  await one.store.progress(DONE, {
    outcome: 'pending',
    endpoint: DONE.key,
    id: 'b',
    status: 'half',
    body: {},
    result: 1,
    headers: {},
    receivedAt: 0,
  })
  expect(heard).toEqual([0, 1, 2, 3].slice(count))
})
