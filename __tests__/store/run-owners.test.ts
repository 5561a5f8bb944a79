import { describe, expect, test } from '@jest/globals'
import { CallbackError } from '../../lib/base/errors'
import { ownerOf } from '../../lib/store/durable/runs/record'
import { createRun, held, MINUTE, useDurable } from './use-durable'

const world = useDurable()
const SIGNAL = new AbortController().signal
/** How long it takes at most until a process counts as dead. */
const LEASE_MS = 7500

describe('the runs of a process', () => {
  test('that is killed are taken up by another, once its lease is over, with all that they have done', async () => {
    const [one, other] = [await world.open(), await world.open()]
    const run = createRun('r', { input: { a: Buffer.from('x') }, startedAt: 5, deadline: 7 })
    const record = held(await one.runs.begin(run))
    await record.add({ name: 'a', value: { n: 1 } }, SIGNAL)
    await record.add({ name: 'b', error: new CallbackError('ERR_HTTP_STATUS', { message: 'no' }) }, SIGNAL)
    await world.pass(20_000)
    world.kill(one)
    await world.pass(LEASE_MS - 3000)
    expect(other.adopted).toEqual([])
    await world.pass(5000)
    expect(other.adopted.map((taken) => taken.run)).toEqual([run])
    const taken = held(other.adopted[0]?.record)
    expect(taken.find('a')).toEqual({ name: 'a', value: { n: 1 } })
    expect(taken.find('b')?.error).toMatchObject({ code: 'ERR_HTTP_STATUS', message: 'no' })
    expect(await taken.add({ name: 'c', value: 3 }, SIGNAL)).toEqual({ name: 'c', value: 3 })
    await taken.end({ id: 'r' })
    await world.pass(LEASE_MS)
    expect([world.ledgers.count('run'), world.ledgers.count('owner')]).toEqual([0, 1])
  })

  test('that is closed are taken up at once', async () => {
    const [one, other] = [await world.open(), await world.open()]
    await one.runs.begin(createRun('r'))
    await one.store.close()
    await world.pass(0)
    expect(other.adopted.map(({ run }) => run.id)).toEqual(['r'])
  })

  test('are taken up without one that cannot be read', async () => {
    const [one, other] = [await world.open(), await world.open()]
    await one.runs.begin(createRun('r1'))
    const owner = ownerOf((await one.ledger.read('run', 'r1'))?.log ?? []) ?? ''
    const orCreate = { data: null, ttlMs: 1e9, group: owner }
    await one.ledger.append('run', 'r0', { is: 'owner', owner }, { orCreate })
    await one.runs.begin(createRun('r2'))
    await one.store.close()
    await world.pass(1000)
    expect(other.adopted.map(({ run }) => run.id).toSorted()).toEqual(['r1', 'r2'])
    expect(await other.ledger.read('run', 'r0')).toMatchObject({ data: null })
    expect(world.takeLog()).toEqual([expect.stringContaining('The run r0 in the store cannot be read')])
  })

  test('that is closed are taken up by the next that opens the ledger', async () => {
    const one = await world.open()
    await one.runs.begin(createRun('r'))
    await one.store.close()
    const next = await world.open()
    await world.pass(1000)
    expect(next.adopted.map(({ run }) => run.id)).toEqual(['r'])
  })

  test('that only seemed dead go on elsewhere, and the process is told when it adds to them', async () => {
    const [one, other] = [await world.open(), await world.open()]
    const record = held(await one.runs.begin(createRun('r')))
    await world.pass(20_000)
    world.ledgers.freeze(one.ledger, true)
    await world.pass(LEASE_MS + 2000)
    expect(other.adopted.map(({ run }) => run.id)).toEqual(['r'])
    world.ledgers.freeze(one.ledger, false)
    await world.pass(6000)
    await expect(record.add({ name: 'a', value: 1 }, SIGNAL)).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    record.leave()
    // It lives again, and so do its new runs.
    await one.runs.begin(createRun('s'))
    await world.pass(MINUTE)
    expect(other.adopted.map(({ run }) => run.id)).toEqual(['r'])
    world.kill(one)
    await world.pass(LEASE_MS + 2000)
    expect(other.adopted.map(({ run }) => run.id)).toEqual(['r', 's'])
  })

  test('begun right after it seemed dead are not lost with it', async () => {
    const [one, other] = [await world.open(), await world.open()]
    await world.pass(20_000)
    world.ledgers.freeze(one.ledger, true)
    await world.pass(LEASE_MS + 2000)
    expect(world.ledgers.count('owner')).toBe(1)
    world.ledgers.freeze(one.ledger, false)
    await one.runs.begin(createRun('r'))
    world.kill(one)
    await world.pass(LEASE_MS + 2000)
    expect(other.adopted.map(({ run }) => run.id)).toEqual(['r'])
  })

  test('stay where they are when nobody could reach the ledger for a while', async () => {
    const all = await Promise.all([world.open(), world.open(), world.open()])
    for (const [index, { runs }] of all.entries()) await runs.begin(createRun(`r${index}`))
    await world.pass(20_000)
    world.ledgers.setAway(true)
    await world.pass(10 * MINUTE)
    world.ledgers.setAway(false)
    await world.pass(MINUTE)
    expect(all.flatMap(({ adopted }) => adopted)).toEqual([])
    expect(world.ledgers.count('owner')).toBe(3)
  })

  test('are all taken up when the ledger is away in the middle of that', async () => {
    const [one, other] = [await world.open(), await world.open()]
    const ids = ['r1', 'r2', 'r3']
    for (const id of ids) await one.runs.begin(createRun(id))
    await world.pass(20_000)
    world.kill(one)
    let count = 0
    world.ledgers.beforeAppend = async () => {
      count += 1
      if (count === 2) world.ledgers.setAway(true)
    }
    await world.pass(LEASE_MS + 2000)
    world.ledgers.setAway(false)
    await world.pass(10_000)
    expect(other.adopted.map(({ run }) => run.id).toSorted()).toEqual(ids)
    expect(world.ledgers.count('owner')).toBe(1)
  })

  test('are taken up by one of two that find it dead at the same time', async () => {
    const [one, other] = [await world.open(), await world.open()]
    const living = new Set((await one.ledger.list('owner')).ids)
    const dead = await world.open()
    await dead.runs.begin(createRun('r'))
    const owner = (await one.ledger.list('owner')).ids.find((name) => !living.has(name)) ?? ''
    await world.pass(20_000)
    world.kill(dead)
    let count = 0
    world.ledgers.beforeAppend = async (kind) => {
      count += 1
      if (kind === 'run' && count === 1)
        await Promise.all([one, other].map(({ ledger }) => world.ledgers.handle(ledger, 'owner', owner)))
    }
    await world.pass(LEASE_MS + 2000)
    await world.pass(10_000)
    const taken = [one, other].flatMap(({ adopted }) => adopted)
    expect(taken.length).toBe(1)
    expect(await held(taken[0]?.record).add({ name: 'a', value: 1 }, SIGNAL)).toEqual({ name: 'a', value: 1 })
  })

  test('are taken up with the definition that they were begun with', async () => {
    const [one, other] = [await world.open(), await world.open()]
    await one.runs.begin(createRun('r', { definition: { old: true } }))
    await one.runs.begin(createRun('s', { definition: { new: true } }))
    await one.store.close()
    await world.pass(0)
    expect(other.adopted.map(({ run }) => run.definition)).toEqual([{ old: true }, { new: true }])
  })

  test.each([
    ['few', 20],
    ['a page', 450],
    ['several pages', 2_150],
  ])('are taken up a bounded number at a time, and go on in turns of the event loop: %s', async (_, count) => {
    const [one, other] = [await world.open(), await world.open()]
    for (let index = 0; index < count; index += 1) await one.runs.begin(createRun(`r${index}`))
    let [underWay, most] = [0, 0]
    world.ledgers.beforeAppend = async (kind) => {
      if (kind === 'run') most = Math.max(most, (underWay += 1))
      await new Promise((resolve) => setImmediate(resolve))
    }
    world.ledgers.afterAppend = async (kind) => void (kind === 'run' && (underWay -= 1))
    const ids: string[] = []
    let inTurn = 0
    let mostInTurn = 0
    other.runs.attach({
      adopt(taken) {
        ids.push(...taken.map(({ run }) => run.id))
        if (inTurn === 0) setImmediate(() => (inTurn = 0))
        mostInTurn = Math.max(mostInTurn, (inTurn += taken.length))
      },
      cancel: () => undefined,
      drop: () => undefined,
    })
    await one.store.close()
    for (let left = 20; ids.length < count && left > 0; left -= 1) await world.pass(100)
    expect(new Set(ids).size).toBe(count)
    expect(ids).toHaveLength(count)
    expect(most).toBeGreaterThanOrEqual(Math.min(count, 200))
    expect(most).toBeLessThanOrEqual(400)
    expect(mostInTurn).toBeLessThanOrEqual(25)
  })

  test.each([
    ['that goes on later in the same batch', 90],
    ['of the next batch', 190],
    ['that goes on already', 0],
  ])('are cancelled by a message that comes while they are taken up: one %s', async (_, place) => {
    const [one, other] = [await world.open(), await world.open()]
    const ids = Array.from({ length: 200 }, (__, index) => `r${index}`).toSorted()
    for (const id of ids) await one.runs.begin(createRun(id))
    const news: string[] = []
    const unwanted = ids[place] ?? ''
    let isFirst = true
    other.runs.attach({
      adopt(taken) {
        news.push(...taken.map(({ run }) => run.id))
        if (isFirst) void other.ledger.publish({ is: 'cancel', run: unwanted })
        isFirst = false
      },
      cancel: (id) => void news.push(`cancel ${id}`),
      drop: () => undefined,
    })
    await one.store.close()
    await world.pass(1000)
    expect(news.filter((line) => line.startsWith('cancel'))).toEqual([`cancel ${unwanted}`])
    expect(news.indexOf(`cancel ${unwanted}`)).toBeGreaterThan(news.indexOf(unwanted))
    expect(news).toHaveLength(201)
  })

  test('are told by one question whether they are there and have not ended', async () => {
    const [one, other] = [await world.open(), await world.open()]
    await one.runs.begin(createRun('r'))
    await held(await one.runs.begin(createRun('s'))).end({ id: 's' })
    await one.ledger.append('run', 's', { is: 'late' }, { orCreate: { data: {}, ttlMs: MINUTE, group: 'nobody' } })
    const owner = ownerOf((await one.ledger.read('run', 'r'))?.log ?? []) ?? ''
    await one.ledger.append('run', 's', { is: 'owner', owner }, { group: owner })
    await one.store.close()
    await world.pass(1000)
    expect(other.adopted.map(({ run }) => run.id)).toEqual(['r'])
    expect(world.ledgers.count('run')).toBe(1)
  })
})
