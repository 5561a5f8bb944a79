import { inspect } from 'node:util'
import { describe, expect, test } from '@jest/globals'
import type { CallbacksConfig } from '../../lib'
import type { ComponentConfig, JobConfig } from '../../lib/config/schema'
import type { ServiceAnswer } from '../helpers/fake-service'
import { DONE, DONE_URL, DRAW, drawing, useFlows } from './use-flows'
import { useJournal } from './use-journal'

const flows = useFlows()
const journal = useJournal()
const BODY = { prompt: 'a cat' }

describe('error.response and error.header in on_error', () => {
  const READ = {
    id: '${error.response.id}',
    job: '${error.header.X-Job}',
    status: '${error.status}',
    code: '${error.code}',
  }

  function cancelling(component: ComponentConfig, job: JobConfig = {}): CallbacksConfig {
    return {
      listener: DONE,
      components: {
        draw: { ...DRAW, ...component },
        cancel: { base_url: '${env.API}', path: '/jobs/${error.response.id}/cancel', body: READ },
      },
      workflow: { jobs: [{ id: 'draw', component: 'draw', ...job, on_error: [{ component: 'cancel' }] }] },
    }
  }
  const begun = { status: 202, headers: { 'x-job': 'job-7' }, body: { id: 7 } }

  test('after a callback that failed', async () => {
    const { hooks, told, callback, service } = await flows.open(cancelling({}), ({ path, body }) =>
      path === '/tasks' ? begun : { body },
    )
    const output = hooks.run()
    const { ids: [id] = [] } = await told('draw', 'waiting')
    await callback({ id, status: 'bad' })
    await expect(output).resolves.toEqual({ id: 7, job: 'job-7', status: 'bad', code: 'ERR_CALLBACK_FAILED' })
    expect(service.requests[1]?.url).toBe('/jobs/7/cancel')
  })

  test('after a callback that did not come', async () => {
    const { hooks, told, clock } = await flows.open(cancelling({}, { timeout: '4s' }), ({ path, body }) =>
      path === '/tasks' ? begun : { body },
    )
    const output = hooks.run()
    await told('draw', 'waiting')
    clock.advance(4016)
    await expect(output).resolves.toEqual({ id: 7, job: 'job-7', status: null, code: 'ERR_WAIT_TIMEOUT' })
  })

  test('after polling that was refused: of the first answer, the status of the refusal', async () => {
    const completion = { type: 'polling', path: '/tasks/7' } as const
    const { hooks } = await flows.open(cancelling({ completion }), ({ path, body, method }) => {
      if (path === '/tasks') return begun
      return method === 'GET' ? { status: 403, body: { id: 'of the refusal' } } : { body }
    })
    await expect(hooks.run()).resolves.toEqual({ id: 7, job: 'job-7', status: 403, code: 'ERR_HTTP_STATUS' })
  })

  test('after an answer that was judged a failure', async () => {
    const judged = { status: '${response.ok}', fail_when: false }
    const { hooks } = await flows.open(cancelling(judged), ({ path, body }) =>
      path === '/tasks' ? { ...begun, body: { id: 7, ok: false } } : { body },
    )
    await expect(hooks.run()).resolves.toEqual({ id: 7, job: 'job-7', status: 202, code: 'ERR_HTTP_STATUS' })
  })

  test('after a request that was refused: of the refusal', async () => {
    const { hooks } = await flows.open(cancelling({}), ({ path, body }) =>
      path === '/tasks' ? { ...begun, status: 422 } : { body },
    )
    await expect(hooks.run()).resolves.toEqual({ id: 7, job: 'job-7', status: 422, code: 'ERR_HTTP_STATUS' })
  })

  test.each<[string, ServiceAnswer]>([
    ['refused', { status: 409, headers: { 'x-job': 'customer-77' }, body: { id: 'customer-77' } }],
    ['judged', { headers: { 'x-job': 'customer-77' }, body: { id: 'customer-77', ok: false } }],
  ])('an id that was %s and stands in the request too is read, and not shown', async (_, refusal) => {
    const component = { params: { q: 'customer-77' }, status: '${response.ok}', fail_when: false }
    const { hooks, service, log } = await flows.open(cancelling(component), ({ path, body }) =>
      path === '/tasks' ? refusal : { body },
    )
    await expect(hooks.run()).resolves.toMatchObject({ id: 'customer-77', job: 'customer-77' })
    expect(service.requests[1]?.url).toBe('/jobs/customer-77/cancel')
    expect(JSON.stringify(log)).not.toContain('customer-77')
    const alone = await flows.open(drawing(component), () => refusal)
    const error = await alone.hooks.run().catch((reason: unknown) => reason)
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('customer-77')
  })

  test('null where nothing was answered, so that nothing is sent', async () => {
    const { hooks, service } = await flows.open(cancelling({}), ({ response }) => void response.destroy())
    await expect(hooks.run()).rejects.toMatchObject({ code: 'ERR_CONFIG_VALUE' })
    expect(service.requests.length).toBe(1)
  })

  test('the error that run() rejects with has it too, and does not show it', async () => {
    const { hooks, told, callback } = await flows.open(drawing(), () => begun)
    const output = hooks.run()
    const { ids: [id] = [] } = await told('draw', 'waiting')
    await callback({ id, status: 'bad' })
    const error = await output.catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'ERR_CALLBACK_FAILED' })
    expect(Object(error).response).toMatchObject({ status: 202, body: { id: 7 }, headers: { 'x-job': 'job-7' } })
    expect(JSON.stringify(error)).not.toContain('job-7')
  })
})

