import { setMaxListeners } from 'node:events'
import { describe, expect, test } from '@jest/globals'
import { useHosts } from '../helpers/use-hosts'

const hosts = useHosts()

const ENDPOINT = {
  identify_by: '${body.id}',
  status: '${body.status}',
  fail_when: 'bad',
  result: '${body.value}',
} as const
const CONFIG = {
  listener: {
    callbacks: [
      { path: '/done', ...ENDPOINT },
      { path: '/other', ...ENDPOINT },
    ],
  },
}

/** Waits for ids with one signal, as a user does; the signal aborts when the promise of them has ended. */
async function waitFor(count: number, join: (waits: readonly Promise<unknown>[]) => Promise<unknown>) {
  const host = await hosts.open(CONFIG)
  const stop = new AbortController()
  setMaxListeners(0, stop.signal)
  const ids = Array.from({ length: count }, (_, index) => `id-${index}`)
  const waits = ids.map((id) => host.hooks.wait(id, { path: '/done', signal: stop.signal }))
  const ended = join(waits).finally(() => stop.abort(new Error('over')))
  ended.catch(() => undefined)
  return { ...host, stop, ended, waits }
}

async function send({ post }: Pick<Awaited<ReturnType<typeof waitFor>>, 'post'>, id: string, more: object) {
  expect((await post('/done').send({ id, status: 'ok', ...more })).status).toBe(200)
}

const JOINS = {
  race: (waits: readonly Promise<unknown>[]) => Promise.race(waits),
  any: (waits: readonly Promise<unknown>[]) => Promise.any(waits),
  all: (waits: readonly Promise<unknown>[]) => Promise.all(waits),
}

describe.each([2, 50])('waits by hand for %p ids with one signal leave nothing open', (count) => {
  test.each([
    ['race ends with the first success', [['id-1', { value: 1 }]], { value: 1 }],
    ['race ends with the first failure', [['id-1', { status: 'bad' }]], { code: 'ERR_CALLBACK_FAILED', id: 'id-1' }],
  ] as const)('%s', async (_, callbacks, expected) => {
    const host = await waitFor(count, (waits) => Promise.race(waits))
    expect(host.hooks.stats().waiting).toBe(count)
    for (const [id, body] of callbacks) await send(host, id, body)
    const end = await host.ended.then(
      (value) => ({ value }),
      (error: unknown) => error,
    )
    expect(end).toMatchObject(expected)
    expect(host.hooks.stats().waiting).toBe(0)
    await send(host, 'id-0', { value: 'late' })
    expect(host.hooks.stats()).toMatchObject({ waiting: 0, parked: 1 })
  })

  test('any ends with the first success, whatever failed before', async () => {
    const host = await waitFor(count, (waits) => Promise.any(waits))
    await send(host, 'id-1', { status: 'bad' })
    await send(host, 'id-0', { value: 2 })
    await expect(host.ended).resolves.toBe(2)
    expect(host.hooks.stats()).toMatchObject({ waiting: 0, parked: 0 })
  })

  test('all ends with the last one', async () => {
    const host = await waitFor(count, (waits) => Promise.all(waits))
    for (let index = count - 1; index >= 0; index -= 1) await send(host, `id-${index}`, { value: index })
    await expect(host.ended).resolves.toEqual(Array.from({ length: count }, (_, index) => index))
    expect(host.hooks.stats()).toMatchObject({ waiting: 0, parked: 0 })
  })

  test('all ends with the first failure, and the others reject without harm', async () => {
    const host = await waitFor(count, (waits) => Promise.all(waits))
    await send(host, 'id-1', { status: 'bad' })
    await expect(host.ended).rejects.toMatchObject({ code: 'ERR_CALLBACK_FAILED', id: 'id-1' })
    await expect(host.waits[0]).rejects.toMatchObject({ code: 'ERR_ABORTED' })
    expect(host.hooks.stats().waiting).toBe(0)
  })

  test.each(['race', 'any', 'all'] as const)(
    '%s is given up with its signal, and when the callbacks are closed',
    async (name) => {
      const join = JOINS[name]
      const one = await waitFor(count, join)
      one.stop.abort(new Error('not wanted'))
      await expect(one.ended).rejects.toMatchObject(
        name === 'any' ? { name: 'AggregateError' } : { code: 'ERR_ABORTED' },
      )
      expect(one.hooks.stats().waiting).toBe(0)
      const other = await waitFor(count, join)
      await other.hooks.close()
      await expect(other.ended).rejects.toMatchObject(
        name === 'any' ? { name: 'AggregateError' } : { code: 'ERR_CLOSED' },
      )
      expect(other.hooks.stats().waiting).toBe(0)
    },
  )
})
