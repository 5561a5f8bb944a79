import { describe, expect, test } from '@jest/globals'
import { createRunContext } from '../../lib/store/run-context'
import type { Expectation, RunRecord } from '../../lib/base/run'
import type { Outcome, StoreEndpoint } from '../../lib/base/contracts'
import { DONE, PLAIN } from '../helpers/store-contract'
import { createRun, held, MINUTE, type Process, useDurable } from './use-durable'

const world = useDurable()
const LOST_WAITS = /^The store had lost .* of this process.*registered again$/
const LOST_RUNS = /^The store had lost facts of .* of this process; they are written again$/

interface OpenRun {
  readonly record: RunRecord
  readonly outcome: Promise<Outcome>
}

/** A run that has done a step, and waits for an id. */
async function openRun(process: Process, id: string, endpoint: StoreEndpoint = DONE): Promise<OpenRun> {
  const record = held(await process.runs.begin(createRun(id)))
  const { signal } = new AbortController()
  const context = createRunContext(id, {
    store: process.store,
    clock: world.clock,
    signal,
    onWait: () => undefined,
    onEnd: () => undefined,
    record,
  })
  await context.step('a#1/send', async () => 'sent')
  const opened: Expectation = await context.expect('a#1/wait', {
    endpoints: [endpoint],
    ids: [id],
    deadline: world.clock.now() + 10 * MINUTE,
    queued: true,
  })
  return { record, outcome: opened.outcome() }
}

describe('when the server has lost everything', () => {
  test.each([
    ['and the ledger has noticed', true, []],
    ['and nobody has noticed', false, []],
    ['but what it knows of processes', false, ['owner'] as const],
    ['but its marks', true, ['mark'] as const],
    ['but the runs', false, ['run', 'mark', 'owner'] as const],
  ])('callbacks to the process that waits end its waits and runs: %s', async (_, isTold, kept) => {
    const one = await world.open()
    const ids = ['a', 'b', 'c', 'd', 'e']
    const waits = ids.map((id) => one.wait([id]))
    await Promise.all(waits.map(({ registered }) => registered))
    const run = await openRun(one, 'r')
    world.ledgers.flush(kept)
    if (isTold) world.ledgers.tellLoss()
    await world.pass(isTold ? 2000 : 0)
    const deliveries = [...ids, 'r'].map((id) => one.deliver(id, `for ${id}`))
    expect(await Promise.all(deliveries)).toEqual(deliveries.map(() => 'settled'))
    await world.pass(0)
    expect(waits.map(({ ends }) => ends)).toEqual(ids.map((id) => [`for ${id}`]))
    expect((await run.outcome).result).toBe('for r')
    await run.record.end({ id: 'r', status: 'succeeded' })
    expect(await one.runs.find('r')).toEqual({ id: 'r', status: 'succeeded' })
    for (const id of [...ids, 'r']) expect(await one.deliver(id, 'again')).toBe('duplicate')
    const log = world.takeLog()
    expect(log.filter((line) => LOST_WAITS.test(line)).length).toBe(1)
    expect(log.filter((line) => LOST_RUNS.test(line)).length).toBeLessThanOrEqual(1)
    expect(log.every((line) => LOST_WAITS.test(line) || LOST_RUNS.test(line))).toBe(true)
  })

  test('callbacks to another process end them too, once the ledger has noticed or the callback is parked', async () => {
    const [one, other] = [await world.open(), await world.open()]
    const waits = ['a', 'b'].map((id) => one.wait([id]))
    await Promise.all(waits.map(({ registered }) => registered))
    const run = await openRun(one, 'r')
    world.ledgers.flush()
    expect(await other.deliver('a', 1)).toBe('parked')
    await world.pass(2000)
    expect(waits.map(({ ends }) => ends)).toEqual([[1], []])
    expect(await other.deliver('b', 2)).toBe('settled')
    expect(await other.deliver('r', 3)).toBe('settled')
    await world.pass(0)
    expect(waits.map(({ ends }) => ends)).toEqual([[1], [2]])
    expect((await run.outcome).result).toBe(3)
    expect(world.takeLog().length).toBe(2)
  })

  test('waits on an endpoint without ids keep their places', async () => {
    const one = await world.open()
    const waits = ['x', 'y', 'z'].map((id) => one.wait([id], { endpoints: [PLAIN] }))
    await Promise.all(waits.map(({ registered }) => registered))
    world.ledgers.flush()
    world.ledgers.tellLoss()
    await world.pass(0)
    for (const result of [1, 2, 3]) expect(await one.deliver(undefined, result, { endpoint: PLAIN })).toBe('settled')
    await world.pass(0)
    expect(waits.map(({ ends }) => ends)).toEqual([[1], [2], [3]])
    expect(world.takeLog().length).toBe(1)
  })

  test('each wait keeps its deadline, and a run can be taken up by another process again', async () => {
    const [one, other] = [await world.open(), await world.open()]
    const wait = one.wait(['a'], { timeoutMs: MINUTE })
    await wait.registered
    const run = await openRun(one, 'r')
    run.outcome.catch(() => undefined)
    await world.pass(30_000)
    world.ledgers.flush()
    world.ledgers.tellLoss()
    await world.pass(28_000)
    expect(wait.ends).toEqual([])
    await world.pass(4000)
    expect(wait.ends).toEqual(['timeout'])
    world.kill(one)
    await world.pass(20_000)
    expect(other.adopted.map(({ run: { id, definition } }) => [id, definition])).toEqual([['r', { a: 1 }]])
    expect(held(other.adopted[0]?.record).find('a#1/send')).toEqual({ name: 'a#1/send', value: 'sent' })
    expect(world.takeLog().length).toBe(2)
  })

  test('a run that has ended elsewhere is not brought back', async () => {
    const [one, other] = [await world.open(), await world.open()]
    const record = held(await one.runs.begin(createRun('r')))
    await world.pass(20_000)
    world.ledgers.freeze(one.ledger, true)
    await world.pass(12_000)
    await held(other.adopted[0]?.record).end({ id: 'r', status: 'succeeded' })
    await world.pass(2000)
    expect(world.ledgers.count('run')).toBe(0)
    world.ledgers.freeze(one.ledger, false)
    world.ledgers.tellLoss()
    await world.pass(10_000)
    const adding = record.add({ name: 'x', value: 1 }, new AbortController().signal)
    await expect(adding).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    expect(world.ledgers.count('run')).toBe(0)
    record.leave()
  })
})

