import { describe, expect, test } from '@jest/globals'
import type { Callbacks } from '../../lib'
import { eventsOf, namesOf } from '../helpers/events-of'
import { type Host, useHosts } from '../helpers/use-hosts'

const hosts = useHosts()
const config = {
  listener: {
    path: '/done',
    identify_by: '${body.id}',
    status: '${body.s}',
    success_when: 'ok',
    fail_when: 'bad',
    result: '${body.v}',
  },
}
const endpoint = 'POST /done'
const headers = expect.objectContaining({ 'content-type': 'application/json', authorization: '[redacted]' })

interface Row {
  readonly name: string
  readonly act: (host: Host) => unknown
  readonly event: object
}

const send = (host: Host, body: object): PromiseLike<unknown> =>
  host.post('/done').set('Authorization', 'Bearer s3cret').send(body)

const rows: readonly Row[] = [
  { name: 'received', act: (host) => send(host, {}), event: { id: undefined, endpoint, body: {}, headers } },
  {
    name: 'settled',
    act: (host) => (void host.hooks.wait('a'), send(host, { id: 'a', s: 'ok', v: 1 })),
    event: {
      id: 'a',
      endpoint,
      body: { id: 'a', s: 'ok', v: 1 },
      headers,
      outcome: { outcome: 'succeeded', result: 1, status: 'ok' },
    },
  },
  {
    name: 'failed',
    act: (host) => (void host.hooks.wait('a'), send(host, { id: 'a', s: 'bad', v: 1 })),
    event: {
      id: 'a',
      endpoint,
      body: { id: 'a', s: 'bad', v: 1 },
      headers,
      outcome: { outcome: 'failed', result: 1, status: 'bad' },
    },
  },
  {
    name: 'pending',
    act: (host) => send(host, { id: 'a', s: 'run' }),
    event: { id: 'a', endpoint, body: { id: 'a', s: 'run' }, headers, outcome: { outcome: 'pending', status: 'run' } },
  },
  {
    name: 'parked',
    act: (host) => send(host, { id: 'a', s: 'ok', v: 1 }),
    event: { id: 'a', endpoint, headers, outcome: { outcome: 'succeeded', result: 1 } },
  },
  {
    name: 'duplicate',
    act: async (host) => {
      await send(host, { id: 'a', s: 'ok', v: 1 })
      await send(host, { id: 'a', s: 'ok', v: 2 })
    },
    event: { id: 'a', endpoint, body: { id: 'a', s: 'ok', v: 2 }, headers, outcome: { result: 2 } },
  },
  { name: 'unidentified', act: (host) => send(host, { s: 'ok' }), event: { endpoint, body: { s: 'ok' }, headers } },
  { name: 'rejected', act: (host) => send(host, { id: [] }), event: { endpoint, headers, error: { code: 'ERR_ID' } } },
  {
    name: 'expired',
    act: ({ hooks, clock }) => (void hooks.wait(['a', 'b'], { timeout: 5 }), clock.advance(100)),
    event: { id: 'a', endpoint },
  },
  {
    name: 'expired',
    act: async (host) => {
      await send(host, { id: 'a', s: 'ok', v: 1 })
      host.clock.advance(3_600_000)
    },
    event: { id: 'a', endpoint, body: { id: 'a', s: 'ok', v: 1 }, headers, outcome: { result: 1 } },
  },
]

describe('the event', () => {
  test.each(rows)('$name carries what there is of it, and no secret', async ({ name, act, event }) => {
    const host = await hosts.open(config)
    const events = eventsOf(host.hooks)
    await act(host)
    expect(events.findLast((seen) => seen.name === name)?.event).toMatchObject(event)
    expect(JSON.stringify(events)).not.toContain('s3cret')
  })

  test('error carries the error and what it means', async () => {
    const { hooks } = hosts.start(config)
    const events = eventsOf(hooks)
    const origin = await hosts.serve((incoming, response) => {
      incoming.resume().on('end', () => hooks(incoming, response))
    })
    expect((await fetch(`${origin}/done`, { method: 'POST', body: 'x' })).status).toBe(500)
    expect(namesOf(events)).toEqual(['rejected', 'error'])
    expect(events[1]?.event).toEqual({
      error: expect.objectContaining({ code: 'ERR_BODY_CONSUMED' }),
      message: expect.stringContaining(endpoint),
    })
  })

  test('error without a listener is no exception', async () => {
    const { hooks, log } = hosts.start(config)
    const origin = await hosts.serve((incoming, response) => {
      incoming.resume().on('end', () => hooks(incoming, response))
    })
    expect((await fetch(`${origin}/done`, { method: 'POST', body: 'x' })).status).toBe(500)
    expect(log.filter(({ level }) => level === 'error')).toHaveLength(1)
  })
})

describe('order', () => {
  test('is that of what happens', async () => {
    const host = await hosts.open(config)
    const events = eventsOf(host.hooks)
    const waits = [host.hooks.wait('a'), host.hooks.wait('a')]
    for (const s of ['run', 'ok', 'ok']) await send(host, { id: 'a', s })
    await Promise.all(waits)
    expect(namesOf(events)).toEqual(['received', 'pending', 'received', 'settled', 'settled', 'received', 'duplicate'])
  })

  test('puts the event before whoever waits goes on', async () => {
    const host = await hosts.open(config)
    const order: string[] = []
    host.hooks.on('settled', () => void order.push('event'))
    const wait = host.hooks.wait('a').then(() => void order.push('wait'))
    await send(host, { id: 'a', s: 'ok' })
    await wait
    expect(order).toEqual(['event', 'wait'])
  })
})

describe('headers that hold secrets', () => {
  test.each([
    'Authorization',
    'Proxy-Authorization',
    'Cookie',
    'X-Api-Key',
    'X-Signature',
    'Webhook-Signature',
    'X-Hub-Signature-256',
    'X-Gitlab-Token',
    'X-Auth-Token',
    'Client-Secret',
    'X-Shopify-Hmac-Sha256',
  ])('%s is not told, but whoever waits receives it', async (name) => {
    const { hooks, post } = await hosts.open(config)
    const events = eventsOf(hooks)
    const wait = hooks.wait('a', { full: true })
    await post('/done').set(name, 's3cret').send({ id: 'a', s: 'ok' })
    expect(namesOf(events)).toEqual(['received', 'settled'])
    for (const { event } of events) {
      expect(event).toMatchObject({ headers: { [name.toLowerCase()]: '[redacted]' } })
      expect(JSON.stringify(event)).not.toContain('s3cret')
    }
    await expect(wait).resolves.toMatchObject({ headers: { [name.toLowerCase()]: 's3cret' } })
  })
})

describe('on() and off()', () => {
  test('give back the callbacks, and a listener that was taken off hears nothing', async () => {
    const { hooks, post } = await hosts.open(config)
    const heard: string[] = []
    const listener = (): void => void heard.push('once')
    const same: Callbacks = hooks.on('received', listener).on('received', listener)
    expect(same).toBe(hooks)
    await post('/done').send({ id: 'a', s: 'ok' })
    expect(hooks.off('received', listener)).toBe(hooks)
    await post('/done').send({ id: 'b', s: 'ok' })
    expect(heard).toEqual(['once'])
  })
})
