import { describe, expect, test } from '@jest/globals'
import { createKeyedWaits } from '../../lib/store/keyed-waits'
import { createRunContext } from '../../lib/store/run-context'
import type { RunRecord } from '../../lib/base/run'
import type { Ending } from '../../lib/base/contracts'
import { DONE, PLAIN } from '../helpers/store-contract'
import { createMortals } from './mortal'
import { createRun, DAY, held, MINUTE, type Process, useDurable } from './use-durable'

const world = useDurable()
const PARK_MS = 10 * MINUTE
const { openMortal, dieEverywhere } = createMortals(world)

/** Asks by key; what it returns is filled with how the wait ends. */
async function ask({ store }: Process, more: object = {}): Promise<readonly unknown[]> {
  const ends: unknown[] = []
  const asked = { key: 'k', endpoints: [DONE], ids: ['a'], timeoutMs: 60 * MINUTE, queued: true, ...more }
  const describeEnd = (ending: Ending): unknown =>
    ends.push(ending.kind === 'outcome' ? ending.outcome.result : ending.kind)
  const sharing = createKeyedWaits(store, world.clock).share({ ...asked, onEnd: () => undefined })
  void sharing.then(({ ending }) => ending.then(describeEnd))
  await world.pass(0)
  return ends
}

/** Lets much time go by at once. */
async function passQuickly(ms: number): Promise<void> {
  for (let part = 0; part < 4; part += 1) {
    world.clock.advance(ms / 4)
    await world.pass(0)
  }
}

const SHORT = PARK_MS / 2
const LONG = 1.5 * PARK_MS
const OTHER_QUEUE = { endpoints: [PLAIN], ids: ['x'] }

describe.each([
  ['less than park.for', SHORT],
  ['more than park.for', LONG],
])('a wait by key whose process died, asked for again after %s', (_, pauseMs) => {
  test('has the callback that came meanwhile, wherever the process died once a log knew the wait', async () => {
    let deaths = 0
    await dieEverywhere(
      async () => undefined,
      ({ process }) => ask(process),
      async (written, where) => {
        const isKnown = written.includes('append key')
        expect([where, await (await world.open()).deliver('a', 1)]).toEqual([where, isKnown ? 'settled' : 'parked'])
        await passQuickly(pauseMs)
        expect([where, await ask(await world.open())]).toEqual([where, isKnown || pauseMs < PARK_MS ? [1] : []])
        deaths += 1
      },
    )
    expect(deaths).toBeGreaterThanOrEqual(12)
  })

  test('has the callback that had come before anybody asked', async () => {
    await dieEverywhere(
      ({ process }) => process.deliver('a', 1),
      ({ process }) => ask(process),
      async (written, where) => {
        await passQuickly(pauseMs)
        const isKnown = written.includes('append key')
        expect([where, await ask(await world.open())]).toEqual([where, isKnown || pauseMs < PARK_MS ? [1] : []])
      },
    )
  })

  test('has the callback that was acknowledged as the process died', async () => {
    let answers: unknown[] = []
    await dieEverywhere(
      ({ process }) => {
        answers = []
        return ask(process)
      },
      async ({ process }) => answers.push(await process.deliver('a', 1)),
      async (written, where) => {
        const isKept = written.includes('append key')
        // A sender that was not answered tries again.
        if (answers.length === 0)
          expect([where, await (await world.open()).deliver('a', 2)]).toEqual([where, isKept ? 'duplicate' : 'settled'])
        await passQuickly(pauseMs)
        expect([where, await ask(await world.open())]).toEqual([where, isKept ? [1] : [2]])
      },
    )
  })

  test('has the callback without an id that its place in the queue got', async () => {
    await dieEverywhere(
      async () => undefined,
      ({ process }) => ask(process, OTHER_QUEUE),
      async (written, where) => {
        const isKnown = written.filter((one) => one === 'append key').length >= 2
        await (await world.open()).deliver(undefined, 1, { endpoint: PLAIN })
        await passQuickly(pauseMs)
        const ends = await ask(await world.open(), OTHER_QUEUE)
        expect([where, ends]).toEqual([where, isKnown || pauseMs < PARK_MS ? [1] : []])
      },
    )
  })
})

