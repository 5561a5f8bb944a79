import { describe, expect, test } from '@jest/globals'
import { CallbackError, type ErrorCode } from '../../lib/base/errors'
import { createFakeDriver, REFUSED, setUp, turns } from './fake-tunnels'

const config = { gateway: { driver: 'mine', port: 8090 } }

function setUpOne() {
  const mine = createFakeDriver()
  const setup = setUp(config, { mine: mine.driver })
  const advance = async (ms: number): Promise<void> => {
    setup.clock.advance(ms)
    await turns()
  }
  const warnings = () => setup.log.filter(({ level }) => level === 'warn').map(({ message }) => message)
  return { mine, ...setup, advance, warnings }
}

async function openOne(publicUrl = 'https://one.example', over: object = {}) {
  const setup = setUpOne()
  const opening = setup.gateways.open()
  setup.mine.last.open(publicUrl, over)
  await opening
  await turns()
  return setup
}

const errorOf = (code: ErrorCode) => new CallbackError(code, { message: 'no luck' })

describe('the first opening', () => {
  test('is tried five times, each after twice the time, and then given up', async () => {
    const { mine, gateways, advance, clock, states, warnings } = setUpOne()
    const opening = expect(gateways.open()).rejects.toMatchObject({
      code: 'ERR_GATEWAY_NETWORK',
      at: 'gateway',
      message: 'The gateway of port 8090 could not be opened by the driver "mine": no luck',
    })
    for (const [index, delayMs] of [1000, 2000, 4000, 8000].entries()) {
      mine.last.fail(errorOf('ERR_GATEWAY_NETWORK'))
      await turns()
      await advance(delayMs - 1)
      expect(mine.attempts).toHaveLength(index + 1)
      await advance(1)
      expect(mine.attempts).toHaveLength(index + 2)
    }
    mine.last.fail(errorOf('ERR_GATEWAY_NETWORK'))
    await opening
    expect(clock.timers).toBe(0)
    expect(states().at(-1)).toBe('8090 failed')
    expect(warnings()).toEqual(
      ['1.0', '2.0', '4.0', '8.0'].map(
        (seconds) =>
          `The gateway of port 8090 could not be opened by the driver "mine": no luck; trying again in ${seconds} s`,
      ),
    )
  })

  test('tells what went wrong last while it is tried again', async () => {
    const { mine, gateways } = setUpOne()
    const opening = gateways.open()
    mine.last.fail(new Error('no network'))
    await turns()
    expect(gateways.statuses.get(8090)).toMatchObject({
      state: 'starting',
      error: { code: 'ERR_GATEWAY_NOT_READY', message: expect.stringContaining('no network') },
    })
    const closing = gateways.close()
    await expect(opening).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    await closing
  })

  test('waits ten times longer when the provider limits the rate', async () => {
    const { mine, gateways, advance } = setUpOne()
    const opening = gateways.open()
    mine.last.fail(errorOf('ERR_GATEWAY_RATE_LIMITED'))
    await turns()
    await advance(9999)
    expect(mine.attempts).toHaveLength(1)
    await advance(1)
    mine.last.open()
    await opening
    expect(gateways.publicUrlOf(8090)).toBe('https://one.example')
  })

  test('opened later than anybody waits, is there for the next who asks', async () => {
    const { mine, gateways, advance } = setUpOne()
    const late = expect(gateways.ready([8090])).rejects.toMatchObject({
      code: 'ERR_GATEWAY_NOT_READY',
      message: 'The gateway of port 8090 has no public URL after 30 s; it goes on trying',
    })
    await advance(30_000)
    await late
    mine.last.open()
    await turns()
    await gateways.ready([8090])
    expect(mine.attempts).toHaveLength(1)
  })
})

