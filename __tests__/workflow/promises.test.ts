import { describe, expect, test } from '@jest/globals'
import { CallbackError, type Tunnel, type TunnelDriver } from '../../lib'
import type { ServiceAnswer } from '../helpers/fake-service'
import { DONE, drawing, idOf, useFlows } from './use-flows'

const flows = useFlows()

describe('a callback that came before the answer', () => {
  test('settles the id of the service too, which only the answer tells: a repeat under it starts nothing', async () => {
    const config = drawing({ body: { id: '${context.run_id}', url: '${input.url}' } })
    const { hooks, service, callback } = await flows.open(config, async (request, flow) => {
      await flow.callback({ id: idOf(request), status: 'ok', value: 'early' })
      return { body: { id: 'svc-1' } }
    })
    await expect(hooks.run({ url: 'http://localhost:8090/done' })).resolves.toBe('early')
    expect(await callback({ id: 'svc-1', status: 'ok', value: 'again' })).toBe(200)
    expect(hooks.stats()).toMatchObject({ started: 0, duplicate: 1, parked: 0 })
    expect(service.requests).toHaveLength(1)
  })
})

describe('an endpoint whose URL comes with the input', () => {
  const config = drawing({ body: { id: 'other', url: '${input.url}' } })

  test('is an event source until a request has told a service to call it', async () => {
    const { hooks, told, callback } = await flows.open(config)
    const output = hooks.run({ url: 'http://localhost:8090/done' })
    const { ids = [] } = await told('draw', 'waiting')
    expect(await callback({ id: 'nobody', status: 'ok', value: 1 })).toBe(200)
    expect(hooks.stats()).toMatchObject({ started: 0, parked: 1 })
    await callback({ id: ids[0], status: 'ok', value: 2 })
    await expect(output).resolves.toBe(2)
  })

  test('stays one when it names its workflow', async () => {
    const named = { ...config, listener: { ...DONE, workflow: 'paint', input: { prompt: 'from an event' } } }
    const { hooks, service, told, callback } = await flows.open(named)
    const output = hooks.run({ url: 'http://localhost:8090/done' })
    const { ids = [] } = await told('draw', 'waiting')
    await callback({ id: 'nobody', status: 'ok', value: 1 })
    expect(hooks.stats()).toMatchObject({ started: 1, parked: 0 })
    await service.received(2)
    await callback({ id: ids[0], status: 'ok', value: 2 })
    await expect(output).resolves.toBe(2)
  })
})

test('a ticket ends the wait although wait_for names another id', async () => {
  const body = { url: '${callback.url}' }
  const config = drawing({ body, completion: { wait_for: 'named' } })
  const { hooks, service, told, callback } = await flows.open(config)
  const output = hooks.run()
  await told('draw', 'waiting')
  const { url } = (await service.received()).body as { readonly url: string }
  const { pathname, search } = new URL(url)
  expect(await callback({ status: 'ok', value: 'by ticket' }, pathname + search)).toBe(200)
  await expect(output).resolves.toBe('by ticket')
})

test('a URL elsewhere that only looks like a callback is not waited for, and said once', async () => {
  const config = drawing({ body: { redirect: 'https://shop.example/oauth/done' } })
  const { hooks, log } = await flows.open(config, () => ({ body: 'at once' }))
  await expect(hooks.run()).resolves.toBe('at once')
  await expect(hooks.run()).resolves.toBe('at once')
  expect(log.filter(({ level }) => level === 'warn').map(({ message }) => message)).toEqual([
    'https://shop.example/oauth/done looks like a URL of POST /done, but is not waited for: ' +
      'say where the callbacks are mounted (options.mountPath), or their public_url',
  ])
})

test('a limit of more than 24.8 days, which no timer of Node takes, is kept', async () => {
  const { hooks, clock, told, delays } = await flows.open(drawing())
  const output = hooks.run({}, { timeout: '30d' })
  await told('draw', 'waiting')
  expect(delays()).toContain(2 ** 31 - 1)
  const task = await hooks.submit({}, { timeout: '1d' })
  await told('draw', 'waiting', 2)
  clock.advance(23 * 3_600_000)
  expect(task.status).toBe('running')
  await task.cancel()
  await hooks.close()
  await expect(output).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  await expect(task.result()).rejects.toMatchObject({ code: 'ERR_CANCELLED' })
})

