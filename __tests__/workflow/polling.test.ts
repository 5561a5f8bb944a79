import { describe, expect, test } from '@jest/globals'
import type { CallbacksConfig } from '../../lib'
import type { CompletionConfig } from '../../lib/config/schema'
import type { ServiceAnswer } from '../helpers/fake-service'
import { useServices } from '../helpers/fake-service'
import { type Answer, drawing, useFlows } from './use-flows'

const others = useServices()
const flows = useFlows()

const ASK = {
  type: 'polling',
  path: '/tasks/${response.id}',
  status: '${response.status}',
  success_when: ['done', 'cached'],
  fail_when: ['error'],
} as const

/** A config whose job asks. */
function asking(completion: CompletionConfig, more: Parameters<typeof drawing>[0] = {}): CallbacksConfig {
  return drawing({ body: { prompt: 'a cat' }, completion, ...more })
}

/** Begins task 7, and then answers the questions one by one; the last answer again and again. */
function answering(...answers: readonly ServiceAnswer[]): Answer {
  return ({ method }, { service }) =>
    method === 'POST'
      ? { status: 202, body: { id: 7 } }
      : (answers[Math.min(service.requests.length - 2, answers.length - 1)] ?? { status: 500 })
}

const pending = { body: { status: 'queued' } }
const done = { body: { status: 'done', url: 'cat.png' } }

