import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { Callbacks, CallbacksConfig } from '../../lib'
import { useServices } from '../helpers/fake-service'
import { waitUntil } from '../helpers/store-contract'
import { useHosts } from '../helpers/use-hosts'

const services = useServices()
const hosts = useHosts()
let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'callbacks-durable-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Two jobs that each send and wait; the second is given what the first one got. */
function drawing(origin: string): CallbacksConfig {
  return {
    store: { type: 'file', path: folder },
    listener: {
      callbacks: [
        { path: '/done', identify_by: '${body.id}', result: '${body.result}' },
        {
          path: '/batch',
          bulk: true,
          item: '${body.items}',
          identify_by: '${item.id}',
          result: '${item.n}',
          workflow: false,
        },
        { path: '/news', identify_by: '${body.id}', workflow: 'noted', input: '${body.text}' },
      ],
    },
    components: {
      service: {
        base_url: origin,
        path: '/draw',
        body: { id: '${context.run_id}', what: '${input.what}', callback_url: 'http://localhost:8090/done' },
      },
    },
    workflows: {
      drawn: {
        default: true,
        jobs: [
          { id: 'sketch', component: 'service' },
          { id: 'paint', component: 'service', input: { what: '${jobs.sketch.output.what}' } },
        ],
        output: { sketch: '${jobs.sketch.output.what}', paint: '${jobs.paint.output.what}' },
      },
      noted: { jobs: [{ id: 'note', component: 'logger', input: { message: '${input}' } }] },
    },
  }
}

/** Resolves when a job waits for its callback: its request has been answered, and the answer is kept. */
function isWaiting(hooks: Callbacks): Promise<void> {
  return new Promise((resolve) => {
    hooks.on('job', ({ status }) => status === 'waiting' && resolve())
  })
}

function idOf(body: unknown): string {
  return String((body as { readonly id: unknown }).id)
}

