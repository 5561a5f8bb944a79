import { beforeEach, describe, expect, test } from '@jest/globals'
import express from 'express'
import request from 'supertest'
import type { CallbacksConfig } from '../../lib'
import { CONFIG, type Serve, type ServedController, useControllers } from './use-controller'

const { ways, serve: serveApp } = useControllers()

const LISTENED = {
  ...CONFIG,
  listener: {
    host: '127.0.0.1',
    port: 0,
    callbacks: [
      { path: '/done', identify_by: '${body.id}' },
      {
        path: '/other',
        identify_by: '${body.id}',
        verify: { scheme: 'token', secret: 's3cret-of-other', signature: '${header.X-Proof}' },
      },
    ],
  },
} as const satisfies CallbacksConfig

type Shown = Readonly<Record<string, unknown>>

describe.each(ways)('GET /deliveries, %s', (_way, serve) => {
  let served: ServedController
  let send: (path: string, body: object, headers?: Readonly<Record<string, string>>) => Promise<unknown>

  /** Four deliveries, a minute between two of them. */
  async function fill(start: Serve): Promise<void> {
    served = await start(LISTENED)
    const origin = await serveApp(express().use('/hooks', served.hooks))
    send = async (path, body, headers = {}) => request(`${origin}/hooks`).post(path).set(headers).send(body)
    void served.hooks.wait('a', { path: '/done' })
    await send('/done?n=first', { id: 'a', say: 'Hello' })
    served.clock.advance(60_000)
    await send('/done', { id: 'b' }, { 'X-Note': 'Yellow' })
    served.clock.advance(60_000)
    await send('/other', { id: 'c' })
    served.clock.advance(60_000)
    await send('/other', { id: 'b' }, { 'X-Proof': 's3cret-of-other' })
  }

  beforeEach(async () => fill(serve))

  const list = async (query: string): Promise<readonly Shown[]> => {
    const { status, body } = await served.get(`/deliveries?${query}`)
    expect([query, status, body.error]).toEqual([query, 200, undefined])
    return body.deliveries
  }

  test('lists them, newest first, without their bodies', async () => {
    const all = await list('')
    expect(all.map(({ target, verdict, code }) => [target, verdict, code])).toEqual([
      ['/hooks/other', 'parked', null],
      ['/hooks/other', 'refused', 'ERR_UNVERIFIED'],
      ['/hooks/done', 'parked', null],
      ['/hooks/done?n=first', 'settled', null],
    ])
    for (const one of all) expect(['body', 'headers', 'reads'].filter((key) => key in one)).toEqual([])
  })

  /** Which of the four are found, counted from the first that came. */
  test.each([
    ['endpoint=POST%20/other', [4, 3]],
    ['endpoint=POST+/done', [2, 1]],
    ['endpoint=POST+/nowhere', []],
    ['id=b', [4, 2]],
    ['id=c', []],
    ['verdict=settled', [1]],
    ['verdict=refused', [3]],
    ['verdict=items', []],
    ['since=2026-01-01T00:02:00Z', [4, 3]],
    ['until=2026-01-01T00:01:00Z', [2, 1]],
    ['since=2026-01-01T00:01:00.000Z&until=2026-01-01T00:01:00.000Z', [2]],
    [`since=${Date.UTC(2026, 0, 1, 0, 3)}`, [4]],
    ['since=2026-01-01T00:00:01%2B00:00&until=2026-01-01T00:01:30', [2]],
    ['since=2026-01-01T01:00:01+01:00&until=2026-01-01T00:01:30', [2]],
    ['since=2026-01-01T01:02:00.000+0100', [4, 3]],
    ['until=2026-01-01T05:31:00+05:30', [2, 1]],
    ['text=hello', [1]],
    ['text=yeLLow', [2]],
    ['text=N=FIRST', [1]],
    ['text=x-proof', [4]],
    ['text=s3cret-of', []],
    ['limit=2', [4, 3]],
    ['endpoint=POST+/other&verdict=parked&id=b', [4]],
    ['endpoint=&id=&verdict=&text=', [4, 3, 2, 1]],
  ])('finds by %s', async (query, expected) => {
    const ids = (await list('')).map(({ id }) => id).toReversed()
    expect((await list(query)).map(({ id }) => ids.indexOf(id) + 1)).toEqual(expected)
  })

  test('has pages', async () => {
    const all = (await list('')).map(({ id }) => id)
    const pages: unknown[] = []
    let next: unknown = ''
    for (let count = 0; next !== null && count < 10; count += 1) {
      const { body } = await served.get(`/deliveries?limit=2${next === '' ? '' : `&before=${String(next)}`}`)
      pages.push(body.deliveries.map(({ id }: Shown) => id))
      next = body.next
    }
    expect(pages.slice(0, 2)).toEqual([all.slice(0, 2), all.slice(2)])
    expect(pages.slice(2).flat()).toEqual([])
    // What comes meanwhile moves no page.
    await send('/done', { id: 'later' })
    expect((await list(`before=${String(all[1])}`)).map(({ id }) => id)).toEqual(all.slice(2))
  })

  test.each([
    ['endpont=a', 'Unknown parameter "endpont". Did you mean "endpoint"?'],
    ['Verdict=settled', 'Did you mean "verdict"?'],
    ['limits=1', 'Did you mean "limit"?'],
    ['offset=1&id=a', 'Unknown parameter "offset". There are endpoint, id'],
    ['verdict=lost', 'verdict: expected one of settled, parked'],
    ['verdict=Settled', 'found "Settled"'],
    ['since=yesterday', 'since: expected a time such as 2026-01-31T12:00:00Z, found "yesterday"'],
    ['until=-', 'until: expected a time'],
    ['since=99999999999999999999', 'since: expected a time'],
    ['limit=0', 'limit: expected a whole number from 1 to 1000, found "0"'],
    ['limit=1001', 'found "1001"'],
    ['limit=1.5', 'found "1.5"'],
    ['limit=ten', 'found "ten"'],
  ])('refuses %s', async (query, message) => {
    const { status, body } = await served.get(`/deliveries?${query}`)
    expect([status, body.error]).toEqual([400, { code: 'ERR_REQUEST', message: expect.stringContaining(message) }])
  })

  test('shows one as a whole, and repeats one that was verified alone', async () => {
    const [last, forged] = await list('')
    const { body } = await served.get(`/deliveries/${String(last?.['id'])}`)
    expect(body).toMatchObject({
      ...last,
      body: '{"id":"b"}',
      body_encoding: 'utf-8',
      headers: expect.arrayContaining([['X-Proof', '[redacted]']]),
      reads: [{ key: 'identify_by', source: '${body.id}', value: 'b' }],
    })
    const waiting = served.hooks.wait('z', { path: '/other' })
    const replayed = await served.post(`/deliveries/${String(last?.['id'])}/replay`)
    expect([replayed.status, replayed.body]).toMatchObject([200, { replay_of: last?.['id'], verified: true }])
    const refused = await served.post(`/deliveries/${String(forged?.['id'])}/replay`)
    expect([refused.status, refused.body.error.code]).toEqual([409, 'ERR_DELIVERY_REPLAY'])
    await served.hooks.settle('z', 1, { path: '/other' })
    await waiting
  })

  test.each([
    ['JSON that is cut off', 'application/json', '{"id": "b'],
    ['JSON that is too deep', 'application/json', '['.repeat(200) + ']'.repeat(200)],
    ['a form without its end', 'multipart/form-data; boundary=x', '--x\r\n'],
  ])('shows one whose body cannot be parsed, and why: %s', async (_name, type, sent) => {
    const origin = await serveApp(express().use(served.hooks))
    await request(origin)
      .post('/done')
      .set('content-type', type)
      .serialize((text: unknown) => String(text))
      .send(sent)
      .expect(400)
    const [one] = await list('limit=1')
    const shown = await served.get(`/deliveries/${String(one?.['id'])}`)
    expect([one?.['verdict'], shown.status, shown.body.body]).toEqual(['refused', 200, sent])
    expect(shown.body.reads).toEqual([
      { key: 'identify_by', source: '${body.id}', error: expect.stringMatching(/\w+ \w+/) },
    ])
  })

  test.each(['GET /deliveries/dlv_0', 'GET /deliveries/__proto__', 'POST /deliveries/nobody/replay'])(
    '%s is 404',
    async (line) => {
      const [method, path = ''] = line.split(' ')
      const { status, body } = await (method === 'GET' ? served.get(path) : served.post(path))
      expect([status, body.error]).toEqual([
        404,
        { code: 'ERR_DELIVERY_UNKNOWN', message: expect.stringContaining('There is no delivery') },
      ])
    },
  )
})

test('templates that read nothing say why, each for itself', async () => {
  const [[, serve]] = ways as readonly [readonly [string, Serve]]
  const callback = {
    path: '/done',
    item: '${body.count as integer}',
    identify_by: '${body.id}',
    status: '${item.state}',
    error: '${body.why as integer}',
  }
  const { hooks, get } = await serve({ ...CONFIG, listener: { ...LISTENED.listener, callbacks: [callback] } })
  const origin = await serveApp(express().use(hooks))
  await request(origin).post('/done').send({ id: 'a', count: 'many', why: 'so' }).expect(400)
  const [{ id }] = (await get('/deliveries')).body.deliveries
  const { status, body } = await get(`/deliveries/${id}`)
  expect([status, body.reads]).toEqual([
    200,
    [
      { key: 'item', source: '${body.count as integer}', error: expect.stringContaining('many') },
      { key: 'identify_by', source: '${body.id}', value: 'a' },
      { key: 'status', source: '${item.state}', value: null },
      { key: 'error', source: '${body.why as integer}', error: expect.stringContaining('so') },
    ],
  ])
})
