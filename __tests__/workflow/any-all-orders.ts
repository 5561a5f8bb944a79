import * as fc from 'fast-check'
import type { Callback, WaitSpec } from './any-all-model'

const TICK = 16
const IDS = ['a', 'b', 'c', 'd', 'e']

export type Step =
  | { readonly kind: 'begin' }
  | { readonly kind: 'receive'; readonly callbacks: readonly Callback[] }
  | { readonly kind: 'advance'; readonly ms: number }
  | { readonly kind: 'abort' | 'cancel' | 'close' }

/** A job that runs several times, and what happens around each run in some order. */
export interface Orders {
  readonly wait: WaitSpec
  readonly runs: readonly (readonly Step[])[]
}

/** How many orders there are for each job. */
export const ORDERS_EACH = 20

const branchWith = (ids: fc.Arbitrary<readonly string[]>) =>
  fc.record({
    ids,
    path: fc.constantFrom('/done', '/other', undefined),
    ms: fc.constantFrom(undefined, undefined, 100 * TICK, 300 * TICK),
  })

/** Most jobs wait for other ids in each branch. */
const apart = fc
  .tuple(...[['a'], ['b'], ['c', 'd'], ['e']].map((ids) => branchWith(fc.constant(ids))))
  .chain((all) => fc.shuffledSubarray(all, { minLength: 2 }))
const anyhow = fc.array(branchWith(fc.subarray(IDS, { minLength: 1, maxLength: 2 })), { minLength: 2, maxLength: 4 })

const wait = fc.record({
  mode: fc.constantFrom('any' as const, 'all' as const),
  branches: fc.oneof({ weight: 3, arbitrary: apart }, { weight: 1, arbitrary: anyhow }),
  ms: fc.constantFrom(200 * TICK, 1000 * TICK),
})

const callback = fc.record({
  id: fc.constantFrom(...IDS),
  path: fc.constantFrom('/done', '/other'),
  isGood: fc.boolean(),
  value: fc.nat(1000),
})

const receive = fc.record({
  kind: fc.constant('receive' as const),
  callbacks: fc.array(callback, { minLength: 1, maxLength: 3 }),
})
const good = receive.map((step) => ({ ...step, callbacks: step.callbacks.map((one) => ({ ...one, isGood: true })) }))
const advance = fc.record({ kind: fc.constant('advance' as const), ms: fc.constantFrom(TICK, 50 * TICK, 150 * TICK) })
const stop = fc.record({
  kind: fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom('abort' as const, 'cancel' as const) },
    { weight: 1, arbitrary: fc.constant('close' as const) },
  ),
})

const before = fc.array(
  fc.oneof({ weight: 3, arbitrary: good }, { weight: 1, arbitrary: receive }, { weight: 2, arbitrary: advance }),
  { maxLength: 2 },
)
const after = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: good },
    { weight: 2, arbitrary: receive },
    { weight: 4, arbitrary: advance },
    { weight: 1, arbitrary: stop },
  ),
  { maxLength: 8 },
)

const steps = fc
  .tuple(before, after)
  .map(([first, rest]): readonly Step[] => [...first, { kind: 'begin' } as const, ...rest])

/** Makes orders in which callbacks come before, while and after a job waits, time goes by, and the job is stopped. */
export const ORDERS: fc.Arbitrary<Orders> = fc.record({
  wait,
  runs: fc.array(steps, { minLength: ORDERS_EACH, maxLength: ORDERS_EACH }),
})
