import { describe, expect, test } from '@jest/globals'
import type { CallbacksConfig } from '../../lib'
import { ZOD } from '../helpers/schemas'
import { CONFIG, useControllers } from './use-controller'

const { mount, ways } = useControllers()

const CALLBACK = { path: '/done', identify_by: '${body.id}' } as const
const TWO = {
  ...CONFIG,
  listener: {
    host: '127.0.0.1',
    port: 0,
    callbacks: [
      { path: '/done', identify_by: '${body.id}' },
      { path: '/other', identify_by: '${body.id}' },
    ],
  },
} as const satisfies CallbacksConfig

test.each([
  ['two methods', ['POST /done', 'PUT /done'], { callbacks: [CALLBACK, { ...CALLBACK, method: 'PUT' }] }],
  ['two ports', ['POST /done (8080)', 'POST /done (8081)'], undefined],
] as const)('a wait_id and a name in full tell endpoints of one path apart: %s', async (_name, names, listener) => {
  const two = { listeners: [8080, 8081].map((port) => ({ host: '127.0.0.1', port, ...CALLBACK })) }
  const { get, post, hooks } = await mount(listener ? { listener: { ...TWO.listener, ...listener } } : two)
  const waiting = hooks.wait('a')
  const [{ wait_id: id, endpoints }] = (await get('/waits')).body.waits
  expect(endpoints).toEqual(names)
  expect((await post(`/waits/${id}/settle`, { result: 1 })).body).toEqual({ id, delivery: 'settled' })
  expect(await waiting).toBe(1)
  const second = hooks.wait('b', { path: names[1] })
  expect(await hooks.settle('b', 1, { path: names[0] })).toBe('parked')
  expect(await hooks.settle('b', 2, { path: names[1] })).toBe('settled')
  expect(await second).toBe(2)
  const message = `Several callbacks fit (${names.join(', ')}); name one in full, as in { path: "${names[0]}" }`
  await expect(hooks.settle('c', 1, { path: '/done' })).rejects.toMatchObject({ message })
})

