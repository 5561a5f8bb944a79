import { describe, expect, test } from '@jest/globals'
import request from 'supertest'
import type { CallbacksConfig } from '../../lib'
import { openRawSocket, head } from '../helpers/raw-socket'
import { CONFIG, useControllers } from './use-controller'

const { start, ways, listen, mount } = useControllers()
const TOKEN = 'correct horse battery staple'
const withToken = { ...CONFIG, controller: { auth: { type: 'bearer', token: TOKEN } } } as const
const ROUTES = [
  'GET /workflows',
  'POST /workflows/runs',
  'GET /tasks',
  'GET /tasks/a',
  'POST /tasks/a/cancel',
  'GET /waits',
  'GET /gateways',
  'GET /health',
  'GET /metrics',
  'GET /deliveries',
  'GET /deliveries/a',
  'POST /deliveries/a/replay',
  'POST /waits/a/settle',
  'POST /waits/a/fail',
  'POST /waits/a/cancel',
  'GET /events',
  'GET /openapi.json',
]

describe.each(ways)('the token, %s', (_way, serve) => {
  test('is needed for every route', async () => {
    const { origin } = await serve(withToken)
    for (const line of ROUTES) {
      const [method = '', path = ''] = line.split(' ')
      const answer = await fetch(origin + path, { method })
      expect([line, answer.status, answer.headers.get('www-authenticate')]).toEqual([line, 401, 'Bearer'])
      const { error } = Object(await answer.json())
      expect([error.code, error.message]).toEqual(['ERR_UNAUTHORIZED', expect.not.stringContaining(TOKEN)])
    }
  })

  test.each([
    ['none', undefined],
    ['an empty header', ''],
    ['no token', 'Bearer'],
    ['another one', 'Bearer wrong'],
    ['another one of the same length', `Bearer ${'x'.repeat(TOKEN.length)}`],
    ['its beginning', `Bearer ${TOKEN.slice(0, -1)}`],
    ['more than it', `Bearer ${TOKEN}x`],
    ['the token without its kind', TOKEN],
    ['another kind', `Basic ${TOKEN}`],
  ])('refuses %s', async (_name, authorization) => {
    const { origin } = await serve(withToken)
    const answer = await fetch(`${origin}/health`, { headers: authorization === undefined ? {} : { authorization } })
    expect(answer.status).toBe(401)
  })

  test.each([`Bearer ${TOKEN}`, `bearer ${TOKEN}`, `BEARER   ${TOKEN}`])('takes %s', async (authorization) => {
    const { origin } = await serve(withToken)
    const answer = await fetch(`${origin}/health`, { headers: { authorization } })
    expect(answer.status).toBe(200)
  })
})

describe('a token that is no ASCII', () => {
  const auth = { type: 'bearer', token: 'pässwört' } as const

  test.each([
    ['in UTF-8, as most clients send it', Buffer.from('Bearer pässwört').toString('latin1'), 200],
    ['in Latin-1, as browsers send it', 'Bearer pässwört', 200],
    ['another one', 'Bearer passwort', 401],
  ])('is read %s', async (_name, authorization, status) => {
    const { origin } = await mount({ ...CONFIG, controller: { auth } })
    expect((await fetch(`${origin}/health`, { headers: { authorization } })).status).toBe(status)
  })
})

describe('without the right token', () => {
  test('nothing is started, and nothing is read of the body', async () => {
    const { post, hooks } = await listen(withToken)
    const { status } = await post('/workflows/runs', { unknown: true })
    expect([status, hooks.stats().tasks.succeeded]).toEqual([401, 0])
  })

  test('other paths go to the app in which it is mounted, and are 401 where it is served alone', async () => {
    const app = await mount(withToken)
    expect(await app.get('/nothing')).toMatchObject({ status: 404, text: 'the app has nothing either' })
    const alone = await listen(withToken)
    expect((await alone.get('/nothing')).status).toBe(401)
  })
})

