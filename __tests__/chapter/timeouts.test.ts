import { expect, test } from '@jest/globals'
import { describeEditions } from './editions'
import { type Answer, PUBLIC_URLS, useWorlds } from './use-worlds'

/** 13.4: "Set timeouts so async tasks don't wait indefinitely". */
interface Words {
  readonly component: string
  readonly port: number
  readonly urlKey: string
  readonly path: string
  readonly timeoutMs: number
}

const EDITIONS: Readonly<Record<string, Words>> = {
  22: { component: 'service', port: 8090, urlKey: 'callback_url', path: '/callback', timeoutMs: 300_000 },
  'component-timeout': { component: 'printer', port: 7001, urlKey: 'tell', path: '/printed', timeoutMs: 120_000 },
}

const worlds = useWorlds()
const SERVICE = 'https://service.example'
/** A wait is at most so late, in milliseconds. */
const TICK_MS = 16

describeEditions('a component with a timeout', EDITIONS, (config, { component, port, urlKey, path, timeoutMs }) => {
  const called = {
    components: { [component]: { base_url: SERVICE } },
    listener: { port, path, identify_by: '${body.id}', result: '${body.result}' },
    workflow: { jobs: [{ id: 'call', component }] },
  }
  const whole = { ...called, gateway: { type: 'http-tunnel', driver: 'ngrok', port } } as const
  const url = PUBLIC_URLS.ngrok + path

  async function run(answer: Answer = () => ({ status: 202, body: { id: 'task-7' } })) {
    const world = await worlds.open(config(whole), { [SERVICE]: answer })
    const output = world.hooks.run()
    const error = output.catch((reason: unknown) => reason)
    return { ...world, output, error }
  }

  test('waits until a millisecond before it, and then still takes the callback', async () => {
    const { hooks, clock, next, send, service, output } = await run()
    await next('job', ({ status }) => status === 'waiting')
    expect((await service(SERVICE).received()).body).toEqual({ [urlKey]: url })
    clock.advance(timeoutMs - 1)
    expect(hooks.stats()).toMatchObject({ waiting: 1, expired: 0 })
    expect((await send(url, { id: 'task-7', result: 'in time' })).status).toBe(200)
    await expect(output).resolves.toBe('in time')
  })

  test('ends the wait when it has passed; a callback after that is kept and ends no wait', async () => {
    const { hooks, clock, next, send, error } = await run()
    await next('job', ({ status }) => status === 'waiting')
    clock.advance(timeoutMs + TICK_MS)
    expect(hooks.stats()).toMatchObject({ waiting: 0, expired: 1 })
    const reason = await error
    expect(reason).toMatchObject({ code: 'ERR_WAIT_TIMEOUT' })
    expect(String(reason)).toMatch(/Job "call" failed: No callback for ".{36}" or "task-7" came to POST \/\w+ within/)
    expect(String(reason)).toContain(`within ${timeoutMs} ms`)
    expect((await send(url, { id: 'task-7', result: 'late' })).status).toBe(200)
    expect(hooks.stats()).toMatchObject({ parked: 1, settled: 0 })
  })

  test('bounds the request as well', async () => {
    const { hooks, clock, service, error } = await run(() => undefined)
    await service(SERVICE).received()
    clock.advance(timeoutMs)
    await expect(error).resolves.toMatchObject({ code: 'ERR_HTTP_TIMEOUT' })
    expect(hooks.stats().waiting).toBe(0)
  })

  test('counts request and wait together', async () => {
    const { hooks, clock, next, error } = await run((_, world) => {
      world.clock.advance(timeoutMs - 1000)
      return { status: 202, body: { id: 'task-7' } }
    })
    await next('job', ({ status }) => status === 'waiting')
    clock.advance(999)
    expect(hooks.stats().waiting).toBe(1)
    clock.advance(1 + TICK_MS)
    await expect(error).resolves.toMatchObject({ code: 'ERR_WAIT_TIMEOUT' })
  })

  test('says what is missing when the port has no gateway; it is no reason to send half a URL', async () => {
    const { hooks, service } = await worlds.open(config(called), { [SERVICE]: () => ({}) })
    await expect(hooks.run()).rejects.toMatchObject({
      code: 'ERR_GATEWAY_MISSING',
      message: expect.stringContaining(`There is no gateway for port ${port}`),
    })
    expect(service(SERVICE).requests).toEqual([])
  })
})
