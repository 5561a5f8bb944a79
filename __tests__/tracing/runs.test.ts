import { describe, expect, test } from '@jest/globals'
import type { CallbacksConfig } from '../../lib'
import { finish, idOf, DONE, DRAW, drawing, useFlows } from '../workflow/use-flows'
import { parentOf, useSpans } from './use-spans'

const flows = useFlows()
const spans = useSpans()

const FOREIGN = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const FOREIGN_TRACE = '0af7651916cd43dd8448eb211c80319c'

describe('a run', () => {
  test('is one trace: its start, its requests, its waits, its jobs and itself', async () => {
    const flow = await flows.open(drawing())
    const { traceparent, result } = spans.within(() => flow.hooks.submit({ prompt: 'a cat' }))
    const task = await result
    const begun = flow.clock.now()
    await flow.told('draw', 'waiting')
    flow.clock.advance(5000)
    await finish(flow, 'draw', 'a painting')
    expect(await task.result()).toBe('a painting')

    const start = spans.one('start paint')
    expect(traceparent).toContain(start.parent)
    expect(new Set(spans.all().map(({ traceId }) => traceId))).toEqual(new Set([start.traceId]))
    expect(spans.names()).toEqual(['start paint', 'GET /order', 'POST', 'wait POST /done', 'job draw', 'run paint'])
    for (const { name, parent } of spans.all().slice(2)) expect([name, parent]).toEqual([name, start.spanId])
    expect(spans.all().map(({ failed }) => failed)).toEqual(Array(6).fill(undefined))

    const [request] = flow.service.requests
    const common = { 'express_callbacks.workflow': 'paint', 'express_callbacks.task': task.id }
    const job = { 'express_callbacks.job': 'draw', 'express_callbacks.attempt': 1 }
    const { hostname, port } = new URL(flow.service.origin)
    expect(spans.one('POST')).toMatchObject({
      kind: 'CLIENT',
      attributes: {
        ...common,
        ...job,
        'http.request.method': 'POST',
        'url.full': `${flow.service.origin}/tasks`,
        'server.address': hostname,
        'server.port': Number(port),
        'http.response.status_code': 202,
      },
    })
    expect(request?.headers['traceparent']).toBe(parentOf(spans.one('POST')))
    expect(spans.one('wait POST /done')).toMatchObject({
      kind: 'CONSUMER',
      start: begun,
      end: begun + 5000,
      attributes: {
        ...common,
        ...job,
        'messaging.system': 'express_callbacks',
        'messaging.operation.name': 'wait',
        'messaging.operation.type': 'receive',
        'messaging.destination.name': 'POST /done',
        'messaging.message.conversation_id': request && idOf(request),
        'express_callbacks.outcome': 'succeeded',
      },
    })
    const ended = { 'express_callbacks.status': 'succeeded' }
    const times = { start: begun, end: begun + 5000 }
    expect(spans.one('job draw')).toMatchObject({
      kind: 'INTERNAL',
      ...times,
      attributes: { ...common, ...job, ...ended },
    })
    expect(spans.one('run paint')).toMatchObject({ kind: 'CONSUMER', ...times, attributes: { ...common, ...ended } })
    expect(start).toMatchObject({ kind: 'PRODUCER', attributes: common })
  })

  test('is a trace of its own where no span is active', async () => {
    const flow = await flows.open(drawing())
    const running = flow.hooks.run({ prompt: 'a cat' })
    await finish(flow, 'draw', 1)
    await running
    expect(spans.one('start paint')).toMatchObject({ parent: undefined, links: [] })
    expect(new Set(spans.all().map(({ traceId }) => traceId)).size).toBe(1)
  })

  test('with runs: link is a trace of its own that names the span in which it was started', async () => {
    const flow = await flows.open(drawing(), undefined, { tracing: { runs: 'link' } })
    const { traceparent, result } = spans.within(() => flow.hooks.run({ prompt: 'a cat' }))
    await finish(flow, 'draw', 1)
    await result
    const start = spans.one('start paint')
    expect(start).toMatchObject({ parent: undefined, links: [traceparent] })
    expect(traceparent).not.toContain(start.traceId)
    expect(spans.one('run paint').traceId).toBe(start.traceId)
  })

  test('without a name has spans without one', async () => {
    const flow = await flows.open({
      listener: DONE,
      component: DRAW,
      workflow: {},
    })
    const running = flow.hooks.run({ prompt: 'a cat' })
    await flow.service.received()
    const [request] = flow.service.requests
    await flow.callback({ id: request && idOf(request), status: 'ok' })
    await running
    expect(spans.names()).toEqual(['start workflow', 'POST', 'wait POST /done', 'job job', 'run workflow'])
  })
})

