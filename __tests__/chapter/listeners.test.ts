import { describe, expect, test } from '@jest/globals'
import request from 'supertest'
import { findFreePorts } from '../helpers/free-ports'
import { describeChapter, describeEditions, jsonInChapter, requestInChapter } from './editions'
import { useWorlds } from './use-worlds'

const worlds = useWorlds()

/** A callback, the id that it ends a wait for, and what it must become. */
interface Callback {
  readonly url: string
  readonly method?: 'post' | 'put'
  readonly id: string
  readonly body: unknown
}
type Success = Callback & { readonly result: unknown }
type Failure = Callback & { readonly status: string }

const at = (url: string) => (id: string, body: object, result: unknown) => ({ url, id, body, result })
const completed = at('/webhook/completed')
const batch = { results: [{ task_id: 'task-9', status: 'running', data: null }] }
const output = { url: 'https://example.com/1.png', width: 640, height: 480, file_size: 9000 }
const printed = { file: { link: 'https://example.com/1.pdf', pages: 3, bytes: 9 }, work_ms: 5, queue_ms: 7 }
const full = { task_id: 't-1', status: 'completed', timestamp: '2026-01-01T00:00:00Z', result: { n: 1 } }
const timed = { ...full, processing_time_ms: 1200, queue_time_ms: 300 }

const SUCCESSES: Readonly<Record<string, readonly Success[]>> = {
  // 13.1.2, and 13.1.6 with its limits: nothing identifies a callback, and its body is the result
  1: [at('/callback')('__callback__', { any: 'thing' }, { any: 'thing' })],
  5: [at('/callback')('__callback__', { any: 'thing' }, { any: 'thing' })],
  6: [at('/callback')('__callback__', { any: 'thing' }, { any: 'thing' })],
  'listener-simple': [at('/render-done')('__callback__', { any: 'thing' }, { any: 'thing' })],
  'listener-advanced': [at('/done')('__callback__', ['any', 'thing'], ['any', 'thing'])],
  // 13.1.3: one endpoint that judges
  2: [
    completed('t-1', { task_id: 't-1', status: 'completed', result: { n: 1 } }, { n: 1 }),
    completed('7', { task_id: 7, status: 'success', result: [1] }, [1]),
    completed('t-1', { task_id: 't-1', status: 'completed' }, null),
  ],
  'listener-single': [
    at('/transcript/ready')('j-1', { job: 'j-1', outcome: 'ready', transcript: 'hello' }, 'hello'),
    at('/transcript/ready')('j-1', { job: 'j-1', outcome: 'partial', transcript: 'he' }, 'he'),
  ],
  // 13.1.3: several below one base path
  3: [
    at('/webhooks/image/completed')('r-1', { request_id: 'r-1', status: 'completed', image_url: '1.png' }, '1.png'),
    at('/webhooks/video/completed')('v-1', { task_id: 'v-1', state: 'done', output: { s: 60 } }, { s: 60 }),
    at('/webhooks/task/callback')('g-1', { id: 'g-1', status: 'failed', data: 'not judged' }, 'not judged'),
  ],
  'listener-several': [
    at('/studio/picture/ready')('p-1', { order: 'p-1', outcome: 'ready', picture: '1.png' }, '1.png'),
    { ...at('/studio/film/ready')('f-1', { film: { order: 'f-1', state: 'cut', file: 'f' } }, 'f'), method: 'put' },
    at('/studio/other')('9', { nr: 9, payload: true }, true),
  ],
  // 13.1.7
  7: [at('/callback')('task-123', { task_id: 'task-123', status: 'completed', result: { ok: true } }, { ok: true })],
  // 13.1.8: mapping fields
  8: [at('/webhook')('t-1', { task_id: 't-1', output }, output.url)],
  9: [at('/webhook')('t-1', { task_id: 't-1', output }, { url: output.url, width: 640, height: 480, size: 9000 })],
  10: [at('/webhook?task_id=task-123')('task-123', { output }, { output })],
  'listener-mapping': [
    at('/hook?order=o-1')('o-1', printed, {
      link: printed.file.link,
      pages: 3,
      weight: 9,
      seconds: 12,
      everything: printed,
    }),
  ],
  // 13.4: a signature that only a comment speaks of; the whole payload kept; times added up
  23: [at('/webhook')('s-1', { id: 's-1' }, { id: 's-1' })],
  'listener-signed': [at('/hook')('s-1', { order: 's-1' }, { order: 's-1' })],
  25: [
    at('/webhook')('t-1', full, { task_id: 't-1', status: 'completed', timestamp: '2026-01-01T00:00:00Z', data: full }),
    at('/webhook')(
      't-2',
      { task_id: 't-2' },
      { task_id: 't-2', status: null, timestamp: null, data: { task_id: 't-2' } },
    ),
  ],
  27: [
    at('/webhook')('t-1', timed, {
      task_id: 't-1',
      result: { n: 1 },
      metrics: { processing_time: 1200, queue_time: 300, total_time: 1500 },
    }),
    at('/webhook')('t-1', full, {
      task_id: 't-1',
      result: { n: 1 },
      metrics: { processing_time: null, queue_time: null, total_time: null },
    }),
  ],
}