describe('a tunnel that ends by itself', () => {
  test.each([
    ['with a reason', (setup: ReturnType<typeof setUpOne>) => setup.mine.last.end(new Error('exit 1')), 'exit 1'],
    ['without', (setup: ReturnType<typeof setUpOne>) => setup.mine.last.end(), 'it ended by itself'],
    ['by a rejection', (setup: ReturnType<typeof setUpOne>) => setup.mine.last.breakOff(new Error('gone')), 'gone'],
  ])('%s is opened again, and nobody gets its old URL meanwhile', async (_, end, reason) => {
    const setup = await openOne()
    const { mine, gateways, advance, warnings, states } = setup
    end(setup)
    await turns()
    expect(warnings()).toEqual([`The gateway of port 8090 lost its tunnel: ${reason}; trying again in 1.0 s`])
    expect(gateways.statuses.get(8090)).toMatchObject({ state: 'restarting', publicUrl: undefined })
    expect(() => gateways.publicUrlOf(8090)).toThrow(
      expect.objectContaining({
        code: 'ERR_GATEWAY_NOT_READY',
        message: 'The gateway of port 8090 connects again, and its new public URL is not known yet; wait for open()',
      }),
    )
    const waiting = gateways.ready([8090])
    await advance(1000)
    expect(mine.last.request.previousUrl).toBe('https://one.example')
    mine.last.open('https://two.example')
    await waiting
    expect(gateways.publicUrlOf(8090)).toBe('https://two.example')
    expect(states()).toEqual(['8090 starting', '8090 ready', '8090 restarting', '8090 ready'])
  })

  test('after two good minutes is opened again at once', async () => {
    const { mine, advance, warnings } = await openOne()
    await advance(120_000)
    mine.last.end()
    await turns()
    expect(mine.attempts).toHaveLength(2)
    expect(warnings()).toEqual(['The gateway of port 8090 lost its tunnel: it ended by itself; it is opened again'])
  })

  test('again and again is left alone for longer and longer', async () => {
    const { mine, advance } = await openOne()
    for (const [index, delayMs] of [1000, 2000, 4000].entries()) {
      mine.last.end()
      await turns()
      await advance(delayMs - 1)
      expect(mine.attempts).toHaveLength(index + 1)
      await advance(1)
      mine.last.open()
      await turns()
    }
  })

  test('is tried for ever', async () => {
    const { mine, gateways, advance, stateOf } = await openOne()
    mine.last.end()
    await turns()
    for (let time = 0; time < 50; time += 1) {
      await advance(60_000)
      mine.last.fail(errorOf('ERR_GATEWAY_NETWORK'))
      await turns()
    }
    expect(stateOf(8090)).toBe('restarting')
    await advance(60_000)
    mine.last.open('https://two.example')
    await turns()
    expect(gateways.publicUrlOf(8090)).toBe('https://two.example')
  })

  test.each(['ERR_GATEWAY_AUTH', 'ERR_GATEWAY_HOST_KEY', 'ERR_GATEWAY_PROGRAM'] as const)(
    'is given up after %s, which is logged since nobody awaits it',
    async (code) => {
      const { mine, gateways, advance, stateOf, log, clock } = await openOne()
      mine.last.end()
      await turns()
      await advance(1000)
      mine.last.fail(errorOf(code))
      await turns()
      expect(stateOf(8090)).toBe('failed')
      expect(clock.timers).toBe(0)
      expect(log.at(-1)).toMatchObject({
        level: 'error',
        message: 'The gateway of port 8090 could not be opened by the driver "mine": no luck',
        details: { err: expect.objectContaining({ code }) },
      })
      expect(() => gateways.publicUrlOf(8090)).toThrow(expect.objectContaining({ code }))
      const again = gateways.ready([8090])
      mine.last.open('https://three.example')
      await again
      expect(gateways.publicUrlOf(8090)).toBe('https://three.example')
    },
  )

  test.each(['ERR_GATEWAY_AUTH', 'ERR_GATEWAY_HOST_KEY', 'ERR_GATEWAY_PROGRAM'] as const)(
    'because of %s is not opened again, and that is logged',
    async (code) => {
      const { mine, stateOf, log, clock } = await openOne()
      mine.last.end(errorOf(code))
      await turns()
      expect([stateOf(8090), mine.attempts.length, clock.timers]).toEqual(['failed', 1, 0])
      expect(log.at(-1)).toMatchObject({
        level: 'error',
        message: 'The gateway of port 8090 lost its tunnel: no luck',
        details: { err: expect.objectContaining({ code }) },
      })
    },
  )

  test('goes on when it cannot work as configured for a while, such as when a file is away', async () => {
    const { mine, advance, stateOf } = await openOne()
    mine.last.end()
    await turns()
    await advance(1000)
    mine.last.fail(errorOf('ERR_GATEWAY_OPTIONS'))
    await turns()
    expect(stateOf(8090)).toBe('restarting')
    await advance(2000)
    mine.last.open()
    await turns()
    expect(stateOf(8090)).toBe('ready')
  })

  test('is not given out any more while it closes, and one that does not close is left behind', async () => {
    const never = new Promise<never>(() => undefined)
    const { mine, gateways, advance, stateOf, log } = await openOne('https://dead.example', {
      check: async () => 'gone',
      close: () => never,
    })
    await advance(10_000)
    expect(stateOf(8090)).toBe('restarting')
    expect(() => gateways.publicUrlOf(8090)).toThrow(expect.objectContaining({ code: 'ERR_GATEWAY_NOT_READY' }))
    expect(mine.attempts).toHaveLength(1)
    await advance(12_000)
    expect(log).toContainEqual({
      level: 'error',
      message: 'A tunnel of port 8090 did not close within 12 s; it is left behind',
      details: { port: 8090 },
    })
    await advance(1000)
    mine.last.open('https://two.example')
    await turns()
    expect(gateways.publicUrlOf(8090)).toBe('https://two.example')
  })

  test('keeps its URL while it comes back, when another would have the same', async () => {
    const { mine, gateways, advance, log, goneUrls } = await openOne('https://fixed.example', {
      isStable: true,
      publicAddress: 'ssh.example:9000',
    })
    mine.last.end()
    await turns()
    expect(gateways.statuses.get(8090)).toMatchObject({
      state: 'restarting',
      publicUrl: 'https://fixed.example',
      publicAddress: 'ssh.example:9000',
    })
    await gateways.ready([8090])
    expect(gateways.publicUrlOf(8090)).toBe('https://fixed.example')
    await advance(1000)
    mine.last.open('https://fixed.example')
    await turns()
    expect(log.at(-1)?.message).toBe('[Gateway] Connected again: https://fixed.example')
    expect(goneUrls).toEqual([])
    expect(gateways.statuses.get(8090)).toMatchObject({ state: 'ready', previousUrl: undefined, error: undefined })
  })

  test('before it was handed over counts as lost', async () => {
    const { mine, gateways, stateOf } = setUpOne()
    const opening = gateways.open()
    mine.last.end(new Error('exit 1'))
    mine.last.open()
    await opening
    await turns()
    expect(stateOf(8090)).toBe('restarting')
  })
})

