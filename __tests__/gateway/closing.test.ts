import { describe, expect, test } from '@jest/globals'
import { createFakeDriver, setUp, turns } from './fake-tunnels'

const config = { gateway: { driver: 'mine', port: 8090 } }
const closed = { code: 'ERR_CLOSED', message: 'The gateways are closed; there is no public URL any more' }

function setUpOne(heedsSignal = true) {
  const mine = createFakeDriver(heedsSignal)
  return { mine, ...setUp(config, { mine: mine.driver }) }
}

async function openOne() {
  const setup = setUpOne()
  const opening = setup.gateways.open()
  setup.mine.last.open()
  await opening
  return setup
}

describe('close()', () => {
  test('before anything was opened opens nothing any more', async () => {
    const { mine, gateways, states } = setUpOne()
    await gateways.close()
    await expect(gateways.open()).rejects.toMatchObject(closed)
    await expect(gateways.ready([8090])).rejects.toMatchObject(closed)
    await expect(gateways.ready([])).rejects.toMatchObject(closed)
    expect(() => gateways.publicUrlOf(8090)).toThrow(expect.objectContaining(closed))
    expect(mine.attempts).toHaveLength(0)
    expect(states()).toEqual(['8090 closed'])
  })

  test('ends an attempt by its signal, and who waits for it learns why', async () => {
    const { mine, gateways, states } = setUpOne()
    const waiting = Promise.allSettled([gateways.open(), gateways.ready([8090])])
    await gateways.close()
    expect(mine.last.request.signal.reason).toMatchObject(closed)
    expect(await waiting).toEqual([
      { status: 'rejected', reason: expect.objectContaining(closed) },
      { status: 'rejected', reason: expect.objectContaining(closed) },
    ])
    expect(states()).toEqual(['8090 starting', '8090 closed'])
  })

  test.each([
    ['opens nevertheless is closed', 'https://one.example', 1],
    ['opens with a bad URL is closed', 'one.example', 1],
  ])('waits for a driver that pays no heed, whose tunnel that %s', async (_, publicUrl, closes) => {
    const { mine, gateways, log, stateOf } = setUpOne(false)
    const opening = gateways.open()
    const refused = expect(opening).rejects.toMatchObject(closed)
    let done = false
    const closing = gateways.close().then(() => (done = true))
    await turns()
    expect([done, stateOf(8090)]).toEqual([false, 'starting'])
    mine.last.open(publicUrl)
    await closing
    await refused
    expect(mine.last.closes).toBe(closes)
    expect(log.map(({ message }) => message)).toEqual(['[Gateway] Opening a tunnel to port 8090 by mine'])
    expect(stateOf(8090)).toBe('closed')
  })

  test('closes an open tunnel once, which counts as no failure', async () => {
    const { mine, gateways, log, states } = await openOne()
    await Promise.all([gateways.close(), gateways.close()])
    await gateways.close()
    await turns()
    expect(mine.last.closes).toBe(1)
    expect(states()).toEqual(['8090 starting', '8090 ready', '8090 closed'])
    expect(log.filter(({ level }) => level === 'warn')).toEqual([])
    expect(gateways.statuses.get(8090)).toMatchObject({ state: 'closed', publicUrl: undefined, error: undefined })
  })

  test('gives out no URL while the tunnel is still closing', async () => {
    const mine = createFakeDriver()
    const { gateways, stateOf } = setUp(config, { mine: mine.driver })
    const opening = gateways.open()
    let finish = (): void => undefined
    mine.last.open('https://one.example', { close: () => new Promise<void>((resolve) => void (finish = resolve)) })
    await opening
    const closing = gateways.close()
    expect(() => gateways.publicUrlOf(8090)).toThrow(expect.objectContaining(closed))
    await turns()
    expect(stateOf(8090)).toBe('ready')
    finish()
    await closing
    expect(stateOf(8090)).toBe('closed')
  })

  test('between two attempts ends the wait; what an ended tunnel holds was given up before', async () => {
    const { mine, gateways, states, clock } = await openOne()
    mine.last.end()
    await turns()
    expect(clock.timers).toBe(1)
    const waiting = expect(gateways.ready([8090])).rejects.toMatchObject(closed)
    await gateways.close()
    await waiting
    expect([clock.timers, mine.attempts.length, mine.last.closes]).toEqual([0, 1, 1])
    expect(states()).toEqual(['8090 starting', '8090 ready', '8090 restarting', '8090 closed'])
  })

  test('a tunnel that cannot be closed is logged, and the others are closed', async () => {
    const mine = createFakeDriver()
    const { gateways, log, states } = setUp({ gateway: { driver: 'mine', port: [8090, 8091] } }, { mine: mine.driver })
    const opening = gateways.open()
    const error = new Error('stuck')
    mine.attempts[0]?.open('https://one.example', { close: () => Promise.reject(error) })
    mine.attempts[1]?.open('https://two.example')
    await opening
    await gateways.close()
    expect(mine.attempts[1]?.closes).toBe(1)
    expect(log.filter(({ level }) => level === 'error')).toEqual([
      {
        level: 'error',
        message: 'A tunnel of port 8090 could not be closed: stuck',
        details: { err: error, port: 8090 },
      },
    ])
    expect(states().slice(-2).sort()).toEqual(['8090 closed', '8091 closed'])
  })

  test('a tunnel that was not wanted may end with an error', async () => {
    const { mine, gateways } = setUpOne()
    const opening = gateways.open()
    mine.last.open('one.example', { close: async () => mine.last.breakOff(new Error('killed')) })
    await expect(opening).rejects.toMatchObject({ code: 'ERR_GATEWAY_OPTIONS' })
    await turns()
    await gateways.close()
  })

  test('ends the wait of who opened it, whatever the driver does', async () => {
    const mine = createFakeDriver(false)
    const { gateways } = setUp(config, { mine: mine.driver })
    const opening = expect(gateways.open()).rejects.toMatchObject(closed)
    const reading = expect(gateways.ready([8090])).rejects.toMatchObject(closed)
    void gateways.close()
    await opening
    await reading
  })
})
