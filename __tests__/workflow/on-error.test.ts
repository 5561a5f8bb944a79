import { describe, expect, test } from '@jest/globals'
import type { CallbacksConfig } from '../../lib'
import type { JobConfig } from '../../lib/config/schema'
import { DONE, DRAW, type Flow, useFlows } from './use-flows'

const flows = useFlows()

/** A config whose first job fails, and what stands in for it. */
function failing(on_error: readonly JobConfig[], others: readonly JobConfig[] = []): CallbacksConfig {
  return {
    listener: DONE,
    components: {
      draw: DRAW,
      fail: { base_url: '${env.API}', path: '/fail', body: { why: '${input.why}' } },
      echo: { base_url: '${env.API}', path: '/echo', body: '${input}' },
    },
    workflow: { id: 'paint', jobs: [{ id: 'main', component: 'fail', on_error }, ...others] },
  }
}

const answer = ({ path, body }: { readonly path: string; readonly body: unknown }) =>
  path === '/fail' ? { status: 422, body: { error: 'no paint', sent: body } } : { status: 200, body }

function told({ jobs }: Flow): readonly string[] {
  return jobs.map(({ job, status }) => `${job} ${status}`)
}

describe('on_error', () => {
  test('runs its jobs in order; the output of the last one stands in', async () => {
    const flow = await flows.open(
      failing(
        [
          { id: 'first', component: 'echo', input: { a: 1 } },
          { id: 'second', component: 'echo', input: { above: '${output}', by_name: '${jobs.first.output.a}' } },
        ],
        [{ id: 'next', component: 'echo', input: { got: '${jobs.main.output}', above: '${output.by_name}' } }],
      ),
      answer,
    )
    await expect(flow.hooks.run()).resolves.toEqual({ got: { above: { a: 1 }, by_name: 1 }, above: 1 })
    expect(told(flow)).toEqual([
      'main running',
      'main failed',
      'main/on_error/first running',
      'main/on_error/first succeeded',
      'main/on_error/second running',
      'main/on_error/second succeeded',
      'main succeeded',
      'next running',
      'next succeeded',
    ])
  })

  test('reads why: a request that was refused', async () => {
    const { hooks } = await flows.open(
      failing([{ component: 'echo', input: { e: '${error}', s: '${error.status}' } }]),
      answer,
    )
    await expect(hooks.run({ why: 'because' })).resolves.toEqual({
      e: {
        code: 'ERR_HTTP_STATUS',
        message: expect.stringMatching(/\/fail answered 422 Unprocessable Entity/),
        status: 422,
        body: { error: 'no paint', sent: { why: 'because' } },
      },
      s: 422,
    })
  })

  test('reads why: a callback that says failure', async () => {
    const { components, listener } = failing([])
    const jobs = [{ id: 'main', component: 'draw', on_error: [{ component: 'echo', input: '${error}' }] }]
    const flow = await flows.open({ components, listener, workflow: { jobs } }, (request) =>
      request.path === '/tasks' ? { status: 202 } : answer(request),
    )
    const output = flow.hooks.run()
    const { ids: [id] = [] } = await flow.told('main', 'waiting')
    await flow.callback({ id, status: 'bad', value: 'no paint' })
    await expect(output).resolves.toEqual({
      code: 'ERR_CALLBACK_FAILED',
      message: `POST /done received the status "bad" for "${id}"`,
      status: 'bad',
      body: { id, status: 'bad', value: 'no paint' },
    })
  })

  test('reads why: no callback in time', async () => {
    const { components, listener } = failing([])
    const main = { id: 'main', component: 'draw', timeout: 1000, on_error: [{ component: 'echo', input: '${error}' }] }
    const flow = await flows.open({ components, listener, workflow: { jobs: [main] } }, (request) =>
      request.path === '/tasks' ? { status: 202 } : answer(request),
    )
    const output = flow.hooks.run()
    await flow.told('main', 'waiting')
    flow.clock.advance(1016)
    await expect(output).resolves.toMatchObject({ code: 'ERR_WAIT_TIMEOUT', status: null, body: null })
  })

  test('runs after the last attempt, once', async () => {
    const config = failing([{ id: 'plan-b', component: 'logger', input: { data: 'stood in' } }])
    const [main] = config.workflow?.jobs ?? []
    const flow = await flows.open(
      { ...config, workflow: { jobs: [{ ...main, retry: { max_attempts: 2, on: 422 } }] } },
      answer,
    )
    const output = flow.hooks.run()
    await flow.told('main', 'retrying')
    expect(told(flow)).not.toContain('main/on_error/plan-b running')
    flow.clock.advance(1000)
    await expect(output).resolves.toBe('stood in')
    expect(told(flow).filter((one) => one === 'main/on_error/plan-b running').length).toBe(1)
  })

  test('does not run when the job succeeds, nor when the task is cancelled', async () => {
    const config = failing([{ id: 'plan-b', component: 'logger' }])
    const well = await flows.open(config, () => ({ body: 'well' }))
    await expect(well.hooks.run()).resolves.toBe('well')
    expect(well.jobs.length).toBe(2)

    const stuck = await flows.open(config, () => new Promise(() => undefined))
    const task = await stuck.hooks.submit()
    await stuck.service.received()
    await task.cancel()
    expect(told(stuck)).toEqual(['main running', 'main cancelled'])
  })

  test('that fails too cancels the siblings, and the error names its job', async () => {
    const sibling = { id: 'sibling', component: 'draw', depends_on: [] }
    const flow = await flows.open(failing([{ id: 'plan-b', component: 'fail' }], [sibling]), async (request, open) => {
      if (request.path === '/tasks') return { status: 202 }
      await open.told('sibling', 'waiting')
      return answer(request)
    })
    const output = flow.hooks.run()
    await expect(output).rejects.toMatchObject({
      code: 'ERR_HTTP_STATUS',
      message: expect.stringMatching(/^Job "plan-b" failed: POST .+\/fail answered 422/),
      at: 'workflow.jobs[0].on_error[0]',
      status: 422,
    })
    expect(flow.hooks.stats().waiting).toBe(0)
    expect(told(flow).slice(-2)).toEqual(['main/on_error/plan-b failed', 'sibling cancelled'])
  })

  test('can have on_error itself, and an own retry', async () => {
    const inner = { id: 'inner', component: 'echo', input: { code: '${error.code}', why: '${error.body.sent.why}' } }
    const outer = {
      id: 'outer',
      component: 'fail',
      input: { why: 'inside' },
      retry: { max_attempts: 2, on: [422] },
      on_error: [inner],
    }
    const flow = await flows.open(failing([outer]), answer)
    const output = flow.hooks.run({ why: 'outside' })
    await flow.told('main/on_error/outer', 'retrying')
    flow.clock.advance(1000)
    await expect(output).resolves.toEqual({ code: 'ERR_HTTP_STATUS', why: 'inside' })
    expect(told(flow)).toContain('main/on_error/outer/on_error/inner succeeded')
  })

  test('has the input of the workflow, and an own run id', async () => {
    const echo = {
      id: 'again',
      component: 'echo',
      input: { i: '${input}', run: '${context.run_id}', job: '${context.job_id}' },
    }
    const { hooks } = await flows.open(failing([echo]), answer)
    await expect(hooks.run({ why: 'x' })).resolves.toEqual({ i: { why: 'x' }, run: expect.any(String), job: 'again' })
  })

  test('can wait for a callback', async () => {
    const wait = { id: 'by-hand', wait_for: '${input.id}' }
    const flow = await flows.open(failing([wait]), answer)
    const output = flow.hooks.run({ id: 'desk' })
    await flow.told('main/on_error/by-hand', 'waiting')
    await flow.callback({ id: 'desk', status: 'ok', value: 'by hand' })
    await expect(output).resolves.toBe('by hand')
  })
})