describe('a run that is kept in a folder', () => {
  test('may be over, and its end not kept yet, when the callbacks close', async () => {
    const { hooks } = await hosts.open(drawing('http://localhost'))
    await hooks.open()
    const closed = new Promise<void>((resolve) => {
      hooks.on('task', ({ status }) => status === 'succeeded' && resolve(hooks.close({ drain: '1h' })))
    })
    const task = await hooks.submit('news', { workflow: 'noted' })
    await task.result()
    await closed
    const again = await hosts.open(drawing('http://localhost'))
    await again.hooks.open()
    expect(await again.hooks.task(task.id)).toMatchObject({ status: 'succeeded' })
  })

  test('goes on where it was, with what was sent and what came', async () => {
    const service = await services.open(() => ({ body: {} }))
    const first = await hosts.open(drawing(service.origin))
    await first.hooks.open()
    const waits = isWaiting(first.hooks)
    const task = await first.hooks.submit({ what: 'cat' })
    await service.received(1)
    await waits
    const gone = expect(task.result()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    await first.hooks.close()
    await gone

    const second = await hosts.open(drawing(service.origin))
    await second.hooks.open()
    expect(second.log.map(({ message }) => message)).toContain(`Took up a task again that had not ended: ${task.id}`)
    const sent = idOf(service.requests[0]?.body)
    await second
      .post('/done')
      .send({ id: sent, result: { what: 'sketch of a cat' } })
      .expect(200)
    const { body } = await service.received(2)
    expect(body).toMatchObject({ what: 'sketch of a cat' })
    await second
      .post('/done')
      .send({ id: idOf(body), result: { what: 'cat in oil' } })
      .expect(200)
    await waitUntil(() => second.hooks.stats().tasks.succeeded === 1)
    expect(service.requests.length).toBe(2)

    await second.hooks.close()
    const third = await hosts.open(drawing(service.origin))
    expect(await third.hooks.task(task.id)).toMatchObject({
      status: 'succeeded',
      output: { sketch: 'sketch of a cat', paint: 'cat in oil' },
    })
    await third
      .post('/done')
      .send({ id: sent, result: { what: 'again' } })
      .expect(200)
    expect(third.hooks.stats()).toMatchObject({ duplicate: 1, parked: 0 })
  })

  test('is what it was started as, whatever the config says by now', async () => {
    const service = await services.open(() => ({ body: {} }))
    const first = await hosts.open(drawing(service.origin))
    const waits = isWaiting(first.hooks)
    const task = await first.hooks.submit({ what: 'cat' })
    await service.received(1)
    await waits
    await first.hooks.close()

    const { workflows: _gone, components: _too, ...rest } = drawing(service.origin)
    const second = await hosts.open({ ...rest, listener: { path: '/done', identify_by: '${body.id}' } })
    await second.hooks.open()
    await second
      .post('/done')
      .send({ id: idOf(service.requests[0]?.body), what: 'sketch' })
      .expect(200)
    const { body } = await service.received(2)
    await second
      .post('/done')
      .send({ id: idOf(body), what: 'oil' })
      .expect(200)
    await waitUntil(() => second.hooks.stats().tasks.succeeded === 1)
    expect(await second.hooks.task(task.id)).toMatchObject({ output: { sketch: 'sketch', paint: 'oil' } })
  })

  test('that an event starts is kept before the event is acknowledged, and started once', async () => {
    const service = await services.open(() => ({ body: {} }))
    const { hooks, post, log } = await hosts.open(drawing(service.origin))
    await post('/news').send({ id: 'one', text: 'hello' }).expect(200)
    await post('/news').send({ id: 'one', text: 'hello again' }).expect(200)
    await waitUntil(() => hooks.stats().tasks.succeeded === 1)
    expect(hooks.stats()).toMatchObject({ started: 1, duplicate: 1 })
    expect(log.filter(({ message }) => message.startsWith('hello')).map(({ message }) => message)).toEqual(['hello'])
  })
})

test('a bulk callback hands over all its items, each to whoever waits for it', async () => {
  const { hooks, post } = await hosts.open(drawing('http://127.0.0.1:1'))
  const ids = Array.from({ length: 1200 }, (_, index) => `task-${index}`)
  const waits = ids.slice(0, 100).map((id) => hooks.wait(id, { path: '/batch' }))
  await post('/batch')
    .send({ items: [...ids.map((id, n) => ({ id, n })), { id: ['bad'] }, { id: 'task-0', n: 'late' }] })
    .expect(200)
  expect(await Promise.all(waits)).toEqual(ids.slice(0, 100).map((_, n) => n))
  expect(hooks.stats()).toMatchObject({ settled: 100, parked: 1100, rejected: 1, duplicate: 1 })
})

test('what authenticates a sender is not kept', async () => {
  const { hooks, post } = await hosts.open(drawing('http://127.0.0.1:1'))
  await post('/done').set('Authorization', 'Bearer canary-1').set('X-Sent-By', 'painter').send({ id: 'a', result: 1 })
  const { headers } = await hooks.wait('a', { path: '/done', full: true })
  expect(headers).toMatchObject({ authorization: '[redacted]', 'x-sent-by': 'painter' })
  await hooks.close()
  const journal = readFileSync(join(folder, 'journal'), 'utf8')
  expect(journal).toContain('painter')
  expect(journal).not.toContain('canary-1')
})

test('health says whether the store can be reached', async () => {
  const { hooks, origin } = await hosts.open(drawing('http://127.0.0.1:1'), {}, (app, one) => {
    app.use(one)
    app.use('/_callbacks', one.controller)
  })
  const health = async (): Promise<unknown> => (await fetch(`${origin}/_callbacks/health`)).json()
  expect(await health()).toMatchObject({ status: 'ok', store: 'ok' })
  await hooks.close()
  const other = hosts.start(drawing('http://127.0.0.1:1'))
  await other.hooks.open()
  const late = await hosts.open(drawing('http://127.0.0.1:1'), {}, (app, one) => app.use('/_callbacks', one.controller))
  expect(await (await fetch(`${late.origin}/_callbacks/health`)).json()).toMatchObject({
    status: 'degraded',
    store: 'unavailable',
  })
})

test('a folder that another process has is refused, and says whose it is', async () => {
  const { hooks } = hosts.start(drawing('http://127.0.0.1:1'))
  await hooks.open()
  const second = hosts.start(drawing('http://127.0.0.1:1'))
  await expect(second.hooks.open()).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
})