describeEditions('a callback with a result', SUCCESSES, (config, successes) => {
  describe.each(successes)('$id at $url', ({ url, method = 'post', id, body, result }) => {
    const path = url.replace(/\?.*/, '')

    test('is answered 200 and ends the wait for it with its result', async () => {
      const { hooks, origin } = await worlds.open(config())
      const wait = hooks.wait(id, { path })
      const answer = await request(origin)[method](url).send(Object(body))
      expect([answer.status, answer.text]).toEqual([200, ''])
      await expect(wait).resolves.toEqual(result)
      expect(hooks.stats()).toMatchObject({ settled: 1, waiting: 0 })
    })

    test('is kept for the next wait when it comes before anybody waits', async () => {
      const { hooks, origin } = await worlds.open(config())
      expect((await request(origin)[method](url).send(Object(body))).status).toBe(200)
      expect(hooks.stats()).toMatchObject({ parked: 1 })
      await expect(hooks.wait(id, { path })).resolves.toEqual(result)
    })

    test('is none of ours with another method or at another path', async () => {
      const { hooks, origin } = await worlds.open(config())
      const answers = [await request(origin).get(url), await request(origin)[method](`/not${url}`).send({})]
      expect(answers.map(({ status }) => status)).toEqual([404, 404])
      expect(hooks.stats()).toMatchObject({ received: 0, parked: 0 })
    })
  })
})

const FAILURES: Readonly<Record<string, readonly Failure[]>> = {
  2: ['failed', 'error'].map((status) => ({
    ...completed('t-1', { task_id: 't-1', status, result: { why: 'no' } }, undefined),
    status,
  })),
  'listener-single': [
    { url: '/transcript/ready', id: 'j-1', body: { job: 'j-1', outcome: 'broken' }, status: 'broken' },
  ],
  3: [
    { url: '/webhooks/image/completed', id: 'r-1', body: { request_id: 'r-1', status: 'failed' }, status: 'failed' },
    { url: '/webhooks/video/completed', id: 'v-1', body: { task_id: 'v-1', state: 'error' }, status: 'error' },
    { url: '/webhooks/video/completed', id: 'v-1', body: { task_id: 'v-1', state: 'timeout' }, status: 'timeout' },
  ],
  'listener-several': [
    { url: '/studio/picture/ready', id: 'p-1', body: { order: 'p-1', outcome: 'broken' }, status: 'broken' },
    {
      url: '/studio/film/ready',
      method: 'put',
      id: 'f-1',
      body: { film: { order: 'f-1', state: 'late' } },
      status: 'late',
    },
  ],
}

describeEditions('a callback that tells of a failure', FAILURES, (config, failures) => {
  test.each(failures)('$body is answered 200 and rejects the wait', async (failure) => {
    const { url, method = 'post', id, body, status } = failure
    const { hooks, origin } = await worlds.open(config())
    const wait = hooks.wait(id, { path: url })
    const rejection = expect(wait).rejects.toMatchObject({
      code: 'ERR_CALLBACK_FAILED',
      status,
      id,
      body,
      endpoint: `${method.toUpperCase()} ${url}`,
    })
    const answer = await request(origin)[method](url).send(Object(body))
    expect([answer.status, answer.text]).toEqual([200, ''])
    await rejection
  })
})

const PENDING: Readonly<Record<string, Callback & { readonly later: object }>> = {
  2: { ...completed('t-1', { task_id: 't-1', status: 'processing' }, 0), later: { task_id: 't-1', status: 'success' } },
  'listener-single': {
    url: '/transcript/ready',
    id: 'j-1',
    body: { job: 'j-1', outcome: 'READY' },
    later: { job: 'j-1', outcome: 'ready' },
  },
  3: {
    url: '/webhooks/video/completed',
    id: 'v-1',
    body: { task_id: 'v-1' },
    later: { task_id: 'v-1', state: 'done' },
  },
  4: {
    url: '/batch/completed',
    id: 'task-9',
    body: batch,
    later: { results: [{ task_id: 'task-9', status: 'completed' }] },
  },
  'listener-bulk': {
    url: '/nightly',
    id: '9',
    body: { orders: [{ nr: 9, outcome: 'later' }] },
    later: { orders: [{ nr: 9, outcome: 'ready' }] },
  },
}

