import { describe, expect, test } from '@jest/globals'
import type { CallbacksConfig } from '../../lib'
import type { JobConfig } from '../../lib/config/schema'
import { DONE, useFlows } from './use-flows'

const flows = useFlows()

const OTHER = { ...DONE, path: '/other', workflow: false } as const

/** Whose callbacks always say failure. */
const FAILED = {
  path: '/failed',
  identify_by: '${body.id}',
  status: '${method}',
  fail_when: 'POST',
  workflow: false,
} as const

function waiting(wait_for: JobConfig['wait_for'], more: JobConfig = {}): CallbacksConfig {
  const callbacks = [{ ...DONE, workflow: false as const }, OTHER, FAILED]
  return { listener: { callbacks }, workflow: { jobs: [{ id: 'wait', wait_for, ...more }] } }
}

const NOTHING = { waiting: 0, parked: 0 }

describe('all', () => {
  test('ends with the last callback, and gives the results in the order of the branches', async () => {
    const { hooks, told, callback } = await flows.open(
      waiting({ all: ['a', { id: 'b', path: '/other' }, { id: ['c', 'd'] }] }),
    )
    const output = hooks.run()
    await told('wait', 'waiting')
    await callback({ id: 'd', status: 'ok', value: 3 })
    await callback({ id: 'b', status: 'ok', value: 2 }, '/other')
    expect(hooks.stats().waiting).toBe(1)
    await callback({ id: 'a', status: 'ok', value: 1 })
    await expect(output).resolves.toEqual([1, 2, 3])
    expect(hooks.stats()).toMatchObject(NOTHING)
  })

  test('gives a mapping when the branches have names', async () => {
    const all = [
      { id: 'a', name: 'image' },
      { id: 'b', name: '__proto__' },
      { id: 'c', name: '0' },
    ]
    const { hooks, told, callback } = await flows.open(waiting({ all }))
    const output = hooks.run()
    await told('wait', 'waiting')
    for (const id of ['c', 'b', 'a']) await callback({ id, status: 'ok', value: id })
    expect(Object.entries(Object(await output))).toEqual([
      ['0', 'c'],
      ['image', 'a'],
      ['__proto__', 'b'],
    ])
  })

  test.each([
    ['before the others', ['b']],
    ['after another', ['a', 'b']],
    ['as the last one', ['a', 'c', 'b']],
  ])('fails with the branch that fails %s, and cancels the others', async (_, order) => {
    const { hooks, told, callback } = await flows.open(waiting({ all: ['a', 'b', 'c'] }))
    const output = hooks.run()
    await told('wait', 'waiting')
    for (const id of order) await callback({ id, status: id === 'b' ? 'bad' : 'ok' })
    await expect(output).rejects.toMatchObject({ code: 'ERR_CALLBACK_FAILED', id: 'b' })
    expect(hooks.stats()).toMatchObject(NOTHING)
  })

  test('fails when the time of one branch is up', async () => {
    const { hooks, told, callback, clock } = await flows.open(waiting({ all: [{ id: 'a', timeout: '5s' }, 'b', 'c'] }))
    const output = hooks.run()
    await told('wait', 'waiting')
    await callback({ id: 'b', status: 'ok' })
    clock.advance(6000)
    await expect(output).rejects.toMatchObject({
      code: 'ERR_WAIT_TIMEOUT',
      message: expect.stringContaining('No callback for "a"'),
    })
    expect(hooks.stats()).toMatchObject(NOTHING)
  })

  test.each([['while they are open'], ['before they are open']])(
    'a callback that comes %s for an id that two branches wait for is one for both',
    async (when) => {
      const { hooks, told, callback } = await flows.open(waiting({ all: ['a', 'b', { id: 'a' }] }))
      if (when.startsWith('before')) await callback({ id: 'a', status: 'ok', value: 1 })
      const output = hooks.run()
      await told('wait', 'waiting')
      if (when.startsWith('while')) await callback({ id: 'a', status: 'ok', value: 1 })
      await callback({ id: 'b', status: 'ok', value: 2 })
      await expect(output).resolves.toEqual([1, 2, 1])
      expect(hooks.stats()).toMatchObject(NOTHING)
    },
  )

  test.each<[string, JobConfig['wait_for'], string]>([
    [
      'other ids',
      { all: ['x', { id: ['a', 'b'] }, { id: 'a' }] },
      'The branches 2 and 3 both wait for "a" at POST /done',
    ],
    [
      'other endpoints',
      { all: [{ id: 'a', path: '/other' }, 'a'] },
      'The branches 1 and 2 both wait for "a" at POST /other',
    ],
    ['ids of a list', { all: '${input}' }, 'The branches 1 and 2 both wait for "b" at POST /done'],
  ])('two branches that have an id in common, and %s beside it, are refused', async (_, wait_for, message) => {
    const { hooks } = await flows.open(waiting(wait_for))
    await expect(hooks.run([['a', 'b'], 'b'])).rejects.toMatchObject({
      code: 'ERR_WAIT_ID',
      message: expect.stringContaining(message),
    })
    expect(hooks.stats()).toMatchObject(NOTHING)
  })

  test.each<[readonly (string | string[])[], readonly number[]]>([
    [[], []],
    [['a'], [1]],
    [
      ['a', 'b', 'b'],
      [1, 1, 1],
    ],
    [
      [['a', 'z'], 'b'],
      [1, 1],
    ],
  ])('of the ids %p from a template gives %p', async (ids, expected) => {
    const { hooks, told, callback } = await flows.open(waiting({ all: '${input.ids}' }))
    const output = hooks.run({ ids })
    await told('wait', 'waiting')
    for (const id of new Set(ids.flat())) await callback({ id, status: 'ok', value: 1 })
    await expect(output).resolves.toEqual(expected)
  })

  test('a thousand waits are one job', async () => {
    const ids = Array.from({ length: 1000 }, (_, index) => `id-${index}`)
    const { hooks, told, callback, log } = await flows.open({
      ...waiting({ all: '${input}' }),
      listener: {
        ...DONE,
        bulk: true,
        item: '${body}',
        identify_by: '${item.id}',
        status: '${item.status}',
        result: '${item.value}',
        workflow: false,
      },
    })
    const output = hooks.run(ids)
    await told('wait', 'waiting')
    expect(hooks.stats().waiting).toBe(1000)
    await callback(ids.map((id) => ({ id, status: 'ok', value: id })))
    await expect(output).resolves.toEqual(ids)
    expect(log.filter(({ level }) => level !== 'info')).toEqual([])
  })
})

