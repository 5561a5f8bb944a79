import { readFileSync } from 'node:fs'
import { Agent, request as requestHttps } from 'node:https'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { describe, expect, test } from '@jest/globals'
import request from 'supertest'
import { withTakenPort } from '../helpers/free-ports'
import { openRawSocket } from '../helpers/raw-socket'
import { CONFIG, useControllers } from './use-controller'

const { start, listen } = useControllers()
const file = (name: string): string => join(__dirname, '..', 'fixtures', 'tls', name)
const ssl = { cert: file('cert.pem'), key: file('key.pem') }
const ca = readFileSync(ssl.cert, 'utf8')
const { listener, workflows } = CONFIG

describe('listen() with a controller', () => {
  test('serves it on a port of its own, beside the listeners', async () => {
    const { hooks, log } = start({ ...CONFIG, controller: { port: 0 } })
    const { ports, controllerPort } = await hooks.listen()
    expect(ports).toEqual([expect.any(Number)])
    expect(ports).not.toContain(controllerPort)
    expect((await request(`http://127.0.0.1:${controllerPort}`).get('/health')).status).toBe(200)
    expect((await request(`http://127.0.0.1:${ports[0]}`).get('/health')).status).toBe(404)
    expect(log).toContainEqual({
      level: 'info',
      message: `[Controller] http://127.0.0.1:${controllerPort}`,
      details: { port: controllerPort },
    })
  })

  test('serves it without any listener', async () => {
    const { hooks } = start({ workflows, controller: { port: 0 } })
    const { ports, controllerPort } = await hooks.listen()
    expect(ports).toEqual([])
    expect((await request(`http://127.0.0.1:${controllerPort}`).get('/workflows')).body).toHaveLength(2)
  })

  test('serves none when nobody wants it, or when the config has none', async () => {
    const unwanted = start({ listener, controller: { port: 0 } })
    expect((await unwanted.hooks.listen({ controller: false })).controllerPort).toBeUndefined()
    const without = start({ listener })
    expect((await without.hooks.listen()).controllerPort).toBeUndefined()
    for (const { log } of [unwanted, without]) expect(log.filter(({ level }) => level === 'info')).toEqual([])
  })

  test('refuses when there is no listener and the controller is not wanted', async () => {
    const { hooks } = start({ workflows, controller: { port: 0 } })
    await expect(hooks.listen({ controller: false })).rejects.toMatchObject({ code: 'ERR_CONFIG_VALUE' })
  })

  test('puts base_path before every route', async () => {
    const { get, log } = await listen({ ...CONFIG, controller: { base_path: 'api/v1/' } })
    expect((await get('/api/v1/health')).status).toBe(200)
    for (const path of ['/', '/health', '/api/v1health', '/api/v11/health'])
      expect([path, (await get(path)).status]).toEqual([path, 404])
    const page = await get('/api/v1')
    expect([page.status, page.headers['location']]).toEqual([302, './v1/'])
    expect((await get('/api/v1/')).text).toContain('<!doctype html>')
    expect(log).toContainEqual(expect.objectContaining({ message: expect.stringMatching(/:\d+\/api\/v1$/) }))
  })

  test.each([
    ['/größe', ['/größe', '/gr%C3%B6%C3%9Fe', '/gr%c3%b6%c3%9fe'], '/gr%C3%B6%C3%9Fe'],
    ['/gr%C3%B6%C3%9Fe', ['/größe', '/gr%C3%B6%C3%9Fe'], '/gr%C3%B6%C3%9Fe'],
    ['/a b/', ['/a b', '/a%20b'], '/a%20b'],
    ['/Api', ['/api', '/API'], '/Api'],
    ['/a\\:b', ['/a:b', '/a%3Ab'], '/a:b'],
  ])('finds the base_path %s however it is written', async (base_path, paths, told) => {
    const { origin, log } = await listen({ ...CONFIG, controller: { base_path } })
    for (const path of paths) expect([path, (await fetch(`${origin}${path}/health`)).status]).toEqual([path, 200])
    expect(log.some(({ message }) => message.endsWith(told))).toBe(true)
  })

  test('rejects for a port that is taken, and leaves no listener open', async () => {
    await withTakenPort(async (taken) => {
      const { hooks } = start({ listener, controller: { port: taken } })
      await expect(hooks.listen()).rejects.toMatchObject({
        code: 'ERR_LISTEN',
        message: expect.stringContaining(`127.0.0.1:${taken}`),
      })
    })
  })

  test('may be served where the host is written in brackets', async () => {
    const { hooks, log } = start({ controller: { port: 0, host: '[::1]' } })
    const served = await hooks.listen().catch((error: unknown) => error)
    // A machine without IPv6 says so; the name is never looked up.
    if (served instanceof Error) expect(served.message).toMatch(/EADDRNOTAVAIL|EAFNOSUPPORT/)
    else expect(log).toContainEqual(expect.objectContaining({ message: expect.stringContaining('http://[::1]:') }))
  })

  test('is closed with the listeners', async () => {
    const { hooks } = start({ ...CONFIG, controller: { port: 0 } })
    const listeners = await hooks.listen()
    await listeners.close()
    await expect(fetch(`http://127.0.0.1:${listeners.controllerPort}/health`)).rejects.toThrow()
    expect(hooks.stats().waiting).toBe(0)
  })
})

