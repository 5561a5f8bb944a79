import { describe, expect, test } from '@jest/globals'
import { CallbackError } from '../../lib/base/errors'
import type { Expected } from '../../lib/base/run'
import { createDeaths } from '../store/mortal'
import { MINUTE, type Process, useDurable } from '../store/use-durable'
import { begin, deliver, ENDPOINTS, type Hearing, takeUp } from './any-all-durable'
import type { Callback, WaitSpec } from './any-all-model'

const world = useDurable()
const { dieEverywhere } = createDeaths(world)

const isBig: Expected['when'] = ({ result }) => Number(result) > 10
const isOdd: Expected['when'] = ({ result }) => Number(result) % 2 === 1
const fails: Expected['when'] = ({ result }) => {
  if (Number(result) > 10) throw new CallbackError('ERR_TEMPLATE', { message: 'it is no number' })
  return false
}

const SMALL: Callback = { id: 'a', path: '/done', value: 2, isGood: true }
const SMALLER: Callback = { ...SMALL, value: 1 }
const BIG: Callback = { ...SMALL, value: 12 }
const BAD: Callback = { ...SMALL, value: 13, isGood: false }
const OTHER: Callback = { id: 'b', path: '/other', value: 3, isGood: true }

const of = (when: Expected['when']): WaitSpec => ({
  mode: 'any',
  branches: [{ ids: ['a', 'z'], path: '/done', when }],
  ms: 60 * MINUTE,
})
const ONE = of(isBig)
const SHORT: WaitSpec = { ...ONE, ms: MINUTE }
const TWO = (mode: WaitSpec['mode']): WaitSpec => ({
  ...ONE,
  mode,
  branches: [...ONE.branches, { ids: ['b'], when: isOdd }],
})

let startedAt = 0

async function open(process: Process, spec: WaitSpec): Promise<Hearing> {
  startedAt = world.clock.now()
  const hearing = await begin(world, process, spec, startedAt)
  await world.pass(0)
  return hearing
}

/** Has a process go on with the run, unless the run has ended. */
async function goOn(processes: readonly Process[], spec: WaitSpec): Promise<void> {
  const [first] = processes
  if (Object(await first?.runs.find('r')).status === 'succeeded') return
  await takeUp(world, processes, spec, startedAt)
  await world.pass(0)
}

async function endOf(next: Process): Promise<unknown> {
  await world.pass(0)
  const state = await next.runs.find('r')
  return state && 'output' in state ? JSON.parse(String(state.output)) : undefined
}

/** What a later wait for the id of a callback gets. */
async function laterWait(process: Process, { id, path }: Callback): Promise<readonly unknown[]> {
  const wait = process.wait([id], { endpoints: [ENDPOINTS[path] ?? Object.create(null)] })
  await world.pass(0)
  wait.cancel()
  await world.pass(0)
  return wait.ends
}

/** Dies in each operation of some work, which has another process to receive callbacks. */
async function die(
  spec: WaitSpec,
  before: readonly Callback[],
  work: (hearing: Hearing, other: Process, own: Process) => Promise<unknown>,
  check: (next: Process, processes: readonly Process[], where: string) => Promise<void>,
  waitedMs = 0,
): Promise<number> {
  let deaths = 0
  let other: Process
  let hearing: Hearing
  await dieEverywhere(
    async ({ process }) => {
      other = await world.open()
      hearing = await open(process, spec)
      for (const one of before) await deliver(world, other, one)
      await world.pass(waitedMs)
    },
    ({ process }) => work(hearing, other, process),
    async (_, where) => {
      const next = await world.open()
      await check(other, [other, next], where)
      deaths += 1
    },
  )
  return deaths
}

