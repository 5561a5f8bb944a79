import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from '@jest/globals'
import express from 'express'
import { head, openRawSocket } from '../helpers/raw-socket'
import { CONFIG, type Serve, type ServedController, useControllers } from './use-controller'

const { start, ways, mount, listen } = useControllers()
const TOKEN = 'correct horse battery staple'
const withToken = { ...CONFIG, controller: { auth: { type: 'bearer', token: TOKEN } } } as const
const ACTIONS = ['/waits/a/settle', '/waits/a/fail', '/waits/a/cancel', '/deliveries/a/replay']
const JSON_TYPE = { 'content-type': 'application/json' }

/** Sends an action as it is, with any Host; asserts that the wait for `a` goes on. */
async function refuse(
  serve: Serve,
  headers: Readonly<Record<string, string>>,
  config: Parameters<Serve>[0] = CONFIG,
): Promise<readonly string[]> {
  const served = await serve(config)
  const waiting = served.hooks.wait('a').catch(() => undefined)
  const answers: string[] = []
  for (const path of ACTIONS) answers.push(await act(served, path, headers))
  expect(served.hooks.stats().waiting).toBe(1)
  await served.hooks.settle('a')
  await waiting
  return answers
}

async function act({ origin }: ServedController, path: string, headers: Readonly<Record<string, string>>) {
  const raw = await openRawSocket(origin)
  const { pathname } = new URL(origin)
  const own = { 'Content-Type': 'application/json', 'Content-Length': 2, Connection: 'close' }
  raw.send(`${head(`POST ${pathname.replace(/\/$/, '')}${path}`, { ...own, ...headers })}{}`)
  return raw.closed()
}

describe.each(ways)('an action is refused, %s', (_way, serve) => {
  test.each([
    ['from another origin', { Origin: 'https://evil.example' }],
    ['from another port', { Origin: 'http://localhost:1' }],
    ['from a page without an origin', { Origin: 'null' }],
    ['from another origin that names this host', { Origin: 'https://localhost.evil.example' }],
    ['from another origin, by no page', { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'none' }],
    ['by a page of another site', { 'Sec-Fetch-Site': 'cross-site' }],
    ['by a page of the same site', { 'Sec-Fetch-Site': 'same-site' }],
    ['by a page of another site that hides its origin', { 'Sec-Fetch-Site': 'cross-site', Origin: 'http://localhost' }],
  ])('%s, with the token too', async (_name, headers) => {
    for (const [config, more] of [
      [CONFIG, {}],
      [withToken, { Authorization: `Bearer ${TOKEN}` }],
    ] as const) {
      for (const answer of await refuse(serve, { ...headers, ...more }, config)) {
        expect(answer).toContain('HTTP/1.1 403 ')
        expect(answer).toContain(
          '"code":"ERR_FORBIDDEN","message":"The controller refuses to do this: a page of another',
        )
        expect(answer.toLowerCase()).not.toContain('access-control')
      }
    }
  })

  test.each(['Forwarded', 'X-Forwarded-For', 'X-Real-IP', 'Via', 'CF-Connecting-IP', 'True-Client-IP'])(
    'without auth, through a proxy that says so by %s',
    async (name) => {
      for (const answer of await refuse(serve, { [name]: '127.0.0.1' })) {
        expect(answer).toContain('HTTP/1.1 403 ')
        expect(answer).toContain(`it comes through a proxy (${name.toLowerCase()})`)
        expect(answer).toContain('Set controller: {auth: {type: bearer, token: …}}'.slice(0, 30))
      }
    },
  )

  test('without auth, under a name that is not of this machine', async () => {
    for (const name of ['evil.example', 'app.example:8090', '10.0.0.1', 'localhost.evil.example'])
      for (const answer of await refuse(serve, { Host: name }))
        expect(answer).toMatch(/HTTP\/1\.1 403 .*ERR_(FORBIDDEN|HOST)/s)
  })

  test.each([
    ['no token', {}],
    ['a wrong token', { Authorization: `Bearer ${TOKEN}x` }],
    ['another kind of token', { Authorization: `Basic ${TOKEN}` }],
  ])('with %s', async (_name, headers) => {
    for (const answer of await refuse(serve, headers, withToken)) expect(answer).toContain('HTTP/1.1 401 ')
  })

  test.each(['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH'])('by %s', async (method) => {
    const { origin, hooks } = await serve()
    const waiting = hooks.wait('a').catch(() => undefined)
    for (const path of ACTIONS) expect((await fetch(origin + path, { method })).status).toBe(404)
    expect(hooks.stats().waiting).toBe(1)
    await hooks.settle('a')
    await waiting
  })

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=a'])(
    'with a body that a page may send unasked: %s',
    async (type) => {
      const answers = await refuse(serve, { 'Content-Type': type })
      expect(answers.map((answer) => answer.slice(9, 12))).toEqual(ACTIONS.map(() => '415'))
    },
  )
})

