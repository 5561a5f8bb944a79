import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { CallbackError, CallbacksConfig, EachResult } from '../../lib'
import { waitUntil } from '../helpers/store-contract'
import { useHosts } from '../helpers/use-hosts'

const hosts = useHosts()
let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'each-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const STATUS = { status: '${body.status}', success_when: ['ok'], fail_when: ['bad'] }

function listening(type: string, park = {}): CallbacksConfig {
  return {
    store: type === 'file' ? { type: 'file', path: folder, park } : { type: 'memory', park },
    listener: {
      callbacks: [
        { path: '/steps', identify_by: '${body.id}', result: '${body.n}', dedupe_by: '${body.key}', ...STATUS },
        { path: '/pages', identify_by: '${body.id}', result: '${body.n}', dedupe_by: '${body.key}' },
        { path: '/plain', result: '${body.n}' },
      ],
    },
  }
}

const STEPS = { path: '/steps' }
const PAGES = { path: '/pages' }

/** Reads to the end, and returns what came and the code of the error that ended it. */
async function readAll<T>(iterated: AsyncIterable<T>): Promise<{ readonly got: T[]; readonly code?: string }> {
  const got: T[] = []
  try {
    for await (const one of iterated) got.push(one)
    return { got }
  } catch (error) {
    return { got, code: (error as CallbackError).code }
  }
}