describe('over a restart', () => {
  const request = { base_url: 'http://service.test', idempotency: true } as const
  const CONFIG: CallbacksConfig = {
    listener: { public_url: 'http://localhost:8090', callbacks: [{ ...DONE, workflow: false }] },
    components: {
      draw: {
        ...request,
        path: '/draw',
        body: { id: '${context.run_id}', callback_url: DONE_URL },
      },
      cancel: {
        ...request,
        path: '/jobs/${error.response.id}/${error.header.X-Job}/cancel',
        body: { code: '${error.code}' },
      },
    },
    workflow: {
      id: 'paint',
      jobs: [
        {
          id: 'draw',
          component: 'draw',
          timeout: '20s',
          retry: { max_attempts: 3, delay: '5s' },
          on_error: [{ component: 'cancel' }],
        },
      ],
    },
  }
  const answer = ({ path }: { readonly path: string }) =>
    path === '/draw' ? { status: 202, headers: { 'X-Job': 'job-7' }, body: { id: 7 } } : { body: 'cancelled' }

  test('the answer is known wherever the process ends, and the key is one', async () => {
    const first = await journal.begin(CONFIG, answer)
    const task = await first.hooks.submit()
    await first.until(async () => (await first.hooks.task(task.id))?.status === 'succeeded')
    const paths = first.sent.map(({ path }) => path)
    expect(paths).toEqual(['/draw', '/draw', '/draw', '/jobs/7/job-7/cancel'])
    const keys = first.sent.map(({ headers }) => headers.get('idempotency-key'))
    expect(new Set(keys.slice(0, 3)).size).toBe(1)
    expect(keys[3]).not.toBe(keys[0])
    const lines = first.lines()
    const now = first.clock.now()
    await first.hooks.close()

    let resumed = 0
    for (let length = 1; length < lines.length; length += 1) {
      const life = await journal.begin(CONFIG, answer, lines.slice(0, length), now)
      if ((await life.hooks.task(task.id)) === undefined) continue
      await life.until(async () => (await life.hooks.task(task.id))?.status !== 'running')
      expect((await life.hooks.task(task.id))?.output).toBe('cancelled')
      resumed += life.sent.length > 0 ? 1 : 0
      for (const { path, headers } of life.sent) {
        expect(['/draw', '/jobs/7/job-7/cancel']).toContain(path)
        expect(headers.get('idempotency-key')).toBe(keys[path === '/draw' ? 0 : 3])
      }
      await life.hooks.close()
    }
    expect(resumed).toBeGreaterThan(5)
  })
})

test('an error as a whole is what it was', async () => {
  const { hooks } = await flows.open(
    drawing({ body: BODY }, { on_error: [{ component: 'logger', input: { data: '${error}' } }] }),
    () => ({ status: 418, headers: { 'set-cookie': 'canary=1' }, body: 'tea' }),
  )
  const output = await hooks.run()
  expect(JSON.stringify(output)).not.toContain('canary')
  expect(output).toEqual({ code: 'ERR_HTTP_STATUS', message: expect.any(String), status: 418, body: 'tea' })
})