describe.each(ways)('an action is done, %s', (_way, serve) => {
  test.each([
    ['from this machine', {}],
    ['from the page of the same origin', { 'Sec-Fetch-Site': 'same-origin', Origin: 'http://localhost' }],
    [
      'under another name of this machine than its page',
      { 'Sec-Fetch-Site': 'same-origin', Origin: 'http://127.0.0.1' },
    ],
    ['by the address line', { 'Sec-Fetch-Site': 'none' }],
    ['under another name of this machine', { Host: '127.0.0.1:8090' }],
    ['under its IPv6 name', { Host: '[::1]:8090' }],
  ])('%s', async (_name, headers) => {
    const served = await serve()
    const waiting = served.hooks.wait('a')
    expect(await act(served, '/waits/a/settle', headers)).toContain('"delivery":"settled"')
    await waiting
  })

  test('with the token, through a proxy', async () => {
    const served = await serve(withToken)
    const waiting = served.hooks.wait('a')
    const headers = { Authorization: `Bearer ${TOKEN}`, 'X-Forwarded-For': '203.0.113.7', Via: '1.1 proxy' }
    expect(await act(served, '/waits/a/settle', headers)).toContain('"delivery":"settled"')
    await waiting
  })
})

test('an action with the token may come from the page of the app under its public name', async () => {
  const served = await mount(withToken)
  const waiting = served.hooks.wait('a')
  const headers = { Authorization: `Bearer ${TOKEN}`, Host: 'app.example', Origin: 'https://app.example' }
  expect(await act(served, '/waits/a/settle', headers)).toContain('"delivery":"settled"')
  await waiting
})

test('and from the page under its public name where a proxy writes its own Host', async () => {
  const served = await mount(withToken)
  const waiting = served.hooks.wait('a')
  const proxied = { Host: '127.0.0.1:8080', 'X-Forwarded-For': '203.0.113.7', 'X-Forwarded-Host': 'app.example' }
  const page = { Origin: 'https://app.example', 'Sec-Fetch-Site': 'same-origin' }
  const answer = await act(served, '/waits/a/settle', { ...proxied, ...page, Authorization: `Bearer ${TOKEN}` })
  expect(answer).toContain('"delivery":"settled"')
  await waiting
})

test('a page whose name was pointed at this machine is refused without auth', async () => {
  const served = await mount()
  const rebound = { Host: 'evil.example', Origin: 'http://evil.example', 'Sec-Fetch-Site': 'same-origin' }
  expect(await act(served, '/waits/a/settle', rebound)).toContain('"code":"ERR_FORBIDDEN"')
})

test('what only shows something is not refused', async () => {
  const served = await mount()
  for (const path of ['/waits', '/deliveries', '/openapi.json'])
    expect([path, (await served.get(path).set('x-forwarded-for', '203.0.113.7')).status]).toEqual([path, 200])
})

test('this machine is known where the app listens on IPv6 and IPv4', async () => {
  const { hooks } = start(CONFIG)
  const dual = createServer(express().use('/_callbacks', hooks.controller))
  const isThere = await new Promise<boolean>((resolve) => {
    dual.once('error', () => resolve(false)).listen(0, '::', () => resolve(true))
  })
  // A machine without IPv6 has no such server.
  if (!isThere) return
  const { port } = dual.address() as AddressInfo
  const answer = await fetch(`http://127.0.0.1:${port}/_callbacks/waits/a/settle`, {
    method: 'POST',
    headers: JSON_TYPE,
  })
  expect([answer.status, await answer.json()]).toEqual([200, { id: 'a', delivery: 'parked' }])
  await new Promise((resolve) => {
    dual.close(resolve)
    dual.closeAllConnections()
  })
})

test('on a host that the network reaches, a foreign Host is refused without auth', async () => {
  const served = await listen({ ...CONFIG, controller: { host: '0.0.0.0' } })
  expect(await act(served, '/waits/a/settle', { Host: 'app.example' })).toContain(
    'its Host \\"app.example\\" is no name of this machine',
  )
})
