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

/** What the job's output says of the branch that came first. */
const BRANCH = {
  output: {
    result: '${output}',
    name: '${branch.name}',
    index: '${branch.index}',
    id: '${branch.id}',
    at: '${branch.endpoint}',
  },
}

const NOTHING = { waiting: 0, parked: 0 }

describe('any', () => {
  test.each([
    [0, 'a', '/done', { result: 1, name: 'good', index: 0, id: 'a', at: 'POST /done' }],
    [1, 'b', '/other', { result: 1, name: 'better', index: 1, id: 'b', at: 'POST /other' }],
    [2, 'c', '/done', { result: 1, name: 'best', index: 2, id: 'c', at: 'POST /done' }],
  ])('ends with the first callback, here of branch %p, and cancels the other waits', async (_, id, path, expected) => {
    const any = [
      { id: 'a', path: '/done', name: 'good' },
      { id: 'b', path: '/other', name: 'better' },
      { id: ['c', 'd'], name: 'best' },
    ]
    const { hooks, told, callback } = await flows.open(waiting({ any }, BRANCH))
    const output = hooks.run()
    expect((await told('wait', 'waiting')).ids).toEqual(['a', 'b', 'c', 'd'])
    expect(hooks.stats().waiting).toBe(3)
    await callback({ id, status: 'ok', value: 1 }, path)
    await expect(output).resolves.toEqual(expected)
    expect(hooks.stats()).toMatchObject(NOTHING)
  })

  test('gives the result alone, without names, as one wait does', async () => {
    const { hooks, told, callback } = await flows.open(waiting({ any: ['${input.one}', '${input.other}'] }))
    const output = hooks.run({ one: 'x', other: 7 })
    await told('wait', 'waiting')
    await callback({ id: 7, status: 'ok', value: { ok: true } })
    await expect(output).resolves.toEqual({ ok: true })
  })

  test('takes a callback on the path of its branch only', async () => {
    const any = [
      { id: 'a', path: '/done' },
      { id: 'b', path: '/other' },
    ]
    const { hooks, told, callback } = await flows.open(waiting({ any }))
    const output = hooks.run()
    await told('wait', 'waiting')
    await callback({ id: 'a', status: 'ok', value: 'astray' }, '/other')
    await callback({ id: 'b', status: 'ok', value: 'astray' })
    expect(hooks.stats()).toMatchObject({ waiting: 2, parked: 2 })
    await callback({ id: 'b', status: 'ok', value: 'right' }, '/other')
    await expect(output).resolves.toBe('right')
  })

  test.each([
    ['the failure of a branch', 'b', '/other', { status: 'bad' }, { status: 'bad', endpoint: 'POST /other' }],
    ['an endpoint for failures', 'c', '/failed', {}, { status: 'POST', endpoint: 'POST /failed' }],
    ['the failure of the first branch', 'a', '/done', { status: 'bad' }, { status: 'bad', endpoint: 'POST /done' }],
  ])('ends with %s, and does not wait for a success that will not come', async (_, id, path, body, expected) => {
    const any = [
      { id: 'a', path: '/done' },
      { id: 'b', path: '/other' },
      { id: 'c', path: '/failed' },
    ]
    const { hooks, told, callback } = await flows.open(waiting({ any }))
    const output = hooks.run()
    await told('wait', 'waiting')
    await callback({ id, ...body }, path)
    await expect(output).rejects.toMatchObject({ code: 'ERR_CALLBACK_FAILED', id, ...expected })
    expect(hooks.stats()).toMatchObject(NOTHING)
  })

  test('of two that came before takes the one that came first, whichever stands first', async () => {
    const { hooks, callback, clock } = await flows.open(waiting({ any: ['late', 'early'] }))
    await callback({ id: 'early', status: 'ok', value: 'early' })
    clock.advance(10)
    await callback({ id: 'late', status: 'ok', value: 'late' })
    await expect(hooks.run()).resolves.toBe('early')
    expect(hooks.stats()).toMatchObject(NOTHING)
  })

  test('of two that came at one moment takes the branch that stands first', async () => {
    const config = waiting({ any: ['a', 'b'] })
    const { hooks, told, callback } = await flows.open({
      ...config,
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
    const output = hooks.run()
    await told('wait', 'waiting')
    await callback([
      { id: 'b', status: 'ok', value: 'b' },
      { id: 'a', status: 'ok', value: 'a' },
    ])
    await expect(output).resolves.toBe('a')
  })

  test('a late callback of a cancelled branch is kept for the next wait for its id, as every early one', async () => {
    const { hooks, told, callback } = await flows.open(waiting({ any: ['a', 'b'] }))
    const output = hooks.run()
    await told('wait', 'waiting')
    await callback({ id: 'a', status: 'ok', value: 1 })
    await output
    expect(await callback({ id: 'b', status: 'ok', value: 2 })).toBe(200)
    expect(await callback({ id: 'a', status: 'ok', value: 3 })).toBe(200)
    expect(hooks.stats()).toMatchObject({ waiting: 0, parked: 1, duplicate: 1, started: 0 })
    await expect(hooks.wait('b', { path: '/done' })).resolves.toBe(2)
  })

  test('such a callback is dropped when its time in the parking is over', async () => {
    const { hooks, told, callback, clock } = await flows.open(waiting({ any: ['a', 'b'] }))
    const output = hooks.run()
    await told('wait', 'waiting')
    await callback({ id: 'a', status: 'ok', value: 1 })
    await output
    await callback({ id: 'b', status: 'ok', value: 2 })
    clock.advance(11 * 60_000)
    expect(hooks.stats()).toMatchObject({ parked: 0, expired: 1 })
  })

  test('such a callback starts no workflow, where its endpoint is an event source', async () => {
    const listener = { ...DONE, workflow: 'hear', input: { any: '${body.id}' } }
    const jobs = [{ id: 'wait', wait_for: { any: ['a', 'b'] } }]
    const { hooks, told, callback } = await flows.open({ listener, workflow: { id: 'hear', jobs } })
    const output = hooks.run()
    await told('wait', 'waiting')
    await callback({ id: 'a', status: 'ok', value: 1 })
    await output
    await callback({ id: 'b', status: 'ok', value: 2 })
    expect(hooks.stats()).toMatchObject({ started: 0, parked: 1 })
  })

  test('goes on without a branch whose time is up, and fails when the time of all is up', async () => {
    const any = [
      { id: 'a', timeout: '5s' },
      { id: 'b', timeout: '20s' },
    ]
    const { hooks, told, callback, clock } = await flows.open(waiting({ any }))
    const [one, other] = [hooks.run(), hooks.run()]
    await told('wait', 'waiting', 2)
    clock.advance(6000)
    expect(hooks.stats().waiting).toBe(2)
    await callback({ id: 'b', status: 'ok', value: 'in time' })
    await expect(one).resolves.toBe('in time')
    await expect(other).resolves.toBe('in time')
    const third = hooks.run()
    await told('wait', 'waiting', 3)
    clock.advance(21_000)
    await expect(third).rejects.toMatchObject({
      code: 'ERR_WAIT_TIMEOUT',
      message: expect.stringMatching(
        /None of the 2 branches had a callback in time: \(1\) No callback for "a" .* \(2\) No callback for "b" /,
      ),
    })
    expect(hooks.stats()).toMatchObject(NOTHING)
  })

  test.each<[string, JobConfig['wait_for'], JobConfig]>([
    ['all of them together', { any: ['a', 'b'], timeout: '5s' }, {}],
    ['the job', { any: ['a', { id: 'b', timeout: '1h' }] }, { timeout: '5s' }],
    [
      'each branch',
      {
        any: [
          { id: 'a', timeout: 5000 },
          { id: 'b', timeout: '5s' },
        ],
        timeout: '1h',
      },
      {},
    ],
  ])('ends at the limit of %s', async (_, wait_for, more) => {
    const { hooks, told, clock } = await flows.open(waiting(wait_for, more))
    const output = hooks.run()
    await told('wait', 'waiting')
    clock.advance(4999)
    expect(hooks.stats().waiting).toBe(2)
    clock.advance(17)
    await expect(output).rejects.toMatchObject({ code: 'ERR_WAIT_TIMEOUT' })
    expect(hooks.stats()).toMatchObject(NOTHING)
  })

  test('is tried again as a whole', async () => {
    const config = waiting({ any: ['a', 'b'], timeout: '5s' }, { retry: { max_attempts: 2, delay: '1s', on: [] } })
    const { hooks, told, callback, timer, clock } = await flows.open(config)
    const output = hooks.run()
    await told('wait', 'waiting')
    clock.advance(6000)
    await told('wait', 'retrying')
    await timer(1000)
    clock.advance(1000)
    await told('wait', 'waiting', 2)
    expect(hooks.stats().waiting).toBe(2)
    await callback({ id: 'b', status: 'ok', value: 'again' })
    await expect(output).resolves.toBe('again')
    expect(hooks.stats()).toMatchObject(NOTHING)
  })

  test('a list of ids may come from a template', async () => {
    const { hooks, told, callback } = await flows.open(waiting({ any: '${input.ids}', path: '/other' }, BRANCH))
    const output = hooks.run({ ids: ['a', 7] })
    expect((await told('wait', 'waiting')).ids).toEqual(['a', '7'])
    await callback({ id: 7, status: 'ok', value: 1 }, '/other')
    await expect(output).resolves.toEqual({ result: 1, name: null, index: 1, id: '7', at: 'POST /other' })
  })
})

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

test('the first of no ids is an error', async () => {
  const { hooks } = await flows.open(waiting({ any: '${input.ids}' }))
  await expect(hooks.run({ ids: [] })).rejects.toMatchObject({
    code: 'ERR_WAIT_ID',
    message: expect.stringContaining('the list is empty'),
  })
})
