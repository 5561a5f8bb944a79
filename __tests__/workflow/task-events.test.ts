import { describe, expect, test } from '@jest/globals'
import type { CallbacksConfig } from '../../lib'
import type { TaskEvent } from '../../lib/base/events'
import { DONE, drawing, finish, type Flow, until, useFlows } from './use-flows'

const flows = useFlows()

/** Two jobs that wait one after the other. */
const two: CallbacksConfig = { ...drawing(), workflow: { id: 'paint', jobs: [{ id: 'draw' }, { id: 'frame' }] } }
const quick: CallbacksConfig = {
  workflow: { id: 'quick', jobs: [{ id: 'say', component: 'logger', input: '${input}' }] },
}

function tasksOf({ hooks }: Pick<Flow, 'hooks'>): readonly TaskEvent[] {
  const seen: TaskEvent[] = []
  hooks.on('task', (event) => void seen.push(event))
  return seen
}

describe('the events of a task', () => {
  test('come in order, and name each other', async () => {
    const flow = await flows.open(two)
    const seen: string[] = []
    flow.hooks.on('task', ({ status }) => void seen.push(`task ${status}`))
    flow.hooks.on('job', ({ job, status }) => void seen.push(`${job} ${status}`))
    const task = await flow.hooks.submit()
    await finish(flow, 'draw', 1)
    await finish(flow, 'frame', 2)
    await task.result()
    expect(seen).toEqual([
      'task running',
      'draw running',
      'draw waiting',
      'draw succeeded',
      'frame running',
      'frame waiting',
      'frame succeeded',
      'task succeeded',
    ])
    for (const event of flow.jobs) expect(event).toMatchObject({ task: task.id, workflow: 'paint', attempt: 1 })
  })

  test('say why it failed, with the error itself', async () => {
    const flow = await flows.open(drawing(), () => ({ status: 500 }))
    const tasks = tasksOf(flow)
    await expect(flow.hooks.run()).rejects.toMatchObject({ code: 'ERR_HTTP_STATUS' })
    expect(tasks.map(({ status }) => status)).toEqual(['running', 'failed'])
    expect(tasks[1]?.error).toMatchObject({ code: 'ERR_HTTP_STATUS', status: 500 })
    expect(flow.jobs.at(-1)).toMatchObject({ status: 'failed', error: { code: 'ERR_HTTP_STATUS' } })
  })

  test('may break a listener, but no task', async () => {
    const { hooks } = await flows.open(quick)
    for (const name of ['task', 'job'] as const) {
      hooks.on(name, () => {
        throw new Error('broken')
      })
    }
    await expect(hooks.run({ data: 1 })).resolves.toBe(1)
  })

  test('can be used to look the task up', async () => {
    const { hooks } = await flows.open(quick)
    const states: Promise<unknown>[] = []
    hooks.on('task', ({ task }) => void states.push(hooks.task(task)))
    await hooks.run()
    await expect(Promise.all(states)).resolves.toMatchObject([{ status: 'running' }, { status: 'succeeded' }])
  })
})

describe('a task that a callback starts', () => {
  const events: CallbacksConfig = {
    listener: { ...DONE, path: '/event', result: undefined },
    component: { base_url: '${env.API}', path: '/x', body: '${input}' },
    workflow: { id: 'on-event', jobs: [{ id: 'ask' }] },
  }

  test('has its body for input', async () => {
    const flow = await flows.open(events, () => ({ body: 'well' }))
    const tasks = tasksOf(flow)
    expect(await flow.callback({ id: 'e-1', status: 'ok', n: 1 }, '/event')).toBe(200)
    await until(() => tasks.length === 2, 'it has ended')
    expect(tasks.map(({ status }) => status)).toEqual(['running', 'succeeded'])
    expect((await flow.service.received()).body).toEqual({ id: 'e-1', status: 'ok', n: 1 })
  })

  test('says in the log that it failed, since nobody holds its result', async () => {
    const flow = await flows.open(events, () => ({ status: 500 }))
    const tasks = tasksOf(flow)
    await flow.callback({ id: 'e-1', status: 'ok' }, '/event')
    await until(() => tasks.length === 2, 'it has ended')
    await until(() => flow.log.some(({ level }) => level === 'error'), 'it is in the log')
    const [task] = tasks
    expect(flow.log.filter(({ level }) => level === 'error')).toMatchObject([
      {
        message: expect.stringMatching(
          new RegExp(`^The task ${task?.task} of workflow "on-event" failed: Job "ask" failed: .+ answered 500`),
        ),
        details: { task: task?.task, workflow: 'on-event', err: { code: 'ERR_HTTP_STATUS' } },
      },
    ])
  })

  test('is no error in the log when somebody holds its result', async () => {
    const flow = await flows.open(drawing(), () => ({ status: 500 }))
    await expect(flow.hooks.run()).rejects.toMatchObject({ code: 'ERR_HTTP_STATUS' })
    expect(flow.log.filter(({ level }) => level === 'error')).toEqual([])
  })
})
