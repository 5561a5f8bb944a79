import { describe, expect, test } from '@jest/globals'
import type { CallbacksConfig } from '../../lib'
import type { ServiceAnswer } from '../helpers/fake-service'
import { type Answer, drawing, until, useFlows } from './use-flows'

const flows = useFlows()

const FALLBACK = {
  after: '10s',
  path: '/tasks/${context.run_id}',
  status: '${response.status}',
  success_when: 'done',
  fail_when: 'error',
  result: '${result.url}',
  interval: '2s',
} as const

function late(fallback: object = {}, job: Parameters<typeof drawing>[1] = {}): CallbacksConfig {
  return drawing({ completion: { type: 'callback', fallback: { ...FALLBACK, ...fallback } } }, job)
}

/** Takes the task, and answers each question like this. */
function answering(answer: ServiceAnswer | (() => ServiceAnswer)): Answer {
  return ({ method }) => (method === 'POST' ? { status: 202 } : typeof answer === 'function' ? answer() : answer)
}

const done = { body: { status: 'done', url: 'cat.png' } }
const pending = { body: { status: 'queued' } }

describe('a fallback', () => {
  test('asks when the callback is late, and ends the wait; a callback after that is a duplicate', async () => {
    const { hooks, delays, told, clock, callback, service } = await flows.open(late(), answering(done))
    const output = hooks.run()
    const { ids = [] } = await told('draw', 'waiting')
    clock.advance(9_999)
    expect(service.requests.length).toBe(1)
    clock.advance(1)
    await expect(output).resolves.toBe('cat.png')
    expect(hooks.stats()).toMatchObject({ waiting: 0, settled: 1 })
    expect(await callback({ id: ids[0], status: 'ok', value: 'late' })).toBe(200)
    expect(hooks.stats()).toMatchObject({ duplicate: 1, parked: 0 })
    expect(delays().filter((ms) => ms <= 30_000)).toEqual([])
  })

  test('asks by default after a minute', async () => {
    const { hooks, told, clock, service } = await flows.open(late({ after: undefined }), answering(done))
    const output = hooks.run()
    await told('draw', 'waiting')
    clock.advance(59_999)
    expect(service.requests.length).toBe(1)
    clock.advance(1)
    await expect(output).resolves.toBe('cat.png')
  })

  test('does not ask when the callback is in time', async () => {
    const { hooks, delays, told, callback, service } = await flows.open(late(), answering(done))
    const output = hooks.run()
    const { ids = [] } = await told('draw', 'waiting')
    await callback({ id: ids[0], status: 'ok', value: 'in time' })
    await expect(output).resolves.toBe('in time')
    expect(delays().filter((ms) => ms <= 30_000)).toEqual([])
    expect(service.requests.length).toBe(1)
  })

  test('stops asking when the callback comes', async () => {
    const { hooks, delays, told, clock, callback, service, timer } = await flows.open(late(), answering(pending))
    const output = hooks.run()
    const { ids = [] } = await told('draw', 'waiting')
    clock.advance(10_000)
    await service.received(2)
    await timer(2000)
    await callback({ id: ids[0], status: 'ok', value: 'at last' })
    await expect(output).resolves.toBe('at last')
    expect(delays().filter((ms) => ms <= 30_000)).toEqual([])
    expect(service.requests.length).toBe(2)
  })

  test('that is just asking when the callback comes is broken off', async () => {
    const { hooks, delays, told, clock, callback, service } = await flows.open(late(), ({ method }) =>
      method === 'POST' ? {} : new Promise(() => undefined),
    )
    const output = hooks.run()
    const { ids = [] } = await told('draw', 'waiting')
    clock.advance(10_000)
    const question = await service.received(2)
    const closed = new Promise<void>((resolve) => void question.response.once('close', () => resolve()))
    await callback({ id: ids[0], status: 'ok', value: 'at last' })
    await expect(output).resolves.toBe('at last')
    await closed
    expect(delays().filter((ms) => ms <= 30_000)).toEqual([])
  })

  test('that finds a failure fails the job', async () => {
    const body = { status: 'error', why: 'no paint' }
    const { hooks, told, clock } = await flows.open(late(), answering({ body }))
    const output = hooks.run()
    await told('draw', 'waiting')
    clock.advance(10_000)
    await expect(output).rejects.toMatchObject({ code: 'ERR_CALLBACK_FAILED', status: 'error', body })
    expect(hooks.stats()).toMatchObject({ waiting: 0, failed: 1 })
  })

  test.each([
    ['is refused', { status: 401 }, 0, /\(GET .+ answered 401 Unauthorized\)/],
    [
      'runs out of time',
      pending,
      1000,
      /\(Polling brought no result within 1000 ms; the last answer was 200 \{"status":"queued"\}\)/,
    ],
  ])('that %s warns, and the wait goes on', async (_, answer, ms, reason) => {
    const { hooks, told, clock, callback, log, timer } = await flows.open(late({ timeout: '1s' }), answering(answer))
    const output = hooks.run()
    const { ids = [] } = await told('draw', 'waiting')
    clock.advance(10_000)
    if (ms > 0) {
      await timer(ms, 2)
      clock.advance(ms)
    }
    await expectWarning(log, reason)
    expect(hooks.stats().waiting).toBe(1)
    await callback({ id: ids[0], status: 'ok', value: 'after all' })
    await expect(output).resolves.toBe('after all')
  })

  test('does not last longer than the wait, whose timeout is the one that counts', async () => {
    const { hooks, delays, told, clock, service, timer } = await flows.open(
      late({}, { timeout: '11s' }),
      answering(pending),
    )
    const output = hooks.run()
    await told('draw', 'waiting')
    clock.advance(10_000)
    await service.received(2)
    await timer(1000, 2)
    clock.advance(1016)
    await expect(output).rejects.toMatchObject({
      code: 'ERR_WAIT_TIMEOUT',
      message: expect.stringContaining('No callback for'),
    })
    expect(hooks.stats()).toMatchObject({ waiting: 0, expired: 1 })
    expect(delays().filter((ms) => ms <= 30_000)).toEqual([])
  })

  test('ends with its task', async () => {
    const { hooks, delays, told, clock, service, timer } = await flows.open(late(), answering(pending))
    const task = await hooks.submit()
    await told('draw', 'waiting')
    clock.advance(10_000)
    await service.received(2)
    await timer(2000)
    await expect(task.cancel()).resolves.toBe(true)
    expect(delays().filter((ms) => ms <= 30_000)).toEqual([])
    expect(hooks.stats().waiting).toBe(0)
  })
})

async function expectWarning(log: readonly { level: string; message: string }[], reason: RegExp): Promise<void> {
  const find = () => log.find(({ level, message }) => level === 'warn' && message.includes('fallback'))
  await until(() => find() !== undefined, 'it warns')
  expect(find()?.message).toMatch(/^The fallback for a late callback gave up .+; the wait goes on$/)
  expect(find()?.message).toMatch(reason)
}
