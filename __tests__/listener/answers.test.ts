import { gzipSync } from 'node:zlib'
import { describe, expect, test } from '@jest/globals'
import express from 'express'
import request, { type Test } from 'supertest'
import { eventsOf, namesOf } from '../helpers/events-of'
import { type Host, useHosts } from '../helpers/use-hosts'

const hosts = useHosts()
const config = {
  listener: {
    body_limit: '1kb',
    callbacks: [
      { path: '/one', identify_by: '${body.id}', status: '${body.s}', success_when: 'ok' },
      { path: '/many', bulk: true, identify_by: '${item.id}' },
    ],
  },
  store: { park: { max: 1 } },
}
const json = (host: Host, path: string, text: string): Test => host.post(path).type('json').send(text)

interface Row {
  readonly what: string
  readonly send: (host: Host) => Promise<unknown> | Test
  readonly status: number
  readonly error?: string
  readonly last?: string
}

/** Opens a host whose parking is full. */
async function openFull(): Promise<Host> {
  const host = await hosts.open(config)
  await host.post('/one').send({ id: 'parked', s: 'ok' })
  await host.post('/many').send([{ id: 'parked' }])
  return host
}

const acknowledged: readonly Row[] = [
  {
    what: 'parked',
    send: ({ post, hooks }) =>
      hooks.wait('parked', { path: '/one' }).then(() => post('/one').send({ id: 'z', s: 'ok' })),
    status: 200,
    last: 'parked',
  },
  { what: 'pending', send: ({ post }) => post('/one').send({ id: 'a', s: 'running' }), status: 200, last: 'pending' },
  {
    what: 'duplicate',
    send: ({ post }) => post('/one').send({ id: 'parked', s: 'ok' }),
    status: 200,
    last: 'duplicate',
  },
  { what: 'no id', send: ({ post }) => post('/one').send({ s: 'ok' }), status: 200, last: 'unidentified' },
  { what: 'empty JSON', send: (host) => json(host, '/one', ''), status: 200, last: 'unidentified' },
  { what: 'an empty list', send: ({ post }) => post('/many').send([]), status: 200, last: 'received' },
]

const refused: readonly Row[] = [
  {
    what: 'malformed JSON',
    send: (host) => json(host, '/one', '{"id":"a",'),
    status: 400,
    error: 'ERR_BODY_MALFORMED',
  },
  {
    what: 'JSON with something behind it',
    send: (host) => json(host, '/one', '{"id":"a","s":"ok"}x'),
    status: 400,
    error: 'ERR_BODY_MALFORMED',
  },
  { what: 'blank JSON', send: (host) => json(host, '/one', ' \n'), status: 400, error: 'ERR_BODY_MALFORMED' },
  {
    what: 'a bulk callback without list',
    send: (host) => json(host, '/many', '"a"'),
    status: 400,
    error: 'ERR_ITEMS',
  },
  {
    what: 'an id that is a mapping',
    send: ({ post }) => post('/one').send({ id: { a: 1 }, s: 'ok' }),
    status: 400,
    error: 'ERR_ID',
  },
  {
    what: 'nested deeper than 100',
    send: (host) => json(host, '/one', '['.repeat(101) + ']'.repeat(101)),
    status: 400,
    error: 'ERR_BODY_DEPTH',
  },
  {
    what: 'all items bad',
    send: ({ post }) => post('/many').send([{ id: [] }, { id: {} }]),
    status: 400,
    error: 'ERR_ITEMS',
  },
  {
    what: 'too large',
    send: (host) => json(host, '/one', JSON.stringify({ id: 'a', s: 'ok', p: 'x'.repeat(1024) })),
    status: 413,
    error: 'ERR_BODY_TOO_LARGE',
  },
  {
    what: 'too large once unpacked',
    send: ({ post }) =>
      post('/one')
        .type('json')
        .set('Content-Encoding', 'gzip')
        .serialize((body) => body)
        .send(gzipSync(JSON.stringify({ p: 'x'.repeat(2000) }))),
    status: 413,
    error: 'ERR_BODY_TOO_LARGE',
  },
  {
    what: 'an unsupported encoding',
    send: (host) => json(host, '/one', '{}').set('Content-Encoding', 'compress'),
    status: 415,
    error: 'ERR_BODY_ENCODING',
  },
  {
    what: 'an unknown charset',
    send: ({ post }) => post('/one').set('Content-Type', 'text/plain; charset=x-none').send('a'),
    status: 415,
    error: 'ERR_BODY_ENCODING',
  },
  {
    what: 'parking full',
    send: ({ post }) => post('/one').send({ id: 'z', s: 'ok' }),
    status: 503,
    error: 'ERR_PARKING_FULL',
  },
  {
    what: 'closing',
    send: ({ hooks, post }) => hooks.close().then(() => post('/one').send({ id: 'a', s: 'ok' })),
    status: 503,
    error: 'ERR_CLOSED',
  },
]

