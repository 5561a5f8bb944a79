import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import type { Arrival, Delivery, StoreEndpoint } from '../../lib/base/contracts'
import { createDesk, DAY, DONE, HOUR, MINUTE, NEWS, PLAIN, QUIET, READY, TICK, type WatchedWait } from './desk'
import { Model, type ModelStart } from './model'

const IDS = ['a', 'b', 'c']
/** Whole ticks, so that the wheel is exact and the model needs to know nothing of it. */
const TIMES = [TICK, 100 * TICK, 5 * MINUTE, 10 * MINUTE, 30 * MINUTE, 12 * HOUR, DAY - TICK, DAY]

type Step =
  | {
      readonly kind: 'wait'
      readonly ids: readonly string[]
      readonly on: readonly StoreEndpoint[]
      readonly ms: number
    }
  | { readonly kind: 'deliver'; readonly endpoint: StoreEndpoint; readonly id: string; readonly start: ModelStart }
  | { readonly kind: 'alias'; readonly which: number; readonly ids: readonly string[] }
  | { readonly kind: 'cancel'; readonly which: number }
  | { readonly kind: 'advance'; readonly ms: number }

/** What can happen to a registry with these endpoints, in any order. */
function stepsFor(endpoints: readonly StoreEndpoint[]): fc.Arbitrary<Step[]> {
  const kind = <const Kind extends Step['kind']>(name: Kind): fc.Arbitrary<Kind> => fc.constant(name)
  const ids = fc.subarray(IDS, { minLength: 1 })
  const on = fc.subarray([...endpoints], { minLength: 1 })
  const ms = fc.constantFrom(...TIMES)
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: kind('wait'), ids, on, ms }) },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: kind('deliver'),
        endpoint: fc.constantFrom(...endpoints),
        id: fc.constantFrom(...IDS),
        start: fc.constantFrom<ModelStart[]>('works', 'fails', undefined),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: kind('alias'), which: fc.nat(), ids }) },
    { weight: 1, arbitrary: fc.record({ kind: kind('cancel'), which: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ kind: kind('advance'), ms }) },
  )
  return fc.array(step, { minLength: 2, maxLength: 60 })
}

/** What was seen of one outcome, which has a number of its own as its result. */
interface Seen {
  readonly delivery: Delivery | 'refused'
  /** How many waits were registered before it came. */
  readonly after: number
}

/** Takes the steps in the registry and in the model, and compares the two after each. */
function follow(steps: readonly Step[]): void {
  const { clock, registry, forgotten, wait, deliver } = createDesk()
  const model = new Model()
  const waits: WatchedWait[] = []
  const seen: Seen[] = []
  const starts: ModelStart[] = []
  for (const step of steps) {
    if (step.kind === 'wait') {
      waits.push(wait(step.ids, { endpoints: step.on, timeoutMs: step.ms }))
      model.wait(step.ids, step.on, step.ms)
    } else if (step.kind === 'deliver') {
      const id = step.endpoint.anonymous && step.id !== 'a' ? undefined : step.id
      const start = step.endpoint.startsWorkflow ? step.start : undefined
      const begun = starts.length
      const delivery = tryTo(start, (more) => deliver(step.endpoint, id, seen.length, more), starts)
      expect(delivery).toBe(model.deliver(step.endpoint, id, seen.length, start))
      expect(starts.length - begun).toBe(delivery === 'started' || delivery === 'refused' ? 1 : 0)
      seen.push({ delivery, after: waits.length })
    } else if (step.kind === 'advance') {
      clock.advance(step.ms)
      model.advance(step.ms)
    } else {
      const number = step.which % Math.max(waits.length, 1)
      const [real, modelled] = [waits[number], model.waits[number]]
      if (real === undefined || modelled === undefined) continue
      if (step.kind === 'cancel') real.cancel()
      else real.alias(step.ids)
      if (step.kind === 'cancel') model.cancel(modelled)
      else model.alias(modelled, step.ids)
    }
    expect(waits.map(({ results }) => results)).toStrictEqual(
      model.waits.map(({ ending }) => (ending === undefined ? [] : [ending])),
    )
    expect(new Set(forgotten)).toStrictEqual(new Set(model.forgotten))
    expect(forgotten).toHaveLength(model.forgotten.length)
    const waiting = model.waits.filter(({ state }) => state === 'open').length
    expect(registry.stats()).toStrictEqual({ waiting, parked: model.parked.length })
    expect(clock.timers).toBeLessThanOrEqual(1)
  }
  expectBelievedOnce(waits, seen, forgotten)
  registry.close()
  for (const { endings } of waits) expect(endings.length).toBeLessThanOrEqual(1)
  expect(clock.timers).toBe(0)
}

/** Delivers what may be an event; `refused` when its start was called and failed. */
function tryTo(
  start: ModelStart,
  deliver: (more: Partial<Arrival>) => Delivery,
  starts: ModelStart[],
): Delivery | 'refused' {
  const failure = new Error('nothing can be started')
  const begin = (): void => {
    starts.push(start)
    if (start === 'fails') throw failure
  }
  try {
    return deliver(start === undefined ? {} : { start: begin })
  } catch (error) {
    expect(error).toBe(failure)
    return 'refused'
  }
}

/** The promise itself, checked without the model: no outcome is believed twice. */
function expectBelievedOnce(waits: readonly WatchedWait[], seen: readonly Seen[], forgotten: readonly unknown[]): void {
  for (const [result, { delivery, after }] of seen.entries()) {
    const ended = [...waits.keys()].filter((number) => waits[number]?.results.includes(result))
    if (['duplicate', 'started', 'refused'].includes(delivery)) expect(ended).toStrictEqual([])
    if (delivery === 'settled') {
      expect(ended.length).toBeGreaterThan(0)
      for (const number of ended) expect(number).toBeLessThan(after)
    }
    if (delivery === 'parked') expect(ended.length).toBeLessThanOrEqual(1)
    if (ended.length > 0) expect(forgotten).not.toContain(result)
  }
}

describe('whatever happens in whatever order', () => {
  test.each([
    ['endpoints with ids', [DONE, READY]],
    ['an endpoint with ids and one without', [DONE, PLAIN]],
    ['endpoints without ids', [PLAIN, QUIET]],
    ['an event source and an endpoint that is none', [NEWS, DONE]],
    ['an event source and an endpoint without ids', [NEWS, PLAIN]],
  ])('the registry does what the rules say, on %s', (_name, endpoints) => {
    fc.assert(fc.property(stepsFor(endpoints), follow), { numRuns: 500 })
  })
})

test('an outcome that was parked goes to the next wait for it, however many happen in between', () => {
  const others = stepsFor([READY])
  fc.assert(
    fc.property(others, (steps) => {
      const { clock, wait, deliver, forgotten } = createDesk()
      expect(deliver(DONE, 'a', 'parked')).toBe('parked')
      for (const step of steps) {
        if (step.kind === 'wait') wait(step.ids, { endpoints: step.on, timeoutMs: step.ms })
        if (step.kind === 'deliver') deliver(step.endpoint, step.id)
      }
      expect(deliver(DONE, 'a', 'second')).toBe('duplicate')
      clock.advance(10 * MINUTE - 1)
      expect(forgotten).not.toContain('parked')
      expect(wait('a').results).toStrictEqual(['parked'])
      expect(wait('a').results).toStrictEqual([])
    }),
    { numRuns: 200 },
  )
})
