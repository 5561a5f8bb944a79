import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { request as ask } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from '@jest/globals'
import request from 'supertest'
import type { Callbacks, CallbacksConfig } from '../../lib'
import { eventsOf } from '../helpers/events-of'
import { type Host, useHosts } from '../helpers/use-hosts'

const hosts = useHosts()
const folders: string[] = []
const listening: Callbacks[] = []
afterEach(async () => {
  for (const hooks of listening.splice(0)) await hooks.close()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

const STORES: readonly (readonly [string, () => object])[] = [
  ['memory', () => ({})],
  ['file', () => ({ store: folderStore() })],
]

function folderStore(): object {
  const path = mkdtempSync(join(tmpdir(), 'when-done-'))
  folders.push(path)
  return { type: 'file', path }
}

/** A trigger whose run waits for a callback, and an event source that does the same. */
function configOf(more: object = {}, rest: object = {}): CallbacksConfig {
  const respond = { respond: 'when_done', ...more }
  return {
    listeners: [
      { type: 'http-trigger', path: '/go', dedupe_by: '${header.x-delivery}', ...respond },
      {
        callbacks: [
          { path: '/events', identify_by: '${body.event}', workflow: 'hold', ...respond },
          {
            path: '/done',
            identify_by: '${body.id}',
            result: '${body.result}',
            status: '${body.s | ok}',
            fail_when: 'bad',
            workflow: false,
          },
        ],
      },
    ],
    workflow: { id: 'hold', jobs: [{ id: 'hold', wait_for: { id: '${input.id}', path: '/done' } }] },
    ...rest,
  } as CallbacksConfig
}

const BULK: CallbacksConfig = {
  listeners: [
    {
      type: 'http-trigger',
      triggers: [
        {
          path: '/go',
          bulk: true,
          item: '${body.list}',
          when: '${item.live | true}',
          input: '${item}',
          respond: 'when_done',
          within: '2s',
        },
      ],
    },
    {
      path: '/done',
      identify_by: '${body.id}',
      result: '${body.result}',
      status: '${body.s}',
      fail_when: 'bad',
      workflow: false,
    },
  ],
  workflow: { jobs: [{ wait_for: { id: '${input.id}', path: '/done' } }] },
}

interface Answered {
  readonly status: number
  readonly body: unknown
  readonly headers: Headers
}

async function send(
  { origin }: Host,
  path: string,
  body: object,
  headers: Record<string, string> = {},
): Promise<Answered> {
  const answer = await fetch(`${origin}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  const text = await answer.text()
  return { status: answer.status, body: text === '' ? '' : JSON.parse(text), headers: answer.headers }
}

/** Resolves when so many jobs have begun to wait. */
function untilWaiting({ hooks }: Host, count = 1): Promise<void> {
  return new Promise((resolve) => {
    let seen = 0
    hooks.on('job', ({ status }) => {
      if (status === 'waiting') seen += 1
      if (seen === count) resolve()
    })
  })
}

const STARTS = [
  ['a trigger', '/go', { id: 'a' }],
  ['an event source', '/events', { id: 'a', event: 'e' }],
] as const

describe.each(STORES)('respond: when_done, by the store %s', (_store, store) => {
  test.each(STARTS)('answers a request to %s with the output of a run of one second', async (_what, path, body) => {
    const host = await hosts.open(configOf({}, store()))
    const waiting = untilWaiting(host)
    const answering = send(host, path, body)
    await waiting
    host.clock.advance(1000)
    await send(host, '/done', { id: 'a', result: { url: 'cat.png', size: [1, 2] } })
    const { status, body: output, headers } = await answering
    expect([status, output]).toEqual([200, { url: 'cat.png', size: [1, 2] }])
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    })
  })

  test.each(STARTS)(
    'answers a request to %s 202 after 25 seconds; the run of a minute goes on',
    async (_what, path, body) => {
      const host = await hosts.open(configOf({}, store()))
      const waiting = untilWaiting(host)
      const answering = send(host, path, body)
      await waiting
      host.clock.advance(24_999)
      host.clock.advance(1)
      const { status, body: answer, headers } = await answering
      expect([status, answer]).toEqual([202, { task_id: expect.any(String), status: 'running' }])
      expect(headers.get('location')).toBeNull()
      host.clock.advance(35_000)
      const ended = new Promise((resolve) =>
        host.hooks.on('task', (event) => event.status === 'succeeded' && resolve(event)),
      )
      await send(host, '/done', { id: 'a', result: 1 })
      expect(await ended).toMatchObject({ task: (answer as { task_id: string }).task_id })
    },
  )

  test.each(STARTS)('answers a request to %s 500 with the code of a run that fails', async (_what, path, body) => {
    const host = await hosts.open(configOf({}, store()))
    const waiting = untilWaiting(host)
    const answering = send(host, path, body)
    await waiting
    await send(host, '/done', { id: 'a', s: 'bad', result: 'a detail that is not shown' })
    const { status, body: answer } = await answering
    expect([status, answer]).toEqual([
      500,
      { task_id: expect.any(String), status: 'failed', error: { code: 'ERR_CALLBACK_FAILED' } },
    ])
  })

  test('answers a repeated delivery with the same run, also when that has ended', async () => {
    const host = await hosts.open(configOf({}, store()))
    const waiting = untilWaiting(host)
    const first = send(host, '/go', { id: 'a' }, { 'x-delivery': '1' })
    await waiting
    const repeated = [1, 2].map(() => send(host, '/go', { id: 'a' }, { 'x-delivery': '1' }))
    while (host.hooks.stats().duplicate < 2) await new Promise((resolve) => setImmediate(resolve))
    await send(host, '/done', { id: 'a', result: 7 })
    for (const one of [first, ...repeated]) expect(await one).toMatchObject({ status: 200, body: 7 })
    expect(await send(host, '/go', { id: 'a' }, { 'x-delivery': '1' })).toMatchObject({ status: 200, body: 7 })
    expect(host.hooks.stats()).toMatchObject({ started: 1, duplicate: 3 })
  })

  test('answers a repeated event with the same run', async () => {
    const host = await hosts.open(configOf({}, store()))
    const waiting = untilWaiting(host)
    const first = send(host, '/events', { id: 'a', event: 'e' })
    await waiting
    const repeated = send(host, '/events', { id: 'a', event: 'e' })
    while (host.hooks.stats().duplicate < 1) await new Promise((resolve) => setImmediate(resolve))
    await send(host, '/done', { id: 'a', result: 7 })
    for (const one of [first, repeated]) expect(await one).toMatchObject({ status: 200, body: 7 })
    expect(host.hooks.stats()).toMatchObject({ started: 1, duplicate: 1 })
  })

  test('answers at once when the callbacks are closed', async () => {
    const host = await hosts.open(configOf({}, store()))
    const waiting = untilWaiting(host, 2)
    const answering = [send(host, '/go', { id: 'a' }), send(host, '/events', { id: 'b', event: 'e' })]
    await waiting
    await host.hooks.close()
    for (const one of answering)
      expect(await one).toMatchObject({ status: 202, body: { task_id: expect.any(String), status: 'running' } })
    expect(host.clock.timers).toBe(0)
  })
})

describe('respond: when_done', () => {
  test('with drain answers with the output of a run that ends meanwhile', async () => {
    const host = await hosts.open(configOf())
    const waiting = untilWaiting(host)
    const answering = send(host, '/go', { id: 'a' })
    await waiting
    const closing = host.hooks.close({ drain: '10s' })
    await send(host, '/done', { id: 'a', result: 3 })
    expect(await answering).toMatchObject({ status: 200, body: 3 })
    await closing
  })

  test('a delivery of another process that came before is answered 202, without a task', async () => {
    const store = folderStore()
    const before = await hosts.open(configOf({ within: 0 }, { store }))
    expect(await send(before, '/go', { id: 'a' }, { 'x-delivery': '1' })).toMatchObject({ status: 202 })
    await before.hooks.close()
    const after = await hosts.open(configOf({}, { store }))
    await after.hooks.open()
    expect(await send(after, '/go', { id: 'a' }, { 'x-delivery': '1' })).toMatchObject({
      status: 202,
      body: { task_id: null, status: 'duplicate' },
    })
    expect(after.hooks.stats()).toMatchObject({ duplicate: 1, started: 0 })
  })

  test('a repeated delivery is answered as long as the store knows its run, and never with a run that is forgotten', async () => {
    const store = { ...folderStore(), keep: '2h' }
    const deliver = (host: Host) => send(host, '/events', { id: 'a', event: 'e' })
    for (const [kept, ms, answer] of [
      [{ keep: '2h' }, 3_600_000, { status: 200, body: 7 }],
      [{ keep: '1m' }, 3_600_000, { status: 202, body: { task_id: null, status: 'duplicate' } }],
      [store, 3_600_000, { status: 200, body: 7 }],
    ] as const) {
      const host = await hosts.open(configOf({}, { store: kept }))
      const waiting = untilWaiting(host)
      const first = deliver(host)
      await waiting
      await send(host, '/done', { id: 'a', result: 7 })
      expect(await first).toMatchObject({ status: 200, body: 7 })
      host.clock.advance(ms)
      expect(await deliver(host)).toMatchObject(answer)
      await host.hooks.close()
    }
  })

  test('a client that goes away changes nothing', async () => {
    const host = await hosts.open(configOf())
    const waiting = untilWaiting(host)
    const gone = ask(`${host.origin}/go`, { method: 'POST', headers: { 'content-type': 'application/json' } })
    gone.on('error', () => undefined)
    gone.end('{"id":"a"}')
    await waiting
    const before = host.clock.timers
    gone.destroy()
    while (host.clock.timers >= before) await new Promise((resolve) => setImmediate(resolve))
    expect(host.hooks.stats()).toMatchObject({ tasks: { running: 1 }, waiting: 1 })
    const ended = once(emitterOf(host.hooks), 'succeeded')
    await send(host, '/done', { id: 'a', result: 1 })
    await ended
    expect(host.hooks.stats()).toMatchObject({ tasks: { running: 0, succeeded: 1 } })
    expect(host.log.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([])
  })

  test('holds no place of max_concurrent_count', async () => {
    const host = await hosts.open({
      listeners: [
        {
          type: 'http-trigger',
          max_concurrent_count: 1,
          max_queue: 1,
          triggers: [{ path: '/go', respond: 'when_done' }],
        },
        { path: '/done', identify_by: '${body.id}', workflow: false },
      ],
      workflow: { jobs: [{ wait_for: { id: '${input.id}', path: '/done' } }] },
    })
    const waiting = untilWaiting(host, 5)
    const answering = ['a', 'b', 'c', 'd', 'e'].map((id) => send(host, '/go', { id }))
    await waiting
    for (const id of ['e', 'a', 'd', 'b', 'c']) await send(host, '/done', { id })
    expect((await Promise.all(answering)).map(({ status, body }) => [status, body])).toEqual(
      ['a', 'b', 'c', 'd', 'e'].map((id) => [200, { id }]),
    )
  })

  test('answers a bulk request with a list, in the order of its items', async () => {
    const host = await hosts.open(BULK)
    const waiting = untilWaiting(host, 3)
    const answering = send(host, '/go', { list: [{ id: 'a' }, { id: 'x', live: false }, { id: 'b' }, { id: 'c' }] })
    await waiting
    for (const [id, s] of [
      ['c', 'ok'],
      ['a', 'ok'],
      ['b', 'bad'],
    ])
      await send(host, '/done', { id, s, result: `${id}!` })
    expect(await answering).toMatchObject({
      status: 200,
      body: [
        { index: 0, task_id: expect.any(String), status: 'succeeded', output: 'a!' },
        { index: 2, task_id: expect.any(String), status: 'failed', error: { code: 'ERR_CALLBACK_FAILED' } },
        { index: 3, task_id: expect.any(String), status: 'succeeded', output: 'c!' },
      ],
    })
  })

  test('answers a bulk request 202 with what has ended and what goes on', async () => {
    const host = await hosts.open(BULK)
    const waiting = untilWaiting(host, 2)
    const answering = send(host, '/go', { list: [{ id: 'a' }, { id: 'b' }] })
    await waiting
    const ended = once(emitterOf(host.hooks), 'succeeded')
    await send(host, '/done', { id: 'b', s: 'ok', result: 'b!' })
    await ended
    host.clock.advance(2000)
    expect(await answering).toMatchObject({
      status: 202,
      body: [
        { index: 0, status: 'running' },
        { index: 1, status: 'succeeded', output: 'b!' },
      ],
    })
  })

  test('answers as ever what starts no run', async () => {
    const response = { status: 201, body: 'got it' }
    const host = await hosts.open(configOf({ response, when: '${body.live | true}' }))
    const wait = host.hooks.wait('e', { path: '/events' })
    const sent = (body: object, path = '/events') => request(host.origin).post(path).send(body).expect(201, 'got it')
    await sent({ event: 'e' })
    await sent({ event: 'f', live: false })
    await sent({ live: false }, '/go')
    await sent({})
    await expect(wait).resolves.toEqual({ event: 'e' })
    expect(host.hooks.stats()).toMatchObject({ filtered: 2, started: 0, unidentified: 1 })
  })

  test.each(STORES)(
    'answers a repeat of what has started no run as it answered the first (%s)',
    async (_what, store) => {
      const response = { status: 201, body: { got: '${body.id}' } }
      const judged = { dedupe_by: '${body.key}', status: '${body.s | ok}', fail_when: 'bad' }
      const events = { path: '/events', identify_by: '${body.event}', workflow: 'hold', respond: 'when_done' as const }
      const config: CallbacksConfig = {
        listener: { callbacks: [{ ...events, ...judged, response }] },
        workflow: { id: 'hold', jobs: [{ component: 'logger', input: { data: 1 } }] },
        ...store(),
      }
      const host = await hosts.open(config)
      const sent = (body: object) => request(host.origin).post('/events').send(body).expect(201, { got: 'i' })
      const wait = host.hooks.wait('e', { path: '/events' })
      for (const body of [
        { event: 'e', id: 'i', key: 1 },
        { event: 'e', id: 'i', key: 1 },
        { event: 'e', id: 'i', key: 2 },
        { event: 'f', id: 'i', key: 3, s: 'bad' },
        { event: 'f', id: 'i', key: 3, s: 'bad' },
      ])
        await sent(body)
      await expect(wait).resolves.toMatchObject({ event: 'e' })
      expect(host.hooks.stats()).toMatchObject({ settled: 1, parked: 1, duplicate: 3, started: 0 })
    },
  )

  test('answers what has no output with null, and bytes as the controller shows them', async () => {
    const workflow = {
      jobs: [{ component: 'logger', input: { data: '${input}' } }],
      output: '${input.made as unbase64}',
    }
    const host = await hosts.open({ listener: { type: 'http-trigger', path: '/go', respond: 'when_done' }, workflow })
    expect(await send(host, '/go', {})).toMatchObject({ status: 200, body: null })
    expect(await send(host, '/go', { made: '/w==' })).toMatchObject({ status: 200, body: { base64: '/w==' } })
  })

  test('is told as started; the delivery has the time that the answer took', async () => {
    const host = await hosts.open(configOf(), {}, (app, hooks) => {
      app.use('/_callbacks', hooks.controller)
      app.use(hooks)
    })
    const events = eventsOf(host.hooks)
    const waiting = untilWaiting(host)
    const answering = send(host, '/go', { id: 'a' })
    await waiting
    host.clock.advance(1000)
    await send(host, '/done', { id: 'a', result: 1 })
    await answering
    expect(events.map(({ name }) => name)).toEqual(['received', 'started', 'received', 'settled'])
    const { deliveries } = (await request(host.origin).get('/_callbacks/deliveries')).body
    expect(deliveries).toContainEqual(expect.objectContaining({ verdict: 'started', status: 200, duration_ms: 1000 }))
  })
})

function emitterOf(hooks: Callbacks) {
  const target = new EventTarget()
  hooks.on('task', ({ status }) => void target.dispatchEvent(new Event(status)))
  return target
}

describe('the URL of the status', () => {
  async function untilAnswered(host: Host): Promise<Answered> {
    const waiting = untilWaiting(host)
    const answering = send(host, '/go', { id: 'a' })
    await waiting
    host.clock.advance(25_000)
    return answering
  }

  test('is not told where the mount path of the controller has parameters: the next request may be of another tenant', async () => {
    const host = await hosts.open(configOf(), {}, (app, hooks) => {
      app.use('/tenants/:tenant/callbacks', hooks.controller)
      app.use(hooks)
    })
    await request(host.origin).get('/tenants/7/callbacks/health').expect(200)
    const { status, body, headers } = await untilAnswered(host)
    expect([status, body, headers.get('location')]).toEqual([
      202,
      { task_id: expect.any(String), status: 'running' },
      null,
    ])
  })

  test('is that of the controller in the same app', async () => {
    const host = await hosts.open(configOf(), {}, (app, hooks) => {
      app.use('/admin/callbacks', hooks.controller)
      app.use(hooks)
    })
    await request(host.origin).get('/admin/callbacks/health').expect(200)
    const { status, body, headers } = await untilAnswered(host)
    const { task_id: task } = body as { task_id: string }
    const url = `/admin/callbacks/tasks/${task}`
    expect([status, body, headers.get('location')]).toEqual([202, { task_id: task, status: 'running', url }, url])
    expect((await request(host.origin).get(url).expect(200)).body).toMatchObject({ task_id: task, status: 'running' })
  })

  test('is that of the server that the controller has for itself', async () => {
    const host = await hosts.open(configOf({}, { controller: { port: 0, base_path: '/api' } }), {}, (app, hooks) =>
      app.use(hooks),
    )
    listening.push(host.hooks)
    const { controllerPort, close } = await host.hooks.listen()
    const { body } = await untilAnswered(host)
    const { task_id: task, url } = body as { task_id: string; url: string }
    expect(url).toBe(`http://127.0.0.1:${controllerPort}/api/tasks/${task}`)
    expect((await (await fetch(url)).json()) as object).toMatchObject({ task_id: task, status: 'running' })
    await close()
  })
})

describe('respond, at load,', () => {
  test.each<[string, object, RegExp]>([
    [
      'a callback that starts nothing',
      { path: '/done', identify_by: '${body.id}', respond: 'when_done' },
      /starts no workflow, so that "respond: when_done" has no effect/,
    ],
    ['within alone', { type: 'http-trigger', path: '/go', within: '5s' }, /never read without "respond: when_done"/],
  ])('warns of %s', (_what, listener, message) => {
    const { log } = hosts.start({
      listener,
      ...('type' in listener ? { workflow: { jobs: [{ component: 'logger' }] } } : {}),
    })
    expect(log.filter(({ level }) => level === 'warn')).toMatchObject([{ message: expect.stringMatching(message) }])
  })

  test.each<[string, object, RegExp]>([
    ['another word', { respond: 'when-done' }, /expected one of at_once, when_done.*Did you mean "when_done"\?/],
    ['no duration', { respond: 'when_done', within: 'soon' }, /expected a duration/],
  ])('refuses %s', (_what, more, message) => {
    expect(() => hosts.start({ listener: { type: 'http-trigger', path: '/go', ...more } })).toThrow(message)
  })
})
