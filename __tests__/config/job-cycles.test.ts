import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { findCycles } from '../../lib/config/checks/job-cycles'
import { compileConfig } from '../../lib/config/normalize'
import { problemsOf } from './problems'

describe('cycles', () => {
  test.each([
    ['none', { a: [], b: ['a'], c: ['a', 'b'] }, []],
    ['one job', { a: ['a'] }, [['a']]],
    ['the shortest for a job', { a: ['b', 'd'], b: ['c'], c: ['a'], d: ['a'] }, [['a', 'd']]],
    [
      'several apart',
      { a: ['b'], b: ['a'], c: [], d: ['e'], e: ['d'] },
      [
        ['a', 'b'],
        ['d', 'e'],
      ],
    ],
    [
      'one in another',
      { a: ['c'], b: ['c'], c: ['b', 'a'] },
      [
        ['a', 'c'],
        ['b', 'c'],
      ],
    ],
    ['none for those that wait for one', { a: ['b'], b: ['c'], c: ['b'] }, [['b', 'c']]],
    ['none for an id that is not there', { a: ['b'], b: ['gone'] }, []],
  ])('are found: %s', (_, graph, cycles) => {
    expect(findCycles(Object.entries(graph).map(([id, after]) => ({ id, after })))).toEqual(cycles)
  })
})

describe('any graph', () => {
  const graphs = fc.array(fc.uniqueArray(fc.nat({ max: 6 })), { minLength: 1, maxLength: 7 })

  test('runs to its end, or has a cycle of which each job waits for the next', () => {
    fc.assert(
      fc.property(graphs, (edges) => {
        const jobs = edges.map((after, index) => ({
          id: String(index),
          after: after.filter((other) => other < edges.length && other !== index).map(String),
        }))
        const cycles = findCycles(jobs)
        for (const cycle of cycles) {
          expect(new Set(cycle).size).toBe(cycle.length)
          expect(cycle.toSorted()[0]).toBe(cycle[0])
          for (const [index, id] of cycle.entries()) {
            expect(jobs.find((job) => job.id === id)?.after).toContain(cycle[index + 1] ?? cycle[0])
          }
        }
        expect(new Set(cycles.map(([first]) => first)).size).toBe(cycles.length)
        expect(cycles.length === 0).toBe(runsToItsEnd(jobs))
      }),
    )
  })

  function runsToItsEnd(jobs: readonly { readonly id: string; readonly after: readonly string[] }[]): boolean {
    const done = new Set<string>()
    for (const _ of jobs) for (const { id, after } of jobs) if (after.every((other) => done.has(other))) done.add(id)
    return done.size === jobs.length
  }

  test('of a thousand jobs is put in order, and its circle is found', () => {
    const jobs = Array.from({ length: 1000 }, (_, index) => ({ id: `j${index}`, component: 'logger' }))
    expect(compileConfig({ workflow: { jobs } }).workflows.get('__workflow__')?.jobs[999]?.after).toEqual(['j998'])
    const circle = { workflow: { jobs: [{ ...jobs[0], depends_on: 'j999' }, ...jobs.slice(1)] } }
    const [problem, ...more] = problemsOf(() => compileConfig(circle))
    expect(more).toEqual([])
    expect(problem).toMatchObject({ at: 'workflow.jobs[0]', message: expect.stringContaining('j0 → j999 → j998 → ') })
  })
})
