import { once } from 'node:events'
import { get as getHttp, type IncomingMessage, type ServerResponse } from 'node:http'
import { describe, expect, test } from '@jest/globals'
import express from 'express'
import request from 'supertest'
import { createEventStream, type Tell } from '../../lib/controller/event-stream'
import { createFakeDriver } from '../gateway/fake-tunnels'
import { createFakeClock } from '../helpers/fake-clock'
import { head, openRawSocket } from '../helpers/raw-socket'
import { CONFIG, type ServedController, useControllers } from './use-controller'

const { ways, mount, listen, serve: serveApp } = useControllers()
const NOW = '2026-01-01T00:00:00.000Z'
const TOKEN = 'correct horse battery staple'

interface Told {
  readonly event: string
  readonly id: string | undefined
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly data: any
}

/** Follows the events of a controller, as an EventSource does. */
async function follow(origin: string, headers: Readonly<Record<string, string>> = {}) {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    getHttp(`${origin}/events`, { agent: false, headers }, resolve).on('error', reject)
  })
  let text = ''
  let onText = (): void => undefined
  answer.setEncoding('utf8').on('data', (piece: string) => {
    text += piece
    onText()
  })
  answer.on('error', () => undefined)
  const gone = once(answer, 'close').then(() => undefined)

  /** Resolves with all that was received, once the condition holds for it. */
  async function until(condition: (all: string) => boolean): Promise<string> {
    await new Promise<void>((resolve) => {
      onText = () => condition(text) && resolve()
      onText()
    })
    return text
  }

  await until((all) => all.includes('\n\n'))
  return {
    answer,
    gone,
    until,
    leave: () => void answer.destroy(),
    /** The next event of a name. */
    async next(name: string): Promise<Told> {
      const all = await until((one) => parse(one).some(({ event }) => event === name))
      const told = parse(all)
      text = ''
      return told.find(({ event }) => event === name) as Told
    },
  }
}

function parse(text: string): readonly Told[] {
  // The last part is not whole yet, or empty.
  return text
    .split('\n\n')
    .slice(0, -1)
    .flatMap((part) => {
      const [, event = '', id, data = ''] = /^event: (\w+)\n(?:id: (\S+)\n)?data: (.*)$/.exec(part) ?? []
      return event === '' ? [] : [{ event, id, data: JSON.parse(data) }]
    })
}

/** Sends a callback to an app of its own. */
async function send({ hooks }: ServedController, body: object): Promise<void> {
  const origin = await serveApp(express().use(hooks))
  await request(origin).post('/done').send(body).expect(200)
}

