import { describe, expect, test } from '@jest/globals'
import type { JobConfig } from '../../lib/config/schema'
import { type ServiceAnswer } from '../helpers/fake-service'
import { drawing, type Flow, useFlows } from './use-flows'

const flows = useFlows()

const job = (retry: JobConfig['retry'], more: JobConfig = {}): JobConfig => ({ retry, ...more })
const BODY = { prompt: 'a cat' }

function opening(first: ServiceAnswer, retry: JobConfig['retry'], more: JobConfig = {}): Promise<Flow> {
  return flows.open(drawing({ body: BODY }, job(retry, more)), (_, { service }) =>
    service.requests.length === 1 ? first : { body: 'well' },
  )
}

describe('retry repeats what can get better', () => {
  test.each([408, 425, 429, 500, 502, 503, 504])('an answer %i', async (status) => {
    const { hooks, told, clock } = await opening({ status }, { delay: 100 })
    const output = hooks.run()
    await told('draw', 'retrying')
    clock.advance(100)
    await expect(output).resolves.toBe('well')
  })

  test.each([400, 401, 403, 404, 409, 422, 501, 505])('not an answer %i', async (status) => {
    const { hooks, jobs, service } = await opening({ status, body: { why: 'no' } }, { delay: 100 })
    await expect(hooks.run()).rejects.toMatchObject({ code: 'ERR_HTTP_STATUS', status, body: { why: 'no' } })
    expect(jobs.map((one) => one.status)).toEqual(['running', 'failed'])
    expect(service.requests.length).toBe(1)
  })

  test.each<[string, JobConfig['retry'], number]>([
    ['one', { delay: 100, on: 409 }, 409],
    ['as text', { delay: 100, on: '404' }, 404],
    ['of a list', { delay: 100, on: [409, 423] }, 423],
    ['those of its own all the same', { delay: 100, on: [409] }, 503],
  ])('a status that "on" adds: %s', async (_, retry, status) => {
    const { hooks, told, clock } = await opening({ status }, retry)
    const output = hooks.run()
    await told('draw', 'retrying')
    clock.advance(100)
    await expect(output).resolves.toBe('well')
  })

  test('a connection that broke', async () => {
    const { hooks, told, clock } = await flows.open(drawing({ body: BODY }, job({ delay: 100 })), (request, flow) =>
      flow.service.requests.length === 1 ? void request.response.destroy() : { body: 'well' },
    )
    const output = hooks.run()
    expect(await told('draw', 'retrying')).toMatchObject({ error: { code: 'ERR_HTTP_NETWORK' } })
    clock.advance(100)
    await expect(output).resolves.toBe('well')
  })

  test.each<[string, ServiceAnswer, string]>([
    ['a body that is no JSON', { headers: { 'content-type': 'application/json' }, body: '{' }, 'ERR_HTTP_BODY'],
    [
      'a body that cannot be unpacked',
      { headers: { 'content-encoding': 'gzip' }, body: 'this is not gzip' },
      'ERR_HTTP_BODY',
    ],
  ])('not %s', async (_, first, code) => {
    const { hooks, service } = await opening(first, { delay: 100 })
    await expect(hooks.run()).rejects.toMatchObject({ code })
    expect(service.requests.length).toBe(1)
  })

  test('not a value that cannot stand in the request', async () => {
    const { hooks, jobs } = await flows.open(drawing({ body: { n: '${input.n as integer}' } }, job({ delay: 100 })))
    await expect(hooks.run({ n: 'many' })).rejects.toMatchObject({ code: 'ERR_TEMPLATE' })
    expect(jobs.map((one) => one.status)).toEqual(['running', 'failed'])
  })

  test.each([307, 308])('not a redirect %i that would tell a secret', async (status) => {
    const config = drawing({ body: { api_key: 'canary-of-a-key' } }, job({ delay: 100 }))
    const location = 'http://other.test/x'
    const { hooks, service } = await flows.open(config, () => ({ status, headers: { location } }))
    await expect(hooks.run()).rejects.toMatchObject({ code: 'ERR_HTTP_STATUS', status })
    expect(service.requests.length).toBe(1)
  })
})