describe.each(['memory', 'file'])('each, with a store of the type %s', (type) => {
  async function open(park = {}) {
    const host = await hosts.open(listening(type, park))
    await host.hooks.open()
    return host
  }

  test.each([
    ['a success', [{ status: 'half' }, { status: 'more' }, { status: 'ok' }], [0, 1, 2], undefined],
    ['a success at once', [{ status: 'ok' }], [0], undefined],
    ['a failure', [{ status: 'half' }, { status: 'bad' }], [0], 'ERR_CALLBACK_FAILED'],
    ['a failure at once', [{ status: 'bad' }], [], 'ERR_CALLBACK_FAILED'],
  ])('gets pending callbacks too, and ends with %s', async (_, bodies, got, code) => {
    const { hooks, post } = await open()
    const steps = hooks.each<number>('a', STEPS)
    for (const [n, body] of bodies.entries())
      await post('/steps')
        .send({ id: 'a', n, ...body })
        .expect(200)
    expect(await readAll(steps)).toEqual({ got, ...(code !== undefined && { code }) })
    expect(await steps.next()).toEqual({ done: true, value: undefined })
    await waitUntil(() => hooks.stats().waiting === 0)
    await post('/steps').send({ id: 'a', n: 9, status: 'ok' }).expect(200)
    await waitUntil(() => hooks.stats().duplicate === 1)
    const pending = bodies.filter(({ status }) => ['half', 'more'].includes(status)).length
    expect(hooks.stats()).toMatchObject({
      pending,
      settled: bodies.length - pending - (code ? 1 : 0),
      failed: code ? 1 : 0,
    })
  })

  test.each([
    ['of the result', (n: number) => n === 2],
    [
      'of the callback',
      (_: number, { body }: { readonly body: unknown }) => (body as { last?: boolean }).last === true,
    ],
    [
      'of how many came',
      (
        (count) => () =>
          ++count === 3
      )(0),
    ],
  ])('without a status goes on until a function %s is true', async (_, until) => {
    const { hooks, post } = await open()
    const pages = hooks.each<number>(7, { ...PAGES, until })
    const reading = readAll(pages)
    for (const n of [0, 1, 2])
      await post('/pages')
        .send({ id: 7, n, last: n === 2 })
        .expect(200)
    expect(await reading).toEqual({ got: [0, 1, 2] })
    await waitUntil(() => hooks.stats().waiting === 0)
    await post('/pages').send({ id: 7, n: 3 }).expect(200)
    await waitUntil(() => hooks.stats().duplicate === 1)
  })

  test('full gets all of a callback', async () => {
    const { hooks, post } = await open()
    const steps = hooks.each<number>('a', { ...STEPS, full: true })
    await post('/steps').send({ id: 'a', n: 1, status: 'half' }).expect(200)
    const { value } = await steps.next()
    expect(value).toMatchObject({
      outcome: 'pending',
      status: 'half',
      result: 1,
      body: { id: 'a', n: 1, status: 'half' },
      endpoint: 'POST /steps',
    } satisfies Partial<EachResult<number>>)
    await steps.return()
  })

  test.each([
    ['break', 1],
    ['an error of the body', 2],
  ])('frees its wait at once by %s', async (how, count) => {
    const { hooks, post } = await open()
    const got: unknown[] = []
    const pages = hooks.each('a', PAGES)
    for (let n = 0; n < 3; n += 1) await post('/pages').send({ id: 'a', n }).expect(200)
    const reading = (async () => {
      for await (const n of pages) {
        got.push(n)
        if (got.length < count) continue
        if (how === 'break') break
        throw new Error('no')
      }
    })()
    await reading.catch(() => undefined)
    expect(hooks.stats().waiting).toBe(0)
    expect(got).toEqual([0, 1].slice(0, count))
    await post('/pages').send({ id: 'a', n: 3 }).expect(200)
    await waitUntil(() => hooks.stats().duplicate === 1)
  })

  test('ends by silence, after what came, and by nothing else', async () => {
    const { hooks, post, clock } = await open()
    const pages = hooks.each('a', { ...PAGES, timeout: '1m' })
    for (let n = 0; n < 3; n += 1) {
      clock.advance(59_000)
      await post('/pages').send({ id: 'a', n }).expect(200)
    }
    clock.advance(61_000)
    await waitUntil(() => hooks.stats().expired === 1)
    expect(await readAll(pages)).toEqual({ got: [0, 1, 2], code: 'ERR_WAIT_TIMEOUT' })
    await waitUntil(() => hooks.stats().waiting === 0)
  })

  test('ends by its signal, at once', async () => {
    const { hooks, post } = await open()
    const controller = new AbortController()
    const pages = hooks.each('a', { ...PAGES, signal: controller.signal })
    await post('/pages').send({ id: 'a', n: 0 }).expect(200)
    expect(await pages.next()).toEqual({ done: false, value: 0 })
    const next = pages.next()
    controller.abort('enough')
    await expect(next).rejects.toMatchObject({ code: 'ERR_ABORTED', cause: 'enough' })
    expect(await pages.next()).toEqual({ done: true, value: undefined })
    expect(hooks.stats().waiting).toBe(0)
    await expect(hooks.each('a', { ...PAGES, signal: controller.signal }).next()).rejects.toMatchObject({
      code: 'ERR_ABORTED',
    })
    expect(hooks.stats().waiting).toBe(0)
  })

  test('ends when the callbacks are closed', async () => {
    const { hooks } = await open()
    const next = hooks.each('a', PAGES).next()
    const idle = hooks.each('b', PAGES)
    await hooks.close()
    await expect(next).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    await expect(idle.next()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    await expect(hooks.each('c', PAGES).next()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  })

  test.each([
    ['by number', { max: 3 }, 'x'],
    ['by size', { max_bytes: 4000 }, 'x'.repeat(1200)],
  ])('keeps what comes meanwhile up to a limit %s, and then has the sender try again', async (_, park, text) => {
    const { hooks, post } = await open(park)
    const pages = hooks.each<number>('a', { ...PAGES, until: (n) => n === 9 })
    const refusals: unknown[] = []
    const send = async (n: number): Promise<unknown> => {
      const { status, body, headers } = await post('/pages').send({ id: 'a', n, text, key: `k${n}` })
      if (status === 200) return
      refusals.push({ status, body, retryAfter: headers['retry-after'] })
      return send(n)
    }
    const sendAll = async (): Promise<void> => {
      for (let n = 0; n < 10; n += 1) await send(n)
    }
    const sending = sendAll()
    await waitUntil(() => refusals.length > 2)
    expect(await readAll(pages)).toEqual({ got: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] })
    await sending
    for (const refusal of refusals)
      expect(refusal).toEqual({ status: 503, body: { error: 'ERR_EACH_FULL' }, retryAfter: '5' })
  })

  test('counts a delivery once that comes twice, pending ones too', async () => {
    const { hooks, post } = await open()
    const steps = hooks.each('a', STEPS)
    for (const [n, key, status] of [
      [0, 'x', 'half'],
      [1, 'x', 'half'],
      [2, 'y', 'half'],
      [3, 'y', 'ok'],
      [4, 'z', 'ok'],
    ])
      await post('/steps').send({ id: 'a', n, key, status }).expect(200)
    expect(await readAll(steps)).toEqual({ got: [0, 2, 4] })
    expect(hooks.stats()).toMatchObject({ pending: 2, duplicate: 2 })
  })

  test('has what was parked before it began, and a wait beside it has its own', async () => {
    const { hooks, post } = await open()
    await post('/pages').send({ id: 'a', n: 0 }).expect(200)
    const pages = hooks.each('a', PAGES)
    const [waiting, other] = [hooks.wait('a', PAGES), hooks.each('a', PAGES)]
    await post('/pages').send({ id: 'a', n: 1 }).expect(200)
    expect(await waiting).toBe(1)
    await post('/pages').send({ id: 'a', n: 2 }).expect(200)
    expect([await pages.next(), await pages.next(), await pages.next()].map(({ value }) => value)).toEqual([0, 1, 2])
    expect([await other.next(), await other.next()].map(({ value }) => value)).toEqual([1, 2])
    await pages.return()
    await other.return()
  })

  test('goes on by its key behind what is dealt with', async () => {
    const { hooks, post } = await open()
    const options = { ...PAGES, key: 'k' }
    const first = hooks.each('a', options)
    const turn = first.next()
    await waitUntil(() => hooks.stats().waiting === 1)
    for (let n = 0; n < 4; n += 1) await post('/pages').send({ id: 'a', n }).expect(200)
    expect([(await turn).value, (await first.next()).value]).toEqual([0, 1])
    await first.return()
    expect(await first.next()).toEqual({ done: true, value: undefined })
    const second = hooks.each('a', options)
    expect([(await second.next()).value, (await second.next()).value]).toEqual([1, 2])
    const third = hooks.each<number>('a', { ...options, until: (n) => n === 3 })
    expect(await readAll(third)).toEqual({ got: [2, 3] })
    await expect(second.next()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    expect(await readAll(hooks.each('a', options))).toEqual({ got: [] })
    await waitUntil(() => hooks.stats().waiting === 0)
    expect(() => hooks.each('a', { ...options, key: '' })).toThrow(expect.objectContaining({ code: 'ERR_WAIT_KEY' }))
    await expect(hooks.each('b', options).next()).rejects.toMatchObject({
      code: 'ERR_WAIT_KEY',
      message: expect.stringContaining('belongs to an iteration for "a" on POST /pages'),
    })
  })

  test('by a key that failed fails again, and by one whose time was up begins again', async () => {
    const { hooks, post, clock } = await open()
    const options = { ...STEPS, key: 'k', timeout: 1000 }
    const reading = readAll(hooks.each('a', options))
    await waitUntil(() => hooks.stats().waiting === 1)
    clock.advance(1100)
    expect(await reading).toEqual({ got: [], code: 'ERR_WAIT_TIMEOUT' })
    const again = readAll(hooks.each('a', options))
    await waitUntil(() => hooks.stats().waiting === 1)
    await post('/steps').send({ id: 'a', n: 0, status: 'half' }).expect(200)
    await post('/steps').send({ id: 'a', n: 1, status: 'bad' }).expect(200)
    expect(await again).toEqual({ got: [0], code: 'ERR_CALLBACK_FAILED' })
    expect(await readAll(hooks.each('a', options))).toEqual({ got: [], code: 'ERR_CALLBACK_FAILED' })
  })

  test.each([
    ['no id', () => ['', PAGES], 'ERR_WAIT_ID'],
    ['an unknown path', () => ['a', { path: '/none' }], 'ERR_ENDPOINT_UNKNOWN'],
    ['an endpoint without ids', () => ['a', { path: '/plain' }], 'ERR_CONFIG_VALUE'],
    ['a text as until', () => ['a', { ...PAGES, until: '${body.last}' }], 'ERR_CONFIG_VALUE'],
    ['an unknown option', () => ['a', { ...PAGES, when: 1 }], 'ERR_CONFIG_VALUE'],
    ['a timeout that is none', () => ['a', { ...PAGES, timeout: 'soon' }], 'ERR_CONFIG_VALUE'],
  ])('is refused at once for %s', async (_, asked, code) => {
    const { hooks } = await open()
    const [ids, options] = asked() as [string, object]
    expect(() => hooks.each(ids, options)).toThrow(expect.objectContaining({ code }))
    expect(hooks.stats().waiting).toBe(0)
  })

  test('throws what until throws, and is over then', async () => {
    const { hooks, post } = await open()
    const until = (): boolean => {
      throw new Error('of until')
    }
    const pages = hooks.each('a', { ...PAGES, until })
    await post('/pages').send({ id: 'a', n: 0 }).expect(200)
    await expect(pages.next()).rejects.toThrow('of until')
    expect(await pages.next()).toEqual({ done: true, value: undefined })
    await waitUntil(() => hooks.stats().waiting === 0)
  })

  test('throws for a promise of until, which would count as true', async () => {
    const { hooks, post } = await open()
    const pages = hooks.each('a', { ...PAGES, until: (async () => false) as unknown as () => boolean })
    await post('/pages').send({ id: 'a', n: 0 }).expect(200)
    const message = expect.stringContaining('until of each() returned a promise')
    await expect(pages.next()).rejects.toMatchObject({ code: 'ERR_CONFIG_VALUE', message })
    await waitUntil(() => hooks.stats().waiting === 0)
  })
})
