import { describe, expect, test } from '@jest/globals'
import request from 'supertest'
import { createFakeDriver, REFUSED } from '../gateway/fake-tunnels'
import { CONFIG, type ServedController, useControllers } from './use-controller'

const { ways, listen, mount } = useControllers()
const NOW = '2026-01-01T00:00:00.000Z'

/** Starts a task that waits for an id. */
async function hold({ post, hooks }: ServedController, id: string): Promise<string> {
  const waiting = new Promise((resolve) => hooks.on('job', ({ ids }) => ids?.includes(id) && resolve(id)))
  const run = { workflow_id: 'hold', input: { id, secret: 's3cret' }, wait_for_completion: false }
  const { task_id: task } = (await post('/workflows/runs', run)).body
  await waiting
  return task
}

describe.each(ways)('%s', (_way, serve) => {
  test('GET /workflows says what can be run', async () => {
    const { get } = await serve()
    const { status, body } = await get('/workflows')
    expect([status, body]).toEqual([
      200,
      [
        {
          workflow_id: 'say',
          title: 'Say it',
          description: 'Gives what it gets',
          default: true,
          jobs: [{ id: 'note', component: 'logger' }],
        },
        {
          workflow_id: 'hold',
          title: null,
          description: null,
          default: false,
          jobs: [{ id: 'keep', component: null }],
        },
      ],
    ])
  })

  test('GET /tasks/:id shows a task that runs, what it waits for, and nothing of its input', async () => {
    const served = await serve()
    const task = await hold(served, 'a')
    const { status, body, text } = await served.get(`/tasks/${task}`)
    expect([status, body]).toEqual([
      200,
      {
        task_id: task,
        workflow_id: 'hold',
        status: 'running',
        output: null,
        error: null,
        started_at: NOW,
        ended_at: null,
        jobs: [
          {
            id: 'keep',
            status: 'waiting',
            attempt: 1,
            waiting_for: ['a'],
            error: null,
            steps: [
              { status: 'running', at: NOW },
              { status: 'waiting', at: NOW },
            ],
          },
        ],
      },
    ])
    expect(text).not.toContain('s3cret')
  })

  test('GET /tasks/:id shows how a task ended, without a stack', async () => {
    const served = await serve()
    const task = await hold(served, 'a')
    served.clock.advance(1500)
    const ended = new Promise((resolve) => served.hooks.on('task', resolve))
    await served.hooks.fail('a', new Error('out of paint'))
    await ended
    const { body, text } = await served.get(`/tasks/${task}`)
    const error = { code: 'ERR_CALLBACK_FAILED', message: expect.stringContaining('out of paint') }
    expect(body).toMatchObject({ status: 'failed', output: null, error, ended_at: '2026-01-01T00:00:01.500Z' })
    const steps = [
      { status: 'running', at: NOW },
      { status: 'waiting', at: NOW },
      { status: 'failed', at: '2026-01-01T00:00:01.500Z' },
    ]
    expect(body.jobs).toEqual([{ id: 'keep', status: 'failed', attempt: 1, waiting_for: [], error, steps }])
    expect(text).not.toMatch(/stack|\.ts:|\.js:|s3cret/)
  })

  test('GET /tasks lists those that run, oldest first', async () => {
    const served = await serve()
    expect((await served.get('/tasks')).body).toEqual([])
    const tasks = [await hold(served, 'a'), await hold(served, 'b')]
    await served.post('/workflows/runs')
    const { status, body } = await served.get('/tasks')
    expect([status, body.map((task: { task_id: string }) => task.task_id)]).toEqual([200, tasks])
  })

  test('POST /tasks/:id/cancel cancels a task once', async () => {
    const served = await serve()
    const task = await hold(served, 'a')
    const waiting = served.hooks.stats().waiting
    const { status, body } = await served.post(`/tasks/${task}/cancel`)
    expect([status, body]).toEqual([200, { task_id: task, status: 'cancelled' }])
    expect([waiting, served.hooks.stats().waiting]).toEqual([1, 0])
    const again = await served.post(`/tasks/${task}/cancel`)
    expect([again.status, again.body]).toEqual([
      409,
      { error: { code: 'ERR_TASK_ENDED', message: expect.stringContaining('it has cancelled already') } },
    ])
    expect((await served.get(`/tasks/${task}`)).body).toMatchObject({
      status: 'cancelled',
      error: { code: 'ERR_CANCELLED' },
    })
  })

  test('POST /tasks/:id/cancel needs no body, but not one of another type', async () => {
    const served = await serve()
    const task = await hold(served, 'a')
    const { origin } = served
    for (const type of ['text/plain', 'application/x-www-form-urlencoded']) {
      const refused = await request(origin).post(`/tasks/${task}/cancel`).type(type).send('a=b')
      expect(refused).toMatchObject({ status: 415, body: { error: { code: 'ERR_BODY_TYPE' } } })
    }
    expect((await fetch(`${origin}/tasks/${task}/cancel`, { method: 'POST' })).status).toBe(200)
  })

  test('POST /tasks/:id/cancel answers 409 for a task that has succeeded', async () => {
    const { post } = await serve()
    const { task_id: task } = (await post('/workflows/runs')).body
    const { status, body } = await post(`/tasks/${task}/cancel`)
    expect([status, body.error.code]).toEqual([409, 'ERR_TASK_ENDED'])
  })

  test.each(['GET /tasks/nobody', 'POST /tasks/nobody/cancel', 'GET /tasks/%E0%A4%A', 'GET /tasks/__proto__'])(
    '%s is 404',
    async (line) => {
      const { get, post } = await serve()
      const [method, path = ''] = line.split(' ')
      const { status, body } = await (method === 'GET' ? get(path) : post(path))
      expect([status, body.error.code]).toEqual([404, 'ERR_TASK_UNKNOWN'])
    },
  )

  test('GET /waits lists who waits for what, and until when', async () => {
    const { get, hooks, clock } = await serve()
    expect((await get('/waits')).body).toEqual({ waiting: 0, waits: [] })
    void hooks.wait(['a', 'b'], { timeout: '5m' })
    clock.advance(60_000)
    void hooks.wait('c')
    const { status, body } = await get('/waits')
    const endpoints = ['POST /done']
    expect([status, body]).toEqual([
      200,
      {
        waiting: 2,
        waits: [
          {
            wait_id: expect.stringMatching(/^wait-[\w-]{16}$/),
            ids: ['a', 'b'],
            endpoints,
            since: NOW,
            expires_at: '2026-01-01T00:05:00.000Z',
            outdated: false,
          },
          {
            wait_id: expect.stringMatching(/^wait-[\w-]{16}$/),
            ids: ['c'],
            endpoints,
            since: '2026-01-01T00:01:00.000Z',
            expires_at: '2026-01-02T00:01:00.000Z',
            outdated: false,
          },
        ],
      },
    ])
  })

  test('GET /health counts what runs and waits', async () => {
    const served = await serve()
    await hold(served, 'a')
    void served.hooks.wait('b')
    const { status, body } = await served.get('/health')
    const gateways = { ready: 0, not_ready: 0 }
    expect([status, body]).toEqual([200, { status: 'ok', waiting: 2, tasks_running: 1, gateways }])
  })

  test('answers HEAD as GET, without a body', async () => {
    const { origin } = await serve()
    const answer = await fetch(`${origin}/health`, { method: 'HEAD' })
    expect([answer.status, await answer.text()]).toEqual([200, ''])
  })

  test('takes a slash at the end and a query', async () => {
    const { get } = await serve()
    expect((await get('/health/?verbose=1')).body.status).toBe('ok')
  })
})

