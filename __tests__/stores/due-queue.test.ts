import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { createDueQueue, type Queued } from '../../adapters/stores/file/due-queue'

test('gives the earliest, whatever was set and removed before', () => {
  const step = fc.record({ item: fc.nat(20), at: fc.option(fc.nat(10), { nil: undefined }) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const queue = createDueQueue<Queued>()
      const items = [...Array(21).keys()].map((): Queued => ({ at: 0, place: -1 }))
      const times = new Map<Queued, number>()
      for (const { item, at } of steps) {
        const queued = items[item]
        if (queued === undefined) continue
        if (at === undefined) {
          queue.remove(queued)
          times.delete(queued)
        } else {
          queue.set(queued, at)
          times.set(queued, at)
        }
        expect(queue.first()?.at).toBe(times.size === 0 ? undefined : Math.min(...times.values()))
        expect(queued.place >= 0).toBe(at !== undefined)
      }
      const order: number[] = []
      for (let first = queue.first(); first !== undefined; first = queue.first()) {
        order.push(first.at)
        queue.remove(first)
      }
      expect(order).toEqual([...times.values()].toSorted((one, other) => one - other))
    }),
  )
})
