import { describe, expect, test } from '@jest/globals'
import { DONE, DRAW, drawing, idOf, until, useFlows } from './use-flows'

const flows = useFlows()

describe('a callback that never comes', () => {
  const second = 1000
  const listener = { ...DONE, timeout: '4s' }
  test.each<[string, ReturnType<typeof drawing>]>([
    ['its component', drawing({ timeout: '4s' })],
    [
      'its action',
      {
        ...drawing(),
        component: { base_url: DRAW.base_url, action: { path: DRAW.path, body: DRAW.body, timeout: '4s' } },
      },
    ],
    ['its job', drawing({}, { timeout: '4s' })],
    ['its job, shorter than its component', drawing({ timeout: '1h' }, { timeout: '4s' })],
    ['its component, shorter than its job', drawing({ timeout: '4s' }, { timeout: '1h' })],
    ['its completion', drawing({ completion: { type: 'callback', timeout: '4s' } })],
    ['its completion, shorter than its job', drawing({ completion: { timeout: '4s' } }, { timeout: '1h' })],
    ['its job, shorter than its completion', drawing({ completion: { timeout: '1h' } }, { timeout: '4s' })],
    ['its endpoint', { ...drawing(), listener }],
  ])('is waited for as long as %s says', async (_, config) => {
    const { hooks, clock, told } = await flows.open(config)
    const output = hooks.run()
    await told('draw', 'waiting')
    clock.advance(3999)
    expect(hooks.stats()).toMatchObject({ waiting: 1, expired: 0 })
    clock.advance(17)
    await expect(output).rejects.toMatchObject({
      code: 'ERR_WAIT_TIMEOUT',
      message: expect.stringMatching(
        /^Job "draw" failed: No callback for ".+" came to POST \/done within 4000 ms\. No request has ever reached this middleware: /,
      ),
    })
    expect(hooks.stats()).toMatchObject({ waiting: 0, expired: 1 })
    expect(clock.timers).toBe(0)
  })

  test('is waited for longer than its endpoint says when the job says so', async () => {
    const config = { ...drawing({}, { timeout: '1h' }), listener }
    const { hooks, clock, told, callback } = await flows.open(config)
    const output = hooks.run()
    const { ids = [] } = await told('draw', 'waiting')
    clock.advance(1800 * second)
    await callback({ id: ids[0], status: 'ok', value: 1 })
    await expect(output).resolves.toBe(1)
  })

  test('and comes after the timeout all the same is parked, and resumes nothing', async () => {
    const { hooks, clock, told, callback, jobs } = await flows.open(drawing({ timeout: '4s' }))
    const output = hooks.run()
    const { ids = [] } = await told('draw', 'waiting')
    clock.advance(4016)
    await expect(output).rejects.toMatchObject({ code: 'ERR_WAIT_TIMEOUT' })
    const count = jobs.length
    expect(await callback({ id: ids[0], status: 'ok', value: 1 })).toBe(200)
    expect(hooks.stats()).toMatchObject({ waiting: 0, parked: 1, settled: 0 })
    expect(jobs.length).toBe(count)
  })

  test('request and wait together are bounded: what the request takes is not given again', async () => {
    const { hooks, clock, told, service } = await flows.open(drawing({ timeout: '4s' }), async (_, flow) => {
      flow.clock.advance(3000)
      return {}
    })
    const output = hooks.run()
    await service.received()
    await told('draw', 'waiting')
    clock.advance(1016)
    await expect(output).rejects.toMatchObject({ code: 'ERR_WAIT_TIMEOUT' })
  })

  test('of a service that does not even answer ends with the request', async () => {
    const { hooks, clock, service } = await flows.open(drawing({ timeout: '4s' }), () => new Promise(() => undefined))
    const output = hooks.run()
    await service.received()
    clock.advance(4000)
    await expect(output).rejects.toMatchObject({ code: 'ERR_HTTP_TIMEOUT' })
    expect(hooks.stats().waiting).toBe(0)
    expect(clock.timers).toBe(0)
  })
})

describe('a request that fails', () => {
  test.each([400, 401, 404, 500, 503])('with status %i frees the wait', async (status) => {
    const { hooks } = await flows.open(drawing(), () => ({ status, body: { error: 'no' } }))
    await expect(hooks.run()).rejects.toMatchObject({ code: 'ERR_HTTP_STATUS', status, body: { error: 'no' } })
    expect(hooks.stats().waiting).toBe(0)
  })

  test('with a status fails the job, though the callback has come', async () => {
    const { hooks } = await flows.open(drawing(), async (request, { callback }) => {
      await callback({ id: idOf(request), status: 'ok', value: 1 })
      return { status: 500 }
    })
    await expect(hooks.run()).rejects.toMatchObject({ code: 'ERR_HTTP_STATUS', status: 500 })
  })

  test('since the connection breaks after the callback came has succeeded', async () => {
    const { hooks } = await flows.open(drawing(), async (request, { callback }) => {
      await callback({ id: idOf(request), status: 'ok', value: 1 })
      request.response.destroy()
    })
    await expect(hooks.run()).resolves.toBe(1)
    expect(hooks.stats()).toMatchObject({ waiting: 0, settled: 1 })
  })

  test('since the connection breaks after the callback came fails as the callback says', async () => {
    const { hooks } = await flows.open(drawing(), async (request, { callback }) => {
      await callback({ id: idOf(request), status: 'bad' })
      request.response.destroy()
    })
    await expect(hooks.run()).rejects.toMatchObject({ code: 'ERR_CALLBACK_FAILED', status: 'bad' })
  })

  test('since the connection breaks before any callback frees the wait', async () => {
    const { hooks } = await flows.open(drawing(), ({ response }) => void response.destroy())
    await expect(hooks.run()).rejects.toMatchObject({ code: 'ERR_HTTP_NETWORK' })
    expect(hooks.stats().waiting).toBe(0)
  })

  test('since its answer never comes has succeeded when the callback came', async () => {
    const { hooks, clock, service } = await flows.open(drawing(), async (request, { callback }) => {
      await callback({ id: idOf(request), status: 'ok', value: 1 })
      await new Promise(() => undefined)
    })
    const output = hooks.run()
    await service.received()
    await until(() => hooks.stats().settled === 1, 'the callback came')
    clock.advance(30_000)
    await expect(output).resolves.toBe(1)
  })
})
