import { describe, expect, test } from '@jest/globals'
import type { TunnelHealth } from '../../lib/base/contracts'
import { createFakeDriver, setUp, turns } from './fake-tunnels'

/** Opens a tunnel whose answers to the question how it does come from the test. */
async function openOne(over: object = {}) {
  const mine = createFakeDriver()
  const setup = setUp({ gateway: { driver: 'mine', port: 8090 } }, { mine: mine.driver })
  const answers: (() => Promise<TunnelHealth>)[] = []
  let health: TunnelHealth = 'up'
  let checks = 0
  const check = (): Promise<TunnelHealth> => {
    checks += 1
    return answers.shift()?.() ?? Promise.resolve(health)
  }
  const opening = setup.gateways.open()
  mine.last.open('https://one.example', { check, ...over })
  await opening
  await turns()
  return {
    ...setup,
    mine,
    answers,
    checks: () => checks,
    /** Lets so many checks be made, which find this. */
    async find(found: TunnelHealth, times = 1) {
      health = found
      for (let time = 0; time < times; time += 1) {
        setup.clock.advance(10_000)
        await turns()
      }
    },
  }
}

describe('a tunnel that is asked how it does', () => {
  test('every ten seconds, and stays ready while it is up', async () => {
    const { find, checks, states, clock } = await openOne()
    clock.advance(9999)
    await turns()
    expect(checks()).toBe(0)
    clock.advance(1)
    await turns()
    await find('up', 2)
    expect(checks()).toBe(3)
    expect(states()).toEqual(['8090 starting', '8090 ready'])
  })

  test('is degraded when it is down, keeps its URL, and is ready when it is up again', async () => {
    const { find, gateways, states, log } = await openOne()
    await find('down')
    expect(gateways.statuses.get(8090)).toMatchObject({
      state: 'degraded',
      publicUrl: 'https://one.example',
      error: { code: 'ERR_GATEWAY_NOT_READY' },
    })
    await gateways.ready([8090])
    expect(log.at(-1)).toMatchObject({
      level: 'warn',
      message: 'The gateway of port 8090 has a tunnel that is down; it may come back by itself',
    })
    await find('down', 8)
    await find('up')
    expect(states()).toEqual(['8090 starting', '8090 ready', '8090 degraded', '8090 ready'])
    expect(log.at(-1)?.message).toBe('[Gateway] Connected again: https://one.example')
  })

  test('is replaced when it was down for 90 seconds', async () => {
    const { find, mine, stateOf, log, clock } = await openOne()
    await find('down', 9)
    expect([stateOf(8090), mine.last.closes]).toEqual(['degraded', 0])
    await find('down')
    expect([stateOf(8090), mine.last.closes]).toEqual(['restarting', 1])
    expect(log.at(-1)?.message).toBe(
      'The gateway of port 8090 lost its tunnel: it has been down for 90 s; trying again in 1.0 s',
    )
    clock.advance(1000)
    await turns()
    mine.last.open('https://two.example')
    await turns()
    expect(stateOf(8090)).toBe('ready')
  })

  test('has more time to come back when it says so', async () => {
    const { find, stateOf } = await openOne({ maxDownMs: 600_000 })
    await find('down', 60)
    expect(stateOf(8090)).toBe('degraded')
    await find('down')
    expect(stateOf(8090)).toBe('restarting')
  })

  test('is replaced at once when it is gone', async () => {
    const { find, mine, stateOf, log } = await openOne()
    await find('gone')
    expect([stateOf(8090), mine.last.closes]).toEqual(['restarting', 1])
    expect(log.at(-1)?.message).toBe(
      'The gateway of port 8090 lost its tunnel: it does not exist any more; trying again in 1.0 s',
    )
  })

  test('is down when it cannot say', async () => {
    const { answers, find, stateOf } = await openOne()
    answers.push(() => Promise.reject(new Error('no answer')))
    await find('up')
    expect(stateOf(8090)).toBe('degraded')
  })

  test('is down when it does not answer in time, and asked one question at a time', async () => {
    const { answers, find, stateOf, checks } = await openOne()
    answers.push(() => new Promise(() => undefined))
    await find('up')
    expect([stateOf(8090), checks()]).toEqual(['ready', 1])
    await find('up')
    expect([stateOf(8090), checks()]).toEqual(['degraded', 1])
    await find('up')
    expect([stateOf(8090), checks()]).toEqual(['ready', 2])
  })

  test('is asked no more when it has ended, or is closed', async () => {
    const { find, gateways, checks, clock, answers } = await openOne()
    let answer = (_health: TunnelHealth): void => undefined
    answers.push(() => new Promise((resolve) => void (answer = resolve)))
    await find('up')
    await gateways.close()
    expect([checks(), clock.timers]).toEqual([1, 0])
    answer('gone')
    await turns()
    expect([checks(), clock.timers]).toEqual([1, 0])
  })
})