describeEditions('a callback whose status is in no list', PENDING, (config, { url, id, body, later }) => {
  test('is answered 200 and changes nothing', async () => {
    const { hooks, post } = await worlds.open(config())
    const wait = hooks.wait(id)
    expect((await post(url).send(Object(body))).status).toBe(200)
    expect(hooks.stats()).toMatchObject({ waiting: 1, pending: 1, settled: 0, parked: 0 })
    expect((await post(url).send(later)).status).toBe(200)
    await expect(wait).resolves.toBeNull()
  })
})

interface Bulk {
  readonly url: string
  readonly example: () => unknown
  readonly results: Readonly<Record<string, unknown>>
}

const BULK: Readonly<Record<string, Bulk>> = {
  4: {
    url: '/batch/completed',
    example: jsonInChapter,
    results: {
      'task-1': { url: 'https://example.com/result1.png' },
      'task-2': { url: 'https://example.com/result2.png' },
    },
  },
  'listener-bulk': {
    url: '/nightly',
    example: () => ({ orders: [1, 2].map((nr) => ({ nr, outcome: 'ready', payload: nr * 10 })) }),
    results: { 1: 10, 2: 20 },
  },
}

describeEditions('a bulk callback', BULK, (config, { url, example, results }) => {
  test('hands each result to whoever waits for it', async () => {
    const { hooks, post } = await worlds.open(config())
    const waits = Object.keys(results).map((id) => hooks.wait(id))
    const answer = await post(url).send(Object(example()))
    expect([answer.status, answer.text]).toEqual([200, ''])
    await expect(Promise.all(waits)).resolves.toEqual(Object.values(results))
  })

  test('that holds no list is refused', async () => {
    const { post } = await worlds.open(config())
    expect((await post(url).send({ results: 'none', orders: 'none' })).status).toBe(400)
  })
})

describeChapter('the example of a request with an id in its query (13.1.8)', () => {
  describeEditions('sent as it is written', { 10: undefined }, (config) => {
    test('ends the wait for task-123 with its body', async () => {
      const { hooks, post } = await worlds.open(config())
      const { url, body } = requestInChapter(/http:\S+task_id=task-123/)
      const wait = hooks.wait('task-123')
      expect((await post(url.pathname + url.search).send(Object(body))).status).toBe(200)
      await expect(wait).resolves.toEqual(body)
      expect(body).toEqual({ status: 'completed', output: { url: 'https://example.com/result.png' } })
    })
  })
})

describeEditions(
  'a limit of callbacks in work at once',
  { 5: '/callback', 'listener-advanced': '/done' },
  (config, url) => {
    test('loses none of those that queue for it', async () => {
      const { hooks, post } = await worlds.open(config())
      const waits = Array.from({ length: 30 }, (_, n) => hooks.wait(`wait ${n}`))
      const answers = await Promise.all(waits.map((_, n) => post(url).send({ n })))
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
      const bodies = await Promise.all(waits)
      expect(new Set(bodies.map((body) => Object(body).n)).size).toBe(30)
    })
  },
)

describeEditions('the runtime', { 6: '/callback', 'listener-advanced': '/done' }, (config, url) => {
  test('native serves the listener at its host and port, without an app', async () => {
    const [port = 0] = await findFreePorts(1)
    const { hooks } = await worlds.open(config({ listener: { host: '127.0.0.1', port } }))
    const { ports, close } = await hooks.listen()
    const wait = hooks.wait('first')
    const answer = await request(`http://127.0.0.1:${port}`).post(url).send({ n: 1 })
    expect([ports, answer.status]).toEqual([[port], 200])
    await expect(wait).resolves.toEqual({ n: 1 })
    await close()
  })

  test('docker is refused in one clear line', async () => {
    const { hooks } = await worlds.open(config({ listener: { runtime: 'docker' } }))
    await expect(hooks.listen()).rejects.toMatchObject({
      code: 'ERR_CONFIG_UNSUPPORTED',
      at: expect.stringContaining('listener.runtime'),
      message: 'A listener cannot run in docker yet; write "runtime: native"',
    })
  })
})