describe.each(ways)('waits end by hand, %s', (_way, serve) => {
  test.each([
    ['a text', 'painted'],
    ['a mapping', { url: 'https://x.example/cat.png', size: [1, 2] }],
    ['null', null],
    ['false', false],
  ])('with %s as their result', async (_name, result) => {
    const { post, hooks } = await serve()
    const waiting = [hooks.wait('a'), hooks.wait(['b', 'a'])]
    const { status, body } = await post('/waits/a/settle', { result })
    expect([status, body]).toEqual([200, { id: 'a', delivery: 'settled' }])
    expect(await Promise.all(waiting)).toEqual([result, result])
    expect(hooks.stats().waiting).toBe(0)
  })

  test('without a body to speak of, with nothing as their result', async () => {
    const { origin, post, hooks } = await serve()
    const waiting = hooks.wait('a')
    expect((await post('/waits/a/settle')).body.delivery).toBe('settled')
    expect(await waiting).toBeUndefined()
    const empty = hooks.wait('b')
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${origin}/waits/b/settle`, { method: 'POST', headers })
    expect([answer.status, await empty]).toEqual([200, undefined])
  })

  test.each([
    ['a text', 'out of paint'],
    ['a mapping', { reason: 'out of paint' }],
    ['nothing', undefined],
  ])('with %s as their error', async (_name, error) => {
    const { post, hooks } = await serve()
    const failing = hooks.wait('a').catch((reason: unknown) => reason)
    const { status, body } = await post('/waits/a/fail', { error })
    expect([status, body]).toEqual([200, { id: 'a', delivery: 'settled' }])
    expect(await failing).toMatchObject({ code: 'ERR_CALLBACK_FAILED' })
    if (typeof error === 'string') expect(await failing).toHaveProperty('message', expect.stringContaining(error))
  })

  test.each(['settle', 'fail'])('an unknown id is answered as hooks.%s does', async (action) => {
    const { post, hooks } = await serve()
    const first = await post(`/waits/early/${action}`)
    const second = await post(`/waits/early/${action}`)
    const end = action === 'settle' ? hooks.settle : hooks.fail
    const deliveries = [await end('other'), await end('other')]
    expect([first.status, first.body.delivery, second.body.delivery]).toEqual([200, ...deliveries])
    expect(deliveries).toEqual(['parked', 'duplicate'])
  })

  test('the wait_id of a ticket ends it, though its id is not shown', async () => {
    const { get, post, hooks } = await serve()
    const tickets = [hooks.ticket(), hooks.ticket(), hooks.ticket()]
    const { body, text } = await get('/waits')
    for (const { id } of tickets) expect(text).not.toContain(id)
    const [first, second] = body.waits.map((one: { readonly wait_id: string }) => one.wait_id)
    const settled = await post(`/waits/${first}/settle`, { result: 1 })
    expect([settled.status, settled.body]).toEqual([200, { id: first, delivery: 'settled' }])
    expect(await tickets[0]?.result).toBe(1)
    const failing = tickets[1]?.result.catch((error: unknown) => error)
    expect((await post(`/waits/${second}/fail`, { error: 'no' })).body.delivery).toBe('settled')
    expect(await failing).toMatchObject({ code: 'ERR_CALLBACK_FAILED' })
    expect((await get('/waits')).body.waiting).toBe(1)
    await hooks.settle(tickets[2]?.id ?? '')
  })

  test('a path says which of several endpoints is meant; a wait_id needs none', async () => {
    const { get, post, hooks } = await serve(TWO)
    const waiting = hooks.wait('a', { path: '/other' })
    const elsewhere = await post('/waits/a/settle', { path: '/done', result: 1 })
    expect(elsewhere.body).toEqual({ id: 'a', delivery: 'parked' })
    expect((await post('/waits/a/settle', { path: '/other', result: 2 })).body.delivery).toBe('settled')
    expect(await waiting).toBe(2)
    const named = hooks.wait('b', { path: '/other' })
    const [{ wait_id: id }] = (await get('/waits')).body.waits
    expect((await post(`/waits/${id}/settle`, { result: 3 })).body).toEqual({ id, delivery: 'settled' })
    expect(await named).toBe(3)
  })

  test('a wait_id names one wait alone, also where others wait for the same id', async () => {
    const { get, post, hooks } = await serve(TWO)
    const kept = hooks.wait('a', { path: '/done' })
    const cancelled = hooks.wait('a', { path: '/other' }).catch((error: unknown) => error)
    const [, { wait_id: id }] = (await get('/waits')).body.waits
    expect((await post(`/waits/${id}/cancel`)).body).toEqual({ id, cancelled: 1 })
    expect(await cancelled).toMatchObject({ code: 'ERR_ABORTED' })
    expect((await post('/waits/a/settle', { path: '/done', result: 1 })).body.delivery).toBe('settled')
    expect(await kept).toBe(1)
  })

  test.each([
    ['settle', {}, 'Several callbacks fit (POST /done, POST /other); name one with { path }'],
    ['fail', { path: null }, 'Several callbacks fit'],
    ['settle', { path: '/nowhere' }, 'No callback has the path "/nowhere"; there are POST /done, POST /other'],
    ['settle', { path: '' }, 'No callback has the path ""'],
    ['settle', { path: 1 }, 'path: expected text'],
    ['settle', { path: ['/done'] }, 'path: expected text'],
    ['settle', { error: 1 }, 'Unknown key "error". There are result and path'],
    ['fail', { result: 1 }, 'Unknown key "result". There are error and path'],
    ['settle', { Result: 1 }, 'Unknown key "Result"'],
    ['settle', [], 'The body must be a JSON object with result and path'],
    ['fail', 'no', 'The body must be a JSON object with error and path'],
  ])('%s with %j is refused', async (action, sent, message) => {
    const { post, hooks } = await serve(TWO)
    const waiting = hooks.wait('a', { path: '/done' })
    const { status, body } = await post(`/waits/a/${action}`, sent)
    expect([status, body.error]).toEqual([400, { code: 'ERR_REQUEST', message: expect.stringContaining(message) }])
    expect(hooks.stats().waiting).toBe(1)
    await hooks.settle('a', 1, { path: '/done' })
    await waiting
  })

  test('a result that the schema of the endpoint refuses is 422, and the wait goes on', async () => {
    const listener = {
      ...TWO.listener,
      callbacks: [{ ...TWO.listener.callbacks[0], schema: ZOD, on_mismatch: 'refuse' }],
    }
    const { post, hooks } = await serve({ ...TWO, listener } as CallbacksConfig)
    const waiting = hooks.wait('a')
    const { status, body } = await post('/waits/a/settle', { result: { id: 7 } })
    expect([status, body.error.code]).toEqual([422, 'ERR_RESULT_SCHEMA'])
    expect((await post('/waits/a/settle', { result: { id: 'a', items: [] } })).body.delivery).toBe('settled')
    expect(await waiting).toEqual({ id: 'a', items: [] })
  })

  test('an id that is too long is refused', async () => {
    const { post } = await serve()
    const { status, body } = await post(`/waits/${'x'.repeat(5000)}/settle`)
    expect([status, body.error.code]).toEqual([400, 'ERR_REQUEST'])
  })

  test('an id may hold any character', async () => {
    const { post, hooks } = await serve()
    for (const id of ['a/b', 'größe', '50%', 'x y', '__proto__']) {
      const waiting = hooks.wait(id)
      const { body } = await post(`/waits/${encodeURIComponent(id)}/settle`, { result: id })
      expect(body).toEqual({ id, delivery: 'settled' })
      expect(await waiting).toBe(id)
    }
  })
})

describe.each(ways)('waits are cancelled, %s', (_way, serve) => {
  const cancelled = (id: string) => ({
    code: 'ERR_ABORTED',
    message: `The wait for ${id} was aborted`,
    cause: expect.objectContaining({ message: 'Cancelled by hand' }),
  })
  const rejection = (promise: Promise<unknown>) =>
    promise.then(
      () => 'no error',
      (error: unknown) => error,
    )

  test('by an id, all of them, and the id is free again', async () => {
    const { post, hooks } = await serve()
    const waits = [hooks.wait('a'), hooks.wait(['b', 'a']), hooks.wait('c')].map(rejection)
    const { status, body } = await post('/waits/a/cancel')
    expect([status, body]).toEqual([200, { id: 'a', cancelled: 2 }])
    expect(await waits[0]).toMatchObject(cancelled('"a"'))
    expect(await waits[1]).toMatchObject(cancelled('"b" or "a"'))
    expect(hooks.stats().waiting).toBe(1)
    expect(await hooks.settle('a', 7)).toBe('parked')
    expect(await hooks.wait('a')).toBe(7)
    await hooks.settle('c')
    expect(await waits[2]).toBe('no error')
  })

  test('by the wait_id of a ticket, and by a key that several callers share', async () => {
    const { get, post, hooks } = await serve()
    const ticket = rejection(hooks.ticket().result)
    const [{ wait_id: id }] = (await get('/waits')).body.waits
    expect((await post(`/waits/${id}/cancel`, {})).body).toEqual({ id, cancelled: 1 })
    expect(await ticket).toMatchObject({ code: 'ERR_ABORTED' })
    const shared = [hooks.wait('k', { key: 'one' }), hooks.wait('k', { key: 'one' })].map(rejection)
    while ((await get('/waits')).body.waiting === 0) await new Promise((resolve) => setImmediate(resolve))
    expect((await post('/waits/k/cancel')).body).toEqual({ id: 'k', cancelled: 1 })
    expect(await Promise.all(shared)).toMatchObject([cancelled('"k"'), cancelled('"k"')])
  })

  test('on one of several endpoints', async () => {
    const { post, hooks } = await serve(TWO)
    const [done, other] = [hooks.wait('a', { path: '/done' }), hooks.wait('a', { path: '/other' })].map(rejection)
    expect((await post('/waits/a/cancel', { path: '/other' })).body).toEqual({ id: 'a', cancelled: 1 })
    expect(await other).toMatchObject(cancelled('"a"'))
    expect((await post('/waits/a/cancel')).body).toEqual({ id: 'a', cancelled: 1 })
    expect(await done).toMatchObject(cancelled('"a"'))
  })

  test.each([
    ['nobody', undefined, 404, 'ERR_WAIT_UNKNOWN', 'This process waits for nothing by the name "nobody"'],
    ['wait-aaaaaaaaaaaaaaaa', {}, 404, 'ERR_WAIT_UNKNOWN', 'GET /waits lists its waits'],
    ['a', { path: '/nowhere' }, 400, 'ERR_REQUEST', 'No callback has the path "/nowhere"'],
    ['a', { path: 1 }, 400, 'ERR_REQUEST', 'path: expected text'],
    ['a', { result: 1 }, 400, 'ERR_REQUEST', 'Unknown key "result". There is only path'],
    ['a', [], 400, 'ERR_REQUEST', 'The body must be a JSON object with path'],
    ['x'.repeat(5000), undefined, 400, 'ERR_REQUEST', ''],
  ])('of %s with %j is refused', async (id, sent, status, code, message) => {
    const { post, hooks } = await serve(TWO)
    const waiting = hooks.wait('a', { path: '/done' })
    const answer = await post(`/waits/${id}/cancel`, sent)
    expect([answer.status, answer.body.error]).toEqual([status, { code, message: expect.stringContaining(message) }])
    expect(hooks.stats().waiting).toBe(1)
    await hooks.settle('a', 1, { path: '/done' })
    await waiting
  })

  test('of a job: the job fails without another attempt', async () => {
    const { get, post, hooks } = await serve({
      ...CONFIG,
      workflows: [
        {
          id: 'wait',
          jobs: [{ id: 'w', wait_for: { id: '${input.id}' }, retry: { max_attempts: 3, delay: '1ms' } }],
        },
      ],
    })
    const run = rejection(hooks.run({ id: 'job-1' }, { workflow: 'wait' }))
    while ((await get('/waits')).body.waiting === 0) await new Promise((resolve) => setImmediate(resolve))
    expect((await post('/waits/job-1/cancel')).body).toEqual({ id: 'job-1', cancelled: 1 })
    expect(await run).toMatchObject({ code: 'ERR_ABORTED', message: expect.stringContaining('"job-1" was aborted') })
  })
})
