import { describe, expect, test } from '@jest/globals'
import { parseConfig } from '../../lib/config/read/load'
import { useServices } from '../helpers/fake-service'
import type { CallbacksConfig } from '../../lib'
import type { ComponentConfig, JobConfig, OnErrorConfig, WorkflowConfig } from '../../lib/config/schema'
import { callbacks } from '../../lib'
import { DONE, DRAW, type Flow, idOf, useFlows } from './use-flows'

const services = useServices()
const flows = useFlows()

const ECHO = { base_url: '${env.API}', path: '/echo', body: '${input}' } as const
const FAIL = { base_url: '${env.API}', path: '/fail', body: {} } as const

const answer = ({ path, body }: { readonly path: string; readonly body: unknown }) =>
  path === '/fail' ? { status: 503, body: { error: 'no paint' } } : { status: 200, body }

function told({ jobs }: Flow): readonly string[] {
  return jobs.map(({ job, status, attempt }) => `${job} ${status} ${attempt}`)
}

/** Lets the pauses between the attempts of a job pass. */
async function pause(flow: Flow, job: string, count: number): Promise<void> {
  for (let attempt = 1; attempt <= count; attempt += 1) {
    await flow.told(job, 'retrying', attempt)
    await flow.timer(1000)
    flow.clock.advance(1000)
  }
}

describe('a workflow without a list of jobs', () => {
  const two = { a: { ...FAIL }, b: { ...ECHO, default: true } }
  test.each<[string, Record<string, ComponentConfig>, WorkflowConfig, unknown]>([
    ['nothing', { echo: ECHO }, {}, { x: 1 }],
    ['an output', { echo: ECHO }, { output: { got: '${output.x}' } }, { got: 1 }],
    ['an input', { echo: ECHO }, { input: { y: '${input.x}' } }, { y: 1 }],
    ['an input and an output', { echo: ECHO }, { input: { y: '${input.x}' }, output: '${output.y}' }, 1],
    ['a default component', two, { title: 'Echo' }, { x: 1 }],
    ['a job', { echo: ECHO }, { job: { input: [1], output: { all: '${output}' } } }, { all: [1] }],
    ['a job of a component', { fail: FAIL, echo: ECHO }, { job: { component: 'echo' } }, { x: 1 }],
    ['a job that holds its component', {}, { job: { component: ECHO, input: '${input.x}' } }, 1],
    ['a job with an id', { echo: ECHO }, { job: { id: 'a' }, output: '${jobs.a.output.x}' }, 1],
  ])('but with %s calls its component', async (_, components, workflow, output) => {
    const { hooks } = await flows.open({ components, workflow }, answer)
    await expect(hooks.run({ x: 1 })).resolves.toEqual(output)
  })

  test('waits for a callback like any other', async () => {
    const flow = await flows.open({ listener: DONE, component: DRAW, workflow: { id: 'paint' } })
    const run = flow.hooks.run({ prompt: 'a cat' })
    await flow.told('__job__', 'waiting')
    const [request] = flow.service.requests
    expect(request?.body).toMatchObject({ prompt: 'a cat' })
    expect(await flow.callback({ id: request && idOf(request), status: 'ok', value: 7 })).toBe(200)
    await expect(run).resolves.toBe(7)
  })
})

