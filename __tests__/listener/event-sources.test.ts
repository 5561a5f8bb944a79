import { describe, expect, test } from '@jest/globals'
import { CallbackError } from '../../lib/base/errors'
import { useListeners } from './use-listeners'

const listeners = useListeners()
const judged = { identify_by: '${body.id}', status: '${body.s}', success_when: 'ok', fail_when: 'bad' }
const config = { listener: { path: '/news', ...judged } }
const news = { id: 'n-1', s: 'ok', text: 'hello' }

describe('a success that nobody waits for', () => {
  test('starts the workflow with its body, and says which task that is', async () => {
    const { post, starts, events } = await listeners.open(config)
    const answer = await post('/news').send(news)
    expect([answer.status, answer.text]).toEqual([200, ''])
    expect(starts).toEqual([{ workflow: undefined, input: news, outcome: expect.objectContaining({ id: 'n-1' }) }])
    expect(events).toEqual(['received', 'started task-1'])
  })

  test('is answered with `response`, and is a duplicate when it comes again', async () => {
    const { post, starts, events, store } = await listeners.open({
      listener: { ...config.listener, response: { status: 202, body: 'thanks' } },
    })
    const answers = [await post('/news').send(news), await post('/news').send(news)]
    expect(answers.map(({ status, text }) => [status, text])).toEqual([
      [202, 'thanks'],
      [202, 'thanks'],
    ])
    expect(starts).toHaveLength(1)
    expect(events).toEqual(['received', 'started task-1', 'received', 'duplicate'])
    expect(store.stats().parked).toBe(0)
  })

  test('starts once when it comes many times at once', async () => {
    const { post, starts, events } = await listeners.open(config)
    const answers = await Promise.all(Array.from({ length: 10 }, () => post('/news').send(news)))
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200))
    expect(starts).toHaveLength(1)
    expect(events.filter((name) => name === 'duplicate')).toHaveLength(9)
  })

  test('starts the workflow that is named, with the input that is made of the request', async () => {
    const { post, starts } = await listeners.open({
      listener: { ...config.listener, workflow: 'greet', input: { text: '${body.text}', to: '${query.to}', n: 7 } },
      workflows: { greet: { jobs: [{ component: 'logger' }] } },
    })
    await post('/news?to=me').send(news).expect(200)
    expect(starts).toMatchObject([{ workflow: 'greet', input: { text: 'hello', to: 'me', n: 7 } }])
  })

  test('starts it with the item, where there is one; the outcome has the result', async () => {
    const { post, starts } = await listeners.open({
      listener: { path: '/news', item: '${body.event}', identify_by: '${item.id}', result: '${item.text}' },
    })
    await post('/news').send({ event: news }).expect(200)
    expect(starts).toMatchObject([{ input: news, outcome: { result: 'hello', body: { event: news } } }])
  })

  test('that could not be started is not yet delivered for dedupe_by', async () => {
    let isBusy = true
    const onStart = (): void => {
      if (isBusy) throw new CallbackError('ERR_CLOSED', { message: 'not now' })
    }
    const dedupe = { listener: { ...config.listener, dedupe_by: '${header.x-delivery}' } }
    const { post, starts, events } = await listeners.open(dedupe, { onStart })
    await post('/news').set('x-delivery', 'd-1').send(news).expect(503)
    isBusy = false
    for (const _ of [1, 2]) await post('/news').set('x-delivery', 'd-1').send(news).expect(200)
    expect(starts).toHaveLength(1)
    expect(events).toEqual(['received', 'rejected', 'received', 'started task-1', 'received', 'duplicate'])
  })
})

