import { describe, expect, test } from '@jest/globals'
import { createMemoryStore } from '../../lib/store/registry'
import { createRunContext } from '../../lib/store/run-context'
import { CallbackError } from '../../lib/base/errors'
import type { Ending, Outcome, StoreEndpoint } from '../../lib/base/contracts'
import { createFakeClock } from '../helpers/fake-clock'
import { waitUntil } from '../helpers/store-contract'

const DONE: StoreEndpoint = { key: 'POST /done', anonymous: false }
const OTHER: StoreEndpoint = { key: 'POST /other', anonymous: false }

/** The store is away for the next deliveries, as many as `outages` says. */
function setUp(outages = { left: 0 }) {
  const clock = createFakeClock()
  const park = { forMs: 60_000, max: 100, maxBytes: 1_000_000 }
  const store = createMemoryStore({ clock, maxWaits: 10, park, onForgotten: () => undefined })
  const cancellation = new AbortController()
  const waited: number[] = []
  const endings: (readonly [Ending['kind'], readonly string[]])[] = []
  const deliverUnlessAway: typeof store.deliver = (arrival) => {
    if (outages.left === 0) return store.deliver(arrival)
    outages.left -= 1
    return Promise.reject(new CallbackError('ERR_STORE_UNAVAILABLE', { message: 'The store is away' }))
  }
  const run = createRunContext('run-1', {
    store: { ...store, deliver: deliverUnlessAway },
    clock,
    signal: cancellation.signal,
    onWait: () => void waited.push(store.stats().waiting),
    onEnd: (ending, _, ids) => void endings.push([ending.kind, ids]),
  })
  const expectIds = (...ids: readonly string[]) =>
    run.expect('job#1/wait', { endpoints: [DONE], ids, deadline: clock.now() + 1000, queued: false })
  const deliver = (id: string, result: unknown = id, endpoint = DONE) =>
    store.deliver({ endpoint, outcome: outcomeOf(id, result, endpoint), size: () => 0 })
  return { clock, store, cancellation, waited, endings, run, expectIds, deliver }
}

function outcomeOf(id: string, result: unknown, { key: endpoint } = DONE): Outcome {
  return { outcome: 'succeeded', id, endpoint, result, status: undefined, body: {}, headers: {}, receivedAt: 0 }
}

