import { describe, expect, test } from '@jest/globals'
import express from 'express'
import request, { type Test } from 'supertest'
import type { CallbacksConfig } from '../../lib'
import { eventsOf, namesOf } from '../helpers/events-of'
import { VERSIONS } from '../helpers/express-versions'
import { head, openRawSocket } from '../helpers/raw-socket'
import { type Started, useHosts } from '../helpers/use-hosts'

const hosts = useHosts()
const host = '127.0.0.1'
const listener = {
  host,
  port: 0,
  rate_limit: '2/m',
  callbacks: [
    { path: '/one', identify_by: '${body.id}' },
    { path: '/two', identify_by: '${body.id}' },
  ],
} as const

type Way = readonly [string, (started: Started) => Promise<string>]

const ways: readonly Way[] = [
  ...VERSIONS.map(({ version, express: create }): Way => {
    return [`mounted in Express ${version}`, ({ hooks }) => hosts.serve(create().use(hooks))]
  }),
  ...VERSIONS.map(({ version, express: create }): Way => {
    return [`before an app of Express ${version}`, ({ hooks }) => hosts.serve(hooks.createServer(create()))]
  }),
  ['on a server of its own', ({ hooks }) => hosts.serve(hooks.createServer())],
  ['mounted in plain Node', ({ hooks }) => hosts.serve((incoming, response) => hooks(incoming, response))],
  [
    'served by listen()',
    async ({ hooks }) => {
      const { ports } = await hooks.listen()
      return `http://${host}:${ports[0]}`
    },
  ],
]

const send = (origin: string, path: string, id: string, headers: Readonly<Record<string, string>> = {}): Test =>
  request(origin).post(path).set(headers).send({ id })
const from = (address: string): Readonly<Record<string, string>> => ({ 'X-Forwarded-For': address })

describe.each(ways)('rate_limit, %s', (_way, serve) => {
  test('refuses one too many on all endpoints together, settles nothing, and takes the repeat', async () => {
    const started = hosts.start({ listener })
    const { hooks, clock, log } = started
    const origin = await serve(started)
    const events = eventsOf(hooks)
    const wait = hooks.wait('c', { path: '/one' })
    expect((await send(origin, '/one', 'a')).status).toBe(200)
    clock.advance(20_500)
    expect((await send(origin, '/two', 'b')).status).toBe(200)
    const refused = await send(origin, '/one', 'c')
    expect([refused.status, refused.text, refused.type]).toEqual([
      429,
      '{"error":"ERR_RATE_LIMITED"}',
      'application/json',
    ])
    expect(refused.headers['retry-after']).toBe('40')
    expect(Object.keys(refused.headers).filter((name) => name.includes('ratelimit'))).toEqual([])
    expect(namesOf(events)).toEqual(['received', 'parked', 'received', 'parked', 'rejected'])
    expect(events.at(-1)?.event).toMatchObject({ endpoint: 'POST /one', error: { code: 'ERR_RATE_LIMITED' } })
    expect(hooks.stats()).toMatchObject({ waiting: 1, received: 2, settled: 0, rejected: 1 })
    expect(log.filter(({ level }) => level === 'warn')).toEqual([
      {
        level: 'warn',
        message: expect.stringMatching(/^POST \/one refused a callback \(ERR_RATE_LIMITED\): 127\.0\.0\.1 has sent/),
        details: { code: 'ERR_RATE_LIMITED', endpoint: 'POST /one' },
      },
    ])
    clock.advance(39_000)
    expect((await send(origin, '/two', 'c')).status).toBe(429)
    clock.advance(1000)
    expect((await send(origin, '/one', 'c')).status).toBe(200)
    await expect(wait).resolves.toEqual({ id: 'c' })
  })
})

describe('what counts', () => {
  test('is what belongs to the listener: not another path, another method, or another listener', async () => {
    const { origin, app } = await hosts.open({ listeners: [listener, { path: '/free', identify_by: '${body.id}' }] })
    app.use((_request, response) => void response.status(418).end())
    for (let count = 0; count < 3; count += 1) {
      expect((await send(origin, '/else', 'a')).status).toBe(418)
      expect((await request(origin).get('/one')).status).toBe(418)
      expect((await send(origin, '/free', `${count}`)).status).toBe(200)
    }
    expect((await send(origin, '/one', 'a')).status).toBe(200)
  })

  test('each listener for itself', async () => {
    const config: CallbacksConfig = {
      listeners: [
        { port: 8090, rate_limit: '1/m', path: '/one', identify_by: '${body.id}' },
        { port: 8091, rate_limit: '1/m', path: '/two', identify_by: '${body.id}' },
      ],
    }
    const { origin } = await hosts.open(config)
    const statuses = []
    for (const path of ['/one', '/one', '/two', '/two']) statuses.push((await send(origin, path, path)).status)
    expect(statuses).toEqual([200, 429, 200, 429])
  })

  test('a handshake too', async () => {
    const meta = { scheme: 'meta', secret: 's' } as const
    const { origin } = await hosts.open({
      listener: { path: '/meta', rate_limit: '2/m', verify: meta, challenge: { type: 'meta', token: 't0ken' } },
    })
    const statuses = []
    for (const token of ['t0ken', 'guess', 't0ken']) {
      const query = { 'hub.mode': 'subscribe', 'hub.challenge': '7', 'hub.verify_token': token }
      statuses.push((await request(origin).get('/meta').query(query)).status)
    }
    expect(statuses).toEqual([200, 401, 429])
  })

  test('a request to a trigger, which starts nothing then', async () => {
    const { origin, hooks } = await hosts.open({
      listener: { type: 'http-trigger', path: '/go', rate_limit: '1/m' },
      workflow: { jobs: [{ component: 'logger' }] },
    })
    expect((await send(origin, '/go', 'a')).status).toBe(200)
    expect((await send(origin, '/go', 'b')).status).toBe(429)
    expect(hooks.stats()).toMatchObject({ started: 1, rejected: 1 })
  })
})

