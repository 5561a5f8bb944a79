import { expect, test } from '@jest/globals'
import type { Judged, Outcome, StoreEndpoint } from '../../lib/base/contracts'
import { CallbackError } from '../../lib/base/errors'
import { awaitCallback } from '../../lib/store/await-callback'
import { Inbox } from '../../lib/store/each/inbox'
import { Iteration } from '../../lib/store/each/iteration'
import { createOutcome, DONE, READY } from '../helpers/store-contract'
import { MINUTE, type Process, useDurable } from '../store/use-durable'

const world = useDurable()
const quiet = (): void => undefined

function each({ store }: Process, ids: readonly string[], endpoints: readonly StoreEndpoint[], idleMs = MINUTE) {
  const isFinal = ({ result }: Judged): boolean => result === 'last'
  const inbox = new Inbox({ idleMs, limits: { max: 100, maxBytes: 1e6 }, isFinal, onEnd: quiet })
  const plan = { endpoints, ids, idleMs, signal: undefined, isLast: isFinal, onCallback: quiet, onFreed: quiet }
  return new Iteration({ ...plan, pick: ({ result }: Judged) => result }, () => {
    inbox.open = store.wait({ endpoints, ids, timeoutMs: idleMs, queued: false, waiter: inbox })
    return { inbox }
  })
}

async function pend({ store }: Process, result: unknown) {
  const more = { size: () => 100, dedupeKey: () => `d${String(result)}`, result: () => result }
  return store.progress(DONE, { ...createOutcome(DONE, 'a', undefined), outcome: 'pending' }, more)
}

async function read(iteration: Iteration<unknown>, count: number): Promise<unknown[]> {
  const got: unknown[] = []
  for (let turn = 0; turn < count; turn += 1) {
    void iteration.next().then(
      ({ value }) => got.push(value),
      ({ code }) => got.push(code),
    )
    await world.pass(0)
  }
  return got
}

test.each([
  ['another endpoint', ['a'], [DONE, READY], READY, 'a'],
  ['another id', ['a', 'b'], [DONE], DONE, 'b'],
  ['both', ['a', 'b'], [DONE, READY], READY, 'b'],
])('callbacks under one name keep the others waited for, of %s too', async (_, ids, endpoints, on, id) => {
  const [one, other] = [await world.open(), await world.open()]
  const iteration = each(one, ids, endpoints)
  await world.pass(0)
  for (let n = 0; n < 12; n += 1) {
    await world.pass(MINUTE * 0.8)
    expect(await other.deliver('a', n)).toBe('settled')
  }
  expect(await other.deliver(id, 'last', { endpoint: on })).toBe('settled')
  expect(await read(iteration, 14)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 'last', undefined])
  await world.pass(MINUTE)
  expect(one.store.stats().waiting).toBe(0)
})

test('a callback under another name comes in time until the silence ends, however long that may be', async () => {
  const [one, other] = [await world.open(), await world.open()]
  const iteration = each(one, ['a'], [DONE, READY], 10 * MINUTE)
  await world.pass(4 * MINUTE)
  expect(await other.deliver('a', 1)).toBe('settled')
  await world.pass(9 * MINUTE)
  expect(await other.deliver('a', 'last', { endpoint: READY })).toBe('settled')
  expect(await read(iteration, 3)).toEqual([1, 'last', undefined])
})

test('a callback of the last moment, of which no message came, breaks the silence', async () => {
  const [one, other] = [await world.open(), await world.open()]
  const iteration = each(one, ['a'], [DONE])
  await world.pass(MINUTE * 0.9)
  world.ledgers.losesMessages = true
  await other.deliver('a', 1)
  await world.pass(MINUTE * 0.5)
  world.ledgers.losesMessages = false
  await other.deliver('a', 'last')
  expect(await read(iteration, 3)).toEqual([1, 'last', undefined])
})

test('what the server has lost is waited for again', async () => {
  const [one, other] = [await world.open(), await world.open()]
  const iteration = each(one, ['a'], [DONE])
  await world.pass(0)
  await other.deliver('a', 1)
  await world.pass(0)
  world.ledgers.flush()
  world.ledgers.tellLoss()
  await world.pass(100)
  await other.deliver('a', 2)
  await other.deliver('a', 'last')
  expect(await read(iteration, 4)).toEqual([1, 2, 'last', undefined])
  expect(world.takeLog()).toEqual(expect.arrayContaining([expect.stringContaining('had lost a wait')]))
})

