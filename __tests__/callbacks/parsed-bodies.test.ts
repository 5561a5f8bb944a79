import { describe, expect, test } from '@jest/globals'
import type { Express } from 'express'
import request, { type Test } from 'supertest'
import { useHosts } from '../helpers/use-hosts'
import { VERSIONS } from '../helpers/express-versions'

const hosts = useHosts()
const config = { listener: { path: '/done', identify_by: '${body.id}', result: '${body}' } }

describe.each(VERSIONS)('behind the parsers of Express $version', ({ express }) => {
  async function open(prepare: (app: Express) => unknown) {
    const { hooks, log } = hosts.start(config)
    const app = express()
    prepare(app)
    app.use(hooks)
    const origin = await hosts.serve(app)
    return { hooks, log, post: (): Test => request(origin).post('/done') }
  }

  test.each<{ what: string; prepare: (app: Express) => unknown; type: string; body: string; expected: unknown }>([
    {
      what: 'JSON that json() has parsed',
      prepare: (app) => app.use(express.json()),
      type: 'application/json',
      body: '{"id":"a","n":[1]}',
      expected: { id: 'a', n: [1] },
    },
    {
      what: 'a form that urlencoded() has parsed',
      prepare: (app) => app.use(express.urlencoded({ extended: true })),
      type: 'application/x-www-form-urlencoded',
      body: 'id=a&x[y]=1',
      expected: { id: 'a', x: { y: '1' } },
    },
    {
      what: 'JSON that raw() has kept as bytes',
      prepare: (app) => app.use(express.raw({ type: '*/*' })),
      type: 'application/json',
      body: '{"id":"a"}',
      expected: { id: 'a' },
    },
    {
      what: 'JSON that text() has kept as text',
      prepare: (app) => app.use(express.text({ type: '*/*' })),
      type: 'application/json',
      body: '{"id":"a"}',
      expected: { id: 'a' },
    },
    {
      what: 'a form behind json(), which leaves it alone',
      prepare: (app) => app.use(express.json()),
      type: 'application/x-www-form-urlencoded',
      body: 'id=a',
      expected: { id: 'a' },
    },
    {
      what: 'JSON under text/plain behind json() and urlencoded()',
      prepare: (app) => app.use(express.json()).use(express.urlencoded({ extended: false })),
      type: 'text/plain',
      body: '{"id":"a"}',
      expected: { id: 'a' },
    },
    {
      what: '+json behind json()',
      prepare: (app) => app.use(express.json()),
      type: 'application/cloudevents+json',
      body: '{"id":"a"}',
      expected: { id: 'a' },
    },
    {
      what: 'JSON behind a middleware that sets a body without reading',
      prepare: (app) =>
        app.use((incoming, _response, next) => {
          incoming.body = { id: 'forged' }
          next()
        }),
      type: 'application/json',
      body: '{"id":"a"}',
      expected: { id: 'a' },
    },
    {
      what: 'rawBody, whatever became of the body',
      prepare: (app) =>
        app.use(
          express.json({
            verify: (incoming, _response, bytes) => Object.assign(incoming, { rawBody: Buffer.from(bytes) }),
          }),
          (incoming, _response, next) => {
            incoming.body = { id: 'changed' }
            next()
          },
        ),
      type: 'application/json',
      body: '{"id":"a","n":1}',
      expected: { id: 'a', n: 1 },
    },
    {
      what: 'rawBody as text',
      prepare: (app) =>
        app.use((incoming, _response, next) => {
          incoming.resume().on('end', () => {
            Object.assign(incoming, { rawBody: '{"id":"a","from":"platform"}' })
            next()
          })
        }),
      type: 'application/json',
      body: 'ignored',
      expected: { id: 'a', from: 'platform' },
    },
  ])('$what is taken', async ({ prepare, type, body, expected }) => {
    const { hooks, post } = await open(prepare)
    const wait = hooks.wait('a')
    const answer = await post().type(type).send(body)
    expect([answer.status, answer.text]).toEqual([200, ''])
    expect(hooks.stats().waiting).toBe(0)
    await expect(wait).resolves.toEqual(expected)
  })

  test('what is nested too deep is refused all the same', async () => {
    const { hooks, post } = await open((app) => app.use(express.json()))
    const answer = await post()
      .type('json')
      .send(`{"id":"a","x":${'['.repeat(10_000)}${']'.repeat(10_000)}}`)
    expect([answer.status, answer.text]).toEqual([400, '{"error":"ERR_BODY_DEPTH"}'])
    expect(hooks.stats().parked).toBe(0)
  })

  test('a body that was drained by somebody is ERR_BODY_CONSUMED', async () => {
    const { hooks, post, log } = await open((app) =>
      app.use((incoming, _response, next) => void incoming.resume().on('end', () => next())),
    )
    const answer = await post().send({ id: 'a' })
    expect([answer.status, answer.text]).toEqual([500, '{"error":"ERR_BODY_CONSUMED"}'])
    expect(log.filter(({ level }) => level === 'error')).toHaveLength(1)
    expect(hooks.stats()).toMatchObject({ received: 0, rejected: 1 })
  })

  test('a body that somebody reads as text is ERR_BODY_CONSUMED too', async () => {
    const { post } = await open((app) =>
      app.use((incoming, _response, next) => {
        incoming.setEncoding('utf8')
        next()
      }),
    )
    const answer = await post().send({ id: 'a' })
    expect([answer.status, answer.text]).toEqual([500, '{"error":"ERR_BODY_CONSUMED"}'])
  })

  test('what is no JSON is refused by the parser of the app, and hurts nobody', async () => {
    const { hooks, post } = await open((app) =>
      app.use(
        express.json(),
        (_error: unknown, _in: unknown, response: { sendStatus(status: number): void }, _next: unknown) =>
          response.sendStatus(422),
      ),
    )
    expect((await post().type('json').send('{')).status).toBe(422)
    expect((await post().send({ id: 'a' })).status).toBe(200)
    expect(hooks.stats()).toMatchObject({ received: 1, parked: 1 })
  })

  test('a request without a body is none', async () => {
    const { hooks } = hosts.start({ listener: { path: '/done', method: 'GET', identify_by: '${query.id}' } })
    const origin = await hosts.serve(express().use(express.json()).use(hooks))
    const wait = hooks.wait('a', { full: true })
    expect((await request(origin).get('/done?id=a')).status).toBe(200)
    await expect(wait).resolves.toMatchObject({ body: null, result: null })
  })
})