describe.each(['any', 'all'] as const)('the waits of %s', (mode) => {
  test('are freed with their task', async () => {
    const { hooks, told } = await flows.open(waiting({ [mode]: ['a', 'b', 'c'] }))
    const task = await hooks.submit()
    await told('wait', 'waiting')
    expect(hooks.stats().waiting).toBe(3)
    await task.cancel()
    expect(hooks.stats().waiting).toBe(0)
    await expect(task.result()).rejects.toMatchObject({ code: 'ERR_CANCELLED' })
  })

  test('end when the callbacks are closed', async () => {
    const { hooks, told } = await flows.open(waiting({ [mode]: ['a', 'b', 'c'] }))
    const output = hooks.run()
    await told('wait', 'waiting')
    await hooks.close()
    await expect(output).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    expect(hooks.stats().waiting).toBe(0)
  })

  test('are freed when there is no room for all of them', async () => {
    const config = { ...waiting({ [mode]: ['a', 'b', 'c'] }), store: { type: 'memory', max_waits: 2 } } as const
    const { hooks } = await flows.open(config)
    await expect(hooks.run()).rejects.toMatchObject({ code: 'ERR_WAITS_FULL' })
    expect(hooks.stats()).toMatchObject(NOTHING)
  })

  test.each([
    ['an id that is missing', { [mode]: ['a', '${input.id}'] }, 'ERR_WAIT_ID'],
    ['an id that is a mapping', { [mode]: [{ id: '${input}' }, 'b'] }, 'ERR_WAIT_ID'],
    ['a template that makes no ids', { [mode]: '${input.ids}' }, 'ERR_WAIT_ID'],
    ['a template that makes mappings', { [mode]: '${input.deep}' }, 'ERR_WAIT_ID'],
  ])('are not opened with %s', async (_, wait_for, code) => {
    const { hooks } = await flows.open(waiting(wait_for))
    await expect(hooks.run({ deep: [{ id: 'a' }] })).rejects.toMatchObject({
      code,
      cause: { at: expect.stringContaining('wait_for') },
    })
    expect(hooks.stats()).toMatchObject(NOTHING)
  })
})
