import { expect, test } from '@jest/globals'
import { describeEditions } from './editions'
import { useWorlds } from './use-worlds'

/** 13.1.7: the flow of its diagram, with a service that reaches this machine directly, and no gateway. */
interface Words {
  readonly url: string
  readonly body: (id: string) => object
  /** What the request's job gives: the answer with the callback's result, or that alone when it is no mapping. */
  readonly made: unknown
}

const EDITIONS: Readonly<Record<string, Words>> = {
  7: {
    url: 'http://localhost:8090/callback',
    body: (id) => ({ task_id: id, status: 'completed', result: { url: '1.png' } }),
    made: { task_id: 'task-123', job: 'task-123', url: '1.png' },
  },
  'listener-single': {
    url: 'http://localhost:7001/transcript/ready',
    body: (id) => ({ job: id, outcome: 'ready', transcript: 'hello' }),
    made: 'hello',
  },
}

const worlds = useWorlds()
const SERVICE = 'https://external.example'

describeEditions('a workflow and a local listener', EDITIONS, (config, { url, body, made }) => {
  const called = {
    components: {
      external: { base_url: SERVICE, path: '/api/process', body: { data: '${input}', callback_url: url } },
    },
    workflow: {
      jobs: [
        { id: 'process', component: 'external', output: { made: '${output}' } },
        { id: 'next', component: 'logger', input: { message: 'resumed', data: '${output}' } },
      ],
    },
  }

  test('requests, pauses until the callback with the id of the answer, and resumes with the next step', async () => {
    const { hooks, service, log, next, post } = await worlds.open(config(called), {
      [SERVICE]: () => ({ status: 202, body: { task_id: 'task-123', job: 'task-123' } }),
    })
    const task = await hooks.submit('work')
    const { job, ids } = await next('job', ({ status }) => status === 'waiting')
    expect([job, ids]).toEqual(['process', expect.arrayContaining(['task-123'])])
    expect((await service(SERVICE).received()).body).toEqual({ data: 'work', callback_url: url })

    // The callback of another task leaves it waiting.
    const { pathname } = new URL(url)
    await post(pathname).send(body('task-999'))
    expect(hooks.stats()).toMatchObject({ waiting: 1, parked: 1 })
    expect(log.filter(({ level }) => level === 'info')).toEqual([])

    expect((await post(pathname).send(body('task-123'))).status).toBe(200)
    await expect(task.result()).resolves.toEqual({ made })
    expect(log.filter(({ level }) => level === 'info')).toEqual([
      { level: 'info', message: 'resumed', details: { job: 'next', task: task.id, data: { made } } },
    ])
  })
})
