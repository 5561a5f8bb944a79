import { getEventListeners } from 'node:events'
import { afterEach, describe, expect, test } from '@jest/globals'
import { awaitCallback, type CallbackWait, type WaitPlan } from '../../lib/store/await-callback'
import { CallbackError } from '../../lib/base/errors'
import type { Store } from '../../lib/base/contracts'
import { createOutcome, createProgress, DONE, READY } from './desk'
import { createSetup, rejectionOf, turns } from './promises'

afterEach(turns)

describe('a callback as a promise', () => {
  test('is registered at once and gives what pick takes of the callback', async () => {
    const { start, store, deliver, endings } = createSetup()
    const promise = start({ pick: ({ id, result }) => ({ id, result }) })
    expect(store.stats().waiting).toBe(1)
    await deliver('a', 'cat')
    expect(store.stats().waiting).toBe(0)
    expect(await promise).toStrictEqual({ id: 'a', result: 'cat' })
    expect(endings).toStrictEqual([{ kind: 'outcome', outcome: createOutcome(DONE, 'a', 'cat') }])
  })

  test.each([undefined, null, 0, '', false])('may give %j', async (result) => {
    const { start, deliver } = createSetup()
    const promise = start()
    await deliver('a', result)
    expect(await promise).toBe(result)
  })

  test('gives a callback that came before', async () => {
    const { start, deliver, endings } = createSetup()
    await deliver('a', 'early')
    const promise = start()
    expect(endings).toHaveLength(1)
    expect(await promise).toBe('early')
  })

  test('tells how it ended before the promise settles', async () => {
    const { start, deliver } = createSetup()
    const order: string[] = []
    const promise = start({ onEnd: () => order.push('told') }).then(() => order.push('settled'))
    await deliver('a', 1)
    await promise
    expect(order).toStrictEqual(['told', 'settled'])
  })

  test('hands on the news', async () => {
    const { start, store, deliver } = createSetup()
    const heard: unknown[] = []
    const promise = start({ onProgress: ({ result }) => heard.push(result) })
    await store.progress(DONE, createProgress(DONE, 'a', 0.5))
    await deliver('a', 1)
    await promise
    await store.progress(DONE, createProgress(DONE, 'a', 0.7))
    expect(heard).toStrictEqual([0.5])
  })
})

