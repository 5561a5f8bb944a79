import { expect, test } from '@jest/globals'
import { describeEditions } from './editions'
import { useWorlds } from './use-worlds'

/** 13.4: a workflow that writes to the log when it has asked and when the result is there. */
interface Words {
  readonly component: string
  readonly job: string
  /** The jobs that log, and what they say of a task. */
  readonly logs: readonly (readonly [job: string, message: (id: string) => string])[]
  readonly idKey: string
  readonly timeKey: string
}

const EDITIONS: Readonly<Record<string, Words>> = {
  26: {
    component: 'external-api',
    job: 'request',
    logs: [
      ['log-request', (id) => `Task requested: task_id=${id}`],
      ['log-result', (id) => `Task completed: task_id=${id}`],
    ],
    idKey: 'task_id',
    timeKey: 'request_time',
  },
  'workflow-logging': {
    component: 'print-shop',
    job: 'order',
    logs: [
      ['log-order', (id) => `Ordered: ${id}`],
      ['log-done', (id) => `Printed: ${id}`],
    ],
    idKey: 'order',
    timeKey: 'ordered_at',
  },
}

const worlds = useWorlds()
const SERVICE = 'https://service.example'
/** When the clock of a world starts. */
const NOW = '2026-01-01T00:00:00.000Z'

describeEditions('tracking a workflow', EDITIONS, (config, { component, job, logs, idKey, timeKey }) => {
  const plain = { components: { [component]: { base_url: SERVICE, body: { input: '${input}' } } } }
  const tracked = { [timeKey]: NOW, [idKey]: 'task-123' }

  test('logs each step with the id of the task and what is known of it, and gives that', async () => {
    const { hooks, log, service } = await worlds.open(config(plain), {
      [SERVICE]: () => ({ body: { [idKey]: 'task-123', more: 'is left out' } }),
    })
    const task = await hooks.submit('work')
    await expect(task.result()).resolves.toEqual(tracked)
    expect(service(SERVICE).requests.map(({ body }) => body)).toEqual([{ input: 'work' }])
    expect(log.filter(({ level }) => level !== 'warn')).toEqual(
      logs.map(([id, message]) => ({
        level: 'info',
        message: message('task-123'),
        details: { job: id, task: task.id, data: tracked },
      })),
    )
  })

  test('pauses where the service is asked until its callback has come, and logs then', async () => {
    const calledBack = {
      components: { [component]: { ...plain.components[component], completion: { type: 'callback', path: '/done' } } },
      listener: { path: '/done', identify_by: `\${body.${idKey}}`, result: { [idKey]: `\${body.${idKey}}` } },
    } as const
    const { hooks, log, next, post } = await worlds.open(config(calledBack), {
      [SERVICE]: () => ({ status: 202, body: { [idKey]: 'task-123' } }),
    })
    const output = hooks.run('work')
    const { job: waiting } = await next('job', ({ status }) => status === 'waiting')
    expect(waiting).toBe(job)
    const lines = () => log.filter(({ level }) => level === 'info').map(({ message }) => message)
    expect(lines()).toEqual([])
    await post('/done').send({ [idKey]: 'task-123' })
    await expect(output).resolves.toEqual(tracked)
    expect(lines()).toEqual(logs.map(([, message]) => message('task-123')))
  })

  test('needs no definition of the logger, but one of the service: it loads with a warning and fails when it runs', async () => {
    const { hooks, log } = await worlds.open(config())
    expect(log.map(({ level }) => level)).toEqual(['warn'])
    expect(log[0]?.message).toContain(component)
    await expect(hooks.run()).rejects.toMatchObject({ code: 'ERR_COMPONENT_UNKNOWN' })
    expect(log).toHaveLength(1)
  })
})