describe.each(ways)('GET /events, %s', (_way, serve) => {
  test('is a stream that proxies neither keep nor change', async () => {
    const { origin } = await serve()
    const { answer, until, leave, gone } = await follow(origin)
    expect([answer.statusCode, answer.headers]).toEqual([
      200,
      expect.objectContaining({
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store, no-transform',
        'x-accel-buffering': 'no',
        'x-content-type-options': 'nosniff',
      }),
    ])
    expect(await until(() => true)).toBe('retry: 2000\n\nid: none\n\n')
    leave()
    await gone
  })

  test('tells of deliveries as the list shows them', async () => {
    const served = await serve()
    const { next, leave } = await follow(served.origin)
    const [told] = await Promise.all([next('delivery'), send(served, { id: 'a' })])
    expect(told.data).toEqual((await served.get('/deliveries')).body.deliveries[0])
    expect(told.data).toMatchObject({ verdict: 'parked', ids: ['a'] })
    leave()
  })

  describe('a client that comes back', () => {
    const names = (text: string): string[] => parse(text).map(({ event, id }) => `${event} ${id}`)
    const idsOf = async ({ get }: ServedController): Promise<string[]> =>
      (await get('/deliveries')).body.deliveries.map(({ id }: { readonly id: string }) => id).toReversed()

    test('gets the deliveries that it has missed, in their order, and those after them', async () => {
      const served = await serve()
      const first = await follow(served.origin)
      const [told] = await Promise.all([first.next('delivery'), send(served, { id: 'a' })])
      first.leave()
      for (const id of ['b', 'c']) await send(served, { id })
      const again = await follow(served.origin, { 'Last-Event-ID': told.id ?? '' })
      await Promise.all([again.until((all) => names(all).length === 3), send(served, { id: 'd' })])
      const [a, ...others] = await idsOf(served)
      expect(told.id).toBe(a)
      expect(names(await again.until(() => true))).toEqual(others.map((id) => `delivery ${id}`))
      again.leave()
    })

    test('gets nothing when it has missed nothing', async () => {
      const served = await serve()
      await send(served, { id: 'a' })
      const [a = ''] = await idsOf(served)
      for (const headers of [{ 'Last-Event-ID': a }, {}]) {
        const { until, leave } = await follow(served.origin, headers)
        expect(await until((all) => all.endsWith(`id: ${a}\n\n`))).toBe(`retry: 2000\n\nid: ${a}\n\n`)
        leave()
      }
    })

    test.each([
      ['came before the first one', 'none'],
      ['had one that is forgotten', 'first'],
      ['had one of another process', 'dlv_0aaaaaaaa000001'],
      ['says anything', 'x'],
    ])('is told to read the list again when it %s', async (_why, last) => {
      const served = await serve({ ...CONFIG, deliveries: { keep: 2 } })
      await send(served, { id: 'a' })
      const [first = ''] = await idsOf(served)
      for (const id of ['b', 'c']) await send(served, { id })
      const { next, leave } = await follow(served.origin, { 'Last-Event-ID': last === 'first' ? first : last })
      const told = await next('reset')
      expect(told).toEqual({ event: 'reset', id: (await idsOf(served)).at(-1), data: {} })
      leave()
    })

    test('is told so, too, when it has missed more than 500', async () => {
      const served = await serve()
      const origin = await serveApp(express().use(served.hooks))
      const post = (id: string): Promise<Response> =>
        fetch(`${origin}/done`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ id }),
        })
      await post('first')
      const [first = ''] = await idsOf(served)
      for (let count = 0; count < 500; count += 1) await (await post('a')).text()
      const all = await follow(served.origin, { 'Last-Event-ID': first })
      expect(names(await all.until((text) => names(text).length >= 500))).toHaveLength(500)
      all.leave()
      await post('one more')
      const { next, leave } = await follow(served.origin, { 'Last-Event-ID': first })
      expect((await next('reset')).data).toEqual({})
      leave()
    })
  })

  test('tells of tasks and jobs', async () => {
    const served = await serve()
    const { next, leave } = await follow(served.origin)
    const run = { workflow_id: 'hold', input: { id: 'a' }, wait_for_completion: false }
    const [task, answer] = await Promise.all([next('task'), served.post('/workflows/runs', run)])
    const { task_id } = answer.body
    const of = { task_id, workflow_id: 'hold', error: null, at: NOW }
    expect(task.data).toEqual({ ...of, status: 'running' })
    const failed = next('task')
    await served.hooks.fail('a', 'out of paint')
    const error = { code: 'ERR_CALLBACK_FAILED', message: expect.stringContaining('out of paint') }
    expect((await failed).data).toEqual({ ...of, status: 'failed', error })
    const [job] = await Promise.all([next('job'), served.post('/workflows/runs', { workflow_id: 'say', input: 1 })])
    expect(job.data).toMatchObject({ workflow_id: 'say', job: 'note', attempt: 1, waiting_for: [], at: NOW })
    leave()
  })

  test('says nothing for a quarter of a minute, then that it is still there', async () => {
    const { origin, clock } = await serve()
    const { until, leave, gone } = await follow(origin)
    expect(clock.timers).toBe(1)
    clock.advance(14_999)
    clock.advance(1)
    const first = await until((all) => all.includes(': still here\n\n'))
    expect(first).toBe('retry: 2000\n\nid: none\n\n: still here\n\n')
    clock.advance(15_000)
    await until((all) => all === `${first}: still here\n\n`)
    leave()
    await gone
  })

  test('holds no timer and no listener once its clients have left', async () => {
    const { origin, clock } = await serve()
    const clients = [await follow(origin), await follow(origin)]
    expect(clock.timers).toBe(1)
    for (const { leave } of clients) leave()
    await Promise.all(clients.map(({ gone }) => gone))
    while (clock.timers > 0) await new Promise((resolve) => setImmediate(resolve))
    const again = await follow(origin)
    expect(clock.timers).toBe(1)
    again.leave()
  })

  test('answers HEAD without a stream', async () => {
    const { origin, clock } = await serve()
    const { status, headers } = await fetch(`${origin}/events`, { method: 'HEAD' })
    expect([status, headers.get('content-type'), clock.timers]).toEqual([200, 'text/event-stream; charset=utf-8', 0])
  })

  test('ends when the callbacks are closed, and so does the server', async () => {
    const { origin, hooks } = await serve()
    const clients = [await follow(origin), await follow(origin)]
    await hooks.close()
    await Promise.all(clients.map(({ gone }) => gone))
    expect(clients.map(({ answer }) => answer.complete)).toEqual([true, true])
  })

  test('takes nobody once the callbacks are closed', async () => {
    const { origin, hooks } = await mount()
    await hooks.close()
    const late = await fetch(`${origin}/events`)
    expect([late.status, await late.json()]).toMatchObject([503, { error: { code: 'ERR_CLOSED' } }])
  })

  test('needs the token', async () => {
    const { origin } = await serve({ ...CONFIG, controller: { auth: { type: 'bearer', token: TOKEN } } })
    const refused = await fetch(`${origin}/events`)
    expect([refused.status, await refused.json()]).toMatchObject([401, { error: { code: 'ERR_UNAUTHORIZED' } }])
    const { answer, leave } = await follow(origin, { authorization: `Bearer ${TOKEN}` })
    expect(answer.statusCode).toBe(200)
    leave()
  })
})

