import { describe, expect, test } from '@jest/globals'
import { DONE, NEWS, PLAIN, READY } from '../helpers/store-contract'
import { DAY, MINUTE, type Process, useDurable, type Watched } from './use-durable'

const world = useDurable()

async function openWait(process: Process, ids: readonly string[], more = {}): Promise<Watched> {
  const wait = process.wait(ids, more)
  await wait.registered
  await world.pass(0)
  return wait
}

const SHARED = [
  ['shared by processes', true],
  ['of one process', false],
] as const

describe.each(SHARED)('a wait by hand that is asked again after kill -9, in a store %s', (_, isShared) => {
  const open = (): Promise<Process> => world.open({ isShared })

  test.each([
    ['one id', [DONE], ['a'], 'a'],
    ['several ids', [DONE], ['a', 'b'], 'b'],
    ['several endpoints', [DONE, READY], ['a'], 'a'],
    ['an endpoint whose callbacks may be events', [NEWS], ['a'], 'a'],
  ])('takes at once what came meanwhile: %s', async (__, endpoints, ids, id) => {
    const [first, between] = [await open(), await open()]
    await openWait(first, ids, { endpoints })
    world.kill(first)
    const start = (): void => {
      throw new Error('this is no event')
    }
    const [endpoint = DONE] = endpoints
    expect(['settled', 'parked']).toContain(await between.deliver(id, 1, { endpoint, start }))
    const again = await openWait(await open(), ids, { endpoints })
    expect(again.ends).toEqual([1])
    expect(await between.deliver(id, 2, { endpoint, start })).toBe('duplicate')
  })

  test('takes at once what its process had been told of in its last moment', async () => {
    const first = await open()
    await openWait(first, ['a'])
    world.ledgers.losesMessages = true
    expect(await (await open()).deliver('a', 1)).toMatch(/settled|parked/)
    world.kill(first)
    expect((await openWait(await open(), ['a'])).ends).toEqual([1])
  })

  test('takes once what came: a later wait gets the next callback', async () => {
    const first = await open()
    await openWait(first, ['a'])
    world.kill(first)
    const second = await open()
    await second.deliver('a', 1)
    expect((await openWait(second, ['a'])).ends).toEqual([1])
    await world.pass(0)
    for (const process of [second, await open()]) {
      const later = await openWait(process, ['a'])
      expect(later.ends).toEqual([])
      later.cancel()
      await world.pass(0)
    }
    await world.pass(20_000)
    const last = await openWait(second, ['a'])
    expect(last.ends).toEqual([])
    expect(await second.deliver('a', 2)).toBe('settled')
    expect(last.ends).toEqual([2])
  })

  test('is asked again and again', async () => {
    for (let time = 0; time < 3; time += 1) {
      const process = await open()
      await openWait(process, ['a'])
      world.kill(process)
    }
    const last = await open()
    await last.deliver('a', 1)
    for (let time = 0; time < 2; time += 1) {
      const process = await open()
      world.ledgers.losesMessages = true
      await openWait(process, ['b'])
      world.kill(process)
    }
    expect((await openWait(await open(), ['a'])).ends).toEqual([1])
  })

  test('has nothing to take when its process had taken it', async () => {
    const first = await open()
    const wait = await openWait(first, ['a'])
    expect(await first.deliver('a', 1)).toBe('settled')
    await world.pass(0)
    expect(wait.ends).toEqual([1])
    world.kill(first)
    const again = await openWait(await open(), ['a'])
    expect(again.ends).toEqual([])
  })

  test('gets what came longer ago than a callback is parked', async () => {
    const [first, other] = [await open(), await open()]
    await openWait(first, ['a'])
    world.kill(first)
    await other.deliver('a', 1)
    await world.pass(15 * MINUTE)
    const again = await openWait(await open(), ['a'])
    expect(again.ends).toEqual([1])
  })
})

describe('what came for a process that is dead, on an endpoint without ids', () => {
  test('is for the next wait, at the latest when the lease is over', async () => {
    const [first, other] = [await world.open(), await world.open()]
    await openWait(first, ['x'], { endpoints: [PLAIN] })
    await openWait(first, ['y'], { endpoints: [PLAIN] })
    await world.pass(20_000)
    world.kill(first)
    for (const result of [1, 2]) expect(await other.deliver(undefined, result, { endpoint: PLAIN })).toBe('settled')
    const waits = [await openWait(other, ['x'], { endpoints: [PLAIN] })]
    waits.push(await openWait(other, ['y'], { endpoints: [PLAIN] }))
    await world.pass(20_000)
    expect(waits.map(({ ends }) => ends)).toEqual([[1], [2]])
  })

  test('does not keep back later callbacks', async () => {
    const [first, other] = [await world.open(), await world.open()]
    await openWait(first, ['x'], { endpoints: [PLAIN] })
    await world.pass(20_000)
    world.kill(first)
    await world.pass(20_000)
    const wait = await openWait(other, ['y'], { endpoints: [PLAIN] })
    expect(await other.deliver(undefined, 1, { endpoint: PLAIN })).toBe('settled')
    expect(wait.ends).toEqual([1])
  })

  test('where only one process has the store, is for the next wait at once', async () => {
    const first = await world.open({ isShared: false })
    await openWait(first, ['x'], { endpoints: [PLAIN] })
    world.kill(first)
    const second = await world.open({ isShared: false })
    const wait = await openWait(second, ['y'], { endpoints: [PLAIN] })
    expect(await second.deliver(undefined, 1, { endpoint: PLAIN })).toBe('settled')
    expect(wait.ends).toEqual([1])
  })
})

describe('a process that closes', () => {
  test.each([
    ['an id', DONE, 'a'],
    ['no id', PLAIN, undefined],
  ])('leaves what it has not handed out to the next wait: %s', async (_, endpoint, id) => {
    const [first, other] = [await world.open(), await world.open()]
    const wait = await openWait(first, ['a'], { endpoints: [endpoint] })
    world.ledgers.losesMessages = true
    expect(await other.deliver(id, 1, { endpoint })).toBe('settled')
    await first.store.close()
    expect(wait.ends).toEqual(['closed'])
    for (let hours = 0; hours < 72; hours += 6) {
      world.clock.advance(DAY / 4)
      await world.pass(0)
    }
    expect((await openWait(other, ['a'], { endpoints: [endpoint] })).ends).toEqual([1])
  })
})

describe('a process that was only slow', () => {
  test('has its waits again', async () => {
    const [one, other] = [await world.open(), await world.open()]
    const waits = [await openWait(one, ['a']), await openWait(one, ['x'], { endpoints: [PLAIN] })]
    await world.pass(20_000)
    world.ledgers.freeze(one.ledger, true)
    await world.pass(12_000)
    // Its place in the queue is free, as that of a dead process is.
    const next = await openWait(other, ['y'], { endpoints: [PLAIN] })
    expect(await other.deliver('a', 1)).toBe('settled')
    expect(await other.deliver(undefined, 2, { endpoint: PLAIN })).toBe('settled')
    expect(next.ends).toEqual([2])
    world.ledgers.freeze(one.ledger, false)
    await world.pass(12_000)
    expect(waits.map(({ ends }) => ends)).toEqual([[1], []])
    expect(await other.deliver(undefined, 3, { endpoint: PLAIN })).toBe('settled')
    await world.pass(0)
    expect(waits.map(({ ends }) => ends)).toEqual([[1], [3]])
    world.takeLog()
  })
})
