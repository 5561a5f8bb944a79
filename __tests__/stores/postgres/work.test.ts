import { expect, test } from '@jest/globals'
import { createWork } from '../../../adapters/stores/postgres/due/work'
import type { Operation } from '../../../adapters/stores/postgres/operations'
import { createFakeClock } from '../../helpers/fake-clock'
import { createLog } from '../use-shared-ledgers'
import { HANDLERS } from './use-ledgers'

/** Work on records whose handler does not end, and what it has written. */
function createEndless() {
  const clock = createFakeClock()
  const written: Operation[] = []
  const writes = {
    add: async (operation: Operation) => written.push(operation),
    expire: () => undefined,
    close: async () => undefined,
  }
  const handlers = { ...HANDLERS, onDue: () => new Promise<never>(() => undefined) }
  const { signal } = new AbortController()
  const { logger } = createLog()
  const work = createWork({ writes, handlers, clock, logger, signal, max: 10, onNext: () => undefined })
  return { clock, work, written }
}

test.each<[string, readonly number[], number]>([
  ['at once', [0], 0],
  ['again and again within a second', [20, 40, 500, 999], 0],
  ['after a second', [1_000], 1],
  ['after a second, again and again', [1_000, 1_020, 1_500, 1_999], 1],
  ['after each second', [1_000, 2_000, 3_000], 3],
  ['as late as looks are apart', [1_500, 3_000, 4_500], 3],
])('a hold that is asked for %s is written as often as it is needed', (_when, times, expected) => {
  const { clock, work, written } = createEndless()
  work.begin('key', 'one')
  let now = 0
  for (const time of times) {
    clock.advance(time - now)
    now = time
    work.hold()
  }
  expect(written).toEqual(Array.from({ length: expected }, () => ({ op: 'h', kind: 'key', id: 'one', ttlMs: 5_000 })))
})

test('each record has a hold of its own', () => {
  const { clock, work, written } = createEndless()
  for (const id of ['one', 'two', 'three']) {
    work.begin('key', id)
    clock.advance(500)
    work.hold()
  }
  expect(written.map(({ id }) => id)).toEqual(['one', 'two'])
})
