import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { CallbacksConfig, WaitOptions } from '../../lib'
import { waitUntil } from '../helpers/store-contract'
import { useHosts } from '../helpers/use-hosts'

const hosts = useHosts()
let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'when-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const DONE = { path: '/done' }

function listening(type: string): CallbacksConfig {
  return {
    store: type === 'file' ? { type: 'file', path: folder } : { type: 'memory' },
    listener: {
      callbacks: [
        {
          path: '/done',
          identify_by: '${body.id}',
          result: '${body.n}',
          status: '${body.status}',
          success_when: ['ok'],
          fail_when: ['bad'],
        },
        { path: '/plain' },
      ],
    },
  }
}

describe.each(['memory', 'file'])('wait with when, with a store of the type %s', (type) => {
  async function open() {
    const host = await hosts.open(listening(type))
    await host.hooks.open()
    const filtered: unknown[] = []
    host.hooks.on('filtered', ({ body }) => filtered.push((body as { n: number }).n))
    const send = (n: number, status = 'ok') => host.post('/done').send({ id: 'a', n, status }).expect(200)
    return { ...host, filtered, send }
  }

  test.each<[string, NonNullable<WaitOptions['when']>, [number, string][], unknown, number[]]>([
    [
      'the result',
      ({ result }) => result === 2,
      [
        [0, 'ok'],
        [1, 'ok'],
        [2, 'ok'],
      ],
      2,
      [0, 1],
    ],
    [
      'the outcome',
      ({ outcome }) => outcome === 'succeeded',
      [
        [0, 'bad'],
        [1, 'half'],
        [2, 'ok'],
      ],
      2,
      [0],
    ],
    [
      'the body',
      ({ body }) => (body as { n: number }).n > 0,
      [
        [0, 'ok'],
        [1, 'ok'],
      ],
      1,
      [0],
    ],
    ['nothing', () => true, [[0, 'ok']], 0, []],
  ])('goes on until it is true of %s', async (_, when, callbacks, result, left) => {
    const { hooks, send, filtered } = await open()
    const waiting = hooks.wait('a', { ...DONE, when })
    for (const [n, status] of callbacks) await send(n, status)
    expect([await waiting, filtered]).toEqual([result, left])
    expect(hooks.stats()).toMatchObject({ waiting: 0, filtered: left.length, settled: 1, failed: 0, parked: 0 })
    await send(9)
    await waitUntil(() => hooks.stats().duplicate === 1)
  })

  test('callbacks that are pending are told as progress', async () => {
    const { hooks, send } = await open()
    const told: unknown[] = []
    const onProgress: WaitOptions['onProgress'] = ({ status }) => void told.push(status)
    const waiting = hooks.wait('a', { ...DONE, onProgress, when: ({ result }) => result === 2 })
    await send(0, 'half')
    await send(1)
    await send(2)
    expect([await waiting, told]).toEqual([2, ['half']])
  })

  test('a failure for which it is true fails the wait', async () => {
    const { hooks, send } = await open()
    const waiting = hooks.wait('a', { ...DONE, when: ({ status }) => status === 'bad' })
    await send(0)
    await send(1, 'bad')
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_CALLBACK_FAILED', status: 'bad' })
  })

  test('a callback that came early is looked at too', async () => {
    const { hooks, send, filtered } = await open()
    await send(0)
    const waiting = hooks.wait('a', { ...DONE, when: ({ result }) => result === 1 })
    await waitUntil(() => filtered.length === 1)
    await send(1)
    expect([await waiting, filtered, hooks.stats().parked]).toEqual([1, [0], 0])
  })

  test('a wait beside it has what it leaves out', async () => {
    const { hooks, send } = await open()
    const odd = hooks.wait('a', { ...DONE, when: ({ result }) => result === 1 })
    const any = hooks.wait('a', DONE)
    await send(0)
    expect(await any).toBe(0)
    await send(1)
    expect(await odd).toBe(1)
  })

  test('it is one wait by time and signal', async () => {
    const { hooks, send, clock } = await open()
    const [late, own] = [hooks.wait('a', { ...DONE, timeout: 1000, when: () => false }), new AbortController()]
    const aborted = hooks.wait('b', { ...DONE, signal: own.signal, when: () => false })
    clock.advance(600)
    await send(0)
    clock.advance(600)
    await expect(late).rejects.toMatchObject({ code: 'ERR_WAIT_TIMEOUT' })
    own.abort('enough')
    await expect(aborted).rejects.toMatchObject({ code: 'ERR_ABORTED' })
    expect(hooks.stats().waiting).toBe(0)
  })

  test('the wait throws what it throws', async () => {
    const { hooks, send } = await open()
    const when = (): boolean => {
      throw new Error('of when')
    }
    const waiting = hooks.wait('a', { ...DONE, when })
    await send(0)
    await expect(waiting).rejects.toThrow('of when')
    expect(hooks.stats()).toMatchObject({ waiting: 0, settled: 0, failed: 0 })
  })

  test('a promise in place of true or false is refused, since each promise would count as true', async () => {
    const { hooks, send } = await open()
    const when = (async () => Promise.reject(new Error('of when'))) as unknown as () => boolean
    const waiting = hooks.wait('a', { ...DONE, when })
    await send(0)
    const message = 'when of wait() returned a promise; it must return true or false at once, so write it without async'
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_CONFIG_VALUE', message })
  })

  test.each([
    ['a text', { ...DONE, when: '${body.n}' }],
    ['a key beside it', { ...DONE, when: () => true, key: 'k' }],
    ['an endpoint without ids', { path: '/plain', when: () => true }],
  ])('%s is refused at once', async (_, options) => {
    const { hooks } = await open()
    expect(() => hooks.wait('a', options as WaitOptions)).toThrow(expect.objectContaining({ code: 'ERR_CONFIG_VALUE' }))
  })
})