describe('a wait of a run', () => {
  test('is registered when it is there, and gives its outcome as often as it is asked', async () => {
    const { store, expectIds, deliver, endings } = setUp()
    const expectation = await expectIds('a', 'b')
    expect(store.stats().waiting).toBe(1)
    expect(deliver('b')).toBe('settled')
    await expect(expectation.outcome()).resolves.toMatchObject({ result: 'b' })
    await expect(expectation.outcome()).resolves.toMatchObject({ result: 'b' })
    expect(endings).toEqual([['outcome', ['a', 'b']]])
  })

  test('ends at once when its callback came before', async () => {
    const { store, expectIds, deliver } = setUp()
    expect(deliver('a')).toBe('parked')
    await expect((await expectIds('a')).outcome()).resolves.toMatchObject({ result: 'a' })
    expect(store.stats()).toEqual({ waiting: 0, parked: 0 })
  })

  test('ends at once when it learns of an id whose callback came before', async () => {
    const { expectIds, deliver } = setUp()
    const expectation = await expectIds('a')
    await deliver('b')
    await expectation.alias(['b', 'c'])
    await expect(expectation.outcome()).resolves.toMatchObject({ result: 'b' })
    expect([deliver('a'), deliver('c')]).toEqual(['duplicate', 'duplicate'])
  })

  test('is given up at once when its run was cancelled while the record of the run was written', async () => {
    const { clock, store, cancellation } = setUp()
    const reason = new Error('enough')
    const run = createRunContext('run-1', {
      store,
      clock,
      signal: cancellation.signal,
      onWait: () => undefined,
      onEnd: () => undefined,
      record: {
        find: () => undefined,
        async add(entry) {
          cancellation.abort(reason)
          return entry
        },
        end: async () => undefined,
        leave: () => undefined,
      },
    })
    const wait = { endpoints: [DONE], ids: ['a'], deadline: clock.now() + 1000, queued: false }
    const expectation = await run.expect('job#1/wait', wait)
    await expect(expectation.outcome()).rejects.toBe(reason)
    expect(store.stats().waiting).toBe(0)
  })

  test('rejects when its time is over, by when it was opened', async () => {
    const { clock, expectIds, store, endings } = setUp()
    const expectation = await expectIds('a')
    clock.advance(1016)
    await expect(expectation.outcome()).rejects.toMatchObject({
      code: 'ERR_WAIT_TIMEOUT',
      message: 'No callback for "a" came to POST /done within 1000 ms',
    })
    expect(store.stats().waiting).toBe(0)
    expect(endings).toEqual([['timeout', ['a']]])
  })

  test('rejects soon when its deadline was in the past', async () => {
    const { clock, run, store } = setUp()
    const wait = { endpoints: [DONE], ids: ['a'], deadline: clock.now() - 5000, queued: false }
    const expectation = await run.expect('job#1/wait', wait)
    clock.advance(16)
    await expect(expectation.outcome()).rejects.toMatchObject({ code: 'ERR_WAIT_TIMEOUT' })
    expect(store.stats().waiting).toBe(0)
  })

  test('rejects when the store is closed', async () => {
    const { expectIds, store, endings } = setUp()
    const expectation = await expectIds('a')
    await store.close()
    await expect(expectation.outcome()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    expect(endings).toEqual([['closed', ['a']]])
    await expect(expectIds('b')).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  })

  test('that is cancelled is freed, and told to nobody but those who count', async () => {
    const { expectIds, store, endings, deliver } = setUp()
    const expectation = await expectIds('a')
    await expectation.cancel()
    await expectation.cancel()
    expect(store.stats().waiting).toBe(0)
    expect(endings).toEqual([['aborted', ['a']]])
    expect(deliver('a')).toBe('parked')
  })

  test('that has ended is not ended again', async () => {
    const { expectIds, endings, deliver, cancellation } = setUp()
    const expectation = await expectIds('a')
    await deliver('a')
    await expectation.cancel()
    cancellation.abort(new Error('gone'))
    await expectation.settle(outcomeOf('a', 'again'))
    await expect(expectation.outcome()).resolves.toMatchObject({ result: 'a' })
    expect(endings).toEqual([['outcome', ['a']]])
  })

  test('that is settled otherwise makes a duplicate of its callback', async () => {
    const { expectIds, deliver } = setUp()
    const expectation = await expectIds('a', 'b')
    await expectation.settle(outcomeOf('a', 'asked'))
    await expect(expectation.outcome()).resolves.toMatchObject({ result: 'asked' })
    expect([deliver('a'), deliver('b')]).toEqual(['duplicate', 'duplicate'])
  })

  describe('that is settled while the store is away', () => {
    async function settle(outages: { left: number }) {
      const { clock, cancellation, run } = setUp(outages)
      const deadline = clock.now() + 60_000
      const expectation = await run.expect('job#1/wait', { endpoints: [DONE], ids: ['a'], deadline, queued: false })
      return { clock, cancellation, expectation, settled: expectation.settle(outcomeOf('a', 'asked')) }
    }

    test('is settled when it is back', async () => {
      const outages = { left: 2 }
      const { clock, expectation, settled } = await settle(outages)
      for (const left of [1, 0]) {
        await waitUntil(() => outages.left === left && clock.timers === 2)
        clock.advance(1000)
      }
      await settled
      await expect(expectation.outcome()).resolves.toMatchObject({ result: 'asked' })
    })

    test('is given up with its run', async () => {
      const { clock, cancellation, settled } = await settle({ left: 1 })
      const rejection = expect(settled).rejects.toThrow('given up')
      await waitUntil(() => clock.timers === 2)
      cancellation.abort(new Error('given up'))
      await rejection
      expect(clock.timers).toBeLessThanOrEqual(1)
    })
  })

  test('is settled on none but its own endpoints', async () => {
    const { expectIds, store } = setUp()
    const expectation = await expectIds('a')
    await expectation.settle(outcomeOf('a', 'asked', OTHER))
    expect(store.stats()).toEqual({ waiting: 1, parked: 0 })
    await expectation.cancel()
  })

  test('is too much when there are too many', async () => {
    const { expectIds, store, waited } = setUp()
    for (let count = 0; count < 10; count += 1) await expectIds(`id-${count}`)
    await expect(expectIds('one more')).rejects.toMatchObject({ code: 'ERR_WAITS_FULL' })
    expect(waited).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    await store.close()
  })
})

describe('a run that is cancelled', () => {
  test('frees its waits, which reject with the reason', async () => {
    const { expectIds, store, cancellation, endings } = setUp()
    const open = [await expectIds('a'), await expectIds('b')]
    const reason = new Error('gone')
    cancellation.abort(reason)
    expect(store.stats().waiting).toBe(0)
    for (const expectation of open) await expect(expectation.outcome()).rejects.toBe(reason)
    expect(endings).toEqual([
      ['aborted', ['a']],
      ['aborted', ['b']],
    ])
  })

  test('does nothing more', async () => {
    const { expectIds, run, cancellation, store } = setUp()
    cancellation.abort(new Error('gone'))
    await expect(expectIds('a')).rejects.toThrow('gone')
    await expect(run.step('job#1/send', () => Promise.resolve(1))).rejects.toThrow('gone')
    expect(store.stats().waiting).toBe(0)
  })

  test('parks nothing for a wait that was settled too late', async () => {
    const { expectIds, cancellation, store } = setUp()
    const expectation = await expectIds('a')
    cancellation.abort(new Error('gone'))
    await expectation.settle(outcomeOf('a', 'asked'))
    expect(store.stats()).toEqual({ waiting: 0, parked: 0 })
  })
})

test('a step gives what its work gives, or throws what it throws', async () => {
  const { run } = setUp()
  expect(run.id).toBe('run-1')
  await expect(run.step('job#1/send', () => Promise.resolve(7))).resolves.toBe(7)
  await expect(run.step('job#1/send', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
})
