import { getEventListeners } from 'node:events'
import { afterEach, describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { createPace, type Pace } from '../../lib/workflow/components/pace'
import { createFakeClock, type FakeClock } from '../helpers/fake-clock'

const signal = new AbortController().signal
let clocks: FakeClock[] = []

afterEach(() => {
  expect(clocks.map((clock) => clock.timers)).toEqual(clocks.map(() => 0))
  expect(getEventListeners(signal, 'abort')).toEqual([])
  clocks = []
})

interface Run {
  readonly clock: FakeClock
  readonly pace: Pace
  /** The names of those who began, in order. */
  readonly begun: readonly string[]
  ask(name: string, signal?: AbortSignal): Promise<void>
  /** Goes on, and lets those who may begin do so. */
  advance(ms: number): Promise<void>
}

function run(count: number, windowMs: number): Run {
  const clock = createFakeClock()
  clocks.push(clock)
  const pace = createPace({ count, windowMs }, clock)
  const begun: string[] = []
  return {
    clock,
    pace,
    begun,
    async ask(name, own = signal) {
      await pace(own)
      begun.push(name)
    },
    async advance(ms) {
      clock.advance(ms)
      await settle()
    },
  }
}

async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

test('without a rate everybody begins at once, but who is aborted', async () => {
  const pace = createPace(undefined, createFakeClock())
  await Promise.all(Array.from({ length: 100 }, () => pace(signal)))
  await expect(pace(AbortSignal.abort('reason'))).rejects.toBe('reason')
})

describe('a rate', () => {
  test('lets so many begin, the rest in their order as time goes on', async () => {
    const { ask, advance, begun, clock } = run(2, 1000)
    const asked = ['a', 'b', 'c', 'd', 'e'].map((name) => ask(name))
    await settle()
    expect(begun).toEqual(['a', 'b'])
    expect(clock.timers).toBe(1)
    await advance(999)
    expect(begun).toEqual(['a', 'b'])
    await advance(1)
    expect(begun).toEqual(['a', 'b', 'c', 'd'])
    await advance(1000)
    expect(begun).toEqual(['a', 'b', 'c', 'd', 'e'])
    await Promise.all(asked)
  })

  test('holds for every stretch of a window, not from one mark to the next', async () => {
    const { ask, advance, begun } = run(2, 1000)
    await ask('a')
    await advance(900)
    await ask('b')
    void ask('c')
    void ask('d')
    await advance(100)
    expect(begun).toEqual(['a', 'b', 'c'])
    await advance(899)
    expect(begun).toEqual(['a', 'b', 'c'])
    await advance(1)
    expect(begun).toEqual(['a', 'b', 'c', 'd'])
  })

  test('nobody overtakes those who wait', async () => {
    const { ask, advance, begun, clock } = run(1, 1000)
    await ask('a')
    void ask('b')
    clock.advance(1000)
    void ask('c')
    await settle()
    expect(begun).toEqual(['a', 'b'])
    await advance(1000)
    expect(begun).toEqual(['a', 'b', 'c'])
  })

  test('goes by the clock that nobody can set', async () => {
    const { ask, begun, clock } = run(1, 1000)
    let elapsed = 0
    clock.elapsed = () => elapsed
    await ask('a')
    clock.advance(86_400_000)
    void ask('b')
    await settle()
    expect(begun).toEqual(['a'])
    elapsed = 1000
    clock.advance(1000)
    await settle()
    expect(begun).toEqual(['a', 'b'])
  })

  test('a timer that fires early begins nobody', async () => {
    const { ask, begun, clock } = run(1, 1000)
    let elapsed = 0.5
    clock.elapsed = () => elapsed
    await ask('a')
    void ask('b')
    elapsed = 1000.25
    clock.advance(1000)
    await settle()
    expect(begun).toEqual(['a'])
    elapsed = 1001.25
    clock.advance(1)
    await settle()
    expect(begun).toEqual(['a', 'b'])
  })
})

describe('an abort', () => {
  test('that came before takes no turn', async () => {
    const { ask, begun } = run(1, 1000)
    await expect(ask('a', AbortSignal.abort('reason'))).rejects.toBe('reason')
    await ask('b')
    expect(begun).toEqual(['b'])
  })

  test('gives the turn to the next', async () => {
    const { ask, advance, begun } = run(1, 1000)
    const controller = new AbortController()
    await ask('a')
    const aborted = ask('b', controller.signal)
    void ask('c')
    const reason = new Error('cancelled')
    controller.abort(reason)
    await expect(aborted).rejects.toBe(reason)
    await advance(1000)
    expect(begun).toEqual(['a', 'c'])
  })

  test('of the last one leaves no timer, and the next one waits all the same', async () => {
    const { ask, advance, begun, clock } = run(1, 1000)
    const controller = new AbortController()
    await ask('a')
    const aborted = ask('b', controller.signal)
    controller.abort('reason')
    await expect(aborted).rejects.toBe('reason')
    expect(clock.timers).toBe(0)
    void ask('c')
    await advance(999)
    expect(begun).toEqual(['a'])
    await advance(1)
    expect(begun).toEqual(['a', 'c'])
  })

  test('after the turn changes nothing', async () => {
    const { ask, begun } = run(1, 1000)
    const controller = new AbortController()
    await ask('a', controller.signal)
    controller.abort()
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
    expect(begun).toEqual(['a'])
  })
})

test('whatever is asked when: never too many in a window, in order, and none later than need be', async () => {
  const steps = fc.array(fc.nat({ max: 700 }), { maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 4 }), steps, async (count, pauses) => {
      const clock = createFakeClock(0)
      const pace = createPace({ count, windowMs: 1000 }, clock)
      const times: number[] = []
      const asked: number[] = []
      for (const [index, pause] of pauses.entries()) {
        asked.push(clock.now())
        void pace(signal).then(() => (times[index] = clock.now()))
        await settle()
        for (let ms = 0; ms < pause; ms += 50) {
          clock.advance(50)
          await settle()
        }
      }
      for (; clock.timers > 0; await settle()) clock.advance(50)
      expect(times).toEqual(earliest(asked, count))
    }),
    { numRuns: 30 },
  )
})

/** When each may begin at the earliest. */
function earliest(asked: readonly number[], count: number): number[] {
  const times: number[] = []
  for (const [index, time] of asked.entries()) times.push(Math.max(time, (times[index - count] ?? -1000) + 1000))
  return times
}