describe('completion: polling', () => {
  test.each([
    ['success', done, { id: 7, status: 'done', url: 'cat.png' }],
    ['another success', { body: { status: 'cached' } }, { id: 7, status: 'cached' }],
  ])('asks until the status says %s, every five seconds', async (_, last, expected) => {
    const { hooks, service, timer, clock } = await flows.open(asking(ASK), answering(pending, pending, last))
    const output = hooks.run()
    for (const count of [2, 3]) {
      await service.received(count)
      await timer(5000)
      clock.advance(4999)
      expect(service.requests.length).toBe(count)
      clock.advance(1)
    }
    await expect(output).resolves.toEqual(expected)
    expect(service.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'POST /tasks',
      'GET /tasks/7',
      'GET /tasks/7',
      'GET /tasks/7',
    ])
    expect(clock.timers).toBe(0)
  })

  test('fails when the status says failure', async () => {
    const { hooks } = await flows.open(asking(ASK), answering({ body: { status: 'error', why: 'no paint' } }))
    await expect(hooks.run()).rejects.toMatchObject({
      code: 'ERR_CALLBACK_FAILED',
      message: expect.stringMatching(/^Job "draw" failed: GET http:.+\/tasks\/7 received the status "error": \{/),
      status: 'error',
      body: { status: 'error', why: 'no paint' },
    })
  })

  test('makes the result that it is told to, with any method, body and interval', async () => {
    const completion = {
      ...ASK,
      path: '/query',
      method: 'POST',
      body: { task: '${response.id}', prompt: '${input}' },
      interval: '1s',
      result: '${result.url}',
    }
    const { hooks, service, timer, clock } = await flows.open(asking(completion), ({ path }, flow) =>
      path === '/tasks' ? { body: { id: 7 } } : flow.service.requests.length === 2 ? pending : done,
    )
    const output = hooks.run('a cat')
    await service.received(2)
    await timer(1000)
    clock.advance(1000)
    await expect(output).resolves.toBe('cat.png')
    expect(service.requests[2]).toMatchObject({ method: 'POST', path: '/query' })
  })

  test('without a status asks until the answer is not 202', async () => {
    const completion = { type: 'polling', path: '/tasks/${response.id}', interval: 1000 } as const
    const accepted = { status: 202, body: { url: 'not yet' } }
    const { hooks, service, timer, clock } = await flows.open(asking(completion), answering(accepted, done))
    const output = hooks.run()
    await service.received(2)
    await timer(1000)
    clock.advance(1000)
    await expect(output).resolves.toMatchObject({ url: 'cat.png' })
  })

  test.each([404, 408, 409, 425, 429, 500, 502, 503])('goes on after a status %i', async (status) => {
    const { hooks, service, timer, clock } = await flows.open(asking(ASK), answering({ status }, done))
    const output = hooks.run()
    await service.received(2)
    await timer(5000)
    clock.advance(5000)
    await expect(output).resolves.toMatchObject({ url: 'cat.png' })
  })

  test.each([
    ['404', 404, 1],
    ['another status', 409, 0],
    ['a fault', 503, 0],
  ])('of %s, which is asked about again, warns as often as it must: once, or never', async (_, status, count) => {
    const answers = [{ status }, { status }, done]
    const { hooks, service, timer, clock, log } = await flows.open(asking(ASK), answering(...answers))
    const output = hooks.run()
    for (const received of [2, 3]) {
      await service.received(received)
      await timer(5000)
      clock.advance(5000)
    }
    await expect(output).resolves.toMatchObject({ url: 'cat.png' })
    const warnings = log.filter(({ level }) => level === 'warn').map(({ message }) => message)
    expect(warnings).toEqual(
      Array.from({ length: count }, () =>
        expect.stringMatching(/^GET \S+\/tasks\/7 answered 404: polling asks again.*mend "path".*"fail_when"/),
      ),
    )
  })

  test.each<[string, object, number, object]>([
    ['a failure', { fail_when: [404] }, 404, { code: 'ERR_CALLBACK_FAILED', status: '404' }],
    ['a failure of those that end it anyway', { fail_when: ['410'] }, 410, { code: 'ERR_CALLBACK_FAILED' }],
    ['a success', { success_when: [404] }, 404, { gone: true }],
    ['a failure beside a success', { success_when: [200], fail_when: [409] }, 409, { code: 'ERR_CALLBACK_FAILED' }],
    ['nothing, where it is not listed', { fail_when: [404] }, 400, { code: 'ERR_HTTP_STATUS', status: 400 }],
  ])('with status: ${status_code} a status that is listed is %s', async (_, lists, status, expected) => {
    const completion = { type: 'polling', path: '/tasks/7', status: '${status_code}', ...lists } as const
    const { hooks, service } = await flows.open(asking(completion), answering({ status, body: { gone: true } }))
    const ended = await hooks.run().catch((error: unknown) => error)
    expect(ended).toMatchObject(expected)
    expect(service.requests.length).toBe(2)
  })

  test('with status: ${status_code} goes on after a status that is not listed', async () => {
    const completion = { type: 'polling', path: '/tasks/7', status: '${status_code}', fail_when: [404] } as const
    const { hooks, service, timer, clock } = await flows.open(asking(completion), answering({ status: 503 }, done))
    const output = hooks.run()
    await service.received(2)
    await timer(5000)
    clock.advance(5000)
    await expect(output).resolves.toMatchObject({ url: 'cat.png' })
  })

  test('goes on after a connection that broke', async () => {
    const { hooks, service, timer, clock } = await flows.open(asking(ASK), (request, flow) => {
      if (flow.service.requests.length !== 2) return answering(done)(request, flow)
      return void request.response.destroy()
    })
    const output = hooks.run()
    await service.received(2)
    await timer(5000)
    clock.advance(5000)
    await expect(output).resolves.toMatchObject({ url: 'cat.png' })
  })

  test.each([400, 401, 403, 410, 422])('ends with a status %i', async (status) => {
    const { hooks, service, clock } = await flows.open(asking(ASK), answering({ status, body: { error: 'no' } }))
    await expect(hooks.run()).rejects.toMatchObject({ code: 'ERR_HTTP_STATUS', status, body: { error: 'no' } })
    expect(service.requests.length).toBe(2)
    expect(clock.timers).toBe(0)
  })

  test.each([
    ['its own timeout', asking({ ...ASK, timeout: '7s' })],
    ['the timeout of its component', asking({ ...ASK }, { timeout: '7s' })],
  ])('ends after %s', async (_, config) => {
    const { hooks, service, timer, clock } = await flows.open(config, answering(pending))
    const output = hooks.run()
    await service.received(2)
    await timer(5000)
    clock.advance(5000)
    await service.received(3)
    await timer(2000, 2) // the first is that of the request
    clock.advance(2000)
    await expect(output).rejects.toMatchObject({
      code: 'ERR_WAIT_TIMEOUT',
      message:
        'Job "draw" failed: Polling brought no result within 7000 ms; the last answer was 200 {"status":"queued"}',
    })
    expect(service.requests.length).toBe(3)
    expect(clock.timers).toBe(0)
  })

  test('names the last error when it ends without a result', async () => {
    const { hooks, service, timer, clock } = await flows.open(
      asking({ ...ASK, timeout: '3s' }),
      answering({ status: 503, body: 'busy' }),
    )
    const output = hooks.run()
    await service.received(2)
    await timer(3000, 2)
    clock.advance(3000)
    await expect(output).rejects.toMatchObject({
      code: 'ERR_WAIT_TIMEOUT',
      message: expect.stringMatching(/within 3000 ms; the last question failed: GET .+ answered 503 .+: busy$/),
    })
  })

  test('does not ask at all when done_when says that the answer is final', async () => {
    const config = asking({ ...ASK, done_when: '${response.final}', result: '${result.url}' })
    const { hooks, service } = await flows.open(config, () => ({ body: { final: true, url: 'at once' } }))
    await expect(hooks.run()).resolves.toBe('at once')
    expect(service.requests.length).toBe(1)
  })

  test('asks when done_when says no', async () => {
    const config = asking({ ...ASK, done_when: '${response.final}' })
    const { hooks, service } = await flows.open(config, answering(done))
    await expect(hooks.run()).resolves.toMatchObject({ url: 'cat.png' })
    expect(service.requests.length).toBe(2)
  })

  test('waits for no callback, though the request tells a URL', async () => {
    const { hooks } = await flows.open(drawing({ completion: ASK }), answering(done))
    await expect(hooks.run()).resolves.toMatchObject({ url: 'cat.png' })
    expect(hooks.stats()).toMatchObject({ waiting: 0, settled: 0 })
  })

  test('ends with a question that takes too long', async () => {
    const { hooks, service, clock, timer } = await flows.open(asking({ ...ASK, timeout: '3s' }), ({ method }) =>
      method === 'POST' ? { body: { id: 7 } } : new Promise(() => undefined),
    )
    const output = hooks.run()
    await service.received(2)
    await timer(3000)
    clock.advance(3000)
    await expect(output).rejects.toMatchObject({
      code: 'ERR_WAIT_TIMEOUT',
      message: expect.stringMatching(/; the last question failed: .+ did not answer within 3000 ms$/),
    })
  })

  test('stops when its task is cancelled', async () => {
    const { hooks, service, timer, clock } = await flows.open(asking(ASK), answering(pending))
    const task = await hooks.submit()
    await service.received(2)
    await timer(5000)
    await expect(task.cancel()).resolves.toBe(true)
    expect(clock.timers).toBe(0)
  })
})

