import { describe, expect, test } from '@jest/globals'
import type { CallbacksConfig } from '../../lib'
import { DONE, drawing, useFlows } from './use-flows'

const flows = useFlows()
const answer = { status: 202, body: { task: 7, state: 'queued' } }

/** Runs the only job, whose callback brings a value. */
async function runWith(config: CallbacksConfig, value: unknown, input: unknown = {}): Promise<unknown> {
  const { hooks, told, callback } = await flows.open(config, () => answer)
  const output = hooks.run(input)
  const { ids: [id] = [] } = await told('draw', 'waiting')
  await callback({ id, status: 'ok', value })
  return output
}

describe('the output of a job that waited', () => {
  test.each<[string, unknown, unknown, unknown]>([
    [
      'is the answer with the result over it',
      undefined,
      { url: 'cat.png', state: 'done' },
      { task: 7, url: 'cat.png', state: 'done' },
    ],
    [
      'is the output of the component with the result over it',
      { id: '${response.task}', state: 'sent' },
      { state: 'done' },
      { id: 7, state: 'done' },
    ],
    ['is the result, where that is no mapping', undefined, 'cat.png', 'cat.png'],
    ['is the result, where that is a list', undefined, ['cat.png'], ['cat.png']],
    ['is the result, where the output is no mapping', '${response.task}', { url: 'cat.png' }, { url: 'cat.png' }],
    ['is null, where the result is', undefined, null, null],
    [
      'is what the component makes of the result',
      { url: '${result.url}' },
      { url: 'cat.png', state: 'done' },
      { url: 'cat.png' },
    ],
    ['is what the component makes of both', '${response.task}: ${result.url}', { url: 'cat.png' }, '7: cat.png'],
  ])('%s', async (_, output, value, expected) => {
    await expect(runWith(drawing(output === undefined ? {} : { output }), value)).resolves.toEqual(expected)
  })

  test('is what the job makes of that', async () => {
    const config = drawing(
      { output: { id: '${response.task}' } },
      { output: { a: '${output.id}', b: '${output.url}', c: '${input.n}' } },
    )
    await expect(runWith(config, { url: 'cat.png' }, { n: 1 })).resolves.toEqual({ a: 7, b: 'cat.png', c: 1 })
  })

  test('is what done_when found at once', async () => {
    const config = drawing({
      completion: { done_when: '${response.done}' },
      output: { r: '${result.url}', s: '${response.url}' },
    })
    const { hooks } = await flows.open(config, () => ({ body: { done: true, url: 'cat.png' } }))
    await expect(hooks.run()).resolves.toEqual({ r: 'cat.png', s: 'cat.png' })
  })
})

describe('the output of a job that did not wait', () => {
  test.each<[string, unknown, unknown]>([
    ['is the answer', undefined, answer.body],
    ['is what the component makes of it', { id: '${response.task}', none: '${result}' }, { id: 7, none: null }],
  ])('%s', async (_, output, expected) => {
    const { hooks } = await flows.open(drawing({ body: {}, ...(output === undefined ? {} : { output }) }), () => answer)
    await expect(hooks.run()).resolves.toEqual(expected)
  })

  test('is null for 204', async () => {
    const { hooks } = await flows.open(drawing({ body: {} }), () => ({ status: 204 }))
    await expect(hooks.run()).resolves.toBeNull()
  })

  test('that cannot be made fails the job', async () => {
    const { hooks } = await flows.open(drawing({ body: {} }, { output: '${output.state + 1}' }), () => answer)
    await expect(hooks.run()).rejects.toMatchObject({
      code: 'ERR_TEMPLATE',
      message: expect.stringContaining('Job "draw"'),
    })
  })
})

describe('the output of a workflow', () => {
  const say = (id: string, more: object = {}) => ({ id, component: 'logger', input: { data: id }, ...more })

  test.each<[string, CallbacksConfig['workflow'], unknown]>([
    ['is that of its last job', { jobs: [say('a'), say('b')] }, 'b'],
    [
      'is that of the job after which nobody comes',
      { jobs: [say('a', { depends_on: ['b'] }), say('b', { depends_on: [] })] },
      'a',
    ],
    [
      'names several last jobs',
      { jobs: [say('a'), say('b', { depends_on: 'a' }), say('c', { depends_on: 'a' })] },
      { b: 'b', c: 'c' },
    ],
    [
      'is what its template makes',
      { jobs: [say('a'), say('b')], output: { x: '${jobs.a.output}', y: '${output}', z: '${input.n}' } },
      { x: 'a', y: 'b', z: 1 },
    ],
    ['is a constant, if it says so', { jobs: [say('a')], output: 'done' }, 'done'],
    ['knows the workflow', { id: 'w', jobs: [say('a')], output: '${context.workflow_id}' }, 'w'],
  ])('%s', async (_, workflow, expected) => {
    const { hooks } = await flows.open(workflow ? { workflow } : {})
    await expect(hooks.run({ n: 1 })).resolves.toEqual(expected)
  })

  test('that cannot be made fails the task', async () => {
    const { hooks } = await flows.open({ workflow: { jobs: [say('a')], output: '${jobs.a.output * 2}' } })
    const task = await hooks.submit()
    await expect(task.result()).rejects.toMatchObject({ code: 'ERR_TEMPLATE' })
    expect(task.status).toBe('failed')
  })
})

describe('what a job reads', () => {
  const say = (id: string, data: unknown, more: object = {}) => ({ id, component: 'logger', input: { data }, ...more })

  test('is the output of the job above, and that of any job by its id', async () => {
    const jobs = [
      say('a', { n: 1 }),
      say('b', '${output.n + 1}'),
      say('c', ['${jobs.a.output.n}', '${output}', '${input}']),
    ]
    const { hooks } = await flows.open({ workflow: { jobs } })
    await expect(hooks.run('in')).resolves.toEqual([1, 2, 'in'])
  })

  test('above the first job is null', async () => {
    const { hooks } = await flows.open({ workflow: { jobs: [say('a', '${output}')] } })
    await expect(hooks.run()).resolves.toBeNull()
  })

  test('in its component is the input of the job; in its own templates that of the workflow', async () => {
    const config = drawing(
      { body: '${input}', output: '${input}' },
      { input: { a: '${input.n}' }, output: ['${output}', '${input}'] },
    )
    const { hooks, service } = await flows.open(config, () => ({}))
    await expect(hooks.run({ n: 1 })).resolves.toEqual([{ a: 1 }, { n: 1 }])
    expect((await service.received()).body).toEqual({ a: 1 })
  })

  test('is never rendered again', async () => {
    const { hooks } = await flows.open({ workflow: { jobs: [say('a', '${input}'), say('b', '${jobs.a.output}')] } })
    await expect(hooks.run('${env.SECRET} ${jobs.a.output}')).resolves.toBe('${env.SECRET} ${jobs.a.output}')
  })

  test('with names of Object.prototype is nothing special', async () => {
    const jobs = [
      say('constructor', 1),
      say('toString', '${jobs.constructor.output}'),
      say('b', '${jobs.toString.output}'),
    ]
    const { hooks } = await flows.open({ listener: DONE, workflow: { jobs } })
    await expect(hooks.run()).resolves.toBe(1)
  })
})