describe('the trace of a callback', () => {
  test.each([
    ['is linked to', undefined],
    ['is linked to', { callbacks: 'link' }],
    ['is the parent of', { callbacks: 'parent' }],
  ] as const)('%s the wait that it ends, with %j', async (_is, tracing) => {
    const flow = await flows.open(drawing(), undefined, { tracing })
    const running = flow.hooks.run({ prompt: 'a cat' })
    const { ids: [id] = [] } = await flow.told('draw', 'waiting')
    await flow.post('/done').set('traceparent', FOREIGN).send({ id, status: 'ok', value: 1 }).expect(200)
    await running
    const start = spans.one('start paint')
    expect(spans.one('wait POST /done')).toMatchObject(
      tracing?.callbacks === 'parent'
        ? { traceId: FOREIGN_TRACE, parent: 'b7ad6b7169203331', links: [parentOf(start)] }
        : { traceId: start.traceId, parent: start.spanId, links: [FOREIGN] },
    )
    expect(spans.one('run paint').traceId).toBe(start.traceId)
  })

  test('that is no trace counts for nothing', async () => {
    const flow = await flows.open(drawing(), undefined, { tracing: { callbacks: 'parent' } })
    const running = flow.hooks.run({ prompt: 'a cat' })
    const { ids: [id] = [] } = await flow.told('draw', 'waiting')
    await flow.post('/done').set('traceparent', 'nonsense').send({ id, status: 'ok' }).expect(200)
    await running
    expect(spans.one('wait POST /done')).toMatchObject({ parent: spans.one('start paint').spanId, links: [] })
  })

  const started: CallbacksConfig = {
    listeners: [
      { path: '/event', identify_by: '${body.id}' },
      { type: 'http-trigger', port: 8091, path: '/trigger' },
    ],
    component: { type: 'logger' },
    workflow: { id: 'note' },
  }

  test.each([
    ['/event', undefined],
    ['/trigger', undefined],
    ['/event', { callbacks: 'parent' }],
    ['/trigger', { callbacks: 'parent' }],
  ] as const)('%s belongs to the run that the request starts, with %j', async (path, tracing) => {
    const flow = await flows.open(started, undefined, { tracing })
    const ended = new Promise((resolve) => {
      flow.hooks.on('task', ({ status }) => status === 'succeeded' && resolve(status))
    })
    await flow.post(path).set('traceparent', FOREIGN).set('tracestate', 'vendor=1').send({ id: 7 }).expect(200)
    await ended
    expect(spans.one('start note')).toMatchObject(
      tracing === undefined
        ? { parent: undefined, links: [FOREIGN] }
        : { traceId: FOREIGN_TRACE, parent: 'b7ad6b7169203331', links: [] },
    )
    expect(spans.one('run note').parent).toBe(spans.one('start note').spanId)
  })
})

test('the trace of a request to the controller belongs to the run that it starts', async () => {
  const config = { component: { type: 'logger' }, workflow: { id: 'note' } } as const
  const flow = await flows.open(config, undefined, {}, (app, hooks) => app.use('/_callbacks', hooks.controller))
  await flow
    .post('/_callbacks/workflows/runs')
    .set('traceparent', FOREIGN)
    .send({ wait_for_completion: true })
    .expect(200)
  expect(spans.one('start note')).toMatchObject({ parent: undefined, links: [FOREIGN] })
})