test('a refusal does not wait for the body, and the connection can be used on', async () => {
  const { origin, hooks } = await hosts.open({ listener })
  for (const id of ['a', 'b']) await send(origin, '/one', id)
  const raw = await openRawSocket(origin)
  raw.send(head('POST /one', { 'Content-Type': 'application/json', 'Content-Length': 500_000 }))
  expect(await raw.received('ERR_RATE_LIMITED')).toMatch(/^HTTP\/1\.1 429 /)
  expect(hooks.stats()).toMatchObject({ received: 2, rejected: 1 })
  raw.send('x'.repeat(500_000))
  raw.send(head('GET /else', {}))
  expect(await raw.received('HTTP/1.1 404')).toContain('ERR_RATE_LIMITED')
  raw.socket.destroy()
})

describe('the sender', () => {
  test.each(VERSIONS)('is whom Express $version trusts the proxy for', async ({ express: create }) => {
    for (const mount of ['use', 'createServer'] as const) {
      const { hooks } = hosts.start({ listener })
      const app = create().set('trust proxy', 'loopback')
      const origin = await hosts.serve(mount === 'use' ? app.use(hooks) : hooks.createServer(app))
      for (const id of ['a', 'b']) expect((await send(origin, '/one', id, from('192.0.2.1'))).status).toBe(200)
      expect((await send(origin, '/one', 'c', from('192.0.2.1'))).status).toBe(429)
      expect((await send(origin, '/one', 'c', from('192.0.2.1, 192.0.2.2'))).status).toBe(200)
    }
  })

  test('is the socket where nothing is trusted, whatever headers say', async () => {
    const { origin } = await hosts.open({ listener })
    const statuses = []
    for (const address of ['192.0.2.1', '192.0.2.2', '192.0.2.3']) {
      statuses.push((await send(origin, '/one', address, from(address))).status)
    }
    expect(statuses).toEqual([200, 200, 429])
  })

  test('is the right-most forwarded address with trust_forwarded; made-up ones before it change nothing', async () => {
    const { origin } = await hosts.open({ listener: { ...listener, trust_forwarded: true } })
    const statuses = []
    for (const address of ['1.1.1.1, 192.0.2.1', '2.2.2.2, 192.0.2.1', '3.3.3.3, 192.0.2.1', '192.0.2.1, 192.0.2.4']) {
      statuses.push((await send(origin, '/one', address, from(address))).status)
    }
    expect(statuses).toEqual([200, 200, 429, 200])
  })

  test('is the IPv6 subnet; an IPv4 address in IPv6 clothes is itself', async () => {
    const { origin } = await hosts.open({ listener: { ...listener, trust_forwarded: true } })
    const statusesOf = async (addresses: readonly string[]): Promise<readonly number[]> => {
      const statuses = []
      for (const address of addresses) statuses.push((await send(origin, '/one', address, from(address))).status)
      return statuses
    }
    expect(await statusesOf(['2001:db8:0:1::1', '2001:db8:0:2::2', '2001:DB8:0:ff::3'])).toEqual([200, 200, 429])
    expect(await statusesOf(['2001:db8:0:100::1', '::ffff:192.0.2.1', '192.0.2.1', '192.0.2.1'])).toEqual([
      200, 200, 200, 429,
    ])
  })

  test('is one for all headers that hold no address', async () => {
    const { origin, hooks } = await hosts.open({ listener: { ...listener, trust_forwarded: true } })
    const statuses = []
    for (const header of ['a', '::::', '%00', 'x'.repeat(8000), '1.2.3.4.5']) {
      statuses.push((await send(origin, '/one', header.slice(0, 100), from(header))).status)
    }
    expect(statuses).toEqual([200, 200, 429, 429, 429])
    expect(hooks.stats()).toMatchObject({ rejected: 3 })
  })

  test.each([
    ['cloudflare', 'CF-Connecting-IP'],
    ['ngrok', 'X-Forwarded-For'],
  ])('is whom the tunnel of %s names in %s, when the gateway is trusted', async (driver, header) => {
    const gateway = { driver, port: 8090, trust_forwarded: true }
    const { origin } = await hosts.open({ listener: { ...listener, port: 8090 }, gateway })
    const statuses = []
    for (const address of ['192.0.2.1', '192.0.2.1', '192.0.2.1', '192.0.2.2']) {
      statuses.push((await send(origin, '/one', address, { [header]: address })).status)
    }
    expect(statuses).toEqual([200, 200, 429, 200])
  })
})

test('close() leaves nothing, and what comes then is closing, not limited', async () => {
  const { hooks, clock } = hosts.start({ listener })
  const origin = await hosts.serve(express().use(hooks))
  for (const id of ['a', 'b', 'c']) await send(origin, '/one', id)
  await hooks.close()
  expect(clock.timers).toBe(0)
  expect((await send(origin, '/one', 'c')).text).toBe('{"error":"ERR_CLOSED"}')
})
