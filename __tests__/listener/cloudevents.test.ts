import { describe, expect, test } from '@jest/globals'
import request from 'supertest'
import { callbacks, type CallbacksConfig } from '../../lib'
import { problemsOf } from '../config/problems'
import { useHosts } from '../helpers/use-hosts'

const hosts = useHosts()

function listening(challenge: unknown, more: object = {}): CallbacksConfig {
  return { listener: { path: '/events', identify_by: '${body.id}', challenge, ...more } } as CallbacksConfig
}

const only = { type: 'cloudevents', origin: ['eventgrid.azure.net', 'a.example'], rate: 120 }
const any = { type: 'cloudevents', origin: '*' }

describe('the handshake of CloudEvents', () => {
  test.each<[string, unknown, string, readonly [string, string]]>([
    ['anyone', 'cloudevents', 'eventemitter.example.com', ['eventemitter.example.com', '*']],
    ['anyone, with a port', 'cloudevents', 'emitter:8080', ['emitter:8080', '*']],
    ['one of several', only, 'EventGrid.azure.net', ['EventGrid.azure.net', '120']],
    ['anyone who is written so', any, 'b.example', ['b.example', '*']],
  ])('lets send: %s', async (_name, challenge, from, expected) => {
    for (const verify of [undefined, { scheme: 'token', secret: 'shared-token' }]) {
      const { origin, hooks } = await hosts.open(listening(challenge, { verify }))
      const answer = await request(origin)
        .options('/events')
        .set({ 'webhook-request-origin': from, 'webhook-request-rate': '60' })
      const { 'webhook-allowed-origin': allowed, 'webhook-allowed-rate': rate } = answer.headers
      expect([answer.status, answer.text, allowed, rate]).toEqual([200, '', ...expected])
      expect(hooks.stats()).toMatchObject({ received: 0, parked: 0 })
    }
  })

  test.each<[string, unknown, string]>([
    ['another origin', only, 'b.example'],
    ['an origin that only begins like it', only, 'a.example.evil.example'],
    ['no name', 'cloudevents', 'https://a.example/'],
    ['markup', 'cloudevents', '<script>'],
    ['a star', 'cloudevents', '*'],
  ])('refuses %s', async (_name, challenge, from) => {
    const { origin } = await hosts.open(listening(challenge))
    const answer = await request(origin).options('/events').set('webhook-request-origin', from)
    expect([answer.status, answer.text]).toEqual([401, '{"error":"ERR_UNVERIFIED"}'])
    expect(answer.headers).not.toHaveProperty('webhook-allowed-origin')
  })

  test('leaves any other OPTIONS, and those of other endpoints, to the app', async () => {
    const { origin } = await hosts.open(listening('cloudevents'), {}, (app, hooks) =>
      app.use(hooks).use((_request, response) => void response.status(418).end()),
    )
    expect((await request(origin).options('/events')).status).toBe(418)
    expect((await request(origin).options('/other').set('webhook-request-origin', 'a.example')).status).toBe(418)
    const without = await hosts.open(listening(false), {}, (app, hooks) =>
      app.use(hooks).use((_request, response) => void response.status(418).end()),
    )
    const answer = await request(without.origin).options('/events').set('webhook-request-origin', 'a.example')
    expect(answer.status).toBe(418)
  })

  test('does not stand in the way of events', async () => {
    const { post, hooks } = await hosts.open(listening('cloudevents'))
    const wait = hooks.wait('a')
    await post('/events').set('content-type', 'application/cloudevents+json').send('{"id":"a"}').expect(200)
    await expect(wait).resolves.toEqual({ id: 'a' })
  })

  test.each<[unknown, string]>([
    [{ type: 'slack', origin: 'a.example' }, 'has no origin and no rate'],
    [{ type: 'msgraph', rate: 5 }, 'has no origin and no rate'],
    [{ type: 'cloudevents', token: 'x' }, 'has no token'],
  ])('has keys of its own: %j', (challenge, message) => {
    expect(problemsOf(() => callbacks(listening(challenge)))).toMatchObject([
      { code: 'ERR_CONFIG_VALUE', message: expect.stringContaining(message) },
    ])
  })
})
