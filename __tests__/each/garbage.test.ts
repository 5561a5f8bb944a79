import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from '@jest/globals'
import type { Judged, Store } from '../../lib/base/contracts'
import { type Came, Inbox } from '../../lib/store/each/inbox'
import { Iteration } from '../../lib/store/each/iteration'
import { createKeyedIterations, type KeyedIterations } from '../../lib/store/each/keyed-iterations'
import { createMemoryStore } from '../../lib/store/registry'
import { createOutcome, DONE } from '../helpers/store-contract'
import { DAY, MINUTE, useDurable } from '../store/use-durable'

const world = useDurable()
const LIMITS = { max: 100, maxBytes: 1e6 }
const quiet = (): void => undefined

/** Iterates by a key over 1 and the last callback, and says what the iteration has left in memory. */
async function iterate(store: Store, keyed: KeyedIterations, key: string, reads: number): Promise<WeakRef<Inbox>> {
  const refs: WeakRef<Inbox>[] = []
  const isFinal = ({ result }: Judged): boolean => result === 'last'
  const createInbox = (came?: readonly Came[]): Inbox => {
    const inbox = new Inbox({ idleMs: MINUTE, limits: LIMITS, isFinal, onEnd: quiet }, came)
    refs.push(new WeakRef(inbox))
    return inbox
  }
  const asked = { endpoints: [DONE], ids: [key], idleMs: MINUTE }
  const plan = { ...asked, signal: undefined, isLast: isFinal, onCallback: quiet, onFreed: quiet }
  const iteration = new Iteration({ ...plan, pick: ({ result }) => result }, () =>
    keyed.begin({ ...asked, key, createInbox }),
  )
  await world.pass(0)
  const got: unknown[] = []
  const read = async (): Promise<void> => {
    void iteration.next().then(({ value }) => got.push(value))
    await world.pass(0)
  }
  for (const result of [1, 'last']) {
    if (got.length < reads) await read()
    if (result === 'last' && reads === 1) await iteration.return()
    await store.deliver({ endpoint: DONE, outcome: createOutcome(DONE, key, result), size: () => 1 })
    await world.pass(0)
  }
  if (reads > 1) await read()
  expect(got).toEqual([1, 'last', undefined].slice(0, reads))
  const [ref] = refs
  if (ref === undefined) throw new Error('no inbox')
  return ref
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (typeof collect === 'function') collect()
}

test.each([
  ['in memory, that was read', false, 3],
  ['in memory, that nobody read any more', false, 1],
  ['in a durable store', true, 3],
])('an iteration by key that has ended leaves nothing behind a day later, %s', async (_, isDurable, reads) => {
  const park = { forMs: MINUTE, ...LIMITS }
  const memory = createMemoryStore({ clock: world.clock, maxWaits: 100, park, onForgotten: quiet })
  const store = isDurable ? (await world.open()).store : memory
  const keyed = createKeyedIterations(store, world.clock)
  const ref = await iterate(store, keyed, 'a', reads)
  await iterate(store, keyed, 'b', 3)
  world.clock.advance(DAY)
  await iterate(store, keyed, 'c', 3)
  world.clock.advance(1)
  await iterate(store, keyed, 'd', 3)
  collectGarbage()
  expect(ref.deref()).toBeUndefined()
})