describe('another public URL', () => {
  test('is logged, and told with the one before, which is told to be gone', async () => {
    const { mine, gateways, advance, log, events, goneUrls } = await openOne()
    mine.last.end()
    await turns()
    await advance(1000)
    mine.last.open('https://two.example')
    await turns()
    expect(goneUrls).toEqual(['8090 https://one.example'])
    expect(events.at(-1)).toMatchObject({
      state: 'ready',
      publicUrl: 'https://two.example',
      previousUrl: 'https://one.example',
    })
    expect(log.filter(({ level }) => level === 'info').map(({ message }) => message)).toEqual([
      '[Gateway] Opening a tunnel to port 8090 by mine',
      '[Gateway] Public URL: https://one.example',
      '[Gateway] Public URL: https://two.example',
    ])
    await gateways.close()
  })

  test('of a tunnel that stays open is published too, once', async () => {
    const { mine, gateways, goneUrls, states } = await openOne()
    mine.last.request.onPublicUrl('https://two.example/')
    mine.last.request.onPublicUrl('https://two.example')
    await turns()
    expect(gateways.publicUrlOf(8090)).toBe('https://two.example')
    expect(goneUrls).toEqual(['8090 https://one.example'])
    expect(states()).toEqual(['8090 starting', '8090 ready', '8090 ready'])
  })

  test('of a tunnel that is down leaves it degraded', async () => {
    const { mine, gateways, advance, stateOf, goneUrls } = await openOne('https://one.example', {
      check: async () => 'down',
    })
    await advance(10_000)
    mine.last.request.onPublicUrl('https://two.example')
    expect([stateOf(8090), gateways.publicUrlOf(8090)]).toEqual(['degraded', 'https://two.example'])
    expect(goneUrls).toEqual(['8090 https://one.example'])
  })

  test('of a tunnel that is over is not believed once there is another', async () => {
    const { mine, gateways, advance } = await openOne()
    const { onPublicUrl } = mine.last.request
    mine.last.end()
    await turns()
    await advance(1000)
    mine.last.open('https://two.example')
    await turns()
    onPublicUrl('https://dead.example')
    expect(gateways.publicUrlOf(8090)).toBe('https://two.example')
  })

  test('of an attempt that failed is not believed', async () => {
    const { mine, gateways, advance, goneUrls } = setUpOne()
    const opening = gateways.open()
    const { onPublicUrl } = mine.last.request
    mine.last.fail(errorOf('ERR_GATEWAY_TIMEOUT'))
    await turns()
    await advance(1000)
    onPublicUrl('https://early.example')
    mine.last.open()
    await opening
    onPublicUrl('https://late.example')
    expect([gateways.publicUrlOf(8090), goneUrls]).toEqual(['https://one.example', []])
    mine.last.request.onPublicUrl('https://two.example')
    expect(gateways.publicUrlOf(8090)).toBe('https://two.example')
  })

  test('that is none is not believed', async () => {
    const { mine, gateways, warnings } = await openOne()
    mine.last.request.onPublicUrl('two.example')
    expect(gateways.publicUrlOf(8090)).toBe('https://one.example')
    expect(warnings()).toEqual([expect.stringContaining('it gave the public URL "two.example"; expected an http://')])
  })

  test('of a tunnel that has ended is not believed', async () => {
    const { mine, gateways } = await openOne()
    const { onPublicUrl } = mine.last.request
    mine.last.end()
    await turns()
    onPublicUrl('https://two.example')
    expect(() => gateways.publicUrlOf(8090)).toThrow(expect.objectContaining({ code: 'ERR_GATEWAY_NOT_READY' }))
  })
})

