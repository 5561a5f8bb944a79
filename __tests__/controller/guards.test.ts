import { describe, expect, test } from '@jest/globals'
import request from 'supertest'
import { openRawSocket, head } from '../helpers/raw-socket'
import { CONFIG, useControllers } from './use-controller'

const { ways, listen, mount } = useControllers()
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