describe('what goes out', () => {
  test.each([
    ['traceparent', { traceparent: FOREIGN }],
    ['traceparent', { TraceParent: '${input.trace}' }],
  ])("is the config's own %s", async (_name, headers) => {
    const flow = await flows.open(drawing({ headers }))
    const running = flow.hooks.run({ prompt: 'a cat', trace: FOREIGN })
    await finish(flow, 'draw', 1)
    await running
    expect(flow.service.requests.map((one) => one.headers['traceparent'])).toEqual([FOREIGN])
    expect(spans.one('POST').parent).toBe(spans.one('start paint').spanId)
  })

  test('names a span for each question, and none of them twice', async () => {
    let asked = 0
    const flow = await flows.open(
      {
        component: {
          base_url: '${env.API}',
          path: '/tasks',
          method: 'POST',
          completion: {
            type: 'polling',
            path: '/tasks/1',
            interval: '1s',
            status: '${response.status}',
            success_when: 'ok',
          },
        },
        workflow: { id: 'paint', jobs: [{ id: 'draw' }] },
      },
      ({ method }) => (method === 'POST' ? {} : { body: { status: (asked += 1) > 2 ? 'ok' : 'on' } }),
    )
    const running = flow.hooks.run()
    for (let count = 1; count <= 2; count += 1) {
      await flow.timer(1000, count)
      flow.clock.advance(1000)
    }
    await running
    const sent = flow.service.requests.map((one) => one.headers['traceparent'])
    const made = spans.all().filter(({ kind }) => kind === 'CLIENT')
    expect(sent).toEqual(made.map(parentOf))
    expect(made.map(({ name }) => name)).toEqual(['POST', 'GET', 'GET', 'GET'])
    expect(new Set(sent).size).toBe(4)
  })

  test('goes to another origin too, where a redirect leads', async () => {
    const flow = await flows.open(
      { component: { endpoint: '${env.API}/a' }, workflow: { id: 'get', jobs: [{ id: 'ask' }] } },
      ({ path, headers: { host = '' } }) =>
        path === '/a'
          ? { status: 302, headers: { location: `http://localhost:${host.split(':')[1]}/b` } }
          : { body: { path } },
    )
    expect(await flow.hooks.run()).toEqual({ path: '/b' })
    expect(flow.service.requests.map((one) => one.headers['traceparent'])).toEqual(
      Array(2).fill(parentOf(spans.one('GET'))),
    )
  })
})