describe('is no event, and starts nothing:', () => {
  test('what somebody waits for, and what comes after it', async () => {
    const { post, starts, waits, events } = await listeners.open(config)
    const wait = waits.wait('n-1', {})
    await post('/news').send(news).expect(200)
    await expect(wait).resolves.toEqual(news)
    await post('/news').send(news).expect(200)
    expect(events).toEqual(['received', 'settled', 'received', 'duplicate'])
    expect(starts).toEqual([])
  })

  test('what was parked by hand', async () => {
    const { post, starts, waits, events } = await listeners.open(config)
    await expect(waits.deliver('n-1', { result: 1 }, undefined)).resolves.toBe('parked')
    await post('/news').send(news).expect(200)
    expect(events).toEqual(['parked', 'received', 'duplicate'])
    expect(starts).toEqual([])
  })

  test('what comes too late for a wait that timed out', async () => {
    const { post, starts, waits, clock, events } = await listeners.open(config)
    const wait = waits.wait('n-1', { timeout: '1s' })
    clock.advance(1100)
    await expect(wait).rejects.toMatchObject({ code: 'ERR_WAIT_TIMEOUT' })
    await post('/news').send(news).expect(200)
    expect(events).toEqual(['received', 'parked'])
    expect(starts).toEqual([])
  })

  test('what comes too late for a wait that was aborted', async () => {
    const { post, starts, waits, events } = await listeners.open(config)
    const { signal, abort } = createAbort()
    const wait = waits.wait('n-1', { signal })
    abort()
    await expect(wait).rejects.toMatchObject({ code: 'ERR_ABORTED' })
    await post('/news').send(news).expect(200)
    expect(events).toEqual(['received', 'parked'])
    expect(starts).toEqual([])
  })

  test('what carries a ticket, also one that is not known here', async () => {
    const { post, starts, waits, events } = await listeners.open(config)
    const { url, result } = waits.ticket({})
    await post(url).send(news).expect(200)
    await expect(result).resolves.toEqual(news)
    await post('/news?callback_id=of-another-life').send(news).expect(200)
    expect(events).toEqual(['received', 'settled', 'received', 'parked'])
    expect(starts).toEqual([])
  })

  test.each([
    ['a failure', { ...news, s: 'bad' }, 'parked'],
    ['what is pending', { ...news, s: 'running' }, 'pending'],
    ['what has no id', { s: 'ok' }, 'unidentified'],
  ])('%s', async (_name, body, event) => {
    const { post, starts, events } = await listeners.open(config)
    await post('/news').send(body).expect(200)
    expect(events).toEqual(['received', event])
    expect(starts).toEqual([])
  })

  test('a success after its failure, which waits to be fetched', async () => {
    const { post, starts, events } = await listeners.open(config)
    for (const s of ['bad', 'ok'])
      await post('/news')
        .send({ ...news, s })
        .expect(200)
    expect(events).toEqual(['received', 'parked', 'received', 'duplicate'])
    expect(starts).toEqual([])
  })

  test('a callback on an endpoint that knows no ids', async () => {
    const { post, starts, events } = await listeners.open({ listener: { path: '/news' } })
    await post('/news').send(news).expect(200)
    expect(events).toEqual(['received', 'parked'])
    expect(starts).toEqual([])
  })

  test('a success whose result cannot be rendered; the next wait hears why', async () => {
    const { post, starts, waits } = await listeners.open({
      listener: { path: '/news', identify_by: '${body.id}', result: '${body.text as integer}' },
    })
    await post('/news').send(news).expect(200)
    await expect(waits.wait('n-1', {})).rejects.toMatchObject({ code: 'ERR_TEMPLATE' })
    expect(starts).toEqual([])
  })

  test('anything on an endpoint that has nothing to start', async () => {
    const { post, events } = await listeners.open(config, { starts: false })
    await post('/news').send(news).expect(200)
    expect(events).toEqual(['received', 'parked'])
  })
})

test('a success after it was still pending is an event', async () => {
  const { post, starts } = await listeners.open(config)
  for (const s of ['running', 'ok'])
    await post('/news')
      .send({ ...news, s })
      .expect(200)
  expect(starts).toHaveLength(1)
})

