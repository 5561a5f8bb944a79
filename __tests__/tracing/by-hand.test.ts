import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from '@jest/globals'
import type { CallbacksConfig } from '../../lib'
import { waitUntil } from '../helpers/store-contract'
import { useHosts } from '../helpers/use-hosts'
import { useSpans } from './use-spans'

const hosts = useHosts()
const spans = useSpans()

const FOREIGN = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

const CONFIG: CallbacksConfig = {
  listener: { path: '/done', identify_by: '${body.id}' },
}

let folder: string | undefined
afterEach(() => {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
  folder = undefined
})

type Host = Awaited<ReturnType<typeof hosts.open>>
interface Means extends Pick<Host, 'hooks' | 'clock'> {
  readonly stop: AbortController
}

const ENDS: readonly (readonly [string, string | undefined, (means: Means) => unknown])[] = [
  ['failed', 'ERR_CALLBACK_FAILED', ({ hooks }) => hooks.fail('x', new Error('no paint'))],
  ['timeout', 'ERR_WAIT_TIMEOUT', ({ clock }) => clock.advance(1016)],
  ['aborted', undefined, ({ stop }) => stop.abort()],
  ['closed', undefined, ({ hooks }) => hooks.close()],
]

describe('a wait by hand', () => {
  test('is a span below the one in which it began', async () => {
    const { hooks, post, clock } = await hosts.open(CONFIG)
    const begun = clock.now()
    const { traceparent, result } = spans.within(() => hooks.wait('order-7'))
    clock.advance(3000)
    await post('/done').set('traceparent', FOREIGN).send({ id: 'order-7' }).expect(200)
    await result
    const span = spans.one('wait POST /done')
    expect(traceparent).toBe(`00-${span.traceId}-${span.parent}-01`)
    expect(span).toMatchObject({
      kind: 'CONSUMER',
      start: begun,
      end: begun + 3000,
      links: [FOREIGN],
      failed: undefined,
      attributes: {
        'messaging.destination.name': 'POST /done',
        'messaging.message.conversation_id': 'order-7',
        'express_callbacks.outcome': 'succeeded',
      },
    })
  })

  test('is a trace of its own where no span is active', async () => {
    const { hooks, post } = await hosts.open(CONFIG)
    const waiting = hooks.wait(7, { full: true })
    await post('/done').send({ id: 7 }).expect(200)
    await waiting
    expect(spans.one('wait POST /done')).toMatchObject({ parent: undefined, links: [] })
  })

  test.each(ENDS)('tells that it has %s', async (outcome, code, end) => {
    const { hooks, clock } = await hosts.open(CONFIG)
    const stop = new AbortController()
    const waiting = hooks.wait('x', { timeout: '1s', signal: stop.signal })
    await end({ hooks, clock, stop })
    await expect(waiting).rejects.toMatchObject({ name: 'CallbackError' })
    const { failed, attributes } = spans.one('wait POST /done')
    expect(attributes['express_callbacks.outcome']).toBe(outcome)
    expect([attributes['error.type'], failed === undefined]).toEqual([code, code === undefined])
  })

  test('that cannot begin has no span', async () => {
    const { hooks } = await hosts.open({ ...CONFIG, store: { type: 'memory', max_waits: 1 } })
    const first = hooks.wait('a')
    await expect(hooks.wait('b')).rejects.toMatchObject({ code: 'ERR_WAITS_FULL' })
    await hooks.settle('a')
    await first
    expect(spans.names()).toEqual(['wait POST /done'])
  })

  test('by a ticket does not show the ticket', async () => {
    const { hooks } = await hosts.open(CONFIG, { publicUrl: 'https://app.example' })
    const { id, result } = hooks.ticket({ timeout: '1s' })
    await hooks.fail(id, new Error('no paint'))
    await expect(result).rejects.toMatchObject({ code: 'ERR_CALLBACK_FAILED' })
    const span = spans.one('wait POST /done')
    expect(span.failed).toContain('no paint')
    expect(span.attributes).not.toHaveProperty(['messaging.message.conversation_id'])
    expect(JSON.stringify(spans.all())).not.toContain(id)
  })
})