describe('what a question inherits', () => {
  const headers = { Authorization: 'Bearer secret', 'X-Team': 'red', 'Content-Type': 'application/json' }

  test('are the headers of the request, on the same origin, but those of its body', async () => {
    const config = asking({ ...ASK, headers: { 'X-Team': 'blue' } }, { headers, idempotency: true })
    const { hooks, service } = await flows.open(config, answering(done))
    await hooks.run()
    expect(service.requests[0]?.headers).toMatchObject({ 'idempotency-key': expect.any(String), 'x-team': 'red' })
    const asked = service.requests[1]?.headers
    expect(asked).toMatchObject({ authorization: 'Bearer secret', 'x-team': 'blue' })
    expect(asked).not.toHaveProperty('content-type')
    expect(asked).not.toHaveProperty('idempotency-key')
  })

  test('are no headers on another origin', async () => {
    const other = await others.open(() => done)
    const { type, path: _, ...rest } = ASK
    const config = asking({ type, ...rest, endpoint: `${other.origin}/tasks/\${response.id}` }, { headers })
    const { hooks } = await flows.open(config, answering(done))
    await expect(hooks.run()).resolves.toMatchObject({ url: 'cat.png' })
    expect(other.requests[0]?.headers).not.toHaveProperty('authorization')
    expect(other.requests[0]?.headers).not.toHaveProperty('x-team')
  })
})