describe('a bulk callback', () => {
  const bulk = { listener: { path: '/news', bulk: true, ...judged, identify_by: '${item.id}', status: '${item.s}' } }
  const items = ['a', 'b', 'c', 'd', 'a'].map((id) => ({ id, s: id === 'c' ? 'bad' : 'ok' }))

  test('starts a workflow for each item that is an event, with the item', async () => {
    const { post, starts, waits, events } = await listeners.open(bulk)
    const wait = waits.wait('b', {})
    await post('/news').send(items).expect(200)
    await expect(wait).resolves.toEqual(items[1])
    expect(starts.map(({ input, outcome }) => [input, outcome?.body])).toEqual([
      [items[0], items[0]],
      [items[3], items[3]],
    ])
    expect(events).toEqual(['received', 'started task-1', 'settled', 'parked', 'started task-2', 'duplicate'])
  })

  test('starts the others when one cannot be, and only what is left when it comes again', async () => {
    let calls = 0
    const onStart = (): void => {
      calls += 1
      if (calls === 2) throw new CallbackError('ERR_CLOSED', { message: 'not now' })
    }
    const { post, starts } = await listeners.open(bulk, { onStart })
    const list = ['a', 'b', 'c'].map((id) => ({ id, s: 'ok' }))
    const answer = await post('/news').send(list)
    expect([answer.status, answer.body]).toEqual([503, { error: 'ERR_CLOSED' }])
    expect(starts.map(({ input }) => input)).toEqual([list[0], list[2]])
    await post('/news').send(list).expect(200)
    expect(starts.map(({ input }) => input)).toEqual([list[0], list[2], list[1]])
  })

  test('makes the input of each item', async () => {
    const { post, starts, events } = await listeners.open({
      listener: { ...bulk.listener, status: '${item.s}', input: { n: '${item.n as integer}', at: '${index}' } },
    })
    const list = [
      { id: 'a', s: 'ok', n: '1' },
      { id: 'b', s: 'ok', n: 'x' },
      { id: 'c', s: 'ok', n: 3 },
    ]
    await post('/news').send(list).expect(200)
    expect(starts.map(({ input }) => input)).toEqual([
      { n: 1, at: 0 },
      { n: 3, at: 2 },
    ])
    expect(events).toEqual(['received', 'started task-1', 'rejected', 'started task-2'])
  })
})

describe('what cannot be started leaves the id free, and its sender is told:', () => {
  test.each<[string, Error, number, string]>([
    ['closing', new CallbackError('ERR_CLOSED', { message: 'closing' }), 503, 'ERR_CLOSED'],
    ['no workflow', new CallbackError('ERR_WORKFLOW_UNKNOWN', { message: 'none' }), 404, 'ERR_WORKFLOW_UNKNOWN'],
    ['a bug', new TypeError('a bug'), 500, 'ERR_INTERNAL'],
  ])('%s', async (_name, error, status, code) => {
    let failure: Error | undefined = error
    const onStart = (): void => {
      if (failure) throw failure
    }
    const { post, starts, events } = await listeners.open(config, { onStart })
    const answer = await post('/news').send(news)
    expect([answer.status, answer.body]).toEqual([status, { error: code }])
    failure = undefined
    await post('/news').send(news).expect(200)
    expect(starts).toHaveLength(1)
    expect(events).toEqual(['received', 'rejected', 'received', 'started task-1'])
  })

  test('an input that cannot be made, which harms no wait', async () => {
    const { post, starts, waits } = await listeners.open({
      listener: { ...config.listener, input: { n: '${body.text as integer}' } },
    })
    const answer = await post('/news').send(news)
    expect([answer.status, answer.body]).toEqual([400, { error: 'ERR_TEMPLATE' }])
    const wait = waits.wait('n-1', {})
    await post('/news').send(news).expect(200)
    await expect(wait).resolves.toEqual(news)
    await post('/news').send({ id: 'n-2', s: 'ok', text: '5' }).expect(200)
    expect(starts).toMatchObject([{ input: { n: 5 } }])
  })
})

/** An abort signal whose `abort` needs no `this`. */
function createAbort(): { readonly signal: AbortSignal; readonly abort: () => void } {
  const controller = new AbortController()
  return { signal: controller.signal, abort: () => controller.abort() }
}
