import { describe, expect, test } from '@jest/globals'
import request from 'supertest'
import { CallbackError } from '../../lib/base/errors'
import { useListeners } from './use-listeners'

const listeners = useListeners()
const workflows = { greet: { jobs: [{ component: 'logger' }] }, part: { jobs: [{ component: 'logger' }] } }

function trigger(more: object = {}) {
  return { listener: { type: 'http-trigger', path: '/go', workflow: 'greet', ...more }, workflows } as const
}

test.each<[string, object, string, (to: request.Test) => request.Test, unknown]>([
  ['the body', {}, '/go', (to) => to.send({ a: 1 }), { a: 1 }],
  ['a list', {}, '/go', (to) => to.send([1, 2]), [1, 2]],
  ['a form', {}, '/go', (to) => to.type('form').send({ a: '1', b: ['2', '3'] }), { a: '1', b: ['2', '3'] }],
  ['multipart fields', {}, '/go', (to) => to.field('a', '1'), { a: '1' }],
  ['a text', {}, '/go', (to) => to.type('text').send('hello'), 'hello'],
  ['nothing', {}, '/go', (to) => to, null],
  ['the item', { item: '${body.a}' }, '/go', (to) => to.send({ a: { b: 2 } }), { b: 2 }],
  [
    'what `input` makes of the request',
    { path: '/go/:who', input: { who: '${params.who}', q: '${query.q as integer}', m: '${method}', b: '${body.b}' } },
    '/go/me?q=5',
    (to) => to.send({ b: true }),
    { who: 'me', q: 5, m: 'POST', b: true },
  ],
])('a request starts the workflow with %s', async (_name, more, path, send, input) => {
  const { post, starts, events, store } = await listeners.open(trigger(more))
  const answer = await send(post(path))
  expect([answer.status, answer.text]).toEqual([200, ''])
  expect(starts).toEqual([{ workflow: 'greet', input, outcome: undefined }])
  expect(events).toEqual(['received', 'started task-1'])
  expect(store.stats()).toEqual({ waiting: 0, parked: 0 })
})

test('a request starts it each time, also with the same body', async () => {
  const { post, starts } = await listeners.open(trigger())
  for (const _ of [1, 2]) await post('/go').send({ id: 1 }).expect(200)
  expect(starts).toHaveLength(2)
})

test('a listener has several triggers, of any method, each with its workflow and answer', async () => {
  const { post, starts, origin } = await listeners.open({
    listener: {
      base_path: '/in',
      triggers: [
        { path: '/a', workflow: 'greet', response: { status: 202, body: { ok: '${body.n}' } } },
        { path: '/b', method: 'GET', workflow: 'part', input: '${query}' },
      ],
    },
    workflows,
  })
  const answer = await post('/in/a').send({ n: 7 })
  expect([answer.status, answer.body]).toEqual([202, { ok: 7 }])
  await request(origin).get('/in/b?x=1').expect(200)
  await request(origin).get('/in/a').expect(404)
  expect(starts.map(({ workflow, input }) => [workflow, input])).toEqual([
    ['greet', { n: 7 }],
    ['part', { x: '1' }],
  ])
})

test('the event has the body, and what authenticates somebody is not in it', async () => {
  const seen: object[] = []
  const { post, emitter } = await listeners.open(trigger({ bulk: true, item: '${body.list}' }))
  emitter.on('started', (event) => void seen.push(event))
  await post('/go')
    .set('authorization', 'Bearer x')
    .send({ list: [5] })
  expect(seen).toEqual([
    {
      id: undefined,
      endpoint: 'POST /go',
      body: 5,
      headers: expect.objectContaining({ authorization: '[redacted]' }),
      task: 'task-1',
    },
  ])
})

