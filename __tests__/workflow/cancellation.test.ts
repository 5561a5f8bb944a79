import { getEventListeners } from 'node:events'
import { describe, expect, test } from '@jest/globals'
import type { CallbacksConfig } from '../../lib'
import { DONE, DRAW, drawing, type Flow, until, useFlows } from './use-flows'

const flows = useFlows()

/** Three jobs at once, of which one may fail: one waits, one is asking; and one that comes after them. */
const config: CallbacksConfig = {
  listener: DONE,
  components: {
    draw: DRAW,
    ask: { base_url: '${env.API}', path: '/ask', method: 'GET' },
    fail: { base_url: '${env.API}', path: '/fail', method: 'GET' },
  },
  workflow: {
    jobs: [
      { id: 'wait', component: 'draw', depends_on: [] },
      { id: 'ask', component: 'ask', depends_on: [] },
      { id: 'fail', component: 'fail', depends_on: [] },
      { id: 'after', component: 'logger', depends_on: ['wait', 'ask', 'fail'] },
    ],
  },
}

/** Starts the run, and gives what makes one job fail once the others are in the middle of it. */
async function begin(more: Partial<CallbacksConfig> = {}) {
  let fail = (): void => undefined
  const flow = await flows.open({ ...config, ...more }, ({ path }) => {
    if (path === '/tasks') return { status: 202 }
    if (path === '/ask') return new Promise(() => undefined)
    return new Promise((resolve) => {
      fail = () => resolve({ status: 500, body: 'no paint' })
    })
  })
  const task = await flow.hooks.submit()
  await flow.told('wait', 'waiting')
  await until(() => flow.service.requests.length === 3, 'all three are sent')
  const asked = flow.service.requests.find(({ path }) => path === '/ask')
  const hungUp = new Promise<void>((resolve) => void asked?.response.once('close', () => resolve()))
  return { ...flow, task, hungUp, fail: () => fail() }
}

function statuses({ jobs }: Pick<Flow, 'jobs'>): object {
  return Object.fromEntries(jobs.map(({ job, status }) => [job, status]))
}

describe('a job that fails for good', () => {
  test('cancels those beside it: waits are freed, requests aborted; those behind it never start', async () => {
    const flow = await begin()
    const { hooks, task, fail, hungUp, clock } = flow
    expect(hooks.stats().waiting).toBe(1)
    fail()
    await expect(task.result()).rejects.toMatchObject({
      code: 'ERR_HTTP_STATUS',
      message: expect.stringMatching(/^Job "fail" failed: GET .+\/fail answered 500 Internal Server Error: no paint$/),
      at: 'workflow.jobs[2]',
      status: 500,
      body: 'no paint',
    })
    await hungUp
    expect(hooks.stats().waiting).toBe(0)
    expect(statuses(flow)).toEqual({ wait: 'cancelled', ask: 'cancelled', fail: 'failed' })
    expect(task.status).toBe('failed')
    clock.advance(86_400_000)
    expect(clock.timers).toBe(0)
  })

  test('cancels the pause of one that is tried again', async () => {
    const jobs = [
      { id: 'again', component: 'draw', depends_on: [], retry: { delay: '1h' } },
      { id: 'fail', component: 'ask', depends_on: [] },
    ]
    let fail = (): void => undefined
    const flow = await flows.open({ ...config, workflow: { jobs } }, ({ path }) => {
      if (path === '/tasks') return { status: 503 }
      return new Promise((resolve) => {
        fail = () => resolve({ status: 500 })
      })
    })
    const output = flow.hooks.run()
    await flow.told('again', 'retrying')
    await flow.service.received(2)
    fail()
    await expect(output).rejects.toMatchObject({ message: expect.stringContaining('Job "fail" failed') })
    expect(flow.delays()).not.toContain(3_600_000)
    expect(statuses(flow)).toEqual({ again: 'cancelled', fail: 'failed' })
  })

  test('lets a callback that comes later resume nothing', async () => {
    const flow = await begin()
    flow.fail()
    await expect(flow.task.result()).rejects.toMatchObject({ code: 'ERR_HTTP_STATUS' })
    const { ids = [] } = await flow.told('wait', 'waiting')
    const count = flow.jobs.length
    expect(await flow.callback({ id: ids[0], status: 'ok', value: 1 })).toBe(200)
    expect(flow.jobs.length).toBe(count)
    expect(flow.hooks.stats()).toMatchObject({ waiting: 0, parked: 1, settled: 0, tasks: { running: 0, failed: 1 } })
  })

  test.each(['wait', 'ask'])('whose output is not needed by %s fails the run all the same', async () => {
    const jobs = config.workflow?.jobs?.slice(0, 3) ?? []
    const { task, fail } = await begin({ workflow: { jobs } })
    fail()
    await expect(task.result()).rejects.toMatchObject({ code: 'ERR_HTTP_STATUS' })
  })
})

