import { describe, expect, test } from '@jest/globals'
import { DONE, PLAIN } from '../helpers/store-contract'
import { DAY, MINUTE, useDurable } from './use-durable'

const world = useDurable()

describe('a wait on a ledger', () => {
  test('registers as soon as the ledger can be reached, and nobody is told of a failure before', async () => {
    world.ledgers.setAway(true)
    const one = world.start()
    const { ends, registered } = one.wait(['a'])
    await world.pass(4000)
    world.ledgers.setAway(false)
    await world.pass(6000)
    await registered
    expect(await one.deliver('a', 1)).toBe('settled')
    expect(ends).toEqual([1])
  })

  test('gets what another process was told in its last moment', async () => {
    const [one, other] = [await world.open(), await world.open()]
    const { ends, registered } = one.wait(['a'])
    await registered
    world.ledgers.losesMessages = true
    expect(await other.deliver('a', 1)).toBe('settled')
    await world.pass(11 * MINUTE)
    expect(ends).toEqual([1])
    expect(await other.deliver('a', 2)).toBe('duplicate')
  })

  test('that ends while the ledger is away ends in time, and is over for the others when that is back', async () => {
    const [one, other] = [await world.open(), await world.open()]
    const { ends, registered } = one.wait(['a'], { timeoutMs: 20_000 })
    await registered
    await world.pass(18_000)
    world.ledgers.setAway(true)
    await world.pass(2000)
    expect(ends).toEqual([])
    await world.pass(6000)
    expect(ends).toEqual(['timeout'])
    world.ledgers.setAway(false)
    await world.pass(6000)
    expect(await other.deliver('a', 1)).toBe('parked')
  })

  test.each([
    ['an id', DONE, 'a'],
    ['no id', PLAIN, undefined],
  ])('that ends while the ledger is away leaves what had come in time to the next one: %s', async (_, endpoint, id) => {
    const [one, other] = [await world.open(), await world.open()]
    const { ends, registered } = one.wait(['a'], { timeoutMs: 20_000, endpoints: [endpoint] })
    await registered
    world.ledgers.losesMessages = true
    expect(await other.deliver(id, 1, { endpoint })).toBe('settled')
    world.ledgers.setAway(true)
    await world.pass(30_000)
    expect(ends).toEqual(['timeout'])
    world.ledgers.setAway(false)
    await world.pass(20 * MINUTE)
    const next = other.wait(['a'], { endpoints: [endpoint] })
    await next.registered
    expect(next.ends).toEqual([1])
  })

  test('that is cancelled after its callback has come leaves it to the next one', async () => {
    const [one, other] = [await world.open(), await world.open()]
    const wait = one.wait(['a'])
    await wait.registered
    world.ledgers.losesMessages = true
    expect(await other.deliver('a', 1)).toBe('settled')
    wait.cancel()
    await world.pass(0)
    const next = one.wait(['a'])
    await next.registered
    expect([wait.ends, next.ends]).toEqual([[], [1]])
  })

  test('that is cancelled while it looks for what came last is told nothing', async () => {
    const one = await world.open()
    const wait = one.wait(['a'], { timeoutMs: 2000 })
    await wait.registered
    world.ledgers.setAway(true)
    await world.pass(4000)
    wait.cancel()
    await world.pass(6000)
    world.ledgers.setAway(false)
    await world.pass(6000)
    expect(wait.ends).toEqual([])
    expect(await one.deliver('a', 1)).toBe('parked')
  })

  test('settles an id that is told only after the callback has come', async () => {
    const one = await world.open()
    const { ends, registered, alias } = one.wait(['run'])
    await registered
    await one.deliver('run', 1)
    await alias(['task'])
    await world.pass(0)
    expect(ends).toEqual([1])
    expect(await one.deliver('task', 2)).toBe('duplicate')
  })

  test('does not settle again what is waited for anew when an id is told late', async () => {
    const one = await world.open()
    const first = one.wait(['run'], { kept: 'first' })
    await first.registered
    await one.deliver('run', 1)
    first.release?.()
    await world.pass(0)
    const second = one.wait(['run'])
    await second.registered
    await first.alias(['task'])
    await world.pass(0)
    second.cancel()
    await world.pass(0)
    expect(await one.deliver('task', 2)).toBe('duplicate')
    expect(await one.deliver('run', 3)).toBe('parked')
  })

  test('parks what could not be written only once it is', async () => {
    const one = await world.open({ park: { forMs: 10 * MINUTE, max: 1, maxBytes: 1000 } })
    world.ledgers.beforeAppend = async () => {
      throw Object.assign(new Error('the disk is full'))
    }
    await expect(one.deliver('a', 1)).rejects.toThrow('the disk is full')
    world.ledgers.beforeAppend = undefined
    expect(one.store.stats().parked).toBe(0)
    expect(await one.deliver('a', 1)).toBe('parked')
  })
})