/** A client that has a secure connection, and says nothing. */
async function openSilent(origin: string) {
  const silent = connect({ port: Number(new URL(origin).port), host: '127.0.0.1', ca })
  silent.on('error', () => undefined).resume()
  const gone = new Promise((resolve) => silent.once('close', resolve))
  await new Promise((resolve) => silent.once('secureConnect', resolve))
  return { gone }
}

describe('with ssl', () => {
  test('it is served over HTTPS alone', async () => {
    const { origin, log } = await listen({ ...CONFIG, controller: { ssl } })
    const answer = await request(origin).get('/health').ca(ca)
    expect([answer.status, answer.body.status]).toEqual([200, 'ok'])
    await expect(request(origin.replace('https', 'http')).get('/health')).rejects.toThrow()
    expect(log).toContainEqual(expect.objectContaining({ message: `[Controller] ${origin}` }))
  })

  test('it closes connections that never said anything', async () => {
    const { origin, hooks } = await listen({ ...CONFIG, controller: { ssl } })
    const first = await openSilent(origin)
    await request(origin).get('/health').ca(ca)
    const second = await openSilent(origin)
    await hooks.close()
    await Promise.all([first.gone, second.gone])
  })

  test('it gives up on a connection that never gets secure after ten seconds', async () => {
    const { origin, hooks, clock } = await listen({ ...CONFIG, controller: { ssl } })
    const half = await openRawSocket(origin)
    half.send(Buffer.from([0x16, 0x03, 0x01]))
    await request(origin).get('/health').ca(ca)
    const closing = hooks.close()
    await new Promise((resolve) => setImmediate(resolve))
    while (clock.timers === 0) await new Promise((resolve) => setImmediate(resolve))
    clock.advance(10_000)
    await closing
    await half.closed()
  })

  test('it closes a connection that has had its answer', async () => {
    const { origin, hooks } = await listen({ ...CONFIG, controller: { ssl } })
    const agent = new Agent({ keepAlive: true, ca })
    const status = await new Promise((resolve, reject) => {
      requestHttps(`${origin}/health`, { agent }, (answer) => {
        answer.resume().on('end', () => resolve(answer.statusCode))
      })
        .on('error', reject)
        .end()
    })
    expect(status).toBe(200)
    await hooks.close()
    agent.destroy()
  })

  test.each([
    ['a certificate that is not there', { cert: '/nowhere/cert.pem', key: ssl.key }, 'controller.ssl.cert', 'ENOENT'],
    ['a key that is not there', { cert: ssl.cert, key: '/nowhere/key.pem' }, 'controller.ssl.key', 'ENOENT'],
    ['a key that is none', { cert: ssl.cert, key: __filename }, 'controller.ssl', 'PEM files'],
    ['a certificate that is none', { cert: __filename, key: ssl.key }, 'controller.ssl', 'PEM files'],
  ])('listen() rejects for %s, and opens nothing', async (_name, files, at, message) => {
    const { hooks } = start({ listener, controller: { port: 0, ssl: files } })
    await expect(hooks.listen()).rejects.toMatchObject({
      code: 'ERR_LISTEN',
      at,
      message: expect.stringContaining(message),
    })
  })

  test('the files are read by listen() alone', () => {
    expect(() => start({ controller: { ssl: { cert: '/nowhere', key: '/nowhere' } } })).not.toThrow()
  })
})
