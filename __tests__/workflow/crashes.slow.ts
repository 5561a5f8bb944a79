import { describe, expect, test } from '@jest/globals'
import express from 'express'
import request from 'supertest'
import type { CallbacksConfig } from '../../lib'
import { type Life, type Sent, type Service, useJournal } from './use-journal'

const journal = useJournal()
const MINUTE = 60_000

const URL_OF_DONE = 'http://localhost:8090/done'
const REQUEST = { base_url: 'http://service.test' } as const

/** Every way in which a job can come to its end. */
const CONFIG: CallbacksConfig = {
  listener: {
    public_url: 'http://localhost:8090',
    callbacks: [{ path: '/done', identify_by: '${body.id}', result: '${body.value}', timeout: '5h', workflow: false }],
  },
  components: {
    draw: {
      ...REQUEST,
      path: '/draw',
      body: { id: '${context.run_id}', attempt: '${context.attempt}', callback_url: URL_OF_DONE },
    },
    ask: {
      ...REQUEST,
      path: '/ask',
      body: { prompt: '${input.desk}' },
      completion: {
        type: 'polling',
        path: '/ask/${response.task}',
        status: '${response.status}',
        success_when: 'done',
        result: '${result.value}',
      },
    },
    late: {
      ...REQUEST,
      path: '/late',
      body: { id: '${context.run_id}', callback_url: URL_OF_DONE },
      completion: {
        type: 'callback',
        fallback: {
          after: '10s',
          path: '/late/1',
          status: '${response.status}',
          success_when: 'done',
          result: '${result.value}',
        },
      },
    },
    refuse: { ...REQUEST, path: '/refuse', body: {} },
    quick: {
      ...REQUEST,
      path: '/quick',
      body: { id: '${context.run_id}', why: '${error.code}', callback_url: URL_OF_DONE },
      completion: { type: 'callback', done_when: '${response.is_done}' },
    },
    show: {
      ...REQUEST,
      path: '/show',
      body: { url: '${callback.url}', seen: '${jobs.draw.output}' },
      completion: { type: 'callback', path: '/done' },
    },
  },
  workflow: {
    id: 'all',
    jobs: [
      { id: 'draw', component: 'draw', retry: { max_attempts: 2, delay: '10s' } },
      { id: 'ask', component: 'ask' },
      { id: 'late', component: 'late' },
      { id: 'stand', component: 'refuse', on_error: [{ id: 'quick', component: 'quick', output: '${output.value}' }] },
      { id: 'show', component: 'show' },
      { id: 'hear', wait_for: '${input.desk}' },
    ],
    output: {
      draw: '${jobs.draw.output}',
      ask: '${jobs.ask.output}',
      late: '${jobs.late.output}',
      stand: '${jobs.stand.output}',
      show: '${jobs.show.output}',
      hear: '${jobs.hear.output}',
    },
  },
}

const OUTPUT = { draw: 'drawn', ask: 'asked', late: 'late', stand: 'quick', show: 'shown', hear: 'heard' }

/** Its first question is answered by "not yet". */
function createService(): Service {
  let questions = 0
  return ({ method, path, body }) => {
    if (path === '/draw') return { status: body['attempt'] === 1 ? 500 : 202, body: {} }
    if (path === '/ask') return { status: 202, body: { task: 7 } }
    if (path === '/ask/7') return { body: questions++ === 0 ? { status: 'busy' } : { status: 'done', value: 'asked' } }
    if (path === '/late' && method === 'POST') return { status: 202, body: {} }
    if (path === '/late/1') return { body: { status: 'done', value: 'late' } }
    if (path === '/refuse') return { status: 400, body: { reason: 'no' } }
    if (path === '/quick') return { body: { is_done: true, value: 'quick' } }
    return { status: 202, body: {} }
  }
}

/** The callbacks that a service sends for what it was asked, again and again until somebody takes them. */
function callbacksFor(sent: readonly Sent[]): readonly [id: string, value: string][] {
  return sent.flatMap(({ path, body }): [string, string][] => {
    if (path === '/draw' && body['attempt'] === 2) return [[String(body['id']), 'drawn']]
    if (path === '/show') return [[String(new URL(String(body['url'])).searchParams.values().next().value), 'shown']]
    return []
  })
}

