import { createServer, type RequestListener } from 'node:http'
import { describe, expect, test } from '@jest/globals'
import type { Express } from 'express'
import request from 'supertest'
import type { Callbacks } from '../../lib'
import { useHosts } from '../helpers/use-hosts'
import { VERSIONS } from '../helpers/express-versions'

const hosts = useHosts()
const config = {
  listener: { base_path: '/in', callbacks: [{ path: '/done', identify_by: '${body.id}', result: '${path}' }] },
}

describe.each(VERSIONS)('in an app of Express $version', ({ express }) => {
  test.each<{ where: string; prefix: string; mount: (app: Express, hooks: Callbacks) => unknown }>([
    { where: 'at its root', prefix: '', mount: (app, hooks) => app.use(hooks) },
    { where: 'under a path', prefix: '/hooks', mount: (app, hooks) => app.use('/hooks', hooks) },
    { where: 'under a path in another case', prefix: '/hooks', mount: (app, hooks) => app.use('/HOOKS/', hooks) },
    { where: 'in a router', prefix: '/a/b', mount: (app, hooks) => app.use('/a', express.Router().use('/b', hooks)) },
    {
      where: 'in an app of an app',
      prefix: '/sub',
      mount: (app, hooks) => app.use('/sub', express().use(hooks)),
    },
    {
      where: 'behind middleware that does not read',
      prefix: '',
      mount: (app, hooks) => app.use((_request, _response, next) => void setImmediate(next)).use(hooks),
    },
  ])('$where', async ({ prefix, mount }) => {
    const { hooks } = hosts.start(config)
    const app = express()
    mount(app, hooks)
    app.use((_request, response) => void response.status(418).end())
    const origin = await hosts.serve(app)
    const wait = hooks.wait('a')
    const answer = await request(origin).post(`${prefix}/in/done`).send({ id: 'a' })
    expect([answer.status, answer.text]).toEqual([200, ''])
    await expect(wait).resolves.toBe(`${prefix}/in/done`)
    expect((await request(origin).post(`${prefix}/in/other`)).status).toBe(418)
    expect((await request(origin).post('/x/y/in/done')).status).toBe(418)
    const { pathname } = new URL(hooks.ticket().url)
    expect(pathname).toBe(`${prefix}/in/done`)
  })

  test('next to other routes, which work as before', async () => {
    const { hooks } = hosts.start(config)
    const app = express()
    app.get('/before', (incoming, response) => void response.json(incoming.query))
    app.use(hooks)
    app.get('/in/done', (_request, response) => void response.send('a page'))
    app.use(express.json())
    app.post('/in/else', (incoming, response) => void response.json(incoming.body))
    const origin = await hosts.serve(app)
    expect((await request(origin).get('/before?x=1')).body).toEqual({ x: '1' })
    expect((await request(origin).get('/in/done')).text).toBe('a page')
    expect((await request(origin).head('/in/done')).status).toBe(200)
    expect((await request(origin).post('/in/else').send({ y: 2 })).body).toEqual({ y: 2 })
    expect((await request(origin).post('/in/done').send({ id: 'a' })).status).toBe(200)
    expect(hooks.stats()).toMatchObject({ received: 1, parked: 1 })
  })

  test('two of them, each with its own waits', async () => {
    const [one, other] = [hosts.start(config).hooks, hosts.start(config).hooks]
    const app = express()
    app.use('/one', one).use('/other', other)
    const origin = await hosts.serve(app)
    const waits = [one.wait('a'), other.wait('a')]
    await request(origin).post('/other/in/done').send({ id: 'a' })
    expect([one.stats().waiting, other.stats().waiting]).toEqual([1, 0])
    await request(origin).post('/one/in/done').send({ id: 'a' })
    await expect(Promise.all(waits)).resolves.toEqual(['/one/in/done', '/other/in/done'])
  })

  test('two of them at the same place: what the first does not know, the second may', async () => {
    const one = hosts.start(config).hooks
    const other = hosts.start({ listener: { path: '/else', identify_by: '${body.id}', result: 2 } }).hooks
    const origin = await hosts.serve(express().use(one).use(other))
    const wait = other.wait('a')
    expect((await request(origin).post('/else').send({ id: 'a' })).status).toBe(200)
    await expect(wait).resolves.toBe(2)
  })

  describe('with listeners of several ports', () => {
    const several = {
      listeners: [
        { port: 8090, path: '/done', identify_by: '${body.id}', result: 'of 8090' },
        { port: 8091, path: '/ready', identify_by: '${body.id}', result: 'of 8091' },
      ],
    }

    test('all at once', async () => {
      const { hooks } = hosts.start(several)
      const origin = await hosts.serve(express().use(hooks))
      const waits = [hooks.wait('a'), hooks.wait('b')]
      await request(origin).post('/done').send({ id: 'a' })
      await request(origin).post('/ready').send({ id: 'b' })
      await expect(Promise.all(waits)).resolves.toEqual(['of 8090', 'of 8091'])
    })

    test('apart, and each knows where it is mounted', async () => {
      const { hooks } = hosts.start(several)
      const app = express().use('/x', hooks.router(8090)).use('/y', hooks.router(8091))
      const origin = await hosts.serve(app)
      const waits = [hooks.wait('a'), hooks.wait('b')]
      expect((await request(origin).post('/y/done').send({ id: 'a' })).status).toBe(404)
      await request(origin).post('/x/done').send({ id: 'a' })
      await request(origin).post('/y/ready').send({ id: 'b' })
      await expect(Promise.all(waits)).resolves.toEqual(['of 8090', 'of 8091'])
      expect(new URL(hooks.ticket({ path: '/done' }).url).pathname).toBe('/x/done')
      expect(new URL(hooks.ticket({ path: '/ready' }).url).pathname).toBe('/y/ready')
    })

    test('a port that no listener has is an error that names those that there are', () => {
      const { hooks } = hosts.start(several)
      expect(() => hooks.router(9)).toThrow(
        expect.objectContaining({ code: 'ERR_ENDPOINT_UNKNOWN', message: expect.stringContaining('8090, 8091') }),
      )
    })
  })
})

describe('without Express', () => {
  test.each<{ how: string; serve: (hooks: Callbacks) => RequestListener }>([
    { how: 'called by a server', serve: (hooks) => (incoming, response) => hooks(incoming, response) },
    { how: 'as the listener of a server', serve: (hooks) => hooks },
  ])('$how', async ({ serve }) => {
    const { hooks } = hosts.start(config)
    const origin = await hosts.serve(createServer(serve(hooks)))
    const wait = hooks.wait('a')
    expect((await request(origin).post('/in/done?x=1').send({ id: 'a' })).status).toBe(200)
    await expect(wait).resolves.toBe('/in/done')
    expect(await request(origin).get('/in/done')).toMatchObject({ status: 404, text: '{"error":"ERR_NOT_FOUND"}' })
  })
})
