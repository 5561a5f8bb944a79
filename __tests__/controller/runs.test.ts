import { describe, expect, test } from '@jest/globals'
import request from 'supertest'
import { VERSIONS } from '../helpers/express-versions'
import { openRawSocket, head } from '../helpers/raw-socket'
import { CONFIG, useControllers } from './use-controller'

const { ways, start, serve: serveApp, listen, mount } = useControllers()
const UUID = /^[\da-f]{8}-[\da-f-]{27}$/

describe.each(ways)('POST /workflows/runs, %s', (_way, serve) => {
  test('runs the default workflow, and answers its output when it has ended', async () => {
    const { post } = await serve()
    const { status, body, headers } = await post('/workflows/runs', { input: { a: [1] } })
    expect([status, body]).toEqual([
      200,
      { task_id: expect.stringMatching(UUID), status: 'succeeded', output: { a: [1] } },
    ])
    expect(headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    })
    expect(headers).not.toHaveProperty('access-control-allow-origin')
  })

  test('answers the output alone when that is asked for', async () => {
    const { post } = await serve()
    for (const input of [{ a: 1 }, [1], 'text', 7, true]) {
      const { status, body } = await post('/workflows/runs', { input, output_only: true })
      expect([status, body]).toEqual([200, input])
    }
    expect((await post('/workflows/runs', { output_only: true })).text).toBe('null')
  })

  test('runs without input and without a body', async () => {
    const { post, origin } = await serve()
    expect((await post('/workflows/runs')).body).toMatchObject({ status: 'succeeded', output: null })
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${origin}/workflows/runs`, { method: 'POST', headers })
    expect(answer.status).toBe(200)
  })

  test('answers 202 at once when nobody wants to wait', async () => {
    const { post, get, hooks } = await serve()
    const run = { workflow_id: 'hold', input: { id: 'a' }, wait_for_completion: false }
    const { status, body } = await post('/workflows/runs', run)
    expect([status, body]).toEqual([202, { task_id: expect.stringMatching(UUID), status: 'running' }])
    await hooks.settle('a', 'done')
    const shown = await get(`/tasks/${body.task_id}`)
    expect(shown.body).toMatchObject({ status: 'succeeded', output: 'done' })
  })

  test('answers 500 with code and message when the run fails, and no more than that', async () => {
    const { post, hooks } = await serve()
    void hooks.fail('b', new Error('no paint left'))
    const { status, body } = await post('/workflows/runs', { workflow_id: 'hold', input: { id: 'b' } })
    expect([status, body]).toEqual([
      500,
      {
        task_id: expect.stringMatching(UUID),
        status: 'failed',
        error: { code: 'ERR_CALLBACK_FAILED', message: expect.stringMatching(/^Job "keep" failed: .*no paint left$/) },
      },
    ])
  })

  test('answers 500 with the same when only the output was asked for', async () => {
    const { post, hooks } = await serve()
    void hooks.fail('b')
    const { status, body } = await post('/workflows/runs', {
      workflow_id: 'hold',
      input: { id: 'b' },
      output_only: true,
    })
    expect([status, body]).toMatchObject([500, { status: 'failed', error: { code: 'ERR_CALLBACK_FAILED' } }])
  })

  test('answers 404 for a workflow that is not there, and says which are', async () => {
    const { post } = await serve()
    const { status, body } = await post('/workflows/runs', { workflow_id: 'sing' })
    expect([status, body.error.code]).toEqual([404, 'ERR_WORKFLOW_UNKNOWN'])
    expect(body.error.message).toBe('There is no workflow "sing"; there are say, hold')
  })

  test.each([
    [{ workflow: 'say' }, 'Unknown key "workflow". Did you mean "workflow_id"? There are workflow_id, input'],
    [{ nonsense: 1 }, 'Unknown key "nonsense". There are workflow_id, input, wait_for_completion, output_only'],
    [{ workflow_id: 7 }, 'workflow_id: expected text, found a number'],
    [{ wait_for_completion: 'no' }, 'wait_for_completion: expected true or false, found a string'],
    [{ output_only: ['secret'] }, 'output_only: expected true or false, found a list'],
    [{ output_only: true, wait_for_completion: false }, '"output_only": true needs "wait_for_completion": true'],
    [[], 'The body must be a JSON object with workflow_id'],
    ['text', 'The body must be a JSON object'],
    [null, 'The body must be a JSON object'],
  ])('answers 400 for %j', async (run, message) => {
    const { post, hooks } = await serve()
    const sent = await post('/workflows/runs', run)
    // What the parser of the host app would refuse never comes here.
    expect([sent.status, sent.body.error.code]).toEqual([400, 'ERR_REQUEST'])
    expect(sent.body.error.message).toContain(message)
    expect(sent.text).not.toContain('secret')
    expect(hooks.stats().tasks).toEqual({ running: 0, succeeded: 0, failed: 0, cancelled: 0 })
  })

  test.each([
    ['broken JSON', '{', 400, 'ERR_BODY_MALFORMED'],
    ['JSON that is nested too deep', '['.repeat(200) + ']'.repeat(200), 400, 'ERR_BODY_DEPTH'],
    ['more than 1 MB', JSON.stringify({ input: 'x'.repeat(2 ** 20) }), 413, 'ERR_BODY_TOO_LARGE'],
  ])('refuses %s', async (_name, text, status, code) => {
    const { origin, hooks } = await serve()
    const headers = { 'content-type': 'application/json; charset=utf-8' }
    const answer = await fetch(`${origin}/workflows/runs`, { method: 'POST', body: text, headers })
    expect(answer.status).toBe(status)
    expect(await answer.json()).toEqual({ error: { code, message: expect.not.stringContaining('allback') } })
    expect(hooks.stats().tasks.succeeded).toBe(0)
  })

  test.each([
    ['text/plain'],
    ['application/x-www-form-urlencoded'],
    ['multipart/form-data; boundary=x'],
    ['text/plain; x=application/json'],
    ['application/jsonp'],
    [undefined],
  ])('answers 415 for the content type %s, which a web page can send unasked', async (type) => {
    const { origin, hooks } = await serve()
    const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type }
    const body = Buffer.from('{"input":1}')
    const answer = await fetch(`${origin}/workflows/runs`, { method: 'POST', body, headers })
    expect(answer.status).toBe(415)
    expect(await answer.json()).toEqual({
      error: { code: 'ERR_BODY_TYPE', message: expect.stringContaining('application/json') },
    })
    expect(hooks.stats().tasks.succeeded).toBe(0)
  })
})

describe.each(VERSIONS)('behind a parser of the host app, Express $version', ({ express }) => {
  test('takes what that made of the body', async () => {
    const { hooks } = start(CONFIG)
    const app = express()
    app.use(express.json())
    app.use(hooks.controller)
    const origin = await serveApp(app)
    const sent = await request(origin).post('/workflows/runs').send({ input: 'parsed', output_only: true })
    expect([sent.status, sent.body]).toEqual([200, 'parsed'])
    const text = await request(origin).post('/workflows/runs').type('text').send('{}')
    expect(text.status).toBe(415)
  })
})

describe('a body that does not arrive', () => {
  test('is given up after ten seconds', async () => {
    const { origin, clock, hooks } = await listen()
    const raw = await openRawSocket(origin)
    raw.send(head('POST /workflows/runs', { 'Content-Type': 'application/json', 'Content-Length': 9 }))
    while (clock.timers === 0) await new Promise((resolve) => setImmediate(resolve))
    clock.advance(10_000)
    const answer = await raw.received('}}')
    expect(answer).toContain('HTTP/1.1 408 ')
    expect(answer).toContain('"code":"ERR_BODY_TIMEOUT"')
    raw.socket.destroy()
    expect(hooks.stats().tasks.succeeded).toBe(0)
  })
})

describe('a client that goes away', () => {
  test('does not cancel its run, whose output is kept', async () => {
    const { origin, hooks, get } = await listen()
    const body = JSON.stringify({ workflow_id: 'hold', input: { id: 'c' } })
    const raw = await openRawSocket(origin)
    const started = new Promise<string>((resolve) =>
      hooks.on('job', ({ status, task }) => status === 'waiting' && resolve(task)),
    )
    raw.send(head('POST /workflows/runs', { 'Content-Type': 'application/json', 'Content-Length': body.length }) + body)
    const task = await started
    raw.socket.destroy()
    await raw.closed()
    expect((await get(`/tasks/${task}`)).body.status).toBe('running')
    await hooks.settle('c', 'all the same')
    expect((await get(`/tasks/${task}`)).body).toMatchObject({ status: 'succeeded', output: 'all the same' })
  })
})

describe('a run that nobody waits for', () => {
  test('is in the log when it fails', async () => {
    const { post, hooks, log } = await listen()
    const run = { workflow_id: 'hold', input: { id: 'd' }, wait_for_completion: false }
    const { task_id: id } = (await post('/workflows/runs', run)).body
    const ended = new Promise((resolve) => hooks.on('task', resolve))
    await hooks.fail('d')
    await ended
    await post('/workflows/runs')
    expect(log.filter(({ level }) => level === 'error')).toEqual([
      { level: 'error', message: expect.stringContaining(`The task ${id}`), details: expect.anything() },
    ])
  })
})

describe('while it closes', () => {
  test('a run that is waited for is answered 503, and so is a new one', async () => {
    const { post, hooks } = await mount(CONFIG)
    const waiting = new Promise((resolve) => hooks.on('job', ({ status }) => status === 'waiting' && resolve(status)))
    const answer = post('/workflows/runs', { workflow_id: 'hold', input: { id: 'e' } }).then((sent) => sent)
    await waiting
    await hooks.close()
    expect(await answer).toMatchObject({ status: 503, body: { status: 'cancelled', error: { code: 'ERR_CLOSED' } } })
    const late = await post('/workflows/runs')
    expect(late).toMatchObject({ status: 503, body: { error: { code: 'ERR_CLOSED' } } })
    expect(late.headers['retry-after']).toBe('5')
  })

  test('a server of its own answers its last client before it goes', async () => {
    const { post, hooks, get } = await listen()
    const waiting = new Promise((resolve) => hooks.on('job', ({ status }) => status === 'waiting' && resolve(status)))
    const answer = post('/workflows/runs', { workflow_id: 'hold', input: { id: 'e' } }).then((sent) => sent)
    await waiting
    await hooks.close()
    expect(await answer).toMatchObject({ status: 503, body: { status: 'cancelled' } })
    await expect(get('/health')).rejects.toThrow('ECONNREFUSED')
  })
})

describe('while as many wait as may', () => {
  test.each([true, false])('a run is refused, and taken later (wait_for_completion: %s)', async (isAwaited) => {
    const { post, hooks } = await mount({ ...CONFIG, store: { max_waits: 1 } })
    const other = hooks.wait('other')
    const run = { workflow_id: 'hold', input: { id: 'f' }, wait_for_completion: isAwaited }
    const refused = await post('/workflows/runs', run)
    expect(refused).toMatchObject({ status: 503, body: { error: { code: 'ERR_WAITS_FULL' } } })
    expect(refused.headers['retry-after']).toBe('5')
    expect(hooks.stats().tasks).toEqual({ running: 0, succeeded: 0, failed: 0, cancelled: 0 })
    expect((await post('/workflows/runs', { input: 'needs no wait' })).status).toBe(200)
    await hooks.settle('other')
    await other
    const waiting = new Promise((resolve) => hooks.on('job', ({ status }) => status === 'waiting' && resolve(status)))
    const taken = post('/workflows/runs', run).then(({ status }) => status)
    await waiting
    await hooks.settle('f', 'held')
    expect(await taken).toBe(isAwaited ? 200 : 202)
  })
})
