import { describe, expect, test } from '@jest/globals'
import { CallbackError } from '../../lib/base/errors'
import type { RecordKind } from '../../lib/base/contracts'
import { createRun, DAY, held, MINUTE, useDurable } from './use-durable'

const world = useDurable()
const SIGNAL = new AbortController().signal
const LEASE_MS = 15_000

/** Fails an operation once after it has been done, as when its answer is lost. */
function loseAnswer(kind: RecordKind): void {
  world.ledgers.afterAppend = async (one) => {
    if (one !== kind) return
    world.ledgers.afterAppend = undefined
    throw new CallbackError('ERR_STORE_UNAVAILABLE', { message: 'The answer was lost' })
  }
}

describe('a run', () => {
  test('is begun once, and goes on where it was begun first', async () => {
    const [one, other] = [await world.open(), await world.open()]
    const record = held(await one.runs.begin(createRun('r')))
    expect(await other.runs.begin(createRun('r'))).toBeUndefined()
    expect(await one.runs.begin(createRun('r'))).toBeUndefined()
    expect(await record.add({ name: 'a', value: 1 }, SIGNAL)).toEqual({ name: 'a', value: 1 })
  })

  test('is begun by one of two that begin it at the same time', async () => {
    const [one, other] = [await world.open(), await world.open()]
    const records = await Promise.all([one, other].map(({ runs }) => runs.begin(createRun('r'))))
    const [record, ...more] = records.filter((begun) => begun !== undefined)
    expect(more).toEqual([])
    expect(await held(record).add({ name: 'a', value: 1 }, SIGNAL)).toEqual({ name: 'a', value: 1 })
  })

  test('that has ended is known, and not begun again', async () => {
    const one = await world.open()
    const record = held(await one.runs.begin(createRun('r')))
    expect(await one.runs.find('r')).toMatchObject({ id: 'r', workflow: 'paint', status: 'running', input: 1 })
    await record.end({ id: 'r', status: 'succeeded' })
    expect(await one.runs.begin(createRun('r'))).toBeUndefined()
    await world.pass(0)
    expect(world.ledgers.count('run')).toBe(0)
    expect(await one.runs.begin(createRun('r'))).toBeUndefined()
    await world.pass(0)
    expect(await one.runs.find('r')).toEqual({ id: 'r', status: 'succeeded' })
    expect(await one.runs.cancel('r')).toBe(false)
    expect(world.ledgers.count('run')).toBe(0)
  })

  test('of which is not known whether it is kept goes on if it is', async () => {
    const one = await world.open()
    loseAnswer('run')
    await expect(one.runs.begin(createRun('r'))).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
    await world.pass(0)
    expect(one.adopted.map(({ run }) => run)).toEqual([createRun('r')])
    expect(await one.runs.begin(createRun('r'))).toBeUndefined()
  })

  test('that was begun again before that was known is begun once', async () => {
    const one = await world.open()
    loseAnswer('run')
    const [lost, again] = await Promise.allSettled([one.runs.begin(createRun('r')), one.runs.begin(createRun('r'))])
    await world.pass(0)
    expect(lost.status).toBe('rejected')
    const begun = again.status === 'fulfilled' && again.value !== undefined ? 1 : 0
    expect(begun + one.adopted.length).toBe(1)
  })

  test('that was not kept is not begun by itself', async () => {
    const one = await world.open()
    world.ledgers.setAway(true)
    for (const id of ['r', 's'])
      await expect(one.runs.begin(createRun(id))).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
    await world.pass(MINUTE)
    world.ledgers.setAway(false)
    await world.pass(MINUTE)
    expect(one.adopted).toEqual([])
    expect(world.ledgers.count('run')).toBe(0)
  })

  test('remembers of two entries by one name the first, also when an answer is lost', async () => {
    const one = await world.open()
    const record = held(await one.runs.begin(createRun('r')))
    loseAnswer('run')
    const adding = record.add({ name: 'a', value: 1 }, SIGNAL)
    await world.pass(2000)
    expect(await adding).toEqual({ name: 'a', value: 1 })
    expect(await record.add({ name: 'a', value: 2 }, SIGNAL)).toEqual({ name: 'a', value: 1 })
  })

  test('adds entries at the same time, each with its own value', async () => {
    const one = await world.open()
    const record = held(await one.runs.begin(createRun('r')))
    const names = Array.from({ length: 20 }, (_, index) => `step-${index}`)
    const added = await Promise.all(names.map((name) => record.add({ name, value: name }, SIGNAL)))
    expect(added).toEqual(names.map((name) => ({ name, value: name })))
  })

  test('gives up adding when it is cancelled while the ledger is away', async () => {
    const one = await world.open()
    const record = held(await one.runs.begin(createRun('r')))
    const stop = new AbortController()
    world.ledgers.setAway(true)
    const adding = record.add({ name: 'a', value: 1 }, stop.signal)
    adding.catch(() => undefined)
    await world.pass(MINUTE)
    stop.abort(new Error('not wanted'))
    await world.pass(6000)
    await expect(adding).rejects.toThrow('not wanted')
  })
})

