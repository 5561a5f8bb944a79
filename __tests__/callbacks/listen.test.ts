import { describe, expect, test } from '@jest/globals'
import request from 'supertest'
import { openRawSocket } from '../helpers/raw-socket'
import { useHosts } from '../helpers/use-hosts'
import { findFreePorts, withTakenPort } from '../helpers/free-ports'

const hosts = useHosts()
const host = '127.0.0.1'
const callback = { path: '/done', identify_by: '${body.id}', result: '${body.v}' }
const origin = (port: number | undefined): string => `http://${host}:${port}`

describe('listen()', () => {
  test('serves a listener on its port, and 404 for everything else', async () => {
    const [port] = await findFreePorts(1)
    const { hooks } = hosts.start({ listener: { host, port: Number(port), ...callback } })
    const listeners = await hooks.listen()
    expect(listeners.ports).toEqual([port])
    const wait = hooks.wait('a')
    expect((await request(origin(port)).post('/done').send({ id: 'a', v: 1 })).status).toBe(200)
    await expect(wait).resolves.toBe(1)
    expect(await request(origin(port)).get('/')).toMatchObject({ status: 404, text: '{"error":"ERR_NOT_FOUND"}' })
  })

  test('finds a free port for port 0, which tickets then name', async () => {
    const { hooks } = hosts.start({ listener: { host, port: 0, ...callback } })
    const { ports } = await hooks.listen()
    expect(ports).toEqual([expect.any(Number)])
    expect(ports[0]).toBeGreaterThan(0)
    const { url, result } = hooks.ticket()
    expect(new URL(url).port).toBe(String(ports[0]))
    const { pathname, search } = new URL(url)
    await request(origin(ports[0]))
      .post(pathname + search)
      .send({ v: 'by ticket' })
    await expect(result).resolves.toBe('by ticket')
  })

  test('serves each port by its own listeners', async () => {
    const [first = 0, second = 0] = await findFreePorts(2)
    const { hooks } = hosts.start({
      listeners: [
        { host, port: first, ...callback },
        { host, port: second, ...callback, path: '/ready' },
        { host, port: second, ...callback, path: '/else' },
      ],
    })
    const { ports } = await hooks.listen()
    expect(new Set(ports)).toEqual(new Set([first, second]))
    expect((await request(origin(first)).post('/done').send({ id: 'a' })).status).toBe(200)
    expect((await request(origin(second)).post('/done').send({ id: 'a' })).status).toBe(404)
    for (const path of ['/ready', '/else']) {
      expect((await request(origin(second)).post(path).send({ id: 'a' })).status).toBe(200)
    }
  })

  test('rejects for a port that is taken, says what to do, and leaves nothing open', async () => {
    await withTakenPort(async (taken) => {
      const [free = 0] = await findFreePorts(1)
      const { hooks } = hosts.start({
        listeners: [
          { host, port: free, ...callback },
          { host, port: taken, ...callback },
        ],
      })
      await expect(hooks.listen()).rejects.toMatchObject({
        code: 'ERR_LISTEN',
        message: expect.stringMatching(new RegExp(`127\\.0\\.0\\.1:${taken}.*"port"`)),
        cause: { code: 'EADDRINUSE' },
      })
      await expect(fetch(origin(free))).rejects.toThrow()
    })
  })

  test('refuses a listener that should run in docker', async () => {
    const { hooks } = hosts.start({ listener: { runtime: 'docker', ...callback } })
    await expect(hooks.listen()).rejects.toMatchObject({
      code: 'ERR_CONFIG_UNSUPPORTED',
      at: 'listener.runtime',
      message: expect.stringContaining('native'),
    })
  })

  test('refuses a config without listener', async () => {
    const { hooks } = hosts.start({})
    await expect(hooks.listen()).rejects.toMatchObject({ code: 'ERR_CONFIG_VALUE' })
  })

  test('refuses when the callbacks are closed already', async () => {
    const [port = 0] = await findFreePorts(1)
    const { hooks } = hosts.start({ listener: { host, port, ...callback } })
    await hooks.close()
    await expect(hooks.listen()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    await expect(fetch(origin(port))).rejects.toThrow()
  })

  test('is undone by a close() that comes while it starts', async () => {
    const [port = 0] = await findFreePorts(1)
    const { hooks } = hosts.start({ listener: { host, port, ...callback } })
    const listening = hooks.listen()
    const closing = hooks.close()
    await expect(listening).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    await closing
    await expect(fetch(origin(port))).rejects.toThrow()
  })
})

describe('closing what listens', () => {
  async function listening() {
    const [port = 0] = await findFreePorts(1)
    const started = hosts.start({ listener: { host, port, ...callback } })
    const listeners = await started.hooks.listen()
    return { ...started, listeners, port }
  }

  test('the listeners alone leaves waits as they are', async () => {
    const { hooks, listeners, port } = await listening()
    const wait = hooks.wait('a')
    await listeners.close()
    await listeners.close()
    await expect(fetch(origin(port))).rejects.toThrow()
    await hooks.settle('a', 'by hand')
    await expect(wait).resolves.toBe('by hand')
  })

  test('closes connections that are kept alive or never said anything', async () => {
    const { hooks, port } = await listening()
    const silent = await openRawSocket(origin(port))
    const kept = await openRawSocket(origin(port))
    kept.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await kept.received('ERR_NOT_FOUND')
    await hooks.close()
    await Promise.all([silent.closed(), kept.closed()])
  })

  test('gives up on a request that never becomes whole after ten seconds', async () => {
    const { hooks, port, clock } = await listening()
    const raw = await openRawSocket(origin(port))
    raw.send('POST /done HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n')
    await raw.received('100 Continue')
    const half = await openRawSocket(origin(port))
    half.send('POST /done HT')
    await fetch(origin(port))
    clock.advance(1000)
    const closing = hooks.close()
    await new Promise((resolve) => setImmediate(resolve))
    clock.advance(9000)
    expect(await raw.closed()).toContain('HTTP/1.1 408 ')
    clock.advance(1000)
    await closing
    expect(await half.closed()).toBe('')
  })

  test('waits for a request in flight, which is still taken, and for nothing after it', async () => {
    const { hooks, port } = await listening()
    const raw = await openRawSocket(origin(port))
    const body = '{"id":"a"}'
    raw.send(`POST /done HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n`)
    raw.send(`Content-Length: ${body.length}\r\n\r\n`)
    await raw.received('100 Continue')
    const closing = hooks.close()
    raw.send(body)
    await closing
    expect(await raw.closed()).toContain('HTTP/1.1 200 ')
    expect(hooks.stats()).toMatchObject({ received: 1, rejected: 0 })
  })
})