describe('a task that is cancelled', () => {
  test('frees its waits and aborts its requests; its error says so', async () => {
    const flow = await begin()
    const { hooks, task, hungUp } = flow
    await expect(task.cancel()).resolves.toBe(true)
    await expect(task.result()).rejects.toMatchObject({
      code: 'ERR_CANCELLED',
      message: `The task ${task.id} was cancelled`,
    })
    await hungUp
    expect(hooks.stats()).toMatchObject({ waiting: 0, tasks: { running: 0, cancelled: 1 } })
    expect(statuses(flow)).toEqual({ wait: 'cancelled', ask: 'cancelled', fail: 'cancelled' })
  })

  test('is not resumed by a callback, which is acknowledged', async () => {
    const flow = await begin()
    const { ids = [] } = await flow.told('wait', 'waiting')
    await flow.task.cancel()
    expect(await flow.callback({ id: ids[0], status: 'ok', value: 1 })).toBe(200)
    expect(flow.hooks.stats()).toMatchObject({ waiting: 0, settled: 0, parked: 1, tasks: { running: 0 } })
  })

  test('before its first request sends none', async () => {
    const { hooks, service } = await flows.open(drawing())
    const task = await hooks.submit()
    await task.cancel()
    await expect(task.result()).rejects.toMatchObject({ code: 'ERR_CANCELLED' })
    expect(service.requests).toEqual([])
    expect(hooks.stats().waiting).toBe(0)
  })

  test('by its signal says why', async () => {
    const controller = new AbortController()
    const { hooks, told } = await flows.open(drawing())
    const output = hooks.run(undefined, { signal: controller.signal })
    await told('draw', 'waiting')
    const reason = new Error('the user went away')
    controller.abort(reason)
    await expect(output).rejects.toMatchObject({ code: 'ERR_ABORTED', cause: reason })
    expect(hooks.stats()).toMatchObject({ waiting: 0, tasks: { cancelled: 1 } })
  })

  test('by a signal that was aborted before sends nothing', async () => {
    const { hooks, service, jobs } = await flows.open(drawing())
    await expect(hooks.run(1, { signal: AbortSignal.abort('gone') })).rejects.toMatchObject({
      code: 'ERR_ABORTED',
      cause: 'gone',
    })
    expect(service.requests).toEqual([])
    expect(jobs).toEqual([])
  })

  test.each([
    ['its timeout', drawing(), { timeout: '5s' }],
    ['the timeout of its workflow', { ...drawing(), workflow: { timeout: '5s', jobs: [{ id: 'draw' }] } }, {}],
    ['the shorter of both', { ...drawing(), workflow: { timeout: '1h', jobs: [{ id: 'draw' }] } }, { timeout: 5000 }],
  ])('by %s has failed', async (_, timed, options) => {
    const { hooks, told, clock } = await flows.open(timed)
    const task = await hooks.submit(undefined, options)
    await told('draw', 'waiting')
    clock.advance(4999)
    expect(task.status).toBe('running')
    clock.advance(1)
    await expect(task.result()).rejects.toMatchObject({
      code: 'ERR_WAIT_TIMEOUT',
      message: `The task ${task.id} did not end within 5000 ms`,
    })
    expect(hooks.stats()).toMatchObject({ waiting: 0, tasks: { running: 0, failed: 1 } })
  })

  test('leaves no listener at a signal that lives on', async () => {
    const { signal } = new AbortController()
    const { hooks } = await flows.open({ workflow: { jobs: [{ component: 'logger' }] } })
    await hooks.run(1, { signal, timeout: '1m' })
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })
})