test.each([
  ['at its own process', 0, ['filtered', 'filtered', 'settled'], []],
  ['at another process', 1, ['settled', 'settled', 'settled'], [0, 1]],
])('a callback that "when" leaves out is told, %s', async (_, at, deliveries, told) => {
  const processes = [await world.open(), await world.open()]
  const [one] = processes
  if (one === undefined) throw new Error('there is no process')
  const filtered: unknown[] = []
  const plan = { endpoints: [DONE], onEnd: quiet, pick: ({ result }: Outcome) => result }
  const filter = {
    when: ({ result }: Outcome) => result === 2,
    onFiltered: ({ result }: Judged) => void filtered.push(result),
  }
  const asked = { ids: ['a'], timeoutMs: MINUTE, queued: false, signal: undefined, onProgress: undefined, filter }
  const waiting = awaitCallback(one.store, plan, asked)
  await world.pass(0)
  const came: unknown[] = []
  for (const n of [0, 1, 2]) {
    came.push(await processes[at]?.deliver('a', n))
    await world.pass(0)
  }
  expect([await waiting, came, filtered]).toEqual([2, deliveries, told])
  expect(await processes[1]?.deliver('a', 3)).toBe('duplicate')
})

test('what "when" throws counts only for the callback that ends the wait', async () => {
  const one = await world.open()
  const plan = { endpoints: [DONE], onEnd: quiet, pick: ({ result }: Outcome) => result }
  let isBroken = true
  const when = ({ result }: Outcome): boolean => {
    if (isBroken) throw new Error('of when')
    return result === 2
  }
  const filter = { when, onFiltered: quiet }
  const asked = { ids: ['a'], timeoutMs: MINUTE, queued: false, signal: undefined, onProgress: undefined, filter }
  const waiting = awaitCallback(one.store, plan, asked)
  await world.pass(0)
  world.ledgers.beforeAppend = async () => {
    world.ledgers.beforeAppend = undefined
    isBroken = false
    throw new CallbackError('ERR_STORE_UNAVAILABLE', { message: 'away' })
  }
  await expect(one.deliver('a', 1)).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
  expect([await one.deliver('a', 1), await one.deliver('a', 2)]).toEqual(['filtered', 'settled'])
  expect(await waiting).toBe(2)
})

test.each([
  ['with "when"', true],
  ['without', false],
])('a wait %s that is aborted leaves what another process has acknowledged to the next one', async (_, hasWhen) => {
  const [one, other] = [await world.open(), await world.open()]
  const plan = { endpoints: [DONE], onEnd: quiet, pick: ({ result }: Outcome) => result }
  const filter = hasWhen ? { when: () => true, onFiltered: quiet } : undefined
  const own = new AbortController()
  const asked = { ids: ['a'], timeoutMs: MINUTE, queued: false, signal: own.signal, onProgress: undefined, filter }
  const waiting = awaitCallback(one.store, plan, asked)
  await world.pass(0)
  world.ledgers.losesMessages = true
  expect(await other.deliver('a', 1)).toBe('settled')
  own.abort('enough')
  await expect(waiting).rejects.toMatchObject({ code: 'ERR_ABORTED' })
  await world.pass(100)
  world.ledgers.losesMessages = false
  const next = other.wait(['a'])
  await world.pass(100)
  expect(next.ends).toEqual([1])
})

test.each([
  ['in the moment after', 0],
  ['when its process has died', 1],
])('a callback of which no message came is told when its delivery is repeated %s', async (_, died) => {
  const [one, other, third] = [await world.open(), await world.open(), await world.open()]
  const iteration = each(one, ['a'], [DONE])
  await world.pass(0)
  const send = (process: Process, n: unknown, isPending: boolean) =>
    isPending ? pend(process, n) : process.deliver('a', n, { dedupeKey: `d${String(n)}` })
  for (const [n, isPending] of [
    [1, false],
    [2, true],
    [3, false],
  ] as const) {
    world.ledgers.losesMessages = true
    expect(await send(other, n, isPending)).toBe(isPending ? 'pending' : 'settled')
    world.ledgers.losesMessages = false
    expect(await send(died ? third : other, n, isPending)).toBe('duplicate')
    expect(await read(iteration, 1)).toEqual([n])
  }
  await other.deliver('a', 'last')
  expect(await read(iteration, 2)).toEqual(['last', undefined])
})

test('a wait with "when" is told of a callback when its delivery is repeated', async () => {
  const [one, other] = [await world.open(), await world.open()]
  const plan = { endpoints: [DONE], onEnd: quiet, pick: ({ result }: Outcome) => result }
  const filter = { when: ({ result }: Outcome) => result === 2, onFiltered: quiet }
  const asked = { ids: ['a'], timeoutMs: MINUTE, queued: false, signal: undefined, onProgress: undefined, filter }
  const waiting = awaitCallback(one.store, plan, asked)
  await world.pass(0)
  world.ledgers.losesMessages = true
  for (const n of [1, 2]) expect(await other.deliver('a', n, { dedupeKey: `d${n}` })).toBe('settled')
  world.ledgers.losesMessages = false
  expect(await other.deliver('a', 2, { dedupeKey: 'd2' })).toBe('duplicate')
  expect(await waiting).toBe(2)
})
