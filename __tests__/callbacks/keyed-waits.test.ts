import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { CallbacksConfig, FullResult } from '../../lib'
import { waitUntil } from '../helpers/store-contract'
import { useHosts } from '../helpers/use-hosts'

const hosts = useHosts()
let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyed-waits-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function listening(type: string): CallbacksConfig {
  return {
    store: type === 'file' ? { type: 'file', path: folder } : { type: 'memory' },
    listener: {
      callbacks: [
        {
          path: '/done',
          identify_by: '${body.id}',
          status: '${body.status}',
          fail_when: ['failed'],
          success_when: ['ok'],
        },
        { path: '/other', identify_by: '${body.id}' },
      ],
    },
  }
}

const DONE = { path: '/done' }

describe.each(['memory', 'file'])('waits by key, with a store of the type %s', (type) => {
  test('are one wait: one result, one event, one place among the open ones', async () => {
    const { hooks, post } = await hosts.open(listening(type))
    await hooks.open()
    const settled: unknown[] = []
    hooks.on('settled', ({ id }) => settled.push(id))
    const news: unknown[] = []
    const onProgress = ({ status }: { readonly status: string | undefined }): void => void news.push(status)
    const all = [
      hooks.wait(7, { ...DONE, key: 'k' }),
      hooks.wait('7', { ...DONE, key: 'k', full: true, onProgress }),
      hooks.wait(['7', 7], { ...DONE, key: 'k', timeout: 5 }),
    ]
    await waitUntil(() => hooks.stats().waiting === 1)
    await post('/done').send({ id: 7, status: 'half' }).expect(200)
    expect(hooks.stats().waiting).toBe(1)
    await post('/done').send({ id: 7, status: 'ok', n: 1 }).expect(200)
    const body = { id: 7, status: 'ok', n: 1 }
    const [first, full, third] = await Promise.all(all)
    expect([first, (full as FullResult<unknown>).body, third]).toEqual([body, body, body])
    expect([settled, news]).toEqual([['7'], ['half']])
    expect(await hooks.wait('7', { ...DONE, key: 'k' })).toEqual(body)
    await post('/done').send({ id: 7, status: 'ok', n: 2 }).expect(200)
    expect(hooks.stats().duplicate).toBe(1)
  })

  test('fail alike, and each by its own signal alone', async () => {
    const { hooks, post } = await hosts.open(listening(type))
    await hooks.open()
    const [own, done] = [new AbortController(), new AbortController()]
    done.abort('no')
    const aborted = hooks.wait('a', { ...DONE, key: 'k', signal: own.signal })
    const other = hooks.wait('a', { ...DONE, key: 'k' })
    own.abort('enough')
    await expect(aborted).rejects.toMatchObject({ code: 'ERR_ABORTED', cause: 'enough' })
    await expect(hooks.wait('a', { ...DONE, key: 'k', signal: done.signal })).rejects.toMatchObject({
      code: 'ERR_ABORTED',
      cause: 'no',
    })
    await post('/done').send({ id: 'a', status: 'failed' }).expect(200)
    await expect(other).rejects.toMatchObject({ code: 'ERR_CALLBACK_FAILED', status: 'failed' })
    await expect(hooks.wait('a', { ...DONE, key: 'k' })).rejects.toMatchObject({ code: 'ERR_CALLBACK_FAILED' })
  })

  test('end by what settles them by hand', async () => {
    const { hooks } = await hosts.open(listening(type))
    await hooks.open()
    const waiting = hooks.wait('a', { ...DONE, key: 'k' })
    await new Promise((resolve) => setImmediate(resolve))
    await hooks.settle('a', { n: 1 }, DONE)
    expect(await waiting).toEqual({ n: 1 })
  })

  test('give a ticket again, with its URL', async () => {
    const { hooks, post } = await hosts.open(listening(type), { publicUrl: 'https://hooks.example' })
    await hooks.open()
    const [one, other] = await Promise.all([
      hooks.ticket({ ...DONE, key: 'order 17' }),
      hooks.ticket({ ...DONE, key: 'order 17' }),
    ])
    const different = await hooks.ticket({ ...DONE, key: 'order 18' })
    expect(one.id).toBe(other.id)
    expect(one.url).toBe(`https://hooks.example/done?callback_id=${one.id}`)
    expect(different.id).not.toBe(one.id)
    await post(`/done?callback_id=${one.id}`).send({ status: 'ok', n: 1 }).expect(200)
    expect(await Promise.all([one.result, other.result])).toEqual([
      { status: 'ok', n: 1 },
      { status: 'ok', n: 1 },
    ])
    const later = await hooks.ticket({ ...DONE, key: 'order 17' })
    expect([later.id, await later.result]).toEqual([one.id, { status: 'ok', n: 1 }])
  })

  test.each([
    ['other ids', 'b', DONE],
    ['an id more', ['a', 'b'], DONE],
    ['another path', 'a', { path: '/other' }],
    ['any path', 'a', {}],
  ])('are refused for %s', async (_, ids, more) => {
    const { hooks } = await hosts.open(listening(type))
    await hooks.open()
    const first = hooks.wait('a', { ...DONE, key: 'k' })
    await expect(hooks.wait(ids, { ...more, key: 'k' })).rejects.toMatchObject({
      code: 'ERR_WAIT_KEY',
      message:
        'The key "k" belongs to a wait for "a" on POST /done: give this wait another key, or ask for the same ids and the ' +
        'same path',
    })
    await expect(hooks.ticket({ ...DONE, key: 'k' })).rejects.toMatchObject({ code: 'ERR_WAIT_KEY' })
    const ticket = await hooks.ticket({ ...DONE, key: 't' })
    await expect(hooks.wait('a', { ...DONE, key: 't' })).rejects.toMatchObject({
      code: 'ERR_WAIT_KEY',
      message: expect.not.stringContaining(ticket.id),
    })
    await hooks.close()
    for (const one of [first, ticket.result]) await expect(one).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  })

  test.each([
    ['an empty key', ''],
    ['a number', 7],
    ['null', null],
    ['a list', ['k']],
  ])('are refused at once for %s', async (_, key) => {
    const { hooks } = await hosts.open(listening(type))
    const options = { ...DONE, key } as unknown as { readonly key: string }
    for (const ask of [() => hooks.wait('a', options), () => hooks.ticket(options)])
      expect(ask).toThrow(expect.objectContaining({ code: 'ERR_WAIT_KEY' }))
    expect(() => hooks.wait('', { ...DONE, key: 'k' })).toThrow(expect.objectContaining({ code: 'ERR_WAIT_ID' }))
    expect(() => hooks.wait('a', { ...DONE, key: 'k', timeout: 'soon' })).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG_VALUE' }),
    )
  })
})