describe('a job that waits with when, wherever its process dies', () => {
  test('while it opens the wait: the heir looks at each callback', async () => {
    let deaths = 0
    await dieEverywhere(
      async () => undefined,
      ({ process }) => open(process, ONE),
      async (_, where) => {
        const next = await world.open()
        if ((await next.runs.find('r')) === undefined) return
        await goOn([next], ONE)
        expect([where, await deliver(world, next, SMALL), await endOf(next)]).toEqual([where, 'filtered', undefined])
        expect([where, await deliver(world, next, BIG), await endOf(next)]).toEqual([where, 'settled', { output: 12 }])
        expect([where, await deliver(world, next, BIG), await deliver(world, next, { ...BIG, id: 'z' })]).toEqual([
          where,
          'duplicate',
          'duplicate',
        ])
        deaths += 1
      },
    )
    expect(deaths).toBeGreaterThan(5)
  }, 60_000)

  test.each([
    ['one', [SMALL]],
    ['two', [SMALL, SMALLER]],
  ])(
    'while it leaves %s out: the heir believes none',
    async (_, left) => {
      const deaths = await die(
        ONE,
        [],
        async (_hearing, other) => {
          for (const one of left) await deliver(world, other, one)
        },
        async (next, processes, where) => {
          await goOn(processes, ONE)
          expect([where, await endOf(next)]).toEqual([where, undefined])
          expect([where, await deliver(world, next, BIG), await endOf(next)]).toEqual([
            where,
            'settled',
            { output: 12 },
          ])
          expect([where, await laterWait(next, SMALL)]).toEqual([where, []])
        },
      )
      expect(deaths).toBeGreaterThan(1)
    },
    60_000,
  )

  test.each([
    ['received elsewhere', [], BIG, { output: 12 }],
    ['received elsewhere behind another', [SMALL], BIG, { output: 12 }],
    ['that says failure', [SMALLER, SMALL], BAD, { code: 'ERR_CALLBACK_FAILED', id: 'a' }],
  ])(
    'while it takes the callback, %s: that counts once',
    async (_, before, last, end) => {
      const deaths = await die(
        ONE,
        before,
        async (_hearing, other) => deliver(world, other, last),
        async (next, processes, where) => {
          await goOn(processes, ONE)
          expect([where, await endOf(next)]).toEqual([where, end])
          expect([where, await deliver(world, next, last), await deliver(world, next, SMALL)]).toEqual([
            where,
            'duplicate',
            'duplicate',
          ])
          expect([where, await laterWait(next, SMALL)]).toEqual([where, []])
        },
      )
      expect(deaths).toBeGreaterThan(3)
    },
    60_000,
  )

  test('while it receives the callback itself: a sender that was not answered sends it again', async () => {
    await dieEverywhere(
      ({ process }) => open(process, ONE),
      ({ process }) => deliver(world, process, BIG),
      async (written, where) => {
        const next = await world.open()
        if (!written.includes('append key')) await deliver(world, next, BIG)
        await goOn([next], ONE)
        expect([where, await endOf(next)]).toEqual([where, { output: 12 }])
        expect([where, await deliver(world, next, BIG)]).toEqual([where, 'duplicate'])
      },
    )
  }, 60_000)

  test('while its template fails: the job fails as it would have without that', async () => {
    await die(
      of(fails),
      [SMALL],
      async (_hearing, other) => deliver(world, other, BIG),
      async (next, processes, where) => {
        await goOn(processes, of(fails))
        expect([where, await endOf(next)]).toEqual([where, { code: 'ERR_TEMPLATE' }])
        expect([where, await deliver(world, next, BIG)]).toEqual([where, 'duplicate'])
      },
    )
  }, 60_000)

  test('while its time is up: it ends with that, and the id is free', async () => {
    const deaths = await die(
      SHORT,
      [SMALL],
      async () => world.clock.advance(2000),
      async (next, processes, where) => {
        await goOn(processes, SHORT)
        await world.pass(2000)
        expect([where, await endOf(next)]).toEqual([where, { code: 'ERR_WAIT_TIMEOUT' }])
        expect([where, await deliver(world, next, BIG)]).toEqual([where, 'parked'])
        expect([where, await laterWait(next, BIG)]).toEqual([where, [12]])
      },
      MINUTE - 1000,
    )
    expect(deaths).toBeGreaterThan(3)
  }, 60_000)

  test.each<[WaitSpec['mode'], unknown]>([
    ['any', { output: 3 }],
    ['all', { output: [12, 3] }],
  ])(
    'as one branch of %s',
    async (mode, end) => {
      const spec = TWO(mode)
      await die(
        spec,
        [SMALL, { ...OTHER, value: 4 }],
        async (_hearing, other) => deliver(world, other, OTHER),
        async (next, processes, where) => {
          await goOn(processes, spec)
          expect([where, await deliver(world, next, BIG)]).toEqual([where, mode === 'all' ? 'settled' : 'parked'])
          expect([where, await endOf(next)]).toEqual([where, end])
        },
      )
    },
    60_000,
  )
})