describe('when the server has lost its latest facts', () => {
  test('waits, steps and who has a run are written again', async () => {
    const [one, other] = [await world.open(), await world.open()]
    const early = one.wait(['a', 'b'])
    await early.registered
    const run = await openRun(one, 'r')
    const before = world.ledgers.snapshot()
    const late = one.wait(['c', 'b'])
    await late.registered
    const second = await openRun(one, 's')
    await run.record.add({ name: 'b', value: 2 }, new AbortController().signal)
    before.restore()
    world.ledgers.tellLoss()
    await world.pass(2000)
    expect(await other.deliver('b', 1)).toBe('settled')
    expect(await other.deliver('s', 2)).toBe('settled')
    await world.pass(0)
    expect([early.ends, late.ends]).toEqual([[1], [1]])
    expect((await second.outcome).result).toBe(2)
    run.outcome.catch(() => undefined)
    world.kill(one)
    await world.pass(20_000)
    const taken = other.adopted.find(({ run: { id } }) => id === 'r')
    expect(held(taken?.record).find('b')).toEqual({ name: 'b', value: 2 })
    expect(world.takeLog().length).toBe(2)
  })

  test('a run that was taken up stays where it is', async () => {
    const [one, other] = [await world.open(), await world.open()]
    await one.runs.begin(createRun('r'))
    await world.pass(20_000)
    const before = world.ledgers.snapshot()
    world.kill(one)
    await world.pass(20_000)
    expect(other.adopted.length).toBe(1)
    before.restore()
    world.ledgers.tellLoss()
    await world.pass(20_000)
    const record = held(other.adopted[0]?.record)
    expect(await record.add({ name: 'a', value: 1 }, new AbortController().signal)).toEqual({ name: 'a', value: 1 })
    expect(other.adopted.length).toBe(1)
    expect(world.takeLog().length).toBe(1)
  })
})

test('a store that was away, and has lost nothing, says nothing of it', async () => {
  const one = await world.open()
  const waits = ['a', 'b'].map((id) => one.wait([id]))
  await Promise.all(waits.map(({ registered }) => registered))
  await one.runs.begin(createRun('r'))
  for (let time = 0; time < 3; time += 1) {
    world.ledgers.setAway(true)
    await world.pass(4000)
    world.ledgers.setAway(false)
    await world.pass(8000)
  }
  expect(world.ledgers.longest('key')).toBe(1)
  expect(await one.deliver('a', 1)).toBe('settled')
})