describe('a wait that fails', () => {
  test('because of what the callback says carries all of it', async () => {
    const { start, deliver } = createSetup()
    const promise = start()
    await deliver('a', 'why', { outcome: 'failed', status: 'error' })
    const error = await rejectionOf(promise)
    expect(error).toBeInstanceOf(CallbackError)
    expect(error).toMatchObject({
      code: 'ERR_CALLBACK_FAILED',
      message: 'POST /done received the status "error" for "a"',
      status: 'error',
      result: 'why',
      body: { result: 'why' },
      id: 'a',
      endpoint: 'POST /done',
    })
  })

  test.each([
    [{ status: undefined }, 'POST /done received a failure for "a"'],
    [{ id: undefined, status: 'x' }, 'POST /done received the status "x"'],
    [{ id: undefined, status: undefined }, 'POST /done received a failure'],
  ])('says what is known: %# %j', async (more, message) => {
    const { start, store } = createSetup()
    const anonymous = { ...DONE, anonymous: true }
    const promise = start({ endpoints: [anonymous] })
    const outcome = createOutcome(DONE, 'a', 1, { outcome: 'failed', ...more })
    await store.deliver({ endpoint: anonymous, outcome, size: () => 1 })
    expect(await rejectionOf(promise)).toMatchObject({ code: 'ERR_CALLBACK_FAILED', message })
  })

  test.each<[string, unknown]>([
    ['an error of this package', new CallbackError('ERR_TEMPLATE', { message: 'no result' })],
    ['an error by hand', new TypeError('by hand')],
    ['a text', 'by hand'],
    ['a zero', 0],
  ])('rejects with the error that the outcome carries: %s', async (_name, error) => {
    const { start, deliver } = createSetup()
    const promise = start()
    await deliver('a', undefined, { outcome: 'failed', error })
    expect(await rejectionOf(promise)).toBe(error)
  })

  test('because nothing came in time says for what, where and how long', async () => {
    const { start, clock, endings } = createSetup()
    const one = start()
    const several = start({ ids: ['a', 'b"c'], endpoints: [DONE, READY], timeoutMs: 2000 })
    const many = start({ endpoints: [1, 2, 3, 4].map((number) => ({ key: `80 POST /${number}`, anonymous: false })) })
    clock.advance(3000)
    const errors = await Promise.all([one, several, many].map(rejectionOf))
    expect(errors).toEqual([
      expect.objectContaining({
        code: 'ERR_WAIT_TIMEOUT',
        message: 'No callback for "a" came to POST /done within 1000 ms',
      }),
      expect.objectContaining({
        code: 'ERR_WAIT_TIMEOUT',
        message: 'No callback for "a" or "b\\"c" came to POST /done or POST /ready within 2000 ms',
      }),
      expect.objectContaining({
        code: 'ERR_WAIT_TIMEOUT',
        message: 'No callback for "a" came to any of 4 endpoints within 1000 ms',
      }),
    ])
    expect(endings.map(({ kind }) => kind)).toStrictEqual(['timeout', 'timeout', 'timeout'])
  })

  test.each([
    ['with', { onProgress: () => undefined }],
    ['without', {}],
  ])('because only pending callbacks came names the status of the last one, %s onProgress', async (_name, more) => {
    const { start, store, clock } = createSetup()
    const promise = start(more)
    await store.progress(DONE, { ...createProgress(DONE, 'a', 1), status: 'queued' })
    await store.progress(DONE, { ...createProgress(DONE, 'a', 2), status: 'wierd' })
    clock.advance(2000)
    expect(await rejectionOf(promise)).toMatchObject({
      code: 'ERR_WAIT_TIMEOUT',
      message:
        'No final callback for "a" came to POST /done within 1000 ms; ' +
        'the last one had the status "wierd", which says that the work goes on',
    })
  })

  test('because everything is closed', async () => {
    const { start, store, endings, clock } = createSetup()
    const promise = start()
    await store.close()
    expect(await rejectionOf(promise)).toMatchObject({
      code: 'ERR_CLOSED',
      message: 'The callbacks were closed while "a" was waited for',
    })
    expect(endings).toStrictEqual([{ kind: 'closed' }])
    expect(await rejectionOf(start())).toMatchObject({ code: 'ERR_CLOSED' })
    expect(clock.timers).toBe(0)
  })

  test('because there are too many rejects, and never throws', async () => {
    const { start, store } = createSetup(1)
    void start()
    expect(await rejectionOf(start({ ids: ['b'] }))).toMatchObject({ code: 'ERR_WAITS_FULL' })
    expect(store.stats().waiting).toBe(1)
  })
})

describe('a rejection that nobody awaits harms nobody', () => {
  type Setup = ReturnType<typeof createSetup>

  test.each<[string, (setup: Setup) => unknown]>([
    ['a failure', ({ start, deliver }) => [start(), deliver('a', 1, { outcome: 'failed' })]],
    ['an early failure', ({ start, deliver }) => [deliver('a', 1, { outcome: 'failed' }), start()]],
    ['an error by hand', ({ start, deliver }) => [start(), deliver('a', 1, { outcome: 'failed', error: new Error() })]],
    ['a timeout', ({ start, clock }) => [start(), clock.advance(2000)]],
    ['an abort', ({ start }) => start({ signal: AbortSignal.abort() })],
    ['a close', ({ start, store }) => [start(), store.close()]],
    ['a wait after the close', ({ start, store }) => [store.close(), start()]],
    ['too many waits', ({ start }) => Array.from({ length: 12 }, () => start())],
  ])('%s', async (_name, run) => {
    const setup = createSetup()
    run(setup)
    await turns()
    await setup.store.close()
    expect(setup.store.stats().waiting).toBe(0)
  })
})

test('a store that throws something of its own rejects the wait with it', async () => {
  const { store } = createSetup()
  const down = new Error('store is down')
  const broken: Store = {
    ...store,
    wait() {
      throw down
    },
  }
  const { signal } = new AbortController()
  const plan: WaitPlan<unknown> = { endpoints: [DONE], onEnd: () => {}, pick: (outcome) => outcome.result }
  const wait: CallbackWait = { ids: ['a'], timeoutMs: 1000, queued: true, signal, onProgress: undefined }
  expect(await rejectionOf(awaitCallback(broken, plan, wait))).toBe(down)
  expect(getEventListeners(signal, 'abort')).toHaveLength(0)
})