describe('a store that is opened again', () => {
  test('knows its waits by key: the ticket, the deadline, and what came meanwhile', async () => {
    const options = { publicUrl: 'https://hooks.example' }
    const first = await hosts.open(listening('file'), options)
    await first.hooks.open()
    const ticket = await first.hooks.ticket({ ...DONE, key: 'ticket', timeout: '1h' })
    const waiting = first.hooks.wait('a', { ...DONE, key: 'wait', timeout: '1h' })
    const gone = Promise.all(
      [ticket.result, waiting].map((one) => expect(one).rejects.toMatchObject({ code: 'ERR_CLOSED' })),
    )
    await waitUntil(() => first.hooks.stats().waiting === 2)
    await first.hooks.settle('other', 1, DONE) // what was begun before this is written by now
    await first.hooks.close()
    await gone

    const second = await hosts.open(listening('file'), options)
    await second.hooks.open()
    await second.post(`/done?callback_id=${ticket.id}`).send({ status: 'ok', n: 1 }).expect(200)
    await second.post('/done').send({ id: 'a', status: 'ok', n: 2 }).expect(200)
    expect(second.hooks.stats().parked).toBe(0)
    const again = await second.hooks.ticket({ ...DONE, key: 'ticket' })
    expect([again.id, again.url, await again.result]).toEqual([ticket.id, ticket.url, { status: 'ok', n: 1 }])
    expect(await second.hooks.wait('a', { ...DONE, key: 'wait' })).toMatchObject({ n: 2 })
    await second.hooks.close()

    const third = await hosts.open(listening('file'), options)
    await third.hooks.open()
    expect(await third.hooks.wait('a', { ...DONE, key: 'wait' })).toMatchObject({ n: 2 })
    await third.post('/done').send({ id: 'a', status: 'ok', n: 3 }).expect(200)
    expect(third.hooks.stats().duplicate).toBe(1)
  })
})
