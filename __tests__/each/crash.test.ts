import { expect, test } from '@jest/globals'
import type { Judged } from '../../lib/base/contracts'
import { Inbox } from '../../lib/store/each/inbox'
import { Iteration } from '../../lib/store/each/iteration'
import { createKeyedIterations } from '../../lib/store/each/keyed-iterations'
import { DONE } from '../helpers/store-contract'
import { createDeaths } from '../store/mortal'
import { MINUTE, type Process, useDurable } from '../store/use-durable'

const world = useDurable()
const { dieEverywhere } = createDeaths(world)

/** Iterates by a key; `got` is filled with what the loop got, each before its body began. */
function each({ store }: Process, got: unknown[]) {
  const asked = { key: 'k', endpoints: [DONE], ids: ['a'], idleMs: 60 * MINUTE }
  const isFinal = ({ result }: Judged): boolean => result === 'last'
  const limits = { max: 100, maxBytes: 1e6 }
  const quiet = (): void => undefined
  const plan = { ...asked, signal: undefined, isLast: isFinal, onCallback: quiet, onFreed: quiet }
  const iteration = new Iteration({ ...plan, pick: ({ result }) => result }, () =>
    createKeyedIterations(store, world.clock).begin({
      ...asked,
      createInbox: (came) => new Inbox({ idleMs: asked.idleMs, limits, isFinal, onEnd: quiet }, came),
    }),
  )
  return {
    async next() {
      void iteration.next().then(
        ({ done, value }) => got.push(done ? 'end' : value),
        ({ code }) => got.push(code),
      )
      await world.pass(0)
    },
  }
}

test.each([
  ['while it was asked for', [1, 2], 0, 1],
  ['while the loop asked for the next callback', [1, 2, 3], 1, 1],
  ['while the loop asked for a callback that had not come', [1], 1, 1],
  ['while the loop asked on behind the last one', [1, 'last'], 2, 1],
  ['while the loop asked twice', [1, 2, 3], 1, 2],
])('an iteration by key whose process died %s skips and doubles nothing', async (_, callbacks, before, asks) => {
  let got: unknown[] = []
  let loop = { next: async (): Promise<void> => undefined }
  let deaths = 0
  await dieEverywhere(
    async ({ process }) => {
      got = []
      loop = each(process, got)
      await world.pass(0)
      if (before === 0) return
      for (const one of callbacks) await process.deliver('a', one)
      for (let count = 0; count < before; count += 1) await loop.next()
    },
    async ({ process }) => {
      if (before === 0) for (const one of callbacks) void process.deliver('a', one, { dedupeKey: String(one) })
      for (let count = 0; count < asks; count += 1) await loop.next()
    },
    async (_written, where) => {
      deaths += 1
      const next = await world.open()
      const again: unknown[] = []
      const other = each(next, again)
      await world.pass(0)
      // A sender that was not answered tries again.
      if (before === 0) for (const one of callbacks) await next.deliver('a', one, { dedupeKey: String(one) })
      if (callbacks.at(-1) !== 'last') await next.deliver('a', 'last')
      for (let count = 0; count < 6; count += 1) await other.next()
      const dealt = got.at(-1)
      const all = [...got.filter((one) => one !== 'end'), ...again.filter((one) => one !== 'end')]
      const once = all.filter((one, index) => one !== all[index - 1])
      const expected = callbacks.at(-1) === 'last' ? callbacks : [...callbacks, 'last']
      expect([where, dealt, once, again.at(-1)]).toEqual([where, dealt, expected, 'end'])
      await world.pass(MINUTE)
      expect([where, next.store.stats().waiting]).toEqual([where, 0])
      expect([where, await next.deliver('a', 9)]).toEqual([where, 'duplicate'])
    },
  )
  expect(deaths).toBeGreaterThanOrEqual(2)
})
