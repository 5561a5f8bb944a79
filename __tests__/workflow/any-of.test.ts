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

test('the first of no ids is an error', async () => {
  const { hooks } = await flows.open(waiting({ any: '${input.ids}' }))
  await expect(hooks.run({ ids: [] })).rejects.toMatchObject({
    code: 'ERR_WAIT_ID',
    message: expect.stringContaining('the list is empty'),
  })
})
