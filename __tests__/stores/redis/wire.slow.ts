import { describe, expect, test } from '@jest/globals'
import express from 'express'
import { Redis } from 'ioredis'
import request from 'supertest'
import { callbacks } from '../../../lib'
import { useRedis } from '../../helpers/use-redis'
import { until } from '../use-shared-ledgers'
import { describeRedis, HOUR, useRedisLedgers } from './use-redis-ledgers'

const RECORD = { data: null, ttlMs: HOUR }

describeRedis('what goes over the wire', () => {
  const server = useRedis()
  const ledgers = useRedisLedgers()

  async function countCommands(client: Redis): Promise<number> {
    return Number(/total_commands_processed:(\d+)/.exec(await client.info('stats'))?.[1])
  }

  test('a server that forgets the scripts is told them again, and the order stays', async () => {
    const { ledger, lines } = await ledgers.open({ url: server.url })
    const client = ledgers.connect(server.url)
    for (let round = 0; round < 20; round++) {
      const id = `id-${round}`
      await client.script('FLUSH')
      const claim = { mark: `mark-${round}`, ttlMs: HOUR }
      const results = await Promise.all([
        ledger.create('key', id, RECORD),
        ledger.append('key', id, 1),
        ledger.claim('key', id, 2, { orCreate: RECORD, claim }),
        client.script('FLUSH'),
        ledger.append('key', id, 3),
        ledger.touch('key', id, HOUR),
        ledger.cut('key', id, 2, 'cut'),
        ledger.read('key', id),
      ])
      expect(results).toEqual([undefined, 1, 2, 'OK', 3, true, true, { data: null, log: ['cut', 3], cut: 1 }])
    }
    expect(lines).toEqual([])
  })

  test('what a closed process leaves is due at another one at once', async () => {
    const one = await ledgers.open({ url: server.url }, () => new Promise(() => undefined))
    const other = await ledgers.open({ url: server.url })
    for (let round = 0; round < 3; round++) {
      const leaving = round === 0 ? one : await ledgers.open({ url: server.url }, () => new Promise(() => undefined))
      await leaving.ledger.create('owner', `id-${round}`, RECORD)
      await leaving.ledger.touch('owner', `id-${round}`, 0)
      const closing = leaving.ledger.close()
      await closing
      const start = Date.now()
      await until(() => other.due.includes(`owner/id-${round}`))
      expect(Date.now() - start).toBeLessThan(1_000)
    }
    expect(other.messages).toEqual([])
  })

  test('an answer about a record that another process works on by now changes nothing', async () => {
    let answer: (answer: { remove: true }) => void = () => undefined
    const { ledger, due } = await ledgers.open({ url: server.url }, () => new Promise((resolve) => (answer = resolve)))
    await ledger.append('run', 'one', 'entry', { orCreate: { data: null, ttlMs: 0 } })
    await until(() => due.length > 0)
    const client = ledgers.connect(server.url)
    await client.hset(`{${ledgers.prefix()}}:held`, 'run:one', 'another process')
    answer({ remove: true })
    await ledger.append('key', 'behind', 'entry', { orCreate: RECORD })
    expect(await ledger.read('run', 'one')).toEqual({ data: null, log: ['entry'], cut: 0 })
    expect(await ledger.touch('run', 'one', HOUR)).toBe(false)
  })

  test('five thousand writes at once are taken', async () => {
    const { ledger } = await ledgers.open({ url: server.url })
    const numbers = [...Array(5_000).keys()]
    const orCreate = { data: 'x'.repeat(500), ttlMs: HOUR }
    const written = numbers.map((number) => ledger.append('run', `id-${number}`, number, { orCreate }))
    expect((await Promise.all(written)).every((position) => position === 1)).toBe(true)
  })

  test.each([1, 8, 32])('records of %i MB are kept, beside small ones', async (size) => {
    const { ledger, lines } = await ledgers.open({ url: server.url })
    const large = 'ä'.repeat((size * 1024 ** 2) / 2)
    const results = await Promise.all([
      ledger.append('run', 'large', large, { orCreate: { data: large, ttlMs: HOUR } }),
      ledger.append('run', 'small', 'entry', { orCreate: RECORD }),
      ledger.append('run', 'large', large),
    ])
    expect(results).toEqual([1, 1, 2])
    expect(await ledger.read('run', 'small')).toEqual({ data: null, log: ['entry'], cut: 0 })
    const record = await ledger.read('run', 'large')
    expect([record?.data === large, record?.log[1] === large, record?.log.length]).toEqual([true, true, 2])
    expect(await ledger.cut('run', 'large', 2, 'short')).toBe(true)
    expect((await ledger.read('run', 'large'))?.log).toEqual(['short'])
    expect(lines).toEqual([])
  })

  test('an idle store asks five times a second at most, also with ten thousand records', async () => {
    const { ledger } = await ledgers.open({ url: server.url })
    await Promise.all([...Array(10_000).keys()].map((number) => ledger.create('key', `id-${number}`, RECORD)))
    const client = ledgers.connect(server.url)
    const [before, start] = [await countCommands(client), Date.now()]
    await until(() => Date.now() - start > 6_000)
    const perSecond = (await countCommands(client)) - before - 1
    expect(perSecond / ((Date.now() - start) / 1_000)).toBeLessThanOrEqual(5)
  })

  test('commands of one moment are one write', async () => {
    const { ledger } = await ledgers.open({ url: server.url })
    const client = ledgers.connect(server.url)
    const readsOf = async (): Promise<number> =>
      Number(/total_reads_processed:(\d+)/.exec(await client.info('stats'))?.[1])
    const before = await readsOf()
    await Promise.all([...Array(300).keys()].map((number) => ledger.append('key', 'one', number, { orCreate: RECORD })))
    expect((await readsOf()) - before).toBeLessThan(30)
  })
})

