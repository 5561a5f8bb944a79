import { expect, test } from '@jest/globals'
import type { Test } from 'supertest'
import type { CallbacksConfig } from '../../lib'
import { type Host, useHosts } from '../helpers/use-hosts'

const hosts = useHosts()
const done = { path: '/done', identify_by: '${body.id}' } as const
const trigger = { type: 'http-trigger', path: '/go', bulk: true } as const
const holding = { jobs: [{ wait_for: { id: '${input}', path: '/done' } }] } as const

/** A host that refuses what `send` sends, until it has room again. */
interface Busy {
  readonly host: Host
  send(): Test
  makeRoom(): unknown
  /** What the repeat brings about. */
  check(): unknown
}

interface Row {
  readonly code: string
  readonly status: number
  readonly retryAfter: string
  open(): Promise<Busy>
}

const open = (config: CallbacksConfig): Promise<Host> => hosts.open(config)

const rows: readonly Row[] = [
  {
    code: 'ERR_PARKING_FULL',
    status: 503,
    retryAfter: '5',
    async open() {
      const host = await open({ listener: done, store: { park: { max: 1 } } })
      await host.post('/done').send({ id: 'early' })
      return {
        host,
        send: () => host.post('/done').send({ id: 'a' }),
        makeRoom: () => host.hooks.wait('early'),
        check: () => expect(host.hooks.wait('a')).resolves.toEqual({ id: 'a' }),
      }
    },
  },
  {
    code: 'ERR_QUEUE_FULL',
    status: 503,
    retryAfter: '5',
    async open() {
      const batch = { path: '/batch', bulk: true, identify_by: '${item}', status: 'running', success_when: 'done' }
      const host = await open({ listener: { max_concurrent_count: 1, max_queue: 0, callbacks: [batch, done] } })
      const wait = host.hooks.wait('a', { path: '/done' })
      const begun = new Promise<void>((resolve) => void host.hooks.on('pending', () => resolve()))
      const items = Array.from({ length: 60_000 }, (_, id) => id)
      const long = host
        .post('/batch')
        .send(items)
        .then(({ status }) => expect(status).toBe(200))
      await begun
      return {
        host,
        send: () => host.post('/done').send({ id: 'a' }),
        makeRoom: () => long,
        check: () => expect(wait).resolves.toEqual({ id: 'a' }),
      }
    },
  },
  {
    code: 'ERR_WAITS_FULL',
    status: 503,
    retryAfter: '5',
    async open() {
      const host = await open({ listeners: [done, trigger], workflow: holding, store: { max_waits: 1 } })
      const other = host.hooks.wait('other')
      return {
        host,
        send: () => host.post('/go').send(['a']),
        async makeRoom() {
          await host.hooks.settle('other')
          await other
        },
        check: () => expect(host.hooks.stats()).toMatchObject({ started: 1, tasks: { running: 1, failed: 0 } }),
      }
    },
  },
  {
    code: 'ERR_TASKS_FULL',
    status: 503,
    retryAfter: '5',
    async open() {
      const host = await open({ listeners: [done, trigger], workflow: holding })
      const items = Array.from({ length: 10_000 }, (_, index) => `id-${index}`)
      const waiting = new Promise<void>((resolve) => {
        host.hooks.on('job', ({ status, ids }) => status === 'waiting' && ids?.includes('id-9999') && resolve())
      })
      await host.post('/go').send(items).expect(200)
      await waiting
      return {
        host,
        send: () => host.post('/go').send(['a']),
        async makeRoom() {
          const ended = new Promise((resolve) => host.hooks.on('task', resolve))
          await host.hooks.settle('id-0')
          await ended
        },
        check: () =>
          expect(host.hooks.stats()).toMatchObject({ started: 10_001, tasks: { running: 10_000, succeeded: 1 } }),
      }
    },
  },
  {
    code: 'ERR_CLOSED',
    status: 503,
    retryAfter: '5',
    async open() {
      const host = await open({ listener: done })
      await host.hooks.close()
      let next: Host | undefined
      return {
        host,
        send: () => (next ?? host).post('/done').send({ id: 'a' }),
        async makeRoom() {
          next = await open({ listener: done })
        },
        check: () => expect(next?.hooks.wait('a')).resolves.toEqual({ id: 'a' }),
      }
    },
  },
  {
    code: 'ERR_RATE_LIMITED',
    status: 429,
    retryAfter: '60',
    async open() {
      const host = await open({ listener: { ...done, rate_limit: '1/m' } })
      const wait = host.hooks.wait('a')
      await host.post('/done').send({ id: 'first' })
      return {
        host,
        send: () => host.post('/done').send({ id: 'a' }),
        makeRoom: () => host.clock.advance(60_000),
        check: () => expect(wait).resolves.toEqual({ id: 'a' }),
      }
    },
  },
]

test.each(rows)('$code is $status: nothing is settled, and the repeat is taken', async (row) => {
  const { host, send, makeRoom, check } = await row.open()
  const { hooks, log } = host
  const before = hooks.stats()
  const { status, body, headers } = await send()
  expect([status, body, headers['retry-after']]).toEqual([row.status, { error: row.code }, row.retryAfter])
  const { settled, failed, parked, duplicate, started, waiting, tasks } = before
  expect(hooks.stats()).toMatchObject({ settled, failed, parked, duplicate, started, waiting, tasks })
  expect(hooks.stats().rejected).toBeGreaterThan(before.rejected)
  expect(log.filter(({ level }) => level === 'error')).toEqual([])
  await makeRoom()
  expect((await send()).status).toBe(200)
  await check()
})
