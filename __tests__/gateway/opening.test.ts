import { describe, expect, test } from '@jest/globals'
import { CallbackError } from '../../lib/base/errors'
import type { TunnelDriver } from '../../lib/base/contracts'
import { createFakeDriver, type FakeAttempt, REFUSED, setUp } from './fake-tunnels'

const config = { gateway: { driver: 'mine', port: 8090 } }
const refused = expect.objectContaining({ code: 'ERR_GATEWAY_AUTH' })

function setUpOne(heedsSignal = true) {
  const mine = createFakeDriver(heedsSignal)
  return { mine, ...setUp(config, { mine: mine.driver }) }
}

describe('a gateway with a driver of the app', () => {
  test('is idle until somebody needs it', () => {
    const { mine, gateways, stateOf } = setUpOne()
    expect(stateOf(8090)).toBe('idle')
    expect(mine.attempts).toHaveLength(0)
    expect(() => gateways.publicUrlOf(8090)).toThrow(
      expect.objectContaining({
        code: 'ERR_GATEWAY_NOT_READY',
        at: 'gateway',
        message: 'The gateway of port 8090 is not open yet; call open() first',
      }),
    )
  })

  test('is starting while the driver works, and then ready', async () => {
    const { mine, gateways, stateOf, log, events } = setUpOne()
    const opening = gateways.open()
    expect(stateOf(8090)).toBe('starting')
    expect(() => gateways.publicUrlOf(8090)).toThrow(
      expect.objectContaining({
        code: 'ERR_GATEWAY_NOT_READY',
        message: 'The gateway of port 8090 is still starting; wait for open()',
      }),
    )
    mine.last.open('https://one.example/')
    await opening
    expect(gateways.publicUrlOf(8090)).toBe('https://one.example')
    const details = { port: 8090, driver: 'mine' }
    expect(log).toEqual([
      { level: 'info', message: '[Gateway] Opening a tunnel to port 8090 by mine', details },
      { level: 'info', message: '[Gateway] Public URL: https://one.example', details },
    ])
    const common = { port: 8090, driver: 'mine', previousUrl: undefined, error: undefined }
    expect(events).toEqual([
      { ...common, state: 'starting', publicUrl: undefined, publicAddress: undefined },
      { ...common, state: 'ready', publicUrl: 'https://one.example', publicAddress: 'one.example' },
    ])
  })

  test('is asked for the port that is really listened on, with the other keys of the config', async () => {
    const mine = createFakeDriver()
    const { gateways } = setUp(
      {
        gateway: {
          driver: 'mine',
          port: 8090,
          host: 'app',
          authtoken: 't0ken',
          command: ['a', '{port}'],
          settle: '2s',
        },
      },
      { mine: mine.driver },
    )
    const opening = gateways.open()
    mine.last.open()
    await opening
    const { signal, logger, clock, onPublicUrl, ...request } = mine.last.request
    expect(request).toEqual({
      port: 9090,
      host: 'app',
      env: { PATH: '/bin' },
      previousUrl: undefined,
      options: {
        runtime: 'native',
        install: false,
        trustForwarded: false,
        authtoken: 't0ken',
        command: ['a', '{port}'],
        settleMs: 2000,
      },
    })
    expect(Object.isFrozen(request.options)).toBe(true)
    expect(signal.aborted).toBe(false)
    expect([typeof logger.info, typeof clock.now, typeof onPublicUrl]).toEqual(['function', 'function', 'function'])
  })

  test('is opened once for all who ask at the same time, and not again when it is open', async () => {
    const { mine, gateways, log } = setUpOne()
    const asking = Promise.all([gateways.open(), gateways.ready([8090]), gateways.ready([8090, 8090]), gateways.open()])
    mine.last.open()
    await asking
    await gateways.open()
    await gateways.ready(new Set([8090]))
    expect(mine.attempts).toHaveLength(1)
    expect(log).toHaveLength(2)
  })

  test('may be opened and closed by who listens to its events', async () => {
    const { mine, gateways, emitter, states } = setUpOne()
    emitter.on('gateway', ({ state }) => {
      if (state === 'starting') void gateways.open().catch(() => undefined)
      if (state === 'ready') void gateways.close()
    })
    const opening = gateways.open()
    mine.last.open()
    await opening
    await gateways.close()
    expect(mine.attempts).toHaveLength(1)
    expect(mine.last.closes).toBe(1)
    expect(states()).toEqual(['8090 starting', '8090 ready', '8090 closed'])
  })
})

