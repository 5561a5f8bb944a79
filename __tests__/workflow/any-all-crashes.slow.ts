import { describe, expect, test } from '@jest/globals'
import { createDeaths } from '../store/mortal'
import { MINUTE, type Process, useDurable } from '../store/use-durable'
import { begin, deliver, ENDPOINTS, type Hearing, takeUp } from './any-all-durable'
import type { Callback, WaitSpec } from './any-all-model'

const world = useDurable()
const { dieEverywhere } = createDeaths(world)

const BRANCHES = [{ ids: ['a', 'z'], path: '/done' }, { ids: ['b'], path: '/other' }, { ids: ['c'] }]
const ANY: WaitSpec = { mode: 'any', branches: BRANCHES, ms: 60 * MINUTE }
const ALL: WaitSpec = { mode: 'all', branches: BRANCHES, ms: 60 * MINUTE }

const A: Callback = { id: 'a', path: '/done', value: 1, isGood: true }
const B: Callback = { id: 'b', path: '/other', value: 2, isGood: true }
const C: Callback = { id: 'c', path: '/other', value: 3, isGood: true }
const BAD: Callback = { ...A, isGood: false }

let startedAt = 0

async function open(process: Process, spec: WaitSpec): Promise<Hearing> {
  startedAt = world.clock.now()
  const hearing = await begin(world, process, spec, startedAt)
  await world.pass(0)
  return hearing
}

/** Resolves when the run has ended, here or in another process that takes it up. */
async function goOn(next: Process, spec: WaitSpec): Promise<Hearing | undefined> {
  if (Object(await next.runs.find('r')).status === 'succeeded') return undefined
  return takeUp(world, [next], spec, startedAt)
}

async function endOf(next: Process): Promise<unknown> {
  await world.pass(0)
  const state = await next.runs.find('r')
  return state && 'output' in state ? JSON.parse(String(state.output)) : undefined
}

/** What later waits for the ids of B and C get. */
async function laterWaits(process: Process): Promise<readonly unknown[]> {
  const waits = [B, C].map(({ id, path }) =>
    process.wait([id], { endpoints: [ENDPOINTS[path] ?? Object.create(null)] }),
  )
  await world.pass(0)
  for (const wait of waits) wait.cancel()
  await world.pass(0)
  return waits.map(({ ends }) => ends)
}

