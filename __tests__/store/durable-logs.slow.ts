import { describe, expect, test } from '@jest/globals'
import { CallbackError } from '../../lib/base/errors'
import { DONE, PLAIN } from '../helpers/store-contract'
import { MINUTE, type Process, useDurable } from './use-durable'

const world = useDurable()

describe('the log of a key', () => {
  test.each([
    ['an endpoint without ids', PLAIN, undefined],
    ['an id that is used again and again', DONE, 'a'],
  ])('stays short, however many callbacks come: %s', async (_, endpoint, id) => {
    const [one, other] = [await world.open(), await world.open()]
    const always = one.wait(['first'], { endpoints: [endpoint], timeoutMs: 60 * MINUTE })
    await always.registered
    let longest = 0
    for (let number = 0; number < 300; number += 1) {
      const wait = one.wait(['a'], { endpoints: [endpoint] })
      await wait.registered
      await (number % 2 === 0 ? one : other).deliver(id, number, { endpoint })
      await world.pass(0)
      expect([...always.ends, ...wait.ends].length).toBeGreaterThan(0)
      longest = Math.max(longest, world.ledgers.longest('key'))
    }
    expect(longest).toBeLessThan(120)
  })

  test('is cut in several processes at once, and loses nothing', async () => {
    const processes: Process[] = [await world.open(), await world.open(), await world.open()]
    const ends: unknown[] = []
    const waiter = {
      onEnd: (ending: { kind: string; outcome?: { result: unknown } }) => void ends.push(ending.outcome?.result),
    }
    for (let burst = 0; burst < 20; burst += 1) {
      const work = processes.flatMap((process, from) =>
        [0, 1, 2, 3].flatMap((number) => [
          process.wait([`w-${burst}-${from}-${number}`], { endpoints: [PLAIN], waiter }).registered,
          process.deliver(undefined, `${burst}-${from}-${number}`, { endpoint: PLAIN }),
        ]),
      )
      await Promise.all(work)
      await world.pass(0)
    }
    await world.pass(2000)
    expect(new Set(ends).size).toBe(240)
    expect(ends.length).toBe(240)
    expect(world.ledgers.longest('key')).toBeLessThan(200)
  })

  test('tells of each parked callback that nobody came for, when its time is up', async () => {
    const one = await world.open()
    const always = one.wait(['never'], { timeoutMs: 60 * MINUTE })
    await always.registered
    for (const result of [1, 2, 3]) {
      await one.deliver(undefined, result, { endpoint: PLAIN })
      await world.pass(6 * MINUTE)
    }
    expect(world.forgotten).toEqual([1, 2])
    const next = one.wait(['x'], { endpoints: [PLAIN] })
    await next.registered
    expect(next.ends).toEqual([3])
    await world.pass(MINUTE * 30)
    expect(world.forgotten).toEqual([1, 2])
  })
})

describe('a delivery that the store could not take for sure', () => {
  const away = (): CallbackError => new CallbackError('ERR_STORE_UNAVAILABLE', { message: 'away' })

  test.each([
    ['an id', DONE, 'a'],
    ['no id', PLAIN, undefined],
  ])('is not swallowed when it is sent again, and not believed twice: %s', async (_, endpoint, id) => {
    for (const hook of ['beforeAppend', 'afterAppend'] as const) {
      world.reset()
      const one = await world.open()
      const waits = ['a', 'b'].map((name) => one.wait(['a', name], { endpoints: [endpoint] }))
      await Promise.all(waits.map(({ registered }) => registered))
      let isFailing = true
      world.ledgers[hook] = async (kind) => {
        if (kind === 'key' && isFailing) throw away()
      }
      const deliver = (): Promise<unknown> => one.deliver(id, 1, { endpoint, dedupeKey: 'one' })
      await expect(deliver()).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
      isFailing = false
      expect(await deliver()).toBe(hook === 'beforeAppend' ? 'settled' : 'duplicate')
      await world.pass(0)
      const told = waits.flatMap(({ ends }) => ends)
      expect(told).toEqual(id === undefined ? [1] : [1, 1])
      expect(await deliver()).toBe('duplicate')
      for (const wait of waits) wait.cancel()
      await one.store.close()
    }
  })
})
