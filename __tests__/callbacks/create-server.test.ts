import { describe, expect, test } from '@jest/globals'
import request from 'supertest'
import { useHosts } from '../helpers/use-hosts'
import { VERSIONS } from '../helpers/express-versions'

const hosts = useHosts()
const config = { listener: { path: '/done', identify_by: '${body.id}', result: '${body.v}' } }

describe.each(VERSIONS)('createServer() before an app of Express $version', ({ express }) => {
  test('answers callbacks before the app sees them', async () => {
    const { hooks } = hosts.start(config)
    const seen: string[] = []
    const app = express().use((incoming, _response, next) => {
      seen.push(`${incoming.method} ${incoming.url}`)
      next()
    })
    const origin = await hosts.serve(hooks.createServer(app))
    const wait = hooks.wait('a')
    const answer = await request(origin).post('/done').send({ id: 'a', v: 1 })
    expect([answer.status, answer.text, answer.headers['x-powered-by']]).toEqual([200, '', undefined])
    await expect(wait).resolves.toBe(1)
    expect((await request(origin).get('/done')).status).toBe(404)
    expect(seen).toEqual(['GET /done'])
  })

  test('hands everything else to the app, which works as ever', async () => {
    const { hooks } = hosts.start(config)
    const app = express().set('trust proxy', true).use(express.json())
    app.post('/echo/:id', (incoming, response) => {
      response
        .status(201)
        .cookie('c', '1')
        .set('X-Seen', String(incoming.get('x-sent')))
      const { params, query, body, path, ip, hostname, protocol } = incoming
      response.json({ params, query, body, path, ip, hostname, protocol, isJson: incoming.is('json') })
    })
    app.use(
      '/sub',
      express().get('/page', (incoming, response) => void response.send(`${incoming.baseUrl} ${incoming.url}`)),
    )
    app.get('/go', (_request, response) => response.redirect('/there'))
    const origin = await hosts.serve(hooks.createServer(app))
    const answer = await request(origin)
      .post('/echo/7?x=1&y[]=2')
      .set({ 'X-Sent': 'yes', 'X-Forwarded-For': '10.1.2.3', 'X-Forwarded-Proto': 'https', Host: 'app.example' })
      .send({ b: 2 })
    expect(answer).toMatchObject({
      status: 201,
      headers: { 'x-seen': 'yes', 'set-cookie': ['c=1; Path=/'], 'x-powered-by': 'Express' },
      body: {
        params: { id: '7' },
        query: { x: '1' },
        body: { b: 2 },
        path: '/echo/7',
        ip: '10.1.2.3',
        hostname: 'app.example',
        protocol: 'https',
        isJson: 'json',
      },
    })
    expect((await request(origin).get('/sub/page?z=1')).text).toBe('/sub /page?z=1')
    expect((await request(origin).get('/go')).headers['location']).toBe('/there')
    expect((await request(origin).get('/none')).status).toBe(404)
  })

  test('takes callbacks at mountPath, and only there', async () => {
    const { hooks } = hosts.start(config, { mountPath: '/hooks/' })
    const app = express().use((incoming, response) => void response.status(418).send(incoming.url))
    const origin = await hosts.serve(hooks.createServer(app))
    const wait = hooks.wait('a')
    for (const path of ['/done', '/hooks', '/hooksdone', '/hooks/else', '/x/hooks/done']) {
      expect(await request(origin).post(path).send({ id: 'a' })).toMatchObject({ status: 418, text: path })
    }
    expect((await request(origin).post('/HOOKS/done/?x=1').send({ id: 'a', v: 1 })).status).toBe(200)
    await expect(wait).resolves.toBe(1)
    const ticket = hooks.ticket()
    expect(new URL(ticket.url).pathname).toBe('/hooks/done')
  })
})

test('a callback at the root of mountPath needs no slash behind it', async () => {
  const { hooks } = hosts.start({ listener: { path: '/', result: '${body}' } }, { mountPath: '/hook' })
  const origin = await hosts.serve(hooks.createServer())
  for (const path of ['/hook', '/hook/', '/hook?x=1'])
    expect((await request(origin).post(path).send('a=1')).status).toBe(200)
  expect((await request(origin).post('/').send('a=1')).status).toBe(404)
  expect(hooks.stats().parked).toBe(3)
})

test('without an app everything else is 404', async () => {
  const { hooks } = hosts.start(config)
  const origin = await hosts.serve(hooks.createServer())
  expect((await request(origin).post('/done').send({ id: 'a' })).status).toBe(200)
  expect(await request(origin).get('/')).toMatchObject({ status: 404, text: '{"error":"ERR_NOT_FOUND"}' })
})

test('an app may be any request listener', async () => {
  const { hooks } = hosts.start(config)
  const origin = await hosts.serve(hooks.createServer((incoming, response) => response.end(`plain ${incoming.url}`)))
  expect((await request(origin).post('/done').send({ id: 'a' })).status).toBe(200)
  expect((await request(origin).get('/x')).text).toBe('plain /x')
})