describe('any of several callbacks, wherever the process dies', () => {
  test('that opens the waits: it is taken up, and ends with the first callback', async () => {
    let deaths = 0
    await dieEverywhere(
      async () => undefined,
      ({ process }) => open(process, ANY),
      async (_, where) => {
        const next = await world.open()
        if ((await next.runs.find('r')) === undefined) return
        await goOn(next, ANY)
        await world.pass(0)
        expect([where, await deliver(world, next, B)]).toEqual([where, 'settled'])
        expect([where, await endOf(next)]).toEqual([where, { output: 2 }])
        expect([where, await deliver(world, next, C), await deliver(world, next, A)]).toEqual([
          where,
          'parked',
          'parked',
        ])
        deaths += 1
      },
    )
    expect(deaths).toBeGreaterThan(10)
  }, 60_000)

  test('that has the first callback: it counts once, and no wait of the others is left', async () => {
    let deaths = 0
    await dieEverywhere(
      ({ process }) => open(process, ANY),
      ({ process }) => deliver(world, process, A),
      async (written, where) => {
        const next = await world.open()
        // A sender that was not answered tries again.
        if (!written.includes('append key')) await deliver(world, next, A)
        await goOn(next, ANY)
        expect([where, await endOf(next)]).toEqual([where, { output: 1 }])
        const late = [await deliver(world, next, A), await deliver(world, next, { ...A, id: 'z' })]
        expect([where, late]).toEqual([where, ['duplicate', 'duplicate']])
        expect([where, await deliver(world, next, B), await deliver(world, next, C)]).toEqual([
          where,
          'parked',
          'parked',
        ])
        expect([where, await laterWaits(next)]).toEqual([where, [[2], [3]]])
        deaths += 1
      },
    )
    expect(deaths).toBeGreaterThan(10)
  }, 60_000)

  test('that has decided: a callback of another branch that comes before it is taken up is for the next wait', async () => {
    const found = new Set<string>()
    await dieEverywhere(
      ({ process }) => open(process, ANY),
      async ({ process }) => deliver(world, process, A),
      async (written, where) => {
        const next = await world.open()
        const isIn = written.includes('append key')
        const isKept = written.filter((one) => one === 'append run').length > 0
        await world.pass(16)
        const late = await deliver(world, next, B)
        await goOn(next, ANY)
        expect([where, await endOf(next)]).toEqual([where, { output: isIn ? 1 : 2 }])
        const [later] = await laterWaits(next)
        // As long as the run does not know of the first callback, both belong to it.
        if (isKept) expect([where, later]).toEqual([where, [2]])
        found.add(`${late} ${isKept}`)
      },
    )
    expect([...found].toSorted()).toEqual(['parked true', 'settled false', 'settled true'])
  }, 60_000)

  test('that has a callback which says failure: it ends with that', async () => {
    await dieEverywhere(
      ({ process }) => open(process, ANY),
      ({ process }) => deliver(world, process, BAD),
      async (written, where) => {
        const next = await world.open()
        if (!written.includes('append key')) await deliver(world, next, BAD)
        await goOn(next, ANY)
        expect([where, await endOf(next)]).toEqual([where, { code: 'ERR_CALLBACK_FAILED', id: 'a' }])
        expect([where, await deliver(world, next, B), await deliver(world, next, C)]).toEqual([
          where,
          'parked',
          'parked',
        ])
      },
    )
  }, 60_000)
})

describe('all of several callbacks, wherever the process dies', () => {
  test.each([
    ['first', [], [A], [B, C]],
    ['second', [B], [C], [A]],
    ['last', [C, A], [B], []],
  ])(
    'that has the %s one: each counts once, and those that had come are remembered',
    async (_, before, now, after) => {
      await dieEverywhere(
        async ({ process }) => {
          await open(process, ALL)
          for (const one of before) await deliver(world, process, one)
          await world.pass(0)
        },
        async ({ process }) => {
          for (const one of now) await deliver(world, process, one)
        },
        async (written, where) => {
          const next = await world.open()
          if (!written.includes('append key')) for (const one of now) await deliver(world, next, one)
          const hearing = await goOn(next, ALL)
          await world.pass(0)
          for (const one of after) expect([where, await deliver(world, next, one)]).toEqual([where, 'settled'])
          expect([where, await endOf(next), hearing?.end ?? 'there']).toEqual([
            where,
            { output: [1, 2, 3] },
            hearing ? { output: [1, 2, 3] } : 'there',
          ])
          const again = [await deliver(world, next, A), await deliver(world, next, B), await deliver(world, next, C)]
          expect([where, again]).toEqual([where, ['duplicate', 'duplicate', 'duplicate']])
        },
      )
    },
    60_000,
  )

  test('that has one which says failure: the others are cancelled, and their callbacks are for the next wait', async () => {
    await dieEverywhere(
      ({ process }) => open(process, ALL),
      ({ process }) => deliver(world, process, BAD),
      async (written, where) => {
        const next = await world.open()
        const isKept = written.filter((one) => one === 'append run').length > 0
        if (!written.includes('append key')) await deliver(world, next, BAD)
        await world.pass(16)
        if (isKept) await deliver(world, next, B)
        await goOn(next, ALL)
        expect([where, await endOf(next)]).toEqual([where, { code: 'ERR_CALLBACK_FAILED', id: 'a' }])
        expect([where, await deliver(world, next, C)]).toEqual([where, 'parked'])
        expect([where, await laterWaits(next)]).toEqual([where, [isKept ? [2] : [], [3]]])
      },
    )
  }, 60_000)
})