describe('while callbacks drain', () => {
  const config = {
    ...drawing(),
    listener: undefined,
    listeners: [DONE, { type: 'http-trigger', path: '/start' }],
  } as const

  test('nothing new is started, by run, by a trigger or by an event, and what runs goes on', async () => {
    const { hooks, told, callback } = await flows.open(config)
    const output = hooks.run()
    const { ids = [] } = await told('draw', 'waiting')
    const closing = hooks.close({ drain: '1h' })
    await expect(hooks.run()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    await expect(hooks.submit()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    expect(await callback({}, '/start')).toBe(503)
    expect(await callback({ id: ids[0], status: 'ok', value: 'in time' })).toBe(200)
    await expect(output).resolves.toBe('in time')
    await closing
    expect(hooks.stats().tasks).toEqual({ running: 0, succeeded: 1, failed: 0, cancelled: 0 })
  })
})

describe('tunnels that misbehave', () => {
  const gateway = { driver: 'odd', port: 8090 } as const
  const never = new Promise<never>(() => undefined)
  const tunnel: Tunnel = { publicUrl: 'https://odd.example', closed: never, close: () => never }

  test.each<[string, TunnelDriver, string]>([
    [
      'never opens, whatever its signal says',
      () => never,
      'A gateway did not close within 15000 ms; it is left behind',
    ],
    ['never closes', async () => tunnel, 'A tunnel of port 8090 did not close within 12 s; it is left behind'],
  ])('one that %s does not keep waits from ending', async (_, driver, message) => {
    const { hooks, clock, log } = await flows.open({ ...drawing(), gateway }, undefined, { tunnels: { odd: driver } })
    const wait = hooks.wait('a')
    const opening = hooks.open().catch((error: unknown) => error)
    await new Promise((resolve) => setImmediate(resolve))
    const closing = hooks.close()
    await new Promise((resolve) => setImmediate(resolve))
    clock.advance(15_000)
    await closing
    await expect(wait).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    expect(log.map((line) => line.message)).toContain(message)
    void opening
  })
})

test('the gateways that the output of a workflow reads are open before its first job', async () => {
  const order: string[] = []
  const driver: TunnelDriver = async () => {
    order.push('open')
    return {
      publicUrl: 'https://mine.example',
      closed: new Promise(() => undefined),
      close: async () => undefined,
    }
  }
  const config = {
    ...drawing({ completion: 'none' }),
    gateway: { driver: 'mine', port: 8090 },
    workflow: { jobs: [{ id: 'draw' }], output: '${gateway:8090.public_url}' },
  } as const
  const answer = (): ServiceAnswer => {
    order.push('request')
    return { body: 'done' }
  }
  const { hooks } = await flows.open(config, answer, { tunnels: { mine: driver } })
  await expect(hooks.run()).resolves.toBe('https://mine.example')
  expect(order).toEqual(['open', 'request'])
})

test('requests start no more than ten thousand tasks at a time', async () => {
  const config = {
    listeners: [DONE, { type: 'http-trigger', path: '/start', bulk: true }],
    workflow: { jobs: [{ wait_for: { id: '${input}', path: '/done' } }] },
  } as const
  const { hooks, callback } = await flows.open(config)
  const items = Array.from({ length: 10_001 }, (_, index) => `id-${index}`)
  const rejected: unknown[] = []
  hooks.on('rejected', ({ error }) => rejected.push(error))
  expect(await callback(items, '/start')).toBe(503)
  expect(hooks.stats().tasks.running).toBe(10_000)
  const [error] = rejected
  expect(error instanceof CallbackError && error.code).toBe('ERR_TASKS_FULL')
  await hooks.close()
})

test('a wait that had only pending callbacks says what the last one said', async () => {
  const { hooks, told, callback, clock } = await flows.open(drawing({ timeout: '5s' }))
  const output = hooks.run()
  const { ids = [] } = await told('draw', 'waiting')
  await callback({ id: ids[0], status: 'okay' })
  clock.advance(6000)
  await expect(output).rejects.toMatchObject({
    code: 'ERR_WAIT_TIMEOUT',
    message: expect.stringMatching(
      /^Job "draw" failed: No final callback .* the last one had the status "okay", which/,
    ),
  })
})

test('a secret of the environment stands in no message, wherever the request has it', async () => {
  const config = drawing({ path: '/bot${env.BOT_TOKEN}/send', body: { client_secret: '${env.CLIENT_SECRET}' } })
  const env = { BOT_TOKEN: '123456:AAtoken', CLIENT_SECRET: 'sup3rs3cret', MODE: 'visible' }
  const answer = ({ body }: { readonly body: unknown }): ServiceAnswer => ({
    status: 400,
    body: { got: body, mode: 'visible' },
  })
  const { hooks } = await flows.open(config, answer, { env })
  const error: unknown = await hooks.run().catch((reason: unknown) => reason)
  expect(String(error)).toContain('/bot[redacted]/send answered 400 Bad Request')
  expect(String(error)).toContain('"mode":"visible"')
  expect(JSON.stringify([String(error), Object(error).body])).not.toMatch(/AAtoken|sup3rs3cret/)
})