describe('on_error in a word or a mapping', () => {
  const config = (on_error: OnErrorConfig, job: JobConfig = {}): CallbacksConfig => ({
    listener: DONE,
    components: { fail: FAIL, echo: ECHO },
    workflow: {
      jobs: [
        { id: 'main', component: 'fail', on_error, ...job },
        { id: 'next', component: 'echo', input: { above: '${output}', main: '${jobs.main.output}', x: '${input.x}' } },
      ],
    },
  })

  test.each<[string, OnErrorConfig, JobConfig, unknown]>([
    ['ignore', 'ignore', {}, null],
    ['ignore, with an output of its own', 'ignore', { output: { x: '${output.y}' } }, null],
    ['an empty mapping', {}, {}, null],
    ['a text', { output: 'none' }, {}, 'none'],
    [
      'the error',
      { output: { why: '${error.code}', status: '${error.status}' } },
      {},
      { why: 'ERR_HTTP_STATUS', status: 503 },
    ],
    ['the body of the answer', { output: '${error.body.error}' }, {}, 'no paint'],
    [
      'the input and the context',
      { output: ['${input.x}', '${context.job_id}', '${context.attempt}'] },
      {},
      [1, 'main', 1],
    ],
  ])('%s stands in, and the run goes on', async (_, on_error, job, output) => {
    const flow = await flows.open(config(on_error, job), answer)
    await expect(flow.hooks.run({ x: 1 })).resolves.toEqual({ above: output, main: output, x: 1 })
    expect(told(flow)).toEqual([
      'main running 1',
      'main failed 1',
      'main succeeded 1',
      'next running 1',
      'next succeeded 1',
    ])
  })

  test.each<[string, OnErrorConfig | undefined]>([
    ['fail', 'fail'],
    ['nothing', undefined],
  ])('%s ends the run', async (_, on_error) => {
    const flow = await flows.open(config(on_error ?? 'fail', on_error === undefined ? { on_error } : {}), answer)
    await expect(flow.hooks.run()).rejects.toMatchObject({ code: 'ERR_HTTP_STATUS' })
    expect(told(flow)).toEqual(['main running 1', 'main failed 1'])
  })

  test('comes after the last attempt', async () => {
    const flow = await flows.open(config('ignore', { retry: 3 }), answer)
    const run = flow.hooks.run()
    await pause(flow, 'main', 2)
    await expect(run).resolves.toMatchObject({ main: null })
    expect(flow.service.requests.filter(({ path }) => path === '/fail')).toHaveLength(3)
    expect(told(flow)).toContain('main failed 3')
  })

  test('ignores a callback that says failure, and one that does not come', async () => {
    const job: JobConfig = { id: 'draw', component: 'draw', on_error: { output: '${error.code}' } }
    const make = (timeout?: string): CallbacksConfig => ({
      listener: DONE,
      components: { draw: DRAW },
      workflow: { job: { ...job, timeout } },
    })
    const failed = await flows.open(make())
    const run = failed.hooks.run()
    await failed.told('draw', 'waiting')
    await failed.callback({ id: idOf(failed.service.requests[0] ?? { body: {} }), status: 'bad' })
    await expect(run).resolves.toBe('ERR_CALLBACK_FAILED')

    const late = await flows.open(make('5s'))
    const other = late.hooks.run()
    await late.told('draw', 'waiting')
    late.clock.advance(5100)
    await expect(other).resolves.toBe('ERR_WAIT_TIMEOUT')
  })

  test.each(['${error.body.error as integer}', '${error.code as number}'])(
    'fails when %s cannot be rendered',
    async (output) => {
      const flow = await flows.open(config({ output }), answer)
      await expect(flow.hooks.run()).rejects.toMatchObject({
        code: 'ERR_TEMPLATE',
        message: expect.stringContaining('Job "main" failed: '),
      })
    },
  )

  test('does not ignore that the run was cancelled', async () => {
    const flow = await flows.open({
      listener: DONE,
      component: DRAW,
      workflow: { job: { id: 'draw', on_error: 'ignore' } },
    })
    const task = await flow.hooks.submit()
    await flow.told('draw', 'waiting')
    await task.cancel()
    await expect(task.result()).rejects.toMatchObject({ code: 'ERR_CANCELLED' })
  })
})

describe('retry in a number', () => {
  test.each([1, 2, 3])('of %d is that many attempts', async (retry) => {
    const flow = await flows.open({ component: FAIL, workflow: { job: { id: 'a', retry } } }, answer)
    const run = flow.hooks.run()
    const failed = expect(run).rejects.toMatchObject({ code: 'ERR_HTTP_STATUS' })
    await pause(flow, 'a', retry - 1)
    await failed
    expect(flow.service.requests).toHaveLength(retry)
  })
})

describe('a component of type http-server', () => {
  test.each([
    ['inline', 'base_path: /api, path: "/echo/${input.id}", method: POST, body: "${input}"', '/api/echo/7'],
    ['as an action', 'action: { path: /echo, method: PUT, body: { id: "${input.id}" } }', '/echo'],
    ['without method and body', 'base_path: api/, path: /echo', '/api/echo'],
  ])('calls the server that runs already: %s', async (_, keys, path) => {
    const service = await services.open(({ method }) => ({ status: 200, body: { method } }))
    const port = new URL(service.origin).port
    const hooks = callbacks(
      parseConfig(`component: { type: http-server, port: "\${env.PORT}", ${keys} }\nworkflow: {}`, {
        env: { PORT: port },
      }),
    )
    try {
      await hooks.run({ id: 7 })
      expect(service.requests.map((request) => request.path)).toEqual([path])
    } finally {
      await hooks.close()
    }
  })
})
