import { describe, expect, test } from '@jest/globals'
import type { JobConfig } from '../../lib/config/schema'
import { drawing, until, useFlows } from './use-flows'

const flows = useFlows()

const job = (retry: JobConfig['retry'], more: JobConfig = {}): JobConfig => ({ retry, ...more })
const body = {
  run: '${context.run_id}',
  task: '${context.task_id}',
  attempt: '${context.attempt}',
  at: '${context.timestamp}',
}

describe('retry', () => {
  test('counts the first attempt; each is a new call of the same task', async () => {
    const { hooks, told, clock, service } = await flows.open(
      drawing({ body }, job({ max_attempts: 3, delay: 5000 })),
      () => ({ status: 500 }),
    )
    const output = hooks.run()
    for (const count of [1, 2]) {
      await told('draw', 'retrying', count)
      clock.advance(4999)
      expect(service.requests.length).toBe(count)
      clock.advance(1)
      await service.received(count + 1)
    }
    await expect(output).rejects.toMatchObject({ code: 'ERR_HTTP_STATUS', status: 500 })
    clock.advance(86_400_000)
    expect(service.requests.length).toBe(3)
    const sent = service.requests.map((request) => Object(request.body))
    expect(sent.map(({ attempt }) => attempt)).toEqual([1, 2, 3])
    expect(new Set(sent.map(({ run }) => run)).size).toBe(3)
    expect(new Set(sent.map(({ task }) => task)).size).toBe(1)
    expect(sent.map(({ at }) => at)).toEqual([
      '2026-01-01T00:00:00.000Z',
      '2026-01-01T00:00:05.000Z',
      '2026-01-01T00:00:10.000Z',
    ])
  })

  test.each([
    ['fixed', { max_attempts: 5, delay: '2s' }, [2000, 2000, 2000, 2000]],
    ['by default a second, three times', {}, [1000, 1000]],
    ['exponential', { max_attempts: 5, delay: '1s', backoff: 'exponential' }, [1000, 2000, 4000, 8000]],
    [
      'exponential up to a limit',
      { max_attempts: 6, delay: '1s', backoff: 'exponential', max_delay: '5s' },
      [1000, 2000, 4000, 5000, 5000],
    ],
    ['none', { max_attempts: 3, delay: 0 }, [0, 0]],
    [
      'of a thousand attempts, bounded',
      { max_attempts: 20, delay: '1m', backoff: 'exponential' },
      [60_000, 120_000, 240_000, ...Array<number>(16).fill(300_000)],
    ],
  ] as const)('pauses: %s', async (_, retry, delays) => {
    const { hooks, told, clock, service } = await flows.open(drawing({ body }, job(retry)), () => ({ status: 500 }))
    const output = hooks.run()
    for (const [index, delay] of delays.entries()) {
      await told('draw', 'retrying', index + 1)
      if (delay > 0) {
        clock.advance(delay - 1)
        await new Promise((resolve) => setImmediate(resolve))
        expect(service.requests.length).toBe(index + 1)
      }
      clock.advance(Math.min(delay, 1))
    }
    await expect(output).rejects.toMatchObject({ code: 'ERR_HTTP_STATUS' })
    expect(service.requests.length).toBe(delays.length + 1)
  })

  test('ends with the first attempt that succeeds', async () => {
    const { hooks, told, clock, jobs } = await flows.open(drawing({ body }, job({})), (_, { service }) =>
      service.requests.length === 1 ? { status: 503 } : { body: 'well' },
    )
    const output = hooks.run()
    expect(await told('draw', 'retrying')).toMatchObject({ attempt: 1, error: { code: 'ERR_HTTP_STATUS' } })
    clock.advance(1000)
    await expect(output).resolves.toBe('well')
    expect(jobs.map(({ status, attempt }) => `${status} ${attempt}`)).toEqual([
      'running 1',
      'retrying 1',
      'running 2',
      'succeeded 2',
    ])
  })

  test('begins anew when the callback says failure, under a new id', async () => {
    const { hooks, told, clock, callback } = await flows.open(drawing({}, job({})))
    const output = hooks.run()
    const { ids: [first] = [] } = await told('draw', 'waiting')
    await callback({ id: first, status: 'bad' })
    await told('draw', 'retrying')
    clock.advance(1000)
    const { ids: [second] = [], attempt } = await told('draw', 'waiting', 2)
    expect(attempt).toBe(2)
    expect(second).not.toBe(first)
    await callback({ id: first, status: 'ok', value: 'stale' })
    expect(hooks.stats()).toMatchObject({ waiting: 1, duplicate: 1 })
    await callback({ id: second, status: 'ok', value: 'fresh' })
    await expect(output).resolves.toBe('fresh')
  })

  test('gives each attempt the whole timeout', async () => {
    const { hooks, told, clock } = await flows.open(drawing({}, job({ max_attempts: 2 }, { timeout: '4s' })))
    const output = hooks.run()
    await told('draw', 'waiting')
    clock.advance(4016)
    await told('draw', 'retrying')
    clock.advance(1000)
    await told('draw', 'waiting', 2)
    clock.advance(3999)
    expect(hooks.stats().waiting).toBe(1)
    clock.advance(17)
    await expect(output).rejects.toMatchObject({ code: 'ERR_WAIT_TIMEOUT' })
    expect(hooks.stats()).toMatchObject({ waiting: 0, expired: 2 })
  })

  test('does not repeat what can only fail again: an unknown component', async () => {
    const { hooks, jobs, log } = await flows.open({ workflow: { jobs: [{ id: 'a', component: 'nobody', retry: {} }] } })
    await expect(hooks.run()).rejects.toMatchObject({
      code: 'ERR_COMPONENT_UNKNOWN',
      message: 'Job "a" failed: There is no component "nobody"; define one in "components"',
      at: 'workflow.jobs[0]',
    })
    expect(jobs.map(({ status }) => status)).toEqual(['running', 'failed'])
    expect(log[0]).toMatchObject({ level: 'warn' })
  })

  test('does not repeat what can only fail again: a URL that cannot work', async () => {
    const { hooks, jobs } = await flows.open(drawing({ base_url: '${input.nowhere | "nowhere"}' }, job({})))
    await expect(hooks.run()).rejects.toMatchObject({ code: 'ERR_CONFIG_VALUE' })
    expect(jobs.map(({ status }) => status)).toEqual(['running', 'failed'])
  })

  test('stops when its task is cancelled in the pause', async () => {
    const { hooks, told, delays, service } = await flows.open(drawing({}, job({ delay: '1h' })), () => ({
      status: 500,
    }))
    const task = await hooks.submit()
    await told('draw', 'retrying')
    await expect(task.cancel()).resolves.toBe(true)
    expect(delays()).not.toContain(3_600_000)
    expect(service.requests.length).toBe(1)
  })

  test('sends one idempotency key in all attempts, also where the body says another run', async () => {
    const { hooks, told, clock, service } = await flows.open(
      drawing({ body, idempotency: true }, job({ max_attempts: 2 })),
      () => ({
        status: 500,
      }),
    )
    const output = hooks.run()
    await told('draw', 'retrying')
    clock.advance(1000)
    await expect(output).rejects.toMatchObject({ code: 'ERR_HTTP_STATUS' })
    await until(() => service.requests.length === 2, 'both are sent')
    const sent = service.requests.map(({ headers, body: of }) => [headers['idempotency-key'], Object(of).run])
    expect(sent[0]?.[0]).toMatch(/^[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/)
    expect(sent[1]?.[0]).toBe(sent[0]?.[0])
    expect(sent[1]?.[1]).not.toBe(sent[0]?.[1])
  })
})

describe('rate_limit', () => {
  test('does not hold a request back longer than its job may take', async () => {
    const { hooks, clock, service, jobs } = await flows.open(
      drawing({ body, rate_limit: '1/m' }, { timeout: '10s' }),
      () => ({ body: 'well' }),
    )
    await expect(hooks.run()).resolves.toBe('well')
    const late = hooks.run()
    await until(() => jobs.filter(({ status }) => status === 'running').length === 2, 'the second runs')
    await new Promise((resolve) => setImmediate(resolve))
    clock.advance(10_016)
    await expect(late).rejects.toMatchObject({
      code: 'ERR_HTTP_TIMEOUT',
      message: 'Job "draw" failed: rate_limit held the request back for the 10000 ms that were left; it was not sent',
    })
    clock.advance(60_000)
    expect(service.requests.length).toBe(1)
    expect(clock.timers).toBe(0)
  })
})