describe('a port where nothing listens', () => {
  test('is warned of, once for each opening', async () => {
    const mine = createFakeDriver()
    const { gateways, log, emitter } = setUp(config, { mine: mine.driver }, false)
    const warned: unknown[] = []
    emitter.on('warning', (warning) => void warned.push(warning))
    const opening = gateways.open()
    mine.last.open()
    await opening
    await turns()
    const message =
      'Nothing listens on 127.0.0.1:9090, where the gateway of port 8090 leads; until something does, callbacks are lost ' +
      '(in an app, open the gateways once it listens: app.listen(port, () => hooks.open()))'
    expect(log).toContainEqual({ level: 'warn', message, details: { at: 'gateway', port: 8090 } })
    expect(warned).toEqual([{ code: 'ERR_GATEWAY_PORT', at: 'gateway', message }])
    await gateways.close()
  })
})

test('nobody is warned of a port that was closed with its gateway', async () => {
  const { gateways, log } = setUp(config, { mine: createFakeDriver().driver }, false)
  const opening = expect(gateways.open()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  await gateways.close()
  await opening
  await turns()
  expect(log.filter(({ level }) => level === 'warn')).toEqual([])
})

test('a failure is told to all who wait, and to none who came later and succeed', async () => {
  const { mine, gateways } = setUpOne()
  const first = gateways.open()
  mine.last.fail(REFUSED)
  await expect(first).rejects.toMatchObject({ code: 'ERR_GATEWAY_AUTH' })
  const second = gateways.open()
  mine.last.open()
  await second
})