describe.each(['memory', 'file'])('a wait by a key, with a store of the type %s', (type) => {
  function config(): CallbacksConfig {
    folder ??= mkdtempSync(join(tmpdir(), 'traced-waits-'))
    return { ...CONFIG, store: type === 'file' ? { type: 'file', path: folder } : { type: 'memory' } }
  }

  test('is one span, however many ask for it', async () => {
    const { hooks, post } = await hosts.open(config())
    await hooks.open()
    const { traceparent, result } = spans.within(() => hooks.wait('order-7', { key: 'k' }))
    await waitUntil(() => hooks.stats().waiting === 1)
    const other = hooks.wait('order-7', { key: 'k' })
    await post('/done').send({ id: 'order-7' }).expect(200)
    await Promise.all([result, other])
    expect(await hooks.wait('order-7', { key: 'k' })).toEqual({ id: 'order-7' })
    const span = spans.one('wait POST /done')
    expect(traceparent).toBe(`00-${span.traceId}-${span.parent}-01`)
  })

  if (type === 'file') {
    test('goes on in the trace in which it began, after the process was closed', async () => {
      const first = await hosts.open(config())
      await first.hooks.open()
      const begun = first.clock.now()
      const { traceparent, result } = spans.within(() => first.hooks.wait('order-7', { key: 'k' }))
      await waitUntil(() => first.hooks.stats().waiting === 1)
      await first.hooks.close()
      await expect(result).rejects.toMatchObject({ code: 'ERR_CLOSED' })
      expect(spans.names()).toEqual(['GET /order'])

      const second = await hosts.open(config())
      await second.hooks.open()
      second.clock.advance(9000)
      const again = second.hooks.wait('order-7', { key: 'k' })
      await waitUntil(() => second.hooks.stats().waiting === 1)
      await second.post('/done').send({ id: 'order-7' }).expect(200)
      await again
      const span = spans.one('wait POST /done')
      expect(traceparent).toBe(`00-${span.traceId}-${span.parent}-01`)
      expect(span).toMatchObject({ start: begun, end: second.clock.now() })
    })
  }
})

describe('an iteration', () => {
  const STEPS: CallbacksConfig = {
    listener: { path: '/done', identify_by: '${body.id}', status: '${body.s}', success_when: 'ok', fail_when: 'bad' },
  }

  test('has a span for each callback that the loop gets, from the one before on', async () => {
    const { hooks, post, clock } = await hosts.open(STEPS)
    const begun = clock.now()
    const { traceparent, result: steps } = spans.within(() => hooks.each('x'))
    const times = [begun]
    for (const s of ['half', 'ok']) {
      clock.advance(1000)
      await post('/done').set('traceparent', FOREIGN).send({ id: 'x', s }).expect(200)
      await steps.next()
      times.push(clock.now())
    }
    expect(await steps.next()).toMatchObject({ done: true })
    const found = spans.all().filter(({ name }) => name === 'wait POST /done')
    expect(found.map(({ attributes }) => attributes['express_callbacks.outcome'])).toEqual(['pending', 'succeeded'])
    expect(found.map(({ start, end }) => [start, end])).toEqual([
      [times[0], times[1]],
      [times[1], times[2]],
    ])
    for (const { traceId, parent, failed, links } of found) {
      expect(traceparent).toBe(`00-${traceId}-${parent}-01`)
      expect([failed, links]).toEqual([undefined, [FOREIGN]])
    }
  })

  test.each<[string, string, object]>([
    ['a failure', 'failed', { failed: 'POST /done received a failure' }],
    ['a silence', 'timeout', { failed: 'No callback came in time' }],
  ])('shows %s that ends it', async (_, outcome, expected) => {
    const { hooks, post, clock } = await hosts.open(STEPS)
    const steps = hooks.each('x', { timeout: 1000 })
    if (outcome === 'failed') await post('/done').send({ id: 'x', s: 'bad' }).expect(200)
    else clock.advance(1016)
    await expect(steps.next()).rejects.toMatchObject({ code: expect.any(String) })
    const span = spans.one('wait POST /done')
    expect(span).toMatchObject({ ...expected, attributes: { 'express_callbacks.outcome': outcome } })
  })

  test('that ends by break shows what the loop got alone', async () => {
    const { hooks, post } = await hosts.open(STEPS)
    const steps = hooks.each('x')
    await post('/done').send({ id: 'x', s: 'half' }).expect(200)
    await steps.next()
    await steps.return()
    expect(spans.one('wait POST /done').attributes['express_callbacks.outcome']).toBe('pending')
  })
})
