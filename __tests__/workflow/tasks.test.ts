import { describe, expect, test } from '@jest/globals'
import type { CallbacksConfig } from '../../lib'
import { drawing, finish, useFlows } from './use-flows'

const flows = useFlows()
const START = Date.UTC(2026, 0, 1)

/** Two jobs that wait one after the other. */
const two: CallbacksConfig = { ...drawing(), workflow: { id: 'paint', jobs: [{ id: 'draw' }, { id: 'frame' }] } }
const quick: CallbacksConfig = {
  workflow: { id: 'quick', jobs: [{ id: 'say', component: 'logger', input: '${input}' }] },
}

/** The steps of a job that waits for a second. */
const stepsFrom = (at: number) => [
  { status: 'running', at },
  { status: 'waiting', at },
  { status: 'succeeded', at: at + 1000 },
]

describe('submit()', () => {
  test('gives the task at once; its state follows', async () => {
    const flow = await flows.open(two)
    const { hooks, clock } = flow
    const task = await hooks.submit({ prompt: 'a cat' })
    const state = { id: task.id, workflow: 'paint', input: { prompt: 'a cat' }, startedAt: START }
    expect(task.status).toBe('running')
    expect(await hooks.task(task.id)).toMatchObject({ ...state, status: 'running' })

    const { ids = [] } = await flow.told('draw', 'waiting')
    expect(ids.length).toBeGreaterThan(0)
    expect(await hooks.task(task.id)).toEqual({
      ...state,
      status: 'running',
      jobs: [{ id: 'draw', status: 'waiting', attempt: 1, ids, steps: stepsFrom(START).slice(0, 2) }],
    })
    expect(hooks.stats().tasks).toEqual({ running: 1, succeeded: 0, failed: 0, cancelled: 0 })

    clock.advance(1000)
    await finish(flow, 'draw', 1)
    await flow.told('frame', 'waiting')
    expect((await hooks.task(task.id))?.jobs).toMatchObject([
      { id: 'draw', status: 'succeeded' },
      { id: 'frame', status: 'waiting' },
    ])

    clock.advance(1000)
    await finish(flow, 'frame', 2)
    await expect(task.result()).resolves.toBe(2)
    expect(task.status).toBe('succeeded')
    expect(await hooks.task(task.id)).toEqual({
      ...state,
      status: 'succeeded',
      output: 2,
      endedAt: START + 2000,
      jobs: [
        { id: 'draw', status: 'succeeded', attempt: 1, steps: stepsFrom(START) },
        { id: 'frame', status: 'succeeded', attempt: 1, steps: stepsFrom(START + 1000) },
      ],
    })
    expect(hooks.stats().tasks).toEqual({ running: 0, succeeded: 1, failed: 0, cancelled: 0 })
  })

  test('shows why a task failed', async () => {
    const { hooks } = await flows.open(drawing(), () => ({ status: 500 }))
    const task = await hooks.submit()
    await expect(task.result()).rejects.toMatchObject({ code: 'ERR_HTTP_STATUS' })
    const message = expect.stringMatching(/answered 500/)
    expect(await hooks.task(task.id)).toMatchObject({
      status: 'failed',
      error: { code: 'ERR_HTTP_STATUS', message: expect.stringMatching(/^Job "draw" failed: /) },
      jobs: [{ id: 'draw', status: 'failed', attempt: 1, error: { code: 'ERR_HTTP_STATUS', message } }],
    })
    expect(await hooks.task(task.id)).not.toHaveProperty('output')
  })

  test('names the attempt that waits', async () => {
    const flow = await flows.open(drawing({}, { retry: {} }))
    const task = await flow.hooks.submit()
    const { ids: [id] = [] } = await flow.told('draw', 'waiting')
    await flow.callback({ id, status: 'bad' })
    await flow.told('draw', 'retrying')
    expect((await flow.hooks.task(task.id))?.jobs[0]).toMatchObject({
      status: 'retrying',
      attempt: 1,
      error: { code: 'ERR_CALLBACK_FAILED' },
    })
    flow.clock.advance(1000)
    await flow.told('draw', 'waiting', 2)
    expect((await flow.hooks.task(task.id))?.jobs[0]).toEqual({
      id: 'draw',
      status: 'waiting',
      attempt: 2,
      ids: [expect.any(String)],
      steps: ['running', 'waiting', 'retrying', 'running', 'waiting'].map((status, index) => ({
        status,
        at: index < 3 ? START : START + 1000,
      })),
    })
    await task.cancel()
  })

  test('gives tasks that can be cancelled once', async () => {
    const { hooks, told } = await flows.open(drawing())
    const task = await hooks.submit()
    await told('draw', 'waiting')
    await expect(task.cancel()).resolves.toBe(true)
    await expect(task.cancel()).resolves.toBe(false)
    expect(await hooks.task(task.id)).toMatchObject({
      status: 'cancelled',
      error: { code: 'ERR_CANCELLED' },
      jobs: [{ id: 'draw', status: 'cancelled' }],
    })
  })

  test('gives tasks that cannot be cancelled any more', async () => {
    const { hooks } = await flows.open(quick)
    const task = await hooks.submit('hello')
    await task.result()
    await expect(task.cancel()).resolves.toBe(false)
    expect(task.status).toBe('succeeded')
  })
})

describe('tasks that have ended', () => {
  test('are known for as long as store.keep says', async () => {
    const { hooks, clock } = await flows.open({ ...quick, store: { keep: '1h' } })
    const first = await hooks.submit('one')
    await first.result()
    clock.advance(3_599_999)
    expect(await hooks.task(first.id)).toMatchObject({ status: 'succeeded' })
    clock.advance(1)
    expect(await hooks.task(first.id)).toBeUndefined()
    expect(hooks.stats().tasks.succeeded).toBe(1)
  })

  test('are known beyond that while they run', async () => {
    const { hooks, clock, told } = await flows.open({ ...drawing({}, { timeout: '9d' }), store: { keep: '1h' } })
    const task = await hooks.submit()
    await told('draw', 'waiting')
    clock.advance(86_400_000)
    expect(await hooks.task(task.id)).toMatchObject({ status: 'running' })
    await task.cancel()
  })

  test('are known, the last thousand of them', async () => {
    const { hooks } = await flows.open(quick)
    const ids: string[] = []
    for (let count = 0; count < 1002; count += 1) {
      const task = await hooks.submit(count)
      await task.result()
      ids.push(task.id)
    }
    const known = await Promise.all(ids.map((id) => hooks.task(id)))
    expect(known.map((state) => state?.status).lastIndexOf(undefined)).toBe(1)
    expect(known.filter(Boolean).length).toBe(1000)
    expect(hooks.stats().tasks.succeeded).toBe(1002)
  })

  test('that never were are unknown', async () => {
    const { hooks } = await flows.open(quick)
    expect(await hooks.task('nobody')).toBeUndefined()
    expect(await hooks.task('constructor')).toBeUndefined()
  })
})