describe('a run that somebody wants cancelled', () => {
  test('at another process is told at once', async () => {
    const [one, other] = [await world.open(), await world.open()]
    await one.runs.begin(createRun('r'))
    expect(await other.runs.cancel('r')).toBe(true)
    expect(one.cancelled).toEqual(['r'])
    expect(await other.runs.cancel('unknown')).toBeUndefined()
  })

  test('is told with its next entry when the message was lost', async () => {
    const [one, other] = [await world.open(), await world.open()]
    const record = held(await one.runs.begin(createRun('r')))
    world.ledgers.losesMessages = true
    await other.runs.cancel('r')
    expect(one.cancelled).toEqual([])
    await record.add({ name: 'a', value: 1 }, SIGNAL)
    expect(one.cancelled).toEqual(['r'])
  })

  test('is told when the ledger is back when the message was lost', async () => {
    const [one, other] = [await world.open(), await world.open()]
    await one.runs.begin(createRun('r'))
    world.ledgers.losesMessages = true
    await other.runs.cancel('r')
    world.ledgers.setAway(true)
    world.ledgers.setAway(false)
    await world.pass(0)
    expect(one.cancelled).toEqual(['r'])
  })

  test('is cancelled by whoever takes it up', async () => {
    const [one, other] = [await world.open(), await world.open()]
    await one.runs.begin(createRun('r'))
    await world.pass(20_000)
    world.kill(one)
    await other.runs.cancel('r')
    other.cancelled.length = 0
    await world.pass(LEASE_MS + 2000)
    expect(other.adopted.length).toBe(1)
    expect(other.cancelled).toEqual(['r'])
  })
})

describe('where one process at a time has the ledger', () => {
  test('all runs are taken up when it is opened, also when that fails at first', async () => {
    const one = await world.open({ isShared: false })
    for (const id of ['r', 's']) held(await one.runs.begin(createRun(id)))
    const ended = held(await one.runs.begin(createRun('t')))
    await ended.end({ id: 't' })
    await one.store.close()
    const next = world.start({ isShared: false })
    world.ledgers.setAway(true)
    await expect(next.store.open()).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
    world.ledgers.setAway(false)
    await next.store.open()
    expect(next.adopted.map(({ run }) => run.id)).toEqual(['r', 's'])
    const record = held(next.adopted[0]?.record)
    expect(await record.add({ name: 'a', value: 1 }, SIGNAL)).toEqual({ name: 'a', value: 1 })
    expect(await next.runs.begin(createRun('s'))).toBeUndefined()
  })

  test('a definition is kept for as long as runs are started with it', async () => {
    const one = await world.open({ isShared: false })
    await one.runs.begin(createRun('r'))
    world.clock.advance(300 * DAY)
    await one.runs.begin(createRun('s'))
    world.clock.advance(300 * DAY)
    await world.pass(0)
    await one.store.close()
    const next = await world.open({ isShared: false })
    expect(next.adopted.map(({ run }) => run.definition)).toEqual([{ a: 1 }, { a: 1 }])
  })
})