describe('an outcome that was safe when the process died is not given once more', () => {
  test('to a wait by another key for the same id', async () => {
    await dieEverywhere(
      ({ process }) => ask(process),
      ({ process }) => process.deliver('a', 1),
      async (written, where) => {
        if (!written.includes('append key')) return
        await passQuickly(MINUTE)
        const next = await world.open()
        expect([where, await ask(next)]).toEqual([where, [1]])
        const other = await ask(next, { key: 'other' })
        const plain = next.wait(['a'])
        await world.pass(0)
        expect([where, other, plain.ends]).toEqual([where, [], []])
        expect([where, await next.deliver('a', 2)]).toEqual([where, 'settled'])
        await world.pass(0)
        expect([where, other, plain.ends]).toEqual([where, [2], [2]])
      },
    )
  })

  /** A wait of a run that is begun, or taken up, by a process. */
  async function expectIn({ store }: Process, record: RunRecord) {
    const signal = new AbortController().signal
    const quiet = (): void => undefined
    const run = createRunContext('r', { store, clock: world.clock, signal, onWait: quiet, onEnd: quiet, record })
    const wait = { endpoints: [DONE], ids: ['a'], deadline: world.clock.now() + DAY, queued: false }
    const expecting = run.expect('job#1/wait', wait)
    await world.pass(0)
    const expectation = await expecting
    void expectation.alias(['b'])
    await world.pass(0)
    return expectation
  }

  test('to a later wait for an id of a run', async () => {
    await dieEverywhere(
      async ({ process }) => {
        await process.store.open()
        const run = createRun('r')
        await expectIn(process, held(await process.runs.begin(run)))
      },
      ({ process }) => process.deliver('b', 1),
      async (written, where) => {
        if (!written.includes('append key')) return
        const next = await world.open()
        for (let part = 0; part < 10; part += 1) await passQuickly(6000)
        const expectation = await expectIn(next, held(next.adopted[0]?.record))
        const outcome = await expectation.outcome()
        await world.pass(0)
        const later = ['a', 'b'].map((id) => next.wait([id]))
        await world.pass(0)
        expect([where, outcome.result, later.map(({ ends }) => ends)]).toEqual([where, 1, [[], []]])
      },
    )
  })
})

test('a wait by key that is asked for after its deadline has what came in time, wherever its process died', async () => {
  await dieEverywhere(
    async () => undefined,
    ({ process }) => ask(process, { timeoutMs: MINUTE }),
    async (written, where) => {
      await (await world.open()).deliver('a', 1)
      await passQuickly(5 * MINUTE)
      if (written.includes('append key')) expect([where, await ask(await world.open())]).toEqual([where, [1]])
    },
  )
})

test('a wait by key that was begun and never named begins again with the deadline of the one who asks', async () => {
  for (const pauseMs of [MINUTE / 2, 90_000, 5 * MINUTE]) {
    world.reset()
    const mortal = await openMortal()
    mortal.dieAt(2, true)
    await ask(mortal.process, { timeoutMs: MINUTE })
    mortal.kill()
    await passQuickly(pauseMs)
    const next = await world.open()
    const ends = await ask(next, { timeoutMs: 30 * MINUTE })
    await passQuickly(20 * MINUTE)
    expect([pauseMs, await next.deliver('a', 1)]).toEqual([pauseMs, 'settled'])
    await world.pass(0)
    expect([pauseMs, ends]).toEqual([pauseMs, [1]])
  }
})

test('of two who begin a key at once for other ids, the one that is refused leaves no wait behind', async () => {
  const [one, other] = [await world.open(), await world.open()]
  const asked = { key: 'k', endpoints: [DONE], timeoutMs: MINUTE, queued: true, onEnd: () => undefined }
  const sharing = [
    createKeyedWaits(one.store, world.clock).share({ ...asked, ids: ['a', 'b'] }),
    createKeyedWaits(other.store, world.clock).share({ ...asked, ids: ['b', 'c'] }),
  ]
  const settled = Promise.allSettled(sharing)
  await world.pass(0)
  expect((await settled).map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  const delivered = await Promise.all(['a', 'b', 'c'].map((id) => one.deliver(id, id)))
  expect(delivered.toSorted()).toEqual(['parked', 'settled', 'settled'])
})

test.each([
  ['before it is dropped has it', true, [1], []],
  ['after it was dropped has the next one', false, [2], [1]],
])(
  'a callback is parked longer than park.for: a wait that stands in the log %s',
  async (_, isBefore, ends, forgotten) => {
    const [one, other] = [await world.open(), await world.open()]
    await one.deliver(undefined, 1, { endpoint: PLAIN })
    await passQuickly(SHORT)
    await one.deliver(undefined, 2, { endpoint: PLAIN })
    await passQuickly(SHORT - 2000)
    // It asks in time, and is held up on its way to the log.
    world.ledgers.freeze(other.ledger, true)
    const waiting = other.wait(['x'], { endpoints: [PLAIN] })
    const goOn = async (): Promise<void> => {
      world.ledgers.beforeAppend = undefined
      world.ledgers.freeze(other.ledger, false)
      await new Promise((resolve) => setImmediate(resolve))
    }
    await world.pass(0)
    if (isBefore) world.ledgers.beforeAppend = goOn
    await world.pass(2000)
    await goOn()
    await world.pass(0)
    expect([waiting.ends, world.forgotten]).toEqual([ends, forgotten])
  },
)