describe('GET /gateways', () => {
  test('says how each is', async () => {
    const { driver } = createFakeDriver()
    const gateways = [
      { port: 8090, driver: 'static' as const, public_url: 'https://one.example' },
      { port: 8091, driver: 'ngrok' as const, authtoken: 's3cret' },
    ]
    const { get } = await mount({ ...CONFIG, gateways }, { tunnels: { ngrok: driver } })
    const { status, body, text } = await get('/gateways')
    expect([status, body]).toEqual([
      200,
      [
        {
          port: 8090,
          driver: 'static',
          state: 'ready',
          public_url: 'https://one.example',
          public_address: 'one.example',
          previous_url: null,
          error: null,
        },
        {
          port: 8091,
          driver: 'ngrok',
          state: 'idle',
          public_url: null,
          public_address: null,
          previous_url: null,
          error: null,
        },
      ],
    ])
    expect(text).not.toContain('s3cret')
    expect((await get('/health')).body).toMatchObject({ status: 'ok', gateways: { ready: 1, not_ready: 1 } })
  })
})

describe('what is no route', () => {
  const other = [
    'POST /',
    'GET /inspector',
    'GET /inspector/nothing.js',
    'GET /nothing',
    'POST /health',
    'DELETE /tasks/a',
    'GET /workflows/runs',
    'GET /tasks/a/cancel',
  ]

  test.each(other)('%s goes to the app in which it is mounted', async (line) => {
    const { origin } = await mount()
    const [method = '', path = ''] = line.split(' ')
    const answer = await fetch(origin + path, { method })
    expect([answer.status, await answer.text()]).toEqual([404, 'the app has nothing either'])
  })

  test.each(other)('%s is 404 in JSON where it is served alone', async (line) => {
    const { origin } = await listen()
    const [method = '', path = ''] = line.split(' ')
    const answer = await fetch(origin + path, { method })
    expect(answer.status).toBe(404)
    expect(await answer.json()).toEqual({
      error: { code: 'ERR_NOT_FOUND', message: `The controller has nothing at ${line}` },
    })
  })
})

