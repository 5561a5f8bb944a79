import { getEventListeners } from 'node:events'
import { afterEach, describe, expect, test } from '@jest/globals'
import type { CallbackError } from '../../lib/base/errors'
import { createSetup, rejectionOf, turns } from './promises'

afterEach(turns)

describe('a wait with a signal', () => {
  test('that was aborted before is never registered', async () => {
    const { start, store, deliver, endings, clock } = createSetup()
    const reason = new Error('user left')
    await deliver('a', 'early')
    const promise = start({ signal: AbortSignal.abort(reason) })
    expect(await rejectionOf(promise)).toMatchObject({
      code: 'ERR_ABORTED',
      message: 'The wait for "a" was aborted',
      cause: reason,
    })
    expect(endings).toStrictEqual([{ kind: 'aborted', reason }])
    expect(store.stats()).toStrictEqual({ waiting: 0, parked: 1 })
    expect(clock.timers).toBe(1)
  })

  test.each([new Error('user left'), 'text', { any: 'shape' }])(
    'ends with the reason of its abort: %j',
    async (reason) => {
      const { start, store, endings } = createSetup()
      const controller = new AbortController()
      const promise = start({ signal: controller.signal })
      controller.abort(reason)
      expect(store.stats().waiting).toBe(0)
      const error = await rejectionOf(promise)
      expect(error).toMatchObject({ code: 'ERR_ABORTED' })
      expect((error as CallbackError).cause).toBe(reason)
      expect(endings).toStrictEqual([{ kind: 'aborted', reason }])
    },
  )

  test('frees what it held: a callback that comes later waits for the next', async () => {
    const { start, deliver, clock, endings } = createSetup()
    const controller = new AbortController()
    const promise = start({ signal: controller.signal })
    controller.abort()
    expect(await rejectionOf(promise)).toMatchObject({ code: 'ERR_ABORTED', cause: { name: 'AbortError' } })
    clock.advance(5000)
    expect(await deliver('a', 'late')).toBe('parked')
    expect(await start()).toBe('late')
    expect(endings.map(({ kind }) => kind)).toStrictEqual(['aborted', 'outcome'])
  })

  test.each(['outcome', 'failure', 'timeout', 'closed', 'aborted'] as const)(
    'no longer listens to it after its end by %s, and an abort changes nothing',
    async (how) => {
      const { start, store, deliver, clock, endings } = createSetup()
      const controller = new AbortController()
      const promise = start({ signal: controller.signal })
      expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1)
      if (how === 'outcome') await deliver('a', 1)
      if (how === 'failure') await deliver('a', 1, { outcome: 'failed' })
      if (how === 'timeout') clock.advance(2000)
      if (how === 'closed') await store.close()
      if (how === 'aborted') controller.abort()
      expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
      const before = await Promise.allSettled([promise])
      controller.abort()
      expect(await Promise.allSettled([promise])).toStrictEqual(before)
      expect(endings).toHaveLength(1)
    },
  )

  test('does not listen to it when the callback came early or the wait was refused', async () => {
    const { start, deliver, store, endings } = createSetup()
    const { signal } = new AbortController()
    await deliver('a', 'early')
    expect(await start({ signal })).toBe('early')
    await store.close()
    await rejectionOf(start({ signal }))
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
    expect(endings).toHaveLength(1)
  })

  test('may be aborted by whoever is told of its end', async () => {
    const { start, deliver, endings } = createSetup()
    const controller = new AbortController()
    const promise = start({
      signal: controller.signal,
      onEnd(ending) {
        endings.push(ending)
        controller.abort()
      },
    })
    await deliver('a', 1)
    expect(await promise).toBe(1)
    expect(endings).toHaveLength(1)
  })

  test('of two waits for one id aborts its own, also while the other is told', async () => {
    const { start, deliver, endings } = createSetup()
    const controller = new AbortController()
    const first = start({ onEnd: () => controller.abort() })
    const second = start({ signal: controller.signal })
    await deliver('a', 1)
    expect(await first).toBe(1)
    expect(await rejectionOf(second)).toMatchObject({ code: 'ERR_ABORTED' })
    expect(endings.map(({ kind }) => kind)).toStrictEqual(['aborted'])
  })

  test('shared by many waits ends them all', async () => {
    const { start, store } = createSetup(100)
    const controller = new AbortController()
    const promises = Array.from({ length: 5 }, (_, id) => start({ ids: [String(id)], signal: controller.signal }))
    controller.abort()
    const errors = await Promise.all(promises.map(rejectionOf))
    expect(errors.map((error) => (error as CallbackError).code)).toStrictEqual(Array(5).fill('ERR_ABORTED'))
    expect(store.stats().waiting).toBe(0)
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
  })
})
