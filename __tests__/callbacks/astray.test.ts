import { describe, expect, test } from '@jest/globals'
import express from 'express'
import type { Callbacks, CallbacksConfig, CallbacksOptions } from '../../lib'
import { type Host, useHosts } from '../helpers/use-hosts'

const hosts = useHosts()

const DONE = { path: '/webhooks/done', identify_by: '${body.id}' } as const
const config: CallbacksConfig = { listener: DONE }
const judged: CallbacksConfig = {
  listener: { ...DONE, status: '${body.status}', success_when: ['ok'], fail_when: ['bad'] },
}
const signed: CallbacksConfig = { listener: { ...DONE, verify: { scheme: 'token', secret: 'of-the-test' } } }
const two: CallbacksConfig = { listener: { callbacks: [DONE, { ...DONE, path: '/other' }] } }
const NONE = 'No callback for "job-1" came to POST /webhooks/done within 1000 ms. '

/** Why a wait for `job-1` runs out of time. */
async function missed({ hooks, clock }: Pick<Host, 'hooks' | 'clock'>, path = '/webhooks/done'): Promise<string> {
  const wait = hooks.wait('job-1', { path, timeout: 1000 })
  clock.advance(1100)
  return messageOf(wait)
}

async function messageOf(wait: Promise<unknown>): Promise<string> {
  const error: unknown = await wait.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toMatchObject({ code: 'ERR_WAIT_TIMEOUT' })
  return error instanceof Error ? error.message : ''
}

interface Case {
  readonly config?: CallbacksConfig
  readonly options?: CallbacksOptions
  readonly mount?: (app: express.Express, hooks: Callbacks) => unknown
  /** What comes while the wait is open. */
  readonly send: (host: Host) => Promise<unknown>
  /** The message without its first sentence. */
  readonly says: string
}

