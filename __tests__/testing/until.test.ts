import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { type Callbacks, callbacks } from '../../lib'
import { send, untilIdle, untilParked, untilWaiting } from '../../lib/testing'

let hooks: Callbacks

beforeEach(() => {
  hooks = callbacks({
    listener: { path: '/done', identify_by: '${body.id}' },
    workflow: { jobs: [{ wait_for: '${input.id}' }] },
  })
})

afterEach(() => hooks.close())

describe('untilParked', () => {
  test.each([undefined, 'a', 7])('resolves when the callback for %p comes', async (id) => {
    const parked = untilParked(hooks, id)
    await send(hooks, '/done', { id: id ?? 'any' })
    await parked
    expect(hooks.stats().parked).toBe(1)
  })

  test('takes one that is parked already, where no id is named', async () => {
    await send(hooks, '/done', { id: 'a' })
    await untilParked(hooks)
  })

  test.each([
    [undefined, 'No callback was parked within 30 ms of real time; now: 0 received, 0 parked'],
    ['b', 'No callback for "b" was parked within 30 ms of real time; now: 0 received, 0 parked'],
  ])('rejects when none comes for %p', async (id, message) => {
    await expect(untilParked(hooks, id, { within: 30 })).rejects.toMatchObject({
      code: 'ERR_WAIT_TIMEOUT',
      message: expect.stringContaining(message),
    })
  })
})

describe('untilWaiting', () => {
  test.each([undefined, 'a', 7])('resolves when a job waits for %p', async (id) => {
    const run = hooks.run({ id: id ?? 'any' })
    await untilWaiting(hooks, id)
    await send(hooks, '/done', { id: id ?? 'any' })
    expect(await run).toEqual({ id: id ?? 'any' })
  })

  test('rejects when nobody does', async () => {
    await expect(untilWaiting(hooks, 'a', { within: 30 })).rejects.toMatchObject({ code: 'ERR_WAIT_TIMEOUT' })
  })
})

describe('untilIdle', () => {
  test('resolves at once when nothing goes on', () => untilIdle(hooks))

  test('resolves when the last task has ended', async () => {
    const task = await hooks.submit({ id: 'a' })
    const idle = untilIdle(hooks)
    await send(hooks, '/done', { id: 'a' })
    await idle
    expect(await hooks.task(task.id)).toMatchObject({ status: 'succeeded' })
  })

  test('resolves when a wait was given up', async () => {
    const controller = new AbortController()
    hooks.wait('a', { signal: controller.signal }).catch(() => undefined)
    const idle = untilIdle(hooks)
    controller.abort()
    await idle
  })

  test('says what still goes on', async () => {
    hooks.wait('a').catch(() => undefined)
    const idle = untilIdle(hooks, { within: 30 })
    await expect(idle).rejects.toMatchObject({
      code: 'ERR_WAIT_TIMEOUT',
      message:
        'Waits are open or tasks run within 30 ms of real time; now: 0 received, 0 parked, 1 waiting, 0 tasks running',
    })
  })
})