describe('Retry-After', () => {
  const at = (ms: number): string => new Date(Date.UTC(2026, 0, 1) + ms).toUTCString()

  test.each<[string, string, number]>([
    ['seconds', '2', 2000],
    ['parts of a second', '0.5', 500],
    ['a date', at(3000), 3000],
    ['a date of the old form', 'Thursday, 01-Jan-26 00:00:04 GMT', 4000],
    ['a date of C, in GMT', 'Thu Jan  1 00:00:05 2026', 5000],
    ['less than the delay', '0', 100],
    ['a date in the past', at(-60_000), 100],
    ['a negative number', '-5', 100],
    ['no number', 'soon', 100],
    ['a number that is none', '1e9', 100],
    ['several', '2, 3', 100],
    ['nothing', '', 100],
    ['a day alone', 'Thu, 01 Jan 2026', 100],
  ])('delays the next attempt by %s', async (_, value, delay) => {
    const { hooks, told, clock, service } = await opening(
      { status: 429, headers: { 'Retry-After': value } },
      { delay: 100 },
    )
    const output = hooks.run()
    await told('draw', 'retrying')
    clock.advance(delay - 1)
    await new Promise((resolve) => setImmediate(resolve))
    expect(service.requests.length).toBe(1)
    clock.advance(1)
    await expect(output).resolves.toBe('well')
  })

  test.each([503, 500, 408, 409])('counts with the status %i', async (status) => {
    const { hooks, told, timer, clock } = await opening(
      { status, headers: { 'retry-after': '7' } },
      { delay: 100, on: [409] },
    )
    const output = hooks.run()
    await told('draw', 'retrying')
    await timer(7000)
    clock.advance(7000)
    await expect(output).resolves.toBe('well')
  })

  test.each<[string, JobConfig, string, string]>([
    ['its job', { timeout: '30s' }, '31', "the job's timeout of 30000 ms"],
    ['its job, as a date', { timeout: '30s' }, at(31_000), "the job's timeout of 30000 ms"],
    ['a day, without a timeout', {}, '86401', 'a day'],
    ['all time', {}, '9'.repeat(30), 'a day'],
  ])('fails at once when that is longer than %s', async (_, more, value, limit) => {
    const { hooks, service, clock, jobs } = await opening(
      { status: 429, headers: { 'retry-after': value }, body: 'slow down' },
      { delay: 100 },
      more,
    )
    await expect(hooks.run()).rejects.toMatchObject({
      code: 'ERR_HTTP_STATUS',
      status: 429,
      message: expect.stringContaining(
        `: slow down; it asks to wait (Retry-After: ${value}), longer than ${limit}, so it is not tried again`,
      ),
    })
    expect(jobs.map(({ status }) => status)).toEqual(['running', 'failed'])
    expect(service.requests.length).toBe(1)
    expect(clock.timers).toBe(0)
  })

  test('of the first answer says nothing of a callback that failed', async () => {
    const { hooks, told, callback, timer } = await flows.open(drawing({}, job({ delay: 100 })), () => ({
      status: 202,
      headers: { 'retry-after': '50' },
    }))
    const task = await hooks.submit()
    const { ids: [id] = [] } = await told('draw', 'waiting')
    await callback({ id, status: 'bad' })
    await told('draw', 'retrying')
    await timer(100)
    await task.cancel()
  })
})

describe('Retry-After of polling', () => {
  const ASK = {
    type: 'polling',
    path: '/tasks/7',
    status: '${response.status}',
    success_when: 'done',
    interval: 100,
  } as const

  function polled(first: ServiceAnswer, begun: ServiceAnswer = { status: 202 }, timeout?: string): Promise<Flow> {
    const completion = timeout === undefined ? ASK : { ...ASK, timeout }
    return flows.open(drawing({ body: BODY, completion }), ({ method }, { service }) => {
      if (method === 'POST') return begun
      return service.requests.length === 2 ? first : { body: { status: 'done' } }
    })
  }

  test.each<[string, ServiceAnswer]>([
    ['a pending answer', { headers: { 'retry-after': '2' }, body: { status: 'busy' } }],
    ['an answer 202', { status: 202, headers: { 'retry-after': '2' }, body: { status: 'busy' } }],
    ['an answer 429', { status: 429, headers: { 'Retry-After': '2' } }],
    ['an answer 503', { status: 503, headers: { 'retry-after': '2' } }],
  ])('of %s delays the next question', async (_, first) => {
    const { hooks, service, timer, clock } = await polled(first)
    const output = hooks.run()
    await timer(2000)
    clock.advance(1999)
    expect(service.requests.length).toBe(2)
    clock.advance(1)
    await expect(output).resolves.toMatchObject({ status: 'done' })
    expect(service.requests.length).toBe(3)
  })

  test.each(['0', '-1', 'later', new Date(0).toUTCString()])('%p leaves it at the interval', async (value) => {
    const { hooks, timer, clock } = await polled({ headers: { 'retry-after': value }, body: { status: 'busy' } })
    const output = hooks.run()
    await timer(100)
    clock.advance(100)
    await expect(output).resolves.toMatchObject({ status: 'done' })
  })

  test('of the immediate answer delays the first question', async () => {
    const { hooks, service, timer, clock } = await polled(
      { body: { status: 'done' } },
      { status: 202, headers: { 'retry-after': '10' } },
    )
    const output = hooks.run()
    await timer(10_000)
    expect(service.requests.length).toBe(1)
    clock.advance(10_000)
    await expect(output).resolves.toMatchObject({ status: 'done' })
  })

  test.each<[string, ServiceAnswer, ServiceAnswer]>([
    ['of a question', { status: 429, headers: { 'retry-after': '60' }, body: 'slow' }, { status: 202 }],
    ['of a pending answer', { headers: { 'retry-after': '60' }, body: { status: 'busy' } }, { status: 202 }],
    ['of the immediate answer', {}, { status: 202, headers: { 'retry-after': '60' } }],
  ])('%s fails at once when no time is left then', async (_, first, begun) => {
    const { hooks, clock } = await polled(first, begun, '30s')
    await expect(hooks.run()).rejects.toMatchObject({
      code: 'ERR_WAIT_TIMEOUT',
      message: expect.stringMatching(/left alone for 60000 ms \(Retry-After\), but only 30000 ms are left/),
    })
    expect(clock.timers).toBe(0)
  })
})