const CASES: Readonly<Record<string, Case>> = {
  'nothing at all': {
    send: async () => undefined,
    says:
      'No request has ever reached this middleware: is app.use(callbacks(...)) there, before a router that answers, and ' +
      'does the public URL lead here?',
  },
  'a forgotten app.use': {
    mount: () => undefined,
    send: (host) => host.post('/webhooks/done').send({ id: 'job-1' }).expect(404),
    says:
      'No request has ever reached this middleware: is app.use(callbacks(...)) there, before a router that answers, and ' +
      'does the public URL lead here?',
  },
  'a router that answers first': {
    mount: (app, hooks) => app.use('/webhooks', (_request, response) => void response.status(403).end()).use(hooks),
    send: (host) => host.post('/webhooks/done').send({ id: 'job-1' }).expect(403),
    says:
      'No request has ever reached this middleware: is app.use(callbacks(...)) there, before a router that answers, and ' +
      'does the public URL lead here?',
  },
  'requests for other things': {
    send: (host) => host.post('/orders').send({ id: 'job-1' }).expect(404),
    says:
      'Nothing else came to it in this process: compare the URL that the service calls (its host, mount path, path and ' +
      'method) with POST /webhooks/done.',
  },
  'a wrong path': {
    send: (host) => host.post('/webhook/done').send({ id: 'job-1' }).expect(404),
    says:
      'Meanwhile this process saw 1 request that no endpoint takes (POST /webhook/done; did you mean POST ' +
      '/webhooks/done?).',
  },
  'a wrong path, twice': {
    send: async (host) => {
      await host.post('/webhooks/don').send({ id: 'job-1' }).expect(404)
      await host.post('/webhooks/don?key=hidden').send({ id: 'job-1' }).expect(404)
    },
    says:
      'Meanwhile this process saw 2 requests that no endpoint takes (one of them POST /webhooks/don; did you mean POST ' +
      '/webhooks/done?).',
  },
  'a wrong method': {
    send: (host) => fetch(`${host.origin}/webhooks/done`, { method: 'PUT' }),
    says:
      'Meanwhile this process saw 1 request that no endpoint takes (PUT /webhooks/done; did you mean POST ' +
      '/webhooks/done?).',
  },
  'a mount that the URL leaves out': {
    mount: (app, hooks) => app.use('/hooks', hooks),
    send: async (host) => {
      await host.post('/webhooks/done').send({ id: 'job-1' }).expect(404)
      await host.post('/hooks/health').expect(404)
    },
    says:
      'Nothing else came to it in this process: compare the URL that the service calls (its host, mount path, path and ' +
      'method) with POST /webhooks/done.',
  },
  'a mount that is not there': {
    send: (host) => host.post('/hooks/webhooks/done').send({ id: 'job-1' }).expect(404),
    says:
      'Meanwhile this process saw 1 request that no endpoint takes (POST /hooks/webhooks/done; did you mean POST ' +
      '/webhooks/done?).',
  },
  'a base_path that the URL leaves out': {
    config: { listener: { base_path: '/webhooks', callbacks: [{ ...DONE, path: '/done' }] } },
    send: (host) => host.post('/done').send({ id: 'job-1' }).expect(404),
    says: 'Meanwhile this process saw 1 request that no endpoint takes (POST /done; did you mean POST /webhooks/done?).',
  },
  'a parser of the host app in front': {
    mount: (app, hooks) => app.use(express.json(), hooks),
    config: signed,
    send: (host) =>
      host.post('/webhooks/done').set('authorization', 'Bearer of-the-test').send({ id: 'job-1' }).expect(500),
    says: 'Meanwhile this process saw 1 callback refused with ERR_BODY_CONSUMED (The body was read before the callbacks saw it, and its signature covers the bytes as they came. Mount the callbacks before express.json()).',
  },
  'a bad signature': {
    config: signed,
    send: async (host) => {
      await host.post('/webhooks/done').send({ id: 'job-1' }).expect(401)
      await host.post('/webhooks/done').set('authorization', 'Bearer wrong-one').send({ id: 'job-1' }).expect(401)
    },
    says: 'Meanwhile this process saw 2 callbacks refused, the last one with ERR_UNVERIFIED (The sender is not verified: its token is no secret of the endpoint; compare "verify" and its secret with what the sender signs with).',
  },
  'a body that is no JSON': {
    send: (host) => host.post('/webhooks/done').set('content-type', 'application/json').send('{').expect(400),
    says: 'Meanwhile this process saw 1 callback refused with ERR_BODY_MALFORMED (',
  },
  'no id': {
    send: (host) => host.post('/webhooks/done').send({ task: 'job-1' }).expect(200),
    says: 'Meanwhile this process saw 1 callback in which "identify_by" finds no id (does it read the right place?).',
  },
  'another id': {
    send: (host) => host.post('/webhooks/done').send({ id: 'job-2' }).expect(200),
    says: 'Meanwhile this process saw 1 callback for another id, "job-2".',
  },
  'other ids, one of them a ticket': {
    send: async (host) => {
      await host.post('/webhooks/done').send({ id: 'job-2' }).expect(200)
      await host
        .post(`/webhooks/done?callback_id=tkt-${'a1B2'.repeat(7)}`)
        .send({})
        .expect(200)
    },
    says: 'Meanwhile this process saw 2 callbacks for other ids, the last one for "tkt-a1B2…".',
  },
  'other ids that are waited for': {
    send: async (host) => {
      const wait = host.hooks.wait('job-2', { path: '/webhooks/done' })
      await host.post('/webhooks/done').send({ id: 'job-2' }).expect(200)
      await host.post('/webhooks/done').send({ id: 'job-2' }).expect(200)
      await wait
    },
    says: 'Meanwhile this process saw 2 callbacks for other ids, the last one for "job-2".',
  },
  'the same id at another endpoint': {
    config: two,
    send: (host) => host.post('/other').send({ id: 'job-1' }).expect(200),
    says:
      'A callback for "job-1" came to POST /other, which cannot end this wait: wait for that path, or have it sent to ' +
      'POST /webhooks/done.',
  },
  'another id, pending': {
    config: judged,
    send: (host) => host.post('/webhooks/done').send({ id: 'job-2', status: 'queued' }).expect(200),
    says: 'Meanwhile this process saw 1 callback for another id, "job-2".',
  },
  'several of them': {
    send: async (host) => {
      await host.post('/webhooks/done').send({ id: 'job-2' }).expect(200)
      await host.post('/webhooks/done').send({ task: 'job-1' }).expect(200)
      await host.post('/webhooks/dones').send({ id: 'job-1' }).expect(404)
    },
    says:
      'Meanwhile this process saw 1 callback in which "identify_by" finds no id (does it read the right place?); 1 callback for another id, "job-2"; 1 ' +
      'request that no endpoint takes (POST /webhooks/dones; did you mean POST /webhooks/done?).',
  },
}