describe('is not tried again when', () => {
  interface Row {
    readonly name: string
    readonly act: (attempt: FakeAttempt) => void
    readonly message: string
    readonly closes?: number
    readonly code?: string
  }
  const url = 'expected an http:// or https:// URL without user, query and fragment'
  const prefix = 'The gateway of port 8090 could not be opened by the driver "mine": '
  const noTunnel = 'it gave no tunnel; expected an object with publicUrl, closed and close()'
  const rows: readonly Row[] = [
    { name: 'the driver is refused', act: (it) => it.fail(REFUSED), message: 'no such user', code: 'ERR_GATEWAY_AUTH' },
    {
      name: 'its URL is none',
      act: (it) => it.open('one.example'),
      message: `it gave the public URL "one.example"; ${url}`,
      closes: 1,
    },
    {
      name: 'its URL is no text',
      act: (it) => it.open('', { publicUrl: undefined }),
      message: `it gave the public URL nothing; ${url}`,
      closes: 1,
    },
    {
      name: 'its URL holds secrets, which are not shown',
      act: (it) => it.open('https://me:pa55@one.example/x?token=t0ken'),
      message: `it gave the public URL "https://…@one.example/x?…"; ${url}`,
      closes: 1,
    },
    { name: 'the tunnel cannot be closed', act: (it) => it.open('', { close: 1 }), message: noTunnel },
    { name: 'the tunnel never says that it ended', act: (it) => it.open('', { closed: true }), message: noTunnel },
  ]

  test.each(rows)('$name', async ({ act, message, closes = 0, code = 'ERR_GATEWAY_OPTIONS' }) => {
    const { mine, gateways, events, states } = setUpOne()
    const opening = gateways.open()
    act(mine.last)
    const full = { code, at: 'gateway', message: prefix + message }
    await expect(opening).rejects.toMatchObject(full)
    expect(states()).toEqual(['8090 starting', '8090 failed'])
    expect(events.at(-1)).toEqual({
      port: 8090,
      driver: 'mine',
      state: 'failed',
      publicUrl: undefined,
      publicAddress: undefined,
      previousUrl: undefined,
      error: expect.objectContaining(full),
    })
    expect(() => gateways.publicUrlOf(8090)).toThrow(expect.objectContaining(full))
    expect(mine.last.closes).toBe(closes)
  })

  test('the driver throws at once', async () => {
    const cause = new CallbackError('ERR_GATEWAY_PROGRAM', { message: 'not like this' })
    const driver: TunnelDriver = () => {
      throw cause
    }
    const { gateways, stateOf } = setUp(config, { mine: driver })
    await expect(gateways.ready([8090])).rejects.toMatchObject({ code: 'ERR_GATEWAY_PROGRAM', cause })
    expect(stateOf(8090)).toBe('failed')
  })

  test.each([
    ['ngrok', { driver: 'ngrok', port: 8090 }],
    ['constructor', { driver: 'constructor', port: 8090 }],
    ['ssh', { port: 8090, connection: { host: 'h' } }],
  ] as const)('nobody opens tunnels of %s', async (driver, gateway) => {
    const { gateways, stateOf } = setUp({ gateway }, { mine: createFakeDriver().driver })
    expect(stateOf(8090)).toBe('idle')
    const error = {
      code: 'ERR_GATEWAY_OPTIONS',
      at: 'gateway',
      message:
        `The gateway of port 8090 could not be opened by the driver "${driver}": ` +
        'there is no such driver; there are mine, and you can bring your own in options.tunnels',
    }
    await expect(gateways.open()).rejects.toMatchObject(error)
    expect(stateOf(8090)).toBe('failed')
    await expect(gateways.ready([8090])).rejects.toMatchObject(error)
    expect(() => gateways.publicUrlOf(8090)).toThrow(expect.objectContaining(error))
  })
})

describe('after a failure', () => {
  test('the next who asks begins anew', async () => {
    const { mine, gateways, states, stateOf } = setUpOne()
    const first = Promise.allSettled([gateways.open(), gateways.ready([8090])])
    mine.last.fail(REFUSED)
    expect(await first).toEqual([
      { status: 'rejected', reason: refused },
      { status: 'rejected', reason: refused },
    ])
    const second = gateways.ready([8090])
    expect(stateOf(8090)).toBe('starting')
    mine.last.open()
    await second
    expect(mine.attempts).toHaveLength(2)
    expect(gateways.statuses.get(8090)).toMatchObject({ state: 'ready', error: undefined })
    expect(states()).toEqual(['8090 starting', '8090 failed', '8090 starting', '8090 ready'])
  })

  test('who hears of it may try again at once', async () => {
    const { mine, gateways, emitter } = setUpOne()
    const again: Promise<void>[] = []
    emitter.on('gateway', ({ state }) => {
      if (state === 'failed') again.push(gateways.open())
    })
    const first = gateways.open()
    mine.last.fail(REFUSED)
    await expect(first).rejects.toEqual(refused)
    mine.last.open()
    await Promise.all(again)
    expect(mine.attempts).toHaveLength(2)
    expect(gateways.publicUrlOf(8090)).toBe('https://one.example')
  })
})