describe('the Host header', () => {
  const local = ['localhost', 'localhost:1', 'LOCALHOST:8080', '127.0.0.1', '127.1.2.3:9', '[::1]', '[::1]:8080']
  const foreign = [
    'evil.example',
    'evil.example:8080',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '127.0.0.1.evil.com',
    '127.0.0.1:80.evil.com',
    'localhost.',
    '0.0.0.0',
    '[::ffff:127.0.0.1]',
    '[::1].evil.com',
    '2130706433',
    '127.1',
    'evil.example@localhost',
    '10.0.0.1',
    '[::2]',
    'localhost:8080:1',
    '',
  ]

  test.each(local)('may be %j on a loopback host', async (name) => {
    const { origin } = await listen()
    expect((await request(origin).get('/health').set('host', name)).status).toBe(200)
  })

  test.each(foreign)('may not be %j on a loopback host', async (name) => {
    const { origin } = await listen()
    const raw = await openRawSocket(origin)
    raw.send(head('GET /health', { Host: name, Connection: 'close' }))
    const answer = await raw.closed()
    expect(answer).toContain('HTTP/1.1 403 ')
    expect(answer).toContain('"code":"ERR_HOST"')
  })

  test('must be there on a loopback host', async () => {
    const { origin } = await listen()
    const raw = await openRawSocket(origin)
    raw.send('GET /health HTTP/1.0\r\n\r\n')
    expect(await raw.closed()).toContain('"code":"ERR_HOST"')
  })

  test.each([
    ['GET http://evil.example/health', 'localhost', 404],
    ['GET http://localhost/health', 'evil.example', 403],
    ['GET http://127.0.0.1.evil.com/health', '127.0.0.1.evil.com', 403],
    ['GET //evil.example/health', 'localhost', 404],
    ['CONNECT evil.example:80', 'localhost', undefined],
  ])('counts with a whole URL as the target, which leads nowhere: %s with Host %s', async (line, name, status) => {
    const { origin } = await listen()
    const raw = await openRawSocket(origin)
    raw.send(head(line, { Host: name, Connection: 'close' }))
    const answer = await raw.closed()
    if (status === undefined) expect(answer).toBe('')
    else expect(answer).toContain(`HTTP/1.1 ${status} `)
  })

  test('may not come twice', async () => {
    const { origin } = await listen()
    const raw = await openRawSocket(origin)
    raw.send('GET /health HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n')
    expect(await raw.closed()).toContain('HTTP/1.1 403 ')
  })

  test('is looked at before the token', async () => {
    const { origin } = await listen(withToken)
    const headers = { host: 'evil.example', authorization: `Bearer ${TOKEN}` }
    expect((await request(origin).get('/health').set(headers)).status).toBe(403)
  })

  test('may be anything on a host that the network reaches', async () => {
    const { origin } = await listen({ ...CONFIG, controller: { ...withToken.controller, host: '0.0.0.0' } })
    const headers = { host: 'api.example', authorization: `Bearer ${TOKEN}` }
    expect((await request(origin).get('/health').set(headers)).status).toBe(200)
  })

  test('may be anything when it is mounted', async () => {
    const { origin } = await mount()
    expect((await request(origin).get('/health').set('host', 'app.example')).status).toBe(200)
  })
})

describe.each(ways)('a web page of somebody else, %s', (_way, serve) => {
  test('gets no leave to ask, and no answer that it may read', async () => {
    const { origin, hooks } = await serve()
    const asked = { origin: 'https://evil.example', 'access-control-request-method': 'POST' }
    for (const path of ['/workflows/runs', '/tasks', '/health']) {
      const preflight = await fetch(origin + path, { method: 'OPTIONS', headers: asked })
      expect([path, preflight.status]).toEqual([path, 404])
      const read = await fetch(origin + path, { headers: { origin: 'https://evil.example' } })
      for (const { headers } of [preflight, read])
        expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
    }
    expect(hooks.stats().tasks).toMatchObject({ running: 0, succeeded: 0 })
  })

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=a',
    'text/plain; application/json',
    '',
  ])('starts nothing with what it may send unasked: %j', async (type) => {
    const { origin, hooks } = await serve()
    const headers: Record<string, string> = type === '' ? {} : { 'content-type': type }
    const body = type === '' ? new Uint8Array(Buffer.from('{}')) : '{}'
    const answer = await fetch(`${origin}/workflows/runs`, { method: 'POST', headers, body })
    expect([answer.status, hooks.stats().tasks.succeeded]).toEqual([415, 0])
  })

  test.each(['GET', 'PUT', 'DELETE', 'PATCH'])('starts and cancels nothing by %s', async (method) => {
    const { origin, hooks } = await serve()
    for (const path of ['/workflows/runs', '/tasks/a/cancel']) {
      const { status } = await fetch(origin + path, { method })
      expect([path, status]).toEqual([path, 404])
    }
    expect(hooks.stats().tasks.succeeded).toBe(0)
  })
})

describe('where it is served', () => {
  test('is nowhere without `controller` in the config, and on 127.0.0.1 with no more than that', async () => {
    const without = start(CONFIG)
    expect((await without.hooks.listen()).controllerPort).toBeUndefined()
    const { log } = await listen()
    expect(log.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/^\[Controller\] http:\/\/127\.0\.0\.1:\d+$/),
    )
    expect(log.filter(({ level }) => level === 'warn')).toEqual([])
  })

  test.each(['0.0.0.0', '::', '192.0.2.1', 'localhost.evil.example', '127.0.0.1.evil.com'])(
    'is warned of on %s without auth, and not with it',
    (host) => {
      const warnings = (config: CallbacksConfig): readonly string[] =>
        start(config).log.flatMap(({ level, message }) => (level === 'warn' ? [message] : []))
      const open = warnings({ ...CONFIG, controller: { host } })
      expect(open).toEqual([expect.stringContaining(`anybody who reaches "${host}" can start and cancel tasks`)])
      expect(warnings({ ...CONFIG, controller: { ...withToken.controller, host } })).toEqual([])
    },
  )
})

describe('a mounted controller without auth', () => {
  const warnings = ({
    log,
  }: {
    readonly log: readonly { readonly level: string; readonly message: string }[]
  }): string[] => log.filter(({ level }) => level === 'warn').map(({ message }) => message)

  test('is warned of once where the config has a public URL', async () => {
    const started = await mount({
      ...CONFIG,
      gateway: { driver: 'static', port: 8090, public_url: 'https://x.example' },
    })
    expect(started.hooks.controller).toBe(started.hooks.controller)
    expect(warnings(started)).toEqual([expect.stringMatching(/^The mounted controller has no auth/)])
  })

  test('is no matter elsewhere', async () => {
    expect(warnings(await mount())).toEqual([])
  })
})
