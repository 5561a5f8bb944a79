import { afterEach, expect, test } from '@jest/globals'
import express from 'express'
import { Pool, type PoolConfig } from 'pg'
import request from 'supertest'
import { callbacks } from '../../../lib'
import { until } from '../use-shared-ledgers'
import { ask, describePostgres, findProcesses, HANDLERS, RECORD, useLedgers } from './use-ledgers'

describePostgres('a pool of the app', (server) => {
  const ledgers = useLedgers(server)
  const pools: Pool[] = []
  afterEach(async () => {
    for (const pool of pools.splice(0)) if (!pool.ended) await pool.end()
  })

  function createPool(config: PoolConfig = {}): Pool {
    const pool = new Pool({ connectionString: server.url, application_name: 'app', ...config })
    pool.on('error', () => undefined)
    pools.push(pool)
    return pool
  }

  test('is used instead of the url, and works when the ledger is closed', async () => {
    const pool = createPool()
    const { ledger, messages } = await ledgers.open({}, { pool, url: '' })
    expect(await ledger.append('key', 'one', 'entry', { orCreate: RECORD })).toBe(1)
    await ledger.publish('heard')
    await until(() => messages.length > 0)
    expect(await findProcesses(server.url)).toEqual([])
    await ledger.close()
    expect(pool.totalCount - pool.idleCount).toBe(0)
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
  })

  test('is what the waits of an app are kept with', async () => {
    const pool = createPool()
    const config = {
      store: { type: 'postgres' as const, prefix: 'app' },
      listener: { path: '/done', identify_by: '${body.id}', result: '${body.x}' },
    }
    const hooks = callbacks(config, { pool })
    const app = express().use(hooks)
    try {
      const wait = hooks.wait('a', { timeout: '20s' })
      await request(app).post('/done').send({ id: 'a', x: 5 }).expect(200)
      expect(await wait).toBe(5)
    } finally {
      await hooks.close()
    }
    expect(pool.totalCount - pool.idleCount).toBe(0)
  })

  test('gets back clients that listen to nothing', async () => {
    const pool = createPool({ max: 1 })
    const { ledger } = await ledgers.open({}, { pool })
    await ledger.close()
    expect((await pool.query('SELECT * FROM pg_listening_channels()')).rows).toEqual([])
    const client = await pool.connect()
    for (const event of ['notification', 'end']) expect(client.listenerCount(event)).toBe(0)
    client.release()
  })

  test.each([1, 2, 5])('of %s is enough for everything at once', async (max) => {
    const pool = createPool({ max, connectionTimeoutMillis: 500 })
    const { ledger, messages, lines } = await ledgers.open({}, { pool })
    for (let round = 1; round <= 5; round++) {
      const ids = [...Array(30).keys()].map((number) => `id-${number}`)
      const positions = await Promise.all(ids.map((id) => ledger.append('key', id, round, { orCreate: RECORD })))
      expect(new Set(positions)).toEqual(new Set([round]))
      await Promise.all(ids.flatMap((id) => [ledger.read('key', id), ledger.list('key')]))
      await ledger.publish(round)
    }
    await until(() => messages.length === 5)
    expect(lines).toEqual([])
  })

  test('that has no client left is told, and used when it has one again', async () => {
    const pool = createPool({ max: 1 })
    const taken = await pool.connect()
    const ledger = ledgers.create({ pool })
    await expect(ledger.open(HANDLERS)).rejects.toMatchObject({
      code: 'ERR_STORE_UNAVAILABLE',
      message: 'The store of options.pool is not available: no connection within 4000 ms',
    })
    taken.release()
    await ledger.open(HANDLERS)
    expect(await ledger.append('key', 'one', 'entry', { orCreate: RECORD })).toBe(1)
    await ledger.close()
    expect([pool.waitingCount, pool.totalCount - pool.idleCount]).toEqual([0, 0])
  })

  test('whose connections are killed is asked for others', async () => {
    const pool = createPool()
    const { ledger, backs } = await ledgers.open({}, { pool })
    for (let round = 1; round <= 2; round++) {
      await ask(server.url, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'app'`)
      await until(() => backs() === round)
      expect(await ledger.append('key', 'one', 'entry', { orCreate: RECORD })).toBe(round)
    }
  })
})