describe('GET /', () => {
  test.each(ways)('is the page, at the slash at its end, %s', async (_way, serve) => {
    const { get } = await serve()
    const { status, type, text, headers } = await get('/')
    expect([status, type, text.slice(0, 15)]).toEqual([200, 'text/html', '<!doctype html>'])
    expect(headers['content-security-policy']).toContain("default-src 'none'; script-src 'self'; style-src 'self'")
    expect(headers['content-security-policy']).not.toContain('unsafe')
  })

  test('redirects to the slash where it is mounted', async () => {
    const { get } = await mount()
    const { status, headers } = await get('')
    expect([status, headers['location']]).toEqual([302, './_callbacks/'])
  })
})

describe('GET /health', () => {
  test('is degraded, and 200, when a gateway has failed', async () => {
    const fake = createFakeDriver()
    const { get, hooks } = await mount(
      { ...CONFIG, gateway: { port: 8090, driver: 'ngrok' } },
      { tunnels: { ngrok: fake.driver } },
    )
    const opening = hooks.open()
    while (fake.attempts.length === 0) await Promise.resolve()
    fake.last.fail(REFUSED)
    await expect(opening).rejects.toThrow()
    const { status, body } = await get('/health')
    expect([status, body]).toMatchObject([200, { status: 'degraded', gateways: { ready: 0, not_ready: 1 } }])
    const [shown] = (await get('/gateways')).body
    expect(shown).toMatchObject({
      state: 'failed',
      public_url: null,
      error: { code: 'ERR_GATEWAY_AUTH', message: expect.stringContaining('no such user') },
    })
  })

  test('is 503 when the callbacks are closing', async () => {
    const { get, hooks } = await mount()
    await hooks.close()
    const { status, body, headers } = await get('/health')
    expect([status, body.status, headers['retry-after']]).toEqual([503, 'closing', '5'])
  })
})

describe('the router', () => {
  test('is made once', async () => {
    const { hooks } = await listen()
    expect(hooks.controller).toBe(hooks.controller)
  })
})
