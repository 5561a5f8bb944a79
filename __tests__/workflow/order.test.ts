import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import type { CallbacksConfig } from '../../lib'
import type { JobConfig } from '../../lib/config/schema'
import { type Flow, useFlows } from './use-flows'

const flows = useFlows()

/** Jobs that each ask the service at a path that is their id. */
function asking(jobs: readonly JobConfig[]): CallbacksConfig {
  return {
    component: { base_url: '${env.API}', path: '/${context.job_id}', method: 'GET' },
    workflow: { jobs },
  }
}

/** Keeps requests open until they are let go. */
function createGate() {
  const open = new Map<string, () => void>()
  return {
    answer: ({ path }: { readonly path: string }) =>
      new Promise<{ body: string }>((resolve) => void open.set(path, () => resolve({ body: path }))),
    letGo: (path: string) => open.get(path)?.(),
  }
}

function pathsOf({ service }: Flow): readonly string[] {
  return service.requests.map(({ path }) => path)
}

describe('the order of jobs', () => {
  test('is that of the page, where nothing else is said', async () => {
    const flow = await flows.open(asking([{ id: 'c' }, { id: 'a' }, { id: 'b' }]), () => ({}))
    await flow.hooks.run()
    expect(pathsOf(flow)).toEqual(['/c', '/a', '/b'])
  })

  test('lets none begin before the one above is done', async () => {
    const gate = createGate()
    const flow = await flows.open(asking([{ id: 'a' }, { id: 'b' }]), gate.answer)
    const output = flow.hooks.run()
    await flow.service.received()
    expect(pathsOf(flow)).toEqual(['/a'])
    gate.letGo('/a')
    await flow.service.received(2)
    expect(flow.jobs.map(({ job, status }) => `${job} ${status}`)).toEqual(['a running', 'a succeeded', 'b running'])
    gate.letGo('/b')
    await expect(output).resolves.toBe('/b')
  })

  test.each<[string, readonly JobConfig[]]>([
    [
      'start at once',
      [
        { id: 'a', depends_on: [] },
        { id: 'b', depends_on: [] },
      ],
    ],
    [
      'come after the same',
      [
        { id: 'z', component: 'logger' },
        { id: 'a', depends_on: 'z' },
        { id: 'b', depends_on: ['z'] },
      ],
    ],
  ])('overlaps jobs that %s: the service answers only when both requests came', async (_, jobs) => {
    const config = { ...asking(jobs) }
    let arrive = (): void => undefined
    const both = new Promise<void>((resolve) => {
      arrive = resolve
    })
    const { hooks } = await flows.open(config, async ({ path }, { service }) => {
      if (service.requests.length === 2) arrive()
      await both
      return { body: path }
    })
    await expect(hooks.run()).resolves.toEqual({ a: '/a', b: '/b' })
  })

  test('waits for a job that is read, even if it stands below', async () => {
    const gate = createGate()
    const jobs = [
      { id: 'a', depends_on: [], input: { got: '${jobs.c.output}' } },
      { id: 'c', depends_on: [] },
      { id: 'd', depends_on: ['a', 'c'] },
    ]
    const flow = await flows.open(asking(jobs), gate.answer)
    const output = flow.hooks.run()
    for (const path of ['/c', '/a', '/d']) {
      await flow.service.received(pathsOf(flow).length || 1)
      await flow.told(path.slice(1), 'running')
      await flow.service.received(['/c', '/a', '/d'].indexOf(path) + 1)
      gate.letGo(path)
    }
    await expect(output).resolves.toBe('/d')
    expect(pathsOf(flow)).toEqual(['/c', '/a', '/d'])
  })

  test('lets a diamond meet again', async () => {
    const gate = createGate()
    const jobs = [
      { id: 'top' },
      { id: 'l', depends_on: 'top' },
      { id: 'r', depends_on: 'top' },
      { id: 'end', depends_on: ['l', 'r'] },
    ]
    const flow = await flows.open(asking(jobs), gate.answer)
    const output = flow.hooks.run()
    await flow.service.received()
    gate.letGo('/top')
    await flow.service.received(3)
    gate.letGo('/r')
    await flow.told('r', 'succeeded')
    expect(pathsOf(flow).length).toBe(3)
    gate.letGo('/l')
    await flow.service.received(4)
    gate.letGo('/end')
    await expect(output).resolves.toBe('/end')
  })
})

describe('random graphs of jobs', () => {
  const graphs = fc.integer({ min: 1, max: 9 }).chain((size) =>
    fc.tuple(
      fc.array(fc.subarray(Array.from({ length: size }, (_, index) => index)), { minLength: size, maxLength: size }),
      fc.shuffledSubarray(
        Array.from({ length: size }, (_, index) => index),
        { minLength: size, maxLength: size },
      ),
    ),
  )

  test('run each job once, after all that it comes after', async () => {
    await fc.assert(
      fc.asyncProperty(graphs, async ([wanted, places]) => {
        const before = wanted.map((list, index) => list.filter((other) => other < index))
        const jobs = places.map((index) => ({
          id: `j${index}`,
          component: 'logger',
          depends_on: (before[index] ?? []).map((other) => `j${other}`),
          input: { message: `j${index}`, data: index },
        }))
        const { hooks, log } = await flows.open({ workflow: { jobs } })
        await hooks.run()
        const order = log.filter(({ level }) => level === 'info').map(({ message }) => Number(message.slice(1)))
        expect(order.toSorted((one, other) => one - other)).toEqual(before.map((_, index) => index))
        for (const [index, others] of before.entries())
          for (const other of others) expect(order.indexOf(other)).toBeLessThan(order.indexOf(index))
      }),
      { numRuns: 60, seed: 13 },
    )
  })
})