describe('a bulk trigger', () => {
  const bulk = trigger({ bulk: true, item: '${body.list}', input: '${item.n as integer}' })

  test('starts a workflow for each item, and a bad one stops none', async () => {
    const { post, starts, events } = await listeners.open(bulk)
    await post('/go')
      .send({ list: [{ n: 1 }, { n: 'x' }, { n: '3' }] })
      .expect(200)
    expect(starts.map(({ input }) => input)).toEqual([1, 3])
    expect(events).toEqual(['received', 'started task-1', 'rejected', 'started task-2'])
  })

  test.each([
    ['an empty list', { list: [] }, 200, undefined],
    ['only bad items', { list: [{ n: 'x' }, { n: 'y' }] }, 400, 'ERR_ITEMS'],
    ['no list', { list: 5 }, 400, 'ERR_ITEMS'],
    ['nothing', {}, 400, 'ERR_ITEMS'],
  ])('with %s starts nothing', async (_name, body, status, code) => {
    const { post, starts } = await listeners.open(bulk)
    const answer = await post('/go').send(body)
    expect([answer.status, answer.text]).toEqual([status, code === undefined ? '' : JSON.stringify({ error: code })])
    expect(starts).toEqual([])
  })

  test('takes the body as its list, and the items as inputs', async () => {
    const { post, starts } = await listeners.open(trigger({ bulk: true }))
    await post('/go')
      .send(['a', { b: 1 }])
      .expect(200)
    expect(starts.map(({ input }) => input)).toEqual(['a', { b: 1 }])
  })
})

describe('a request that starts nothing is refused:', () => {
  test.each<[string, (to: request.Test) => request.Test, number, string]>([
    ['bad JSON', (to) => to.type('json').send('{'), 400, 'ERR_BODY_MALFORMED'],
    ['blank JSON', (to) => to.type('json').send(' \n'), 400, 'ERR_BODY_MALFORMED'],
    ['a body that is too large', (to) => to.send({ a: 'x'.repeat(2000) }), 413, 'ERR_BODY_TOO_LARGE'],
    ['an input that cannot be made', (to) => to.send({ n: 'x' }), 400, 'ERR_TEMPLATE'],
  ])('%s', async (_name, send, status, code) => {
    const { post, starts } = await listeners.open(trigger({ input: '${body.n as integer}', body_limit: '1kb' }))
    const answer = await send(post('/go'))
    expect([answer.status, answer.body]).toEqual([status, { error: code }])
    expect(starts).toEqual([])
  })

  test.each([
    ['names a workflow that is not there', 'greet', 'there is no workflow "greet"'],
    ['names none', undefined, 'it names none, and there is no default one'],
    ['wants none', false as const, '"workflow" is false'],
  ])('the trigger %s', async (_name, workflow, reason) => {
    const config = {
      listener: { type: 'http-trigger', path: '/go', ...(workflow !== undefined && { workflow }) },
    } as const
    const { post, log, events } = await listeners.open(config, { starts: false })
    const answer = await post('/go').send({})
    expect([answer.status, answer.body]).toEqual([404, { error: 'ERR_WORKFLOW_UNKNOWN' }])
    expect(events).toEqual(['received', 'rejected'])
    expect(log).toEqual([expect.stringContaining(reason)])
  })

  test.each<[string, Error, number, string]>([
    ['while it closes', new CallbackError('ERR_CLOSED', { message: 'closing' }), 503, 'ERR_CLOSED'],
    ['by a bug', new Error('a bug'), 500, 'ERR_INTERNAL'],
  ])('the start fails %s', async (_name, error, status, code) => {
    const onStart = (): void => {
      throw error
    }
    const { post, starts } = await listeners.open(trigger(), { onStart })
    const answer = await post('/go').send({})
    expect([answer.status, answer.body]).toEqual([status, { error: code }])
    expect(answer.headers['retry-after']).toBe(status === 503 ? '5' : undefined)
    expect(starts).toEqual([])
  })

  test('the callbacks are closing', async () => {
    const { post, starts, events } = await listeners.open(trigger(), { isClosing: () => true })
    const answer = await post('/go').send({})
    expect([answer.status, answer.body]).toEqual([503, { error: 'ERR_CLOSED' }])
    expect(events).toEqual(['rejected'])
    expect(starts).toEqual([])
  })
})

test('a trigger answers the handshake of Slack and starts nothing for it', async () => {
  const { post, starts, events } = await listeners.open(trigger())
  const answer = await post('/go').send({ type: 'url_verification', challenge: 'abc' })
  expect([answer.status, answer.text]).toEqual([200, 'abc'])
  expect(starts).toEqual([])
  expect(events).toEqual([])
})