describe('a failure', () => {
  test('is told by the code of its error, on each span that it fails', async () => {
    const flow = await flows.open(drawing())
    const running = flow.hooks.run({ prompt: 'a cat' })
    const { ids: [id] = [] } = await flow.told('draw', 'waiting')
    await flow.callback({ id, status: 'bad' })
    await expect(running).rejects.toMatchObject({ code: 'ERR_CALLBACK_FAILED' })
    for (const name of ['wait POST /done', 'job draw', 'run paint']) {
      const { failed, attributes, exceptions } = spans.one(name)
      expect([name, attributes['error.type']]).toEqual([name, 'ERR_CALLBACK_FAILED'])
      expect(failed).toMatch(/\/done received/)
      expect(exceptions).toEqual([{ 'exception.type': 'ERR_CALLBACK_FAILED', 'exception.message': failed }])
    }
    expect(spans.one('wait POST /done').attributes['express_callbacks.outcome']).toBe('failed')
    expect(spans.one('start paint').failed).toBeUndefined()
  })

  test.each([
    [500, 'ERR_HTTP_STATUS'],
    [404, 'ERR_HTTP_STATUS'],
  ])('of a request is told with the status %i', async (status, code) => {
    const flow = await flows.open(drawing(), () => ({ status }))
    await expect(flow.hooks.run({ prompt: 'a cat' })).rejects.toMatchObject({ code })
    expect(spans.one('POST')).toMatchObject({
      failed: expect.stringContaining(`answered ${status}`),
      attributes: { 'http.response.status_code': status, 'error.type': code },
    })
    expect(spans.one('wait POST /done')).toMatchObject({
      failed: undefined,
      attributes: { 'express_callbacks.outcome': 'given up' },
    })
  })

  test('of a wait that runs out of time has its end', async () => {
    const flow = await flows.open(drawing({}, { timeout: '7s' }))
    const running = flow.hooks.run({ prompt: 'a cat' })
    await flow.told('draw', 'waiting')
    flow.clock.advance(7016)
    await expect(running).rejects.toMatchObject({ code: 'ERR_WAIT_TIMEOUT' })
    const { start, end, attributes } = spans.one('wait POST /done')
    expect(end - start).toBeGreaterThanOrEqual(7000)
    expect(end - start).toBeLessThanOrEqual(7016)
    expect(attributes).toMatchObject({ 'error.type': 'ERR_WAIT_TIMEOUT', 'express_callbacks.outcome': 'timeout' })
  })

  test('that another attempt makes good is none of the job', async () => {
    let asked = 0
    const flow = await flows.open(drawing({}, { retry: { max_attempts: 2, delay: '1s' } }), () => ({
      status: (asked += 1) === 1 ? 503 : 202,
    }))
    const running = flow.hooks.run({ prompt: 'a cat' })
    await flow.timer(1000)
    flow.clock.advance(1000)
    await finish(flow, 'draw', 1)
    await running
    expect(spans.names()).toEqual([
      'start paint',
      'POST',
      'wait POST /done',
      'POST',
      'wait POST /done',
      'job draw',
      'run paint',
    ])
    const { start, end, failed, attributes } = spans.one('job draw')
    expect([end - start, failed, attributes['express_callbacks.attempt']]).toEqual([1000, undefined, 2])
  })

  test('that on_error makes good is one of the job and none of the run', async () => {
    const flow = await flows.open(drawing({}, { on_error: [{ id: 'note', component: 'logger', input: 'x' }] }), () => ({
      status: 400,
    }))
    await flow.hooks.run({ prompt: 'a cat' })
    expect(spans.one('job draw')).toMatchObject({ attributes: { 'express_callbacks.status': 'failed' } })
    expect(spans.one('job draw').failed).toBeDefined()
    expect(spans.one('job draw/on_error/note').failed).toBeUndefined()
    expect(spans.one('run paint').failed).toBeUndefined()
  })

  test('is none of what was cancelled', async () => {
    const flow = await flows.open(drawing())
    const task = await flow.hooks.submit({ prompt: 'a cat' })
    await flow.told('draw', 'waiting')
    await task.cancel()
    for (const name of ['job draw', 'run paint'])
      expect(spans.one(name)).toMatchObject({
        failed: undefined,
        attributes: { 'express_callbacks.status': 'cancelled' },
      })
    expect(spans.one('wait POST /done')).toMatchObject({
      failed: undefined,
      attributes: { 'express_callbacks.outcome': 'aborted' },
    })
  })
})

describe('no span shows', () => {
  test.each(['x/${callback.id}', '${callback.id}', '?id=${callback.id}'])('a ticket (%s)', async (path) => {
    const config = drawing({ path: `/tasks/${path}`, body: { url: '${callback.url}' } })
    const flow = await flows.open(config, () => ({ status: 500 }), { publicUrl: 'https://app.example' })
    await expect(flow.hooks.run({ prompt: 'a cat' })).rejects.toMatchObject({ code: 'ERR_HTTP_STATUS' })
    expect(JSON.stringify(spans.all())).not.toMatch(/tkt-[\w-]{28}/)
  })

  test.each(['/tasks/${env.API_KEY}', '/tasks?key=${env.API_KEY}', '/${env.API_KEY}/x'])(
    'a secret (%s)',
    async (path) => {
      const env = { API_KEY: 'sk_live_0123456789' }
      const flow = await flows.open(drawing({ path }), () => ({ status: 500, body: env.API_KEY }), { env })
      await expect(flow.hooks.run({ prompt: 'a cat' })).rejects.toMatchObject({ code: 'ERR_HTTP_STATUS' })
      expect(spans.one('POST').failed).toBeDefined()
      expect(JSON.stringify(spans.all())).not.toContain(env.API_KEY)
    },
  )
})