function retryAfterOf(answer: unknown): unknown {
  const { headers } = answer as { headers: Record<string, unknown> }
  return headers['retry-after']
}

describe('what is acknowledged is answered 200 and nothing else', () => {
  test.each(acknowledged)('$what', async ({ send, status, last }) => {
    const host = await openFull()
    const wait = host.hooks.wait('a', { path: '/one' })
    const events = eventsOf(host.hooks)
    expect(await send(host)).toMatchObject({ status, text: '' })
    expect(namesOf(events).at(-1)).toBe(last)
    expect(host.hooks.stats()).toMatchObject({ waiting: 1, rejected: 0 })
    await host.post('/one').send({ id: 'a', s: 'ok' })
    await expect(wait).resolves.toEqual({ id: 'a', s: 'ok' })
  })
})

describe('what is refused says its code and nothing else, settles nothing, and harms no later callback', () => {
  test.each(refused)('$what: $status $error', async ({ what, send, status, error }) => {
    const host = await openFull()
    const wait = host.hooks.wait('a', { path: '/one' })
    const events = eventsOf(host.hooks)
    const answer = await send(host)
    expect(answer).toMatchObject({ status, text: JSON.stringify({ error }), type: 'application/json' })
    expect(retryAfterOf(answer)).toBe(status === 503 ? '5' : undefined)
    expect(events.at(-1)).toEqual({
      name: 'rejected',
      event: expect.objectContaining({ error: expect.objectContaining({ code: error }) }),
    })
    expect(host.hooks.stats()).toMatchObject({ settled: 0, failed: 0, parked: 2 })
    expect(host.log.filter(({ level }) => level === 'error')).toEqual([])
    if (what === 'closing') return
    await host.post('/one').send({ id: 'a', s: 'ok' })
    await expect(wait).resolves.toEqual({ id: 'a', s: 'ok' })
  })
})

describe('what belongs to nobody', () => {
  test('goes on to the app', async () => {
    const host = await hosts.open(config)
    host.app.use((_request, response) => void response.status(404).send('the app'))
    expect(await host.post('/else')).toMatchObject({ status: 404, text: 'the app' })
    expect(await request(host.origin).get('/one')).toMatchObject({ status: 404, text: 'the app' })
  })

  test('is 404 where there is no app', async () => {
    const { hooks } = hosts.start(config)
    const origin = await hosts.serve((incoming, response) => hooks(incoming, response))
    expect(await request(origin).get('/one')).toMatchObject({ status: 404, text: '{"error":"ERR_NOT_FOUND"}' })
  })
})

test('a body that somebody else drained is 500, and the log and an event say what to do', async () => {
  const { hooks, log } = hosts.start(config)
  const events = eventsOf(hooks)
  const app = express()
  app.use((incoming, _response, next) => incoming.resume().on('end', () => next()))
  app.use(hooks)
  const origin = await hosts.serve(app)
  const answer = await request(origin).post('/one').send({ id: 'a', s: 'ok' })
  expect([answer.status, answer.text]).toEqual([500, '{"error":"ERR_BODY_CONSUMED"}'])
  expect(namesOf(events)).toEqual(['rejected', 'error'])
  expect(log.filter(({ level }) => level === 'error')).toEqual([
    expect.objectContaining({ message: expect.stringContaining('before express.json()') }),
  ])
})