/** Lets a task end; its callbacks come all the time. */
async function finish({ hooks, until, sent }: Life, id: string, before: readonly Sent[] = []) {
  await until(
    async () => (await hooks.task(id))?.status !== 'running',
    () => {
      for (const [callback, value] of [...callbacksFor([...before, ...sent]), ['desk-1', 'heard'] as const]) {
        // What is not taken is sent again.
        hooks.settle(callback, value, { path: '/done' }).catch(() => undefined)
      }
    },
  )
  return hooks.task(id)
}

/** How often each request left, less questions, which may be asked as often as one likes. */
function countSends(sent: readonly Sent[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { path, body, method } of sent) {
    if (method === 'GET') continue
    const name = path === '/draw' ? `draw#${String(body['attempt'])}` : path.slice(1)
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return counts
}

const SENDS = new Map([
  ['draw#1', 'draw#1/send'],
  ['draw#2', 'draw#2/send'],
  ['ask', 'ask#1/send'],
  ['late', 'late#1/send'],
  ['refuse', 'stand#1/send'],
  ['quick', 'stand/on_error/quick#1/send'],
  ['show', 'show#1/send'],
])

async function runAll(): Promise<{
  readonly id: string
  readonly sent: readonly Sent[]
  readonly lines: readonly string[]
  readonly now: number
}> {
  const life = await journal.begin(CONFIG, createService())
  const { id } = await life.hooks.submit({ desk: 'desk-1' })
  expect(await finish(life, id)).toMatchObject({ status: 'succeeded', output: OUTPUT })
  return { id, sent: life.sent, lines: life.lines(), now: life.clock.now() }
}

describe('a workflow whose process is killed', () => {
  test('at any moment ends once, with the right output, and sends nothing again whose answer was kept', async () => {
    const first = await runAll()
    expect(countSends(first.sent)).toEqual(new Map([...SENDS.keys()].map((name) => [name, 1])))
    const begun = first.lines.findIndex((line) => line.includes('["append","run"'))
    expect(begun).toBeGreaterThan(0)
    expect(first.lines.length - begun).toBeGreaterThan(60)
    for (let count = begun + 1; count <= first.lines.length; count += 1) {
      const lines = first.lines.slice(0, count)
      const life = await journal.begin(CONFIG, createService(), lines, first.now + 1000)
      const state = await finish(life, first.id, first.sent)
      expect({ count, state }).toMatchObject({ count, state: { status: 'succeeded', output: OUTPUT } })
      expect(life.told.filter((status) => status !== 'running').length).toBeLessThanOrEqual(1)
      const counts = countSends(life.sent)
      for (const [name, step] of SENDS) {
        const isKept = lines.some((line) => line.includes(`"name":"${step}"`))
        const times = counts.get(name) ?? 0
        expect([count, name, isKept ? times : Math.min(times, 1)]).toEqual([count, name, isKept ? 0 : times])
      }
      await life.hooks.close()
    }
  }, 240_000)

  test('goes on as it was begun when the config has changed', async () => {
    const first = await runAll()
    const half = first.lines.slice(0, Math.floor(first.lines.length / 2))
    const changed: CallbacksConfig = {
      ...CONFIG,
      components: {},
      workflow: { id: 'all', jobs: [{ id: 'other', component: 'logger', input: { data: 'other' } }] },
    }
    const life = await journal.begin(changed, createService(), half, first.now)
    expect(await finish(life, first.id, first.sent)).toMatchObject({ status: 'succeeded', output: OUTPUT })
    expect(await life.hooks.run({})).toBe('other')
  })

  test('fails and says why when what it was begun with does not fit any more', async () => {
    const listener = CONFIG.listener ?? {}
    const jobs = [{ id: 'hear', wait_for: { id: 'desk-1', path: '/done' } }]
    const first = await journal.begin({ listener, workflow: { id: 'hear', jobs } }, createService())
    const { id } = await first.hooks.submit({})
    await first.until(() => first.hooks.stats().waiting === 1)
    const other = { path: '/elsewhere', identify_by: '${body.id}' }
    const life = await journal.begin({ listener: other }, createService(), first.lines(), first.clock.now())
    await life.until(async () => (await life.hooks.task(id))?.status !== 'running')
    expect(await life.hooks.task(id)).toMatchObject({
      status: 'failed',
      error: { code: 'ERR_ENDPOINT_UNKNOWN', message: expect.stringContaining('"/done"') },
    })
    expect(life.log).toContainEqual(expect.stringContaining(`The task ${id} of workflow "hear" failed: `))
  })

  test('pauses and waits no longer than it would have without that', async () => {
    const retry = { max_attempts: 2, delay: '10m' }
    const config = { ...CONFIG, workflow: { id: 'all', jobs: [{ id: 'draw', component: 'draw', retry }] } }
    const life = await journal.begin(config, createService())
    const start = life.clock.now()
    const { id } = await life.hooks.submit({ desk: 'desk-1' }, { timeout: '1h' })
    await life.until(() => life.lines().some((line) => line.includes('"name":"draw#1/pause"')))
    const lines = life.lines()
    const soon = await journal.begin(config, createService(), lines, start + 9 * MINUTE)
    await soon.until(() => soon.sent.length > 0)
    expect(soon.clock.now() - start).toBeGreaterThanOrEqual(10 * MINUTE)
    expect(soon.clock.now() - start).toBeLessThan(15 * MINUTE)
    const late = await journal.begin(config, createService(), lines, start + 59 * MINUTE)
    await late.until(async () => (await late.hooks.task(id))?.status !== 'running')
    expect(await late.hooks.task(id)).toMatchObject({ status: 'failed', error: { code: 'ERR_WAIT_TIMEOUT' } })
    expect(late.sent.length).toBe(1)
    expect(late.clock.now() - start).toBeLessThan(65 * MINUTE)
  })

  test('once an event has started it, ends once, also when the event is sent again', async () => {
    const { listener } = CONFIG
    const callbacks = [...(listener && 'callbacks' in listener ? (listener.callbacks ?? []) : []), NEWS]
    const config: CallbacksConfig = { ...CONFIG, listener: { ...listener, callbacks } }
    const first = await journal.begin(config, createService())
    await sendNews(first)
    const ids = (lines: readonly string[]): readonly string[] =>
      lines.flatMap((line) => /\["append","run","([^"]+)",\{"is":"owner"/.exec(line)?.[1] ?? [])
    const [id = ''] = ids(first.lines())
    const all = await finish(first, id)
    expect(all).toMatchObject({ status: 'succeeded', output: OUTPUT })
    const begun = first.lines().findIndex((line) => line.includes('"append","run"'))
    for (let count = 1; count <= begun + 8; count += 1) {
      const lines = first.lines().slice(0, count)
      const life = await journal.begin(config, createService(), lines, first.clock.now())
      await sendNews(life)
      const [again = '', ...more] = [...new Set(ids(life.lines()))]
      expect([count, more]).toEqual([count, []])
      expect(await finish(life, again, first.sent)).toMatchObject({ status: 'succeeded', output: OUTPUT })
      expect([count, life.told.filter((status) => status === 'succeeded')]).toEqual([count, ['succeeded']])
      await life.hooks.close()
    }
  }, 60_000)
})

const NEWS = { path: '/news', identify_by: '${body.id}', workflow: 'all', input: { desk: '${body.desk}' } } as const

async function sendNews({ hooks, until }: Life): Promise<void> {
  let isTaken = false
  const answer = async (): Promise<void> => {
    const { status } = await request(express().use(hooks)).post('/news').send({ id: 'news-1', desk: 'desk-1' })
    expect(status).toBe(200)
    isTaken = true
  }
  const answering = answer()
  await until(() => isTaken)
  await answering
}