test('it tells of gateways and warnings', async () => {
  const fake = createFakeDriver()
  const served = await mount(
    { ...CONFIG, gateway: { port: 8090, driver: 'ngrok' } },
    { tunnels: { ngrok: fake.driver } },
  )
  const { next, leave } = await follow(served.origin)
  const starting = next('gateway')
  const opening = served.hooks.open()
  expect((await starting).data).toEqual({
    port: 8090,
    driver: 'ngrok',
    state: 'starting',
    public_url: null,
    public_address: null,
    previous_url: null,
    error: null,
  })
  const ready = next('gateway')
  fake.last.open('https://one.example')
  await opening
  expect((await ready).data).toMatchObject({ state: 'ready', public_url: 'https://one.example' })
  leave()
})

test('its 101st client gets 503, until one has left', async () => {
  const { origin } = await listen()
  const clients = await Promise.all(Array.from({ length: 100 }, () => follow(origin)))
  const refused = await fetch(`${origin}/events`)
  expect([refused.status, refused.headers.get('retry-after'), await refused.json()]).toEqual([
    503,
    expect.stringMatching(/^\d+$/),
    { error: { code: 'ERR_STREAMS_FULL', message: expect.stringContaining('100 clients') } },
  ])
  clients[0]?.leave()
  await clients[0]?.gone
  let answer = await fetch(`${origin}/events`, { method: 'GET' })
  while (answer.status === 503) {
    await answer.text()
    answer = await fetch(`${origin}/events`)
  }
  expect(answer.status).toBe(200)
  await answer.body?.cancel()
  for (const { leave } of clients) leave()
})

test('it lets a client go that does not read, and tells the others', async () => {
  const clock = createFakeClock()
  let tell: Tell = () => undefined
  const stream = createEventStream(clock, {
    subscribe(given) {
      tell = given
      return () => undefined
    },
    latestId: () => undefined,
    missed: () => undefined,
  })
  const responses: ServerResponse[] = []
  const origin = await serveApp((asked, response) => {
    responses.push(response)
    stream.join(asked, response)
  })
  const raw = await openRawSocket(origin)
  raw.send(head('GET /events', {}))
  await raw.received('retry: 2000')
  raw.socket.pause()
  const reader = await follow(origin)
  const counts: unknown[] = []
  const filling = 'x'.repeat(100_000)
  // The system takes some megabytes for a client that does not read.
  for (let count = 0; count < 1000 && responses[0]?.destroyed === false; count += 1) {
    const told = reader.next('delivery')
    tell({ name: 'delivery', data: { count, filling } })
    counts.push((await told).data.count)
  }
  expect(responses.map(({ destroyed }) => destroyed)).toEqual([true, false])
  expect(counts).toEqual([...counts.keys()])
  expect(counts.length).toBeGreaterThan(10)
  stream.close()
  await reader.gone
  raw.socket.destroy()
  await raw.closed()
})
