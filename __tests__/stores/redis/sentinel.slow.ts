import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Redis } from 'ioredis'
import { findFreePorts } from '../../helpers/free-ports'
import { createTestServer, type TestServer } from '../../helpers/server-process'
import { REDIS_PASSWORD, useRedis } from '../../helpers/use-redis'
import { until } from '../use-shared-ledgers'
import { describeRedis, HOUR, useRedisLedgers } from './use-redis-ledgers'

const RECORD = { data: null, ttlMs: HOUR }

/** Runs a Sentinel that watches over a primary while the tests of this file run. */
function useSentinel(primary: { readonly port: number }): { readonly port: number } {
  let folder = ''
  let server: TestServer | undefined
  let port = 0
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'express-callbacks-sentinel-'))
    port = (await findFreePorts(1))[0] ?? 0
    const file = join(folder, 'sentinel.conf')
    const lines = [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${folder}`,
      `sentinel monitor main 127.0.0.1 ${primary.port} 1`,
      `sentinel auth-pass main ${REDIS_PASSWORD}`,
      'sentinel down-after-milliseconds main 1000',
      'sentinel failover-timeout main 3000',
    ]
    writeFileSync(file, lines.join('\n'))
    server = createTestServer({ program: 'redis-server', args: [file, '--sentinel'], ready: '+monitor master' })
    await server.start()
  })
  afterAll(async () => {
    await server?.stop()
    if (folder !== '') rmSync(folder, { recursive: true, force: true })
  })
  return {
    get port() {
      return port
    },
  }
}

describeRedis('a primary that Sentinel replaces', () => {
  const primary = useRedis(['--masterauth', REDIS_PASSWORD])
  const replica = useRedis(['--masterauth', REDIS_PASSWORD])
  const sentinel = useSentinel(primary)
  const ledgers = useRedisLedgers()

  test('by a replica that lags: what that has goes on, and the process is told once', async () => {
    const [first, second] = [ledgers.connect(primary.url), ledgers.connect(replica.url)]
    await second.replicaof('127.0.0.1', primary.port)
    const watcher = ledgers.connect(`redis://127.0.0.1:${sentinel.port}`)
    await until(async () => (await second.info('replication')).includes('master_link_status:up'))
    await until(async () => (await watcher.info('sentinel')).includes('slaves=1'))

    const sentinels = [{ host: '127.0.0.1', port: sentinel.port }]
    const redis = new Redis({ sentinels, name: 'main', password: REDIS_PASSWORD })
    redis.on('error', () => undefined)
    try {
      const { ledger, messages, due, lines, backs } = await ledgers.open({ redis })
      await ledger.append('run', 'kept', 'entry', { orCreate: RECORD })
      expect(await first.wait(1, 5_000)).toBeLessThanOrEqual(1)
      await until(async () => (await second.exists(`{${ledgers.prefix()}}:run:kept`)) === 1)
      await second.config('SET', 'masterauth', 'wrong')
      await first.call('CLIENT', 'KILL', 'TYPE', 'replica')
      await ledger.append('run', 'lost', 'entry', { orCreate: RECORD })
      await primary.stop()

      await until(() => backs() > 0)
      expect(await ledger.append('run', 'kept', 'after')).toBe(2)
      expect(await ledger.read('run', 'lost')).toBeUndefined()
      await ledger.publish('hello')
      await until(() => messages.length > 0)
      await ledger.create('run', 'soon', { data: null, ttlMs: 0 })
      await until(() => due.length > 0)
      expect(lines.map((line) => line.split(' {')[0])).toEqual([
        'warn: The store redis (main by Sentinel) is away: callbacks are answered 503, and runs pause, until it is back',
        'info: The store redis (main by Sentinel) is back',
      ])
      expect(backs()).toBe(1)
    } finally {
      redis.disconnect()
    }
  }, 60_000)
})

describeRedis('a primary that becomes a replica while a store is on it', () => {
  const server = useRedis()
  const other = useRedis()
  const ledgers = useRedisLedgers()

  test('is away until it can be written again', async () => {
    const { ledger, lines, backs } = await ledgers.open({ url: server.url })
    const client = ledgers.connect(server.url)
    await ledger.create('run', 'one', RECORD)
    await client.config('SET', 'masterauth', REDIS_PASSWORD)
    await client.replicaof('127.0.0.1', other.port)
    const error: unknown = await ledger.create('run', 'two', RECORD).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({
      code: 'ERR_STORE_UNAVAILABLE',
      message: expect.stringMatching(/it is a replica, which cannot be written; the url must name the primary|LOST/),
    })
    await until(() => lines.some((line) => line.includes('is away')))
    await client.call('REPLICAOF', 'NO', 'ONE')
    await until(() => backs() > 0)
    await ledger.create('run', 'three', RECORD)
    expect(lines[0]).toContain('is away')
    expect(lines.at(-1)).toContain('is back')
  })
})