describe('a wait that nothing ends says why', () => {
  test.each(Object.entries(CASES))('%s', async (_name, { config: own = config, options, mount, send, says }) => {
    const host = await hosts.open(own, options, mount)
    const wait = host.hooks.wait('job-1', { path: '/webhooks/done', timeout: 1000 })
    await send(host)
    host.clock.advance(1100)
    const message = await messageOf(wait)
    if (says.endsWith('(')) expect(message.slice(0, NONE.length + says.length)).toBe(NONE + says)
    else expect(message).toBe(NONE + says)
  })
})

test.each([
  ['odd', 'If the status "odd" is final, name it in "success_when" or "fail_when".'],
  ['OK!', 'If the status "OK!" is final, name it in "success_when" or "fail_when".'],
  [undefined, 'Is the status final but elsewhere in the callback? Then mend the template "status".'],
])('a status %j of its own that is in neither list', async (status, says) => {
  const host = await hosts.open(judged)
  const wait = host.hooks.wait('job-1', { timeout: 1000 })
  await host.post('/webhooks/done').send({ id: 'job-1', status }).expect(200)
  host.clock.advance(1100)
  expect(await messageOf(wait)).toBe(
    `No final callback for "job-1" came to POST /webhooks/done within 1000 ms; the last one had the status ` +
      `${status === undefined ? 'none' : JSON.stringify(status)}, which says that the work goes on. ${says}`,
  )
})

describe('a callback that came before the wait', () => {
  test('has ended another wait', async () => {
    const host = await hosts.open(config)
    const first = host.hooks.wait('job-1')
    await host.post('/webhooks/done').send({ id: 'job-1' }).expect(200)
    await first
    expect(await missed(host)).toBe(
      `${NONE}A callback for "job-1" came before this wait began, and ended another wait: begin each wait before its ` +
        'service is called.',
    )
  })

  test('was parked, and expired', async () => {
    const host = await hosts.open({ ...config, store: { park: { for: '1m' } } })
    await host.post('/webhooks/done').send({ id: 'job-1' }).expect(200)
    host.clock.advance(61_000)
    expect(await missed(host)).toBe(
      `${NONE}A callback for "job-1" came before this wait began, and was dropped when its time in "store.park" was ` +
        'over: begin the wait sooner, or raise "store.park.for".',
    )
  })

  test('does not count when it was for another id, or was refused', async () => {
    const host = await hosts.open(signed)
    const send = () => host.post('/webhooks/done').set('authorization', 'Bearer of-the-test')
    await host.post('/webhooks/done').send({ id: 'job-1' }).expect(401)
    await send().send({ id: 'job-2' }).expect(200)
    await send().send({}).expect(200)
    expect(await missed(host)).toContain('Nothing else came to it in this process: ')
  })
})

test('while the callbacks are being closed, a callback is refused', async () => {
  let letGo = (): void => undefined
  const held = new Promise<void>((resolve) => {
    letGo = resolve
  })
  const tunnel = { publicUrl: 'https://t.example', closed: new Promise<void>(() => undefined), close: () => held }
  const options = { tunnels: { mine: async () => tunnel } }
  const host = await hosts.open({ ...config, gateway: { driver: 'mine', port: 80 } }, options)
  await host.hooks.open()
  const wait = host.hooks.wait('job-1', { timeout: 1000 })
  const closing = host.hooks.close()
  await host.post('/webhooks/done').send({ id: 'job-1' }).expect(503)
  host.clock.advance(1100)
  expect(await messageOf(wait)).toBe(
    `${NONE}Meanwhile this process saw 1 callback refused with ERR_CLOSED (The callbacks are being closed; close({ drain: "30s" }) takes callbacks as long as waits are open).`,
  )
  letGo()
  await closing
})

