import { text } from 'node:stream/consumers'
import { describe, expect, test } from '@jest/globals'
import type { Express } from 'express'
import request, { type Test } from 'supertest'
import type { Callbacks } from '../../lib'
import { head, openRawSocket } from '../helpers/raw-socket'
import { useHosts } from '../helpers/use-hosts'

const hosts = useHosts()

/** Mounts the callbacks before a route that takes everything. */
function beforeAll(app: Express, hooks: Callbacks): void {
  app.use(hooks)
  app.use((incoming, response) => void response.status(418).json({ method: incoming.method, url: incoming.url }))
}

function send(origin: string, method: string, path: string): Test {
  const agent = request(origin)
  switch (method) {
    case 'GET':
      return agent.get(path)
    case 'PUT':
      return agent.put(path)
    case 'DELETE':
      return agent.delete(path)
    case 'PATCH':
      return agent.patch(path)
    case 'HEAD':
      return agent.head(path)
    case 'OPTIONS':
      return agent.options(path)
    default:
      return agent.post(path)
  }
}

describe('methods', () => {
  const methods = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH']

  test.each(methods)('%s is answered where it is asked for, and every other one goes on', async (method) => {
    const { hooks, origin } = await hosts.open(
      { listener: { path: '/done', method: method.toLowerCase(), identify_by: '${query.id}', result: '${method}' } },
      {},
      beforeAll,
    )
    const wait = hooks.wait('a')
    for (const other of [...methods, 'HEAD', 'OPTIONS'].filter((one) => one !== method)) {
      expect((await send(origin, other, '/done?id=a')).status).toBe(418)
    }
    expect(hooks.stats()).toMatchObject({ waiting: 1, received: 0 })
    expect((await send(origin, method, '/done?id=a')).status).toBe(200)
    await expect(wait).resolves.toBe(method)
  })

  test('the same path may have several, each with its own rules', async () => {
    const callbacks = methods.map((method) => ({ path: '/done', method, result: `by ${method}` }))
    const { hooks, origin } = await hosts.open({ listener: { callbacks } })
    for (const method of methods) {
      const wait = hooks.wait('x')
      await send(origin, method, '/done')
      await expect(wait).resolves.toBe(`by ${method}`)
    }
  })

  test.each(['PUT', 'PATCH', 'DELETE'])('the body of %s is read', async (method) => {
    const { hooks, origin } = await hosts.open({ listener: { path: '/done', method, identify_by: '${body.id}' } })
    const wait = hooks.wait('a')
    await send(origin, method, '/done').send({ id: 'a' })
    await expect(wait).resolves.toEqual({ id: 'a' })
  })

  test.each(['GET', 'DELETE'])('%s needs no body, whatever its content type says', async (method) => {
    const { hooks, origin } = await hosts.open({ listener: { path: '/done', method, identify_by: '${query.id}' } })
    const wait = hooks.wait('a')
    expect((await send(origin, method, '/done?id=a').set('Content-Type', 'application/json')).status).toBe(200)
    await expect(wait).resolves.toBeNull()
  })
})

describe('paths', () => {
  const open = (path: string): ReturnType<typeof hosts.open> =>
    hosts.open({ listener: { path, result: '${params}' } }, {}, beforeAll)

  test.each([
    ['/done', '/done'],
    ['/done', '/DONE'],
    ['/Done', '/done/'],
    ['done', '/done?x=/other'],
    ['/done/', '/done'],
    ['/', '/'],
    ['/', '/?x=1'],
    ['/a.b/c-d_e~f', '/a.b/c-d_e~f'],
    ['/100%25', '/100%25'],
  ])('%s takes %s', async (path, url) => {
    const { hooks, post } = await open(path)
    const wait = hooks.wait('x')
    expect((await post(url)).status).toBe(200)
    await expect(wait).resolves.toEqual({})
  })

  test.each<[string, string, object]>([
    ['/tasks/:id', '/tasks/7', { id: '7' }],
    ['/tasks/:id', '/TASKS/AbC/', { id: 'AbC' }],
    ['/tasks/:id', '/tasks/a%2Fb%20c', { id: 'a/b c' }],
    ['/:kind/:id.json', '/image/5.json', { kind: 'image', id: '5' }],
    ['/files/*path', '/files/a/b/c', { path: ['a', 'b', 'c'] }],
    ['/done{/:id}', '/done', {}],
    ['/done{/:id}', '/done/3', { id: '3' }],
    ['/:__proto__', '/x', JSON.parse('{"__proto__":"x"}')],
  ])('%s takes %s and gives %j', async (path, url, params) => {
    const { hooks, post } = await open(path)
    const wait = hooks.wait('x')
    expect((await post(url)).status).toBe(200)
    await expect(wait).resolves.toEqual(params)
  })

  test.each([
    ['/done', '/don'],
    ['/done', '/done/x'],
    ['/done', '/x/../done'],
    ['/tasks/:id', '/tasks/'],
    ['/tasks/:id', '/tasks/a/b'],
    ['/tasks/:id', '/tasks/%E0%A4%A'],
    ['/tasks/:id', '/tasks/%'],
    ['/done', '/%'],
    ['/', '/x'],
  ])('%s leaves %s to the app', async (path, url) => {
    const { hooks, origin } = await open(path)
    const raw = await openRawSocket(origin)
    raw.send(head(`POST ${url}`, { Connection: 'close', 'Content-Length': 0 }))
    expect(await raw.closed()).toMatch(/^HTTP\/1.1 418 /)
    expect(hooks.stats().received).toBe(0)
  })

  test('a plain path wins over one with parameters, whatever their order', async () => {
    const { hooks, post } = await hosts.open({
      listener: {
        callbacks: [
          { path: '/tasks/:id', result: 'parameter' },
          { path: '/tasks/all', result: 'plain' },
        ],
      },
    })
    const waits = [hooks.wait('x', { path: '/tasks/all' }), hooks.wait('x', { path: '/tasks/:id' })]
    await post('/tasks/all')
    await post('/tasks/other')
    await expect(Promise.all(waits)).resolves.toEqual(['plain', 'parameter'])
  })

  test('an id in a parameter is decoded', async () => {
    const { hooks, post } = await hosts.open({ listener: { path: '/tasks/:id', identify_by: '${params.id}' } })
    const wait = hooks.wait('a b/ü')
    await post('/tasks/a%20b%2F%C3%BC').send({ v: 1 })
    await expect(wait).resolves.toEqual({ v: 1 })
  })

  test('a very long URL finds its callback or none', async () => {
    const { hooks, post } = await hosts.open({ listener: { path: '/done', identify_by: '${query.id}' } })
    const wait = hooks.wait('a')
    expect((await post(`/done?pad=${'x'.repeat(12_000)}&id=a`)).status).toBe(200)
    await wait
    expect((await post(`/${'x'.repeat(12_000)}`)).status).toBe(404)
  })

  test('the request behind next() is as it was', async () => {
    const { post } = await hosts.open({ listener: { path: '/done' } }, {}, (app, hooks) => {
      app.use(hooks)
      app.post('/other', (incoming, response, next) => {
        const { url, body } = incoming
        text(incoming).then((sent) => response.json({ sent, url, untouched: body === undefined }), next)
      })
    })
    const answer = await post('/other?x=1').send({ a: 1 })
    expect(answer.body).toEqual({ sent: '{"a":1}', url: '/other?x=1', untouched: true })
  })
})