describe('a wait of a run', () => {
  test('that ended in time leaves its id to the next wait for it', async () => {
    const one = await world.open()
    const first = one.wait(['a'], { kept: 'first', timeoutMs: 2000 })
    await first.registered
    await world.pass(4000)
    expect(first.ends).toEqual(['timeout'])
    first.release?.()
    await world.pass(0)
    expect(await one.deliver('a', 1)).toBe('parked')
    const second = one.wait(['a'], { kept: 'second' })
    await second.registered
    expect(second.ends).toEqual([1])
  })

  test('keeps what came in its last moment until that is safe', async () => {
    const [one, other] = [await world.open(), await world.open()]
    const first = one.wait(['a'], { kept: 'wait', timeoutMs: 2000 })
    await first.registered
    world.ledgers.losesMessages = true
    expect(await other.deliver('a', 1)).toBe('settled')
    await world.pass(4000)
    expect(first.ends).toEqual([1])
    world.kill(one)
    const again = other.wait(['a'], { kept: 'wait', timeoutMs: 0 })
    await world.pass(2000)
    expect(again.ends).toEqual([1])
  })

  test('waits for the ledger to be back before its time is up', async () => {
    const [one, other] = [await world.open(), await world.open()]
    const { ends, registered } = one.wait(['a'], { kept: 'wait', timeoutMs: 20_000 })
    await registered
    world.ledgers.losesMessages = true
    expect(await other.deliver('a', 1)).toBe('settled')
    world.ledgers.setAway(true)
    await world.pass(MINUTE)
    expect(ends).toEqual([])
    world.ledgers.setAway(false)
    await world.pass(6000)
    expect(ends).toEqual([1])
  })

  test('that is left has what came for it for a week', async () => {
    const one = await world.open()
    const first = one.wait(['a'], { kept: 'wait' })
    await first.registered
    first.leave?.()
    expect(await one.deliver('a', 1)).toBe('settled')
    world.clock.advance(6 * DAY)
    await world.pass(0)
    const again = one.wait(['a'], { kept: 'wait', timeoutMs: 0 })
    await world.pass(2000)
    expect(again.ends).toEqual([1])
    again.release?.()
    world.clock.advance(DAY)
    await world.pass(2 * MINUTE)
    expect(world.ledgers.count('key')).toBe(0)
  })
})

describe('a wait of a run that is taken up', () => {
  const again = { kept: 'wait', isReopened: true }

  async function openTwo() {
    const [one, other] = [await world.open(), await world.open()]
    await one.wait(['a'], { kept: 'wait' }).registered
    return { one, other }
  }

  test.each([
    ['its process is gone', true],
    ['its process still holds it', false],
  ])('is found where it is registered, and not written again, when %s', async (_, isGone) => {
    const { one, other } = await openTwo()
    if (isGone) world.kill(one)
    const { ends, registered } = other.wait(['a'], again)
    await registered
    expect(world.ledgers.longest('key')).toBe(1)
    expect(await other.deliver('a', 1)).toBe('settled')
    await world.pass(0)
    expect(ends).toEqual([1])
  })

  test.each([
    ['the store has lost it', 'lost'],
    ['its process had not registered it yet', 'new'],
    ['the log of its id was cut away with it', 'cut'],
  ])('is registered when %s', async (_, what) => {
    const { one, other } = await openTwo()
    world.kill(one)
    if (what === 'lost') world.ledgers.flush()
    const id = what === 'new' ? 'b' : 'a'
    const [key = ''] = (await other.ledger.list('key')).ids
    if (what === 'cut') await other.ledger.cut('key', key, 1, { is: 'state', waits: [], outcomes: [], parked: [] })
    const { ends, registered } = other.wait([id], again)
    await registered
    expect(await other.deliver(id, 1)).toBe('settled')
    await world.pass(0)
    expect(ends).toEqual([1])
  })

  test.each([
    ['what came meanwhile', false],
    ['what came meanwhile, from a log that was cut since', true],
  ])('gets %s', async (_, isCut) => {
    const { one, other } = await openTwo()
    world.kill(one)
    expect(await other.deliver('a', 1)).toBe('settled')
    if (isCut) for (let number = 0; number < 40; number += 1) await other.deliver('a', number)
    await world.pass(0)
    const { ends, registered } = other.wait(['a'], again)
    await registered
    await world.pass(0)
    expect(ends).toEqual([1])
  })

  test('is not taken for lost when it is found again', async () => {
    const { one, other } = await openTwo()
    world.kill(one)
    const { ends, registered } = other.wait(['a'], again)
    await registered
    world.ledgers.tellLoss()
    await world.pass(1000)
    expect(world.ledgers.longest('key')).toBe(1)
    await other.deliver('a', 1)
    await world.pass(0)
    expect(ends).toEqual([1])
  })
})