test.each([
  ['by a key', (hooks: Callbacks) => hooks.wait('job-1', { key: 'k', timeout: 1000 })],
  ['with a listener', (hooks: Callbacks) => hooks.wait('job-1', { onProgress: () => undefined, timeout: 1000 })],
])('a wait %s says it too', async (_name, begin) => {
  const host = await hosts.open(config)
  const wait = begin(host.hooks)
  await host.post('/webhooks/done').send({ id: 'job-2' }).expect(200)
  host.clock.advance(1100)
  expect(await messageOf(wait)).toBe(`${NONE}Meanwhile this process saw 1 callback for another id, "job-2".`)
})

test('a job says it too', async () => {
  const host = await hosts.open({
    ...config,
    workflow: { id: 'paint', jobs: [{ id: 'draw', wait_for: { path: '/webhooks/done', id: 'job-1', timeout: '1s' } }] },
  })
  const waiting = new Promise<void>((resolve) => {
    host.hooks.on('job', ({ status }) => void (status === 'waiting' && resolve()))
  })
  const run = host.hooks.run()
  run.catch(() => undefined)
  await waiting
  await host.post('/webhooks/done').send({ task: 'job-1' }).expect(200)
  host.clock.advance(1100)
  expect(await messageOf(run)).toBe(
    `Job "draw" failed: ${NONE}Meanwhile this process saw 1 callback in which "identify_by" finds no id (does it read the right place?).`,
  )
})

test('a ticket whose callback takes a wrong path is told by its id, which is not shown', async () => {
  const host = await hosts.open(two, { port: 80 })
  const { id, result } = host.hooks.ticket({ path: '/webhooks/done', timeout: 1000 })
  await host.post(`/elsewhere?callback_id=${id}`).send({}).expect(404)
  await host.post('/other/thing').send({}).expect(404)
  host.clock.advance(1100)
  const message = await messageOf(result)
  expect(message).toContain(
    'saw 2 requests that no endpoint takes (one of them POST /elsewhere, with the id of this wait)',
  )
  expect(message.split('Meanwhile')[1]).not.toContain(id)
})

test('many callbacks are counted as long as their number is known', async () => {
  const host = await hosts.open(config)
  const wait = host.hooks.wait('job-1', { timeout: 1000 })
  for (let index = 0; index < 1500; index += 1) await host.hooks.settle(`other-${index}`)
  host.clock.advance(1100)
  expect(await messageOf(wait)).toMatch(/saw at least 1000 callbacks for other ids, the last one for "other-1499"\.$/)
})

describe('a request that the app gets', () => {
  test.each([
    ['/webhook/done', undefined],
    ['/orders', undefined],
    [
      '/webhooks/dune',
      'POST /webhooks/dune is passed on to the app: no endpoint takes it; did you mean POST /webhooks/done?',
    ],
    ['/x/done', 'POST /x/done is passed on to the app: no endpoint takes it'],
    ['/x?callback_id=1', 'POST /x is passed on to the app: no endpoint takes it'],
  ])('%s is told only where it looks like a callback, to a log of the level debug', async (path, line) => {
    const host = await hosts.open({ listener: { ...DONE, path: '/webhooks/done' } })
    await host.post(path).send({}).expect(404)
    const said = host.log.filter(({ message }) => message.includes('passed on'))
    if (line === undefined && path === '/orders') expect(said).toEqual([])
    else expect(said.map(({ level }) => level)).toEqual(['debug'])
    if (line !== undefined) expect(said[0]?.message).toBe(line)
  })

  test.each(['router', 'server'])('below a mount the whole path is told (%s)', async (kind) => {
    const started = await hosts.open(config, { mountPath: '/api/hooks' }, (app, hooks) => app.use('/api/hooks', hooks))
    const origin = kind === 'router' ? started.origin : await hosts.serve(started.hooks.createServer(express()))
    await fetch(`${origin}/api/hooks/webhooks/dome`, { method: 'POST' })
    expect(started.log.map(({ message }) => message)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^POST \/api\/hooks\/webhooks\/dome is passed on to the app: /)]),
    )
  })
})