describeRedis('the client of an app', () => {
  const server = useRedis()
  const ledgers = useRedisLedgers()

  test('is what the waits of the app are kept with', async () => {
    const redis = ledgers.connect(server.url)
    const config = {
      store: { type: 'redis' as const, prefix: ledgers.prefix() },
      listener: { path: '/done', identify_by: '${body.id}', result: '${body.x}' },
    }
    const hooks = callbacks(config, { redis })
    try {
      const wait = hooks.wait('a', { timeout: '20s' })
      await request(express().use(hooks)).post('/done').send({ id: 'a', x: 5 }).expect(200)
      expect(await wait).toBe(5)
    } finally {
      await hooks.close()
    }
    expect(redis.status).toBe('ready')
  })

  describe.each([
    ['that is connected', {}],
    ['that is not connected yet', { lazyConnect: true }],
    [
      'with a prefix of keys, short limits and automatic pipelines',
      { keyPrefix: 'app:', commandTimeout: 500, enableAutoPipelining: true },
    ],
    ['that repeats what was in flight', { maxRetriesPerRequest: null, autoResendUnfulfilledCommands: true }],
  ])('%s', (_, options) => {
    test('is used, and stays as it is', async () => {
      const redis = new Redis(server.url, { ...options, retryStrategy: () => 50 })
      redis.on('error', () => undefined)
      const { ledger, messages, backs } = await ledgers.open({ redis })
      expect(await ledger.append('key', 'one', 1, { orCreate: RECORD })).toBe(1)
      await ledger.publish('hello')
      await until(() => messages.length > 0)
      const byUrl = await ledgers.open({ url: server.url })
      expect(await byUrl.ledger.read('key', 'one')).toEqual({ data: null, log: [1], cut: 0 })

      server.signal('SIGSTOP')
      const lost = ledger.append('key', 'one', 2)
      await expect(lost).rejects.toMatchObject({
        code: 'ERR_STORE_UNAVAILABLE',
        message: expect.stringContaining(`redis://127.0.0.1:${server.port}`),
      })
      server.signal('SIGCONT')
      await until(() => backs() > 0)
      const log = (await ledger.read('key', 'one'))?.log ?? []
      expect([[1], [1, 2]]).toContainEqual(log)
      await ledger.close()
      expect(await redis.set('app', 'works')).toBe('OK')
      redis.disconnect()
    })
  })
})