describe('a job that waits with when', () => {
  test.each([
    ['the first counts', [SMALL, BIG, { ...BIG, value: 14 }], 12],
    ['none before counts', [SMALLER, SMALL, { ...BIG, value: 14 }], 14],
    ['only the first came', [BIG], 12],
  ])('has its heir look at what came while nobody had the run: %s', async (_, callbacks, end) => {
    const one = await world.open()
    const other = await world.open()
    await open(one, ONE)
    world.kill(one)
    for (const callback of callbacks) expect(await deliver(world, other, callback)).toBe('settled')
    expect(await endOf(other)).toBe(undefined)
    await goOn([other], ONE)
    expect(await endOf(other)).toEqual({ output: end })
    expect(await laterWait(other, BIG)).toEqual([])
  })

  test('goes on in the heir of a process that was only slow, and ends once', async () => {
    const one = await world.open()
    const other = await world.open()
    const hearing = await open(one, ONE)
    await world.pass(20_000)
    world.ledgers.freeze(one.ledger, true)
    await goOn([other], ONE)
    world.ledgers.freeze(one.ledger, false)
    await world.pass(6000)
    expect(one.dropped).toEqual(['r ERR_CLOSED'])
    expect(await deliver(world, one, SMALL)).toBe('filtered')
    await deliver(world, one, BIG)
    expect(await endOf(other)).toEqual({ output: 12 })
    expect(hearing.end).toEqual({ code: 'ERR_CLOSED' })
    expect(await deliver(world, other, BIG)).toBe('duplicate')
  })

  test.each([
    ['closes', 'ERR_CLOSED'],
    ['cancels', 'ERR_CANCELLED'],
  ] as const)('that its process %s holds nothing here', async (_, code) => {
    const one = await world.open()
    const hearing = await open(one, ONE)
    await deliver(world, one, SMALL)
    hearing.abort(new CallbackError(code, { message: 'it ends' }))
    await world.pass(0)
    expect(one.store.stats().waiting).toBe(0)
    // A run that goes on elsewhere needs the callback there.
    expect(await deliver(world, one, BIG)).toBe(code === 'ERR_CLOSED' ? 'settled' : 'parked')
    if (code === 'ERR_CANCELLED') expect(await laterWait(one, BIG)).toEqual([12])
  })

  test('takes what was parked before it, and leaves out what does not count', async () => {
    const one = await world.open()
    await deliver(world, one, SMALL)
    await open(one, ONE)
    expect(await endOf(one)).toBe(undefined)
    await deliver(world, one, BIG)
    expect(await endOf(one)).toEqual({ output: 12 })
  })

  test('registers again what the ledger has lost', async () => {
    const one = await world.open()
    await open(one, ONE)
    world.ledgers.flush(['run', 'owner'])
    expect(await deliver(world, one, OTHER)).toBe('parked')
    expect(await deliver(world, one, SMALL)).toBe('filtered')
    expect(await deliver(world, one, BIG)).toBe('settled')
    expect(await endOf(one)).toEqual({ output: 12 })
    world.takeLog()
  })
})
