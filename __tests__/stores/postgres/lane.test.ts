import { expect, test } from '@jest/globals'
import { setImmediate } from 'node:timers/promises'
import type { Connection } from '../../../adapters/stores/postgres/connections/connection'
import type { Connections } from '../../../adapters/stores/postgres/connections/connections'
import { createLane } from '../../../adapters/stores/postgres/connections/lane'
import { createFakeClock } from '../../helpers/fake-clock'

const AWAY_MS = 2000

/** A lane to a server that is away until `come`. */
function createWaiting(maxBatches: number) {
  const clock = createFakeClock()
  let come = (): void => undefined
  const there = new Promise<void>((resolve) => (come = resolve))
  const connections: Connections = {
    open: async () => undefined,
    async lend(work) {
      await there
      return work({} as Connection)
    },
    isAway: () => false,
    close: async () => undefined,
  }
  const send = async (_: Connection, items: readonly number[]) => items.map((value) => ({ value }))
  const lane = createLane<number, number>({ connections, clock, place: 'here', maxItems: 10, maxBatches, send })
  return { lane, clock, come }
}

test.each([1, 2])('what is added as the server comes back is sent, by %s senders', async (maxBatches) => {
  for (let ticks = 0; ticks < 12; ticks += 1) {
    const { lane, clock, come } = createWaiting(maxBatches)
    const late = [1, 2].map((item) => lane.add(item).catch(({ code }) => code))
    await setImmediate()
    clock.advance(AWAY_MS)
    lane.expire(new Error('away'))
    expect(await Promise.all(late)).toEqual(['ERR_STORE_UNAVAILABLE', 'ERR_STORE_UNAVAILABLE'])
    come()
    for (let tick = 0; tick < ticks; tick += 1) await Promise.resolve()
    const added: unknown[] = []
    void lane.add(3).then((answer) => added.push(answer))
    for (let turn = 0; turn < 4; turn += 1) await setImmediate()
    expect([ticks, added]).toEqual([ticks, [3]])
  }
})