test('a request on its way to the router of another listener is no stray', async () => {
  const listeners = [
    { ...DONE, port: 8090 },
    { ...DONE, path: '/webhooks/other', port: 8091 },
  ]
  const host = await hosts.open({ listeners }, {}, (app, hooks) => app.use(hooks.router(8090), hooks.router(8091)))
  const wait = host.hooks.wait('job-1', { path: '/webhooks/done', timeout: 1000 })
  await host.post('/webhooks/other').send({ id: 'job-2' }).expect(200)
  expect(host.log.filter(({ message }) => message.includes('passed on'))).toEqual([])
  host.clock.advance(1100)
  expect(await messageOf(wait)).toContain('Nothing else came to it in this process: ')
})

describe('the URL of a ticket that is guessed', () => {
  const PORT =
    'is a guess: it is the port of the listener in the config. Name that of the app in options.port, or its URL in ' +
    'options.publicUrl'
  const MOUNT =
    'is a guess: no request has shown yet where the app mounts the callbacks. If it is not the root, name it in ' +
    'options.mountPath, such as "/hooks"; "/" says that it is'
  const URL = 'http://localhost:8090/webhooks/done'
  const local: CallbacksConfig = { listener: { ...DONE, port: 8090 } }

  test.each<[string, CallbacksConfig, CallbacksOptions, readonly string[]]>([
    ['port and mount path', local, {}, [`The mount path in ${URL} ${MOUNT}`, `The port in ${URL} ${PORT}`]],
    ['port', local, { mountPath: '/' }, [`The port in ${URL} ${PORT}`]],
    ['mount path', local, { port: 8090 }, [`The mount path in ${URL} ${MOUNT}`]],
    [
      'mount path on a public URL',
      local,
      { publicUrl: 'https://a.example' },
      [`The mount path in https://a.example/webhooks/done ${MOUNT}`],
    ],
    ['neither', local, { port: 3000, mountPath: '/hooks' }, []],
    ['neither, of a listener', { listener: { ...DONE, public_url: 'https://a.example' } }, { mountPath: '/' }, []],
  ])('%s', async (_what, own, options, lines) => {
    const { hooks, log, clock } = hosts.start(own, options)
    const first = hooks.ticket({ timeout: 1000 })
    const second = hooks.ticket({ timeout: 1000 })
    const said = log.filter(({ message }) => message.includes('is a guess'))
    expect(said.map(({ level, message }) => `${level} ${message}`)).toEqual(lines.map((line) => `info ${line}`))
    clock.advance(1100)
    const [message] = await Promise.all([first, second].map(({ result }) => messageOf(result)))
    for (const line of lines) expect(message).toContain(` ${line}.`)
    if (lines.length === 0) expect(message).not.toContain('is a guess')
  })

  test('a job says it, once for all runs', async () => {
    const { hooks, log } = hosts.start(
      {
        ...local,
        component: { type: 'http-client', base_url: 'http://127.0.0.1:9', body: { to: '${callback.url}' } },
        workflow: { jobs: [{ id: 'draw' }] },
      },
      { fetch: async () => new Response('{}', { status: 400 }) },
    )
    await expect(hooks.run()).rejects.toMatchObject({ code: 'ERR_HTTP_STATUS' })
    await expect(hooks.run()).rejects.toMatchObject({ code: 'ERR_HTTP_STATUS' })
    expect(log.filter(({ message }) => message.includes('is a guess')).map(({ message }) => message)).toEqual([
      `The mount path in ${URL} ${MOUNT}`,
      `The port in ${URL} ${PORT}`,
    ])
  })

  test('what requests have shown is no guess', async () => {
    const host = await hosts.open(local, { port: 80 }, (app, hooks) => app.use('/hooks', hooks))
    await host.post('/hooks/health').expect(404)
    const { url, result } = host.hooks.ticket({ timeout: 1000 })
    expect(url).toMatch(/^http:\/\/localhost\/hooks\/webhooks\/done\?|^http:\/\/localhost:80\/hooks\/webhooks\/done\?/)
    expect(host.log.filter(({ message }) => message.includes('is a guess'))).toEqual([])
    host.clock.advance(1100)
    expect(await messageOf(result)).not.toContain('is a guess')
  })
})
