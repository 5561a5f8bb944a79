import { afterEach, expect, test } from '@jest/globals'
import Redis from 'ioredis'
import { Client } from 'pg'
import { callbacks, type Callbacks, type CallbacksConfig } from '../../lib'
import { useServices } from '../helpers/fake-service'
import { createLog, describeBoth, type SharedServer, until } from './use-shared-ledgers'

/** Makes a server forget everything, without a restart. */
const FORGET: Readonly<Record<SharedServer['type'], (url: string) => Promise<void>>> = {
  async redis(url) {
    const client = new Redis(url)
    await client.flushall()
    client.disconnect()
  },
  async postgres(url) {
    const client = new Client(url)
    await client.connect()
    const { rows } = await client.query<{ name: string }>(
      `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
       WHERE schemaname LIKE 'callbacks:%' AND tablename <> 'state'`,
    )
    for (const { name } of rows) await client.query(`TRUNCATE ${name} CASCADE`)
    await client.end()
  },
}

describeBoth('a server that has lost everything', (server) => {
  const services = useServices()
  const opened: Callbacks[] = []
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((hooks) => hooks.close()))
  })

  function config(origin: string): CallbacksConfig {
    return {
      store: { type: server.type, url: server.url, prefix: `loss-${process.pid}` },
      listener: { path: '/done', identify_by: '${body.id}', result: '${body.n}', workflow: false },
      component: {
        base_url: origin,
        path: '/draw',
        body: { id: 'run', callback_url: 'http://localhost:8090/done' },
      },
      workflow: { jobs: [{ id: 'draw' }] },
    }
  }

  test('loses no wait and no run of a process that lives, which is told once', async () => {
    const service = await services.open(() => ({ body: {} }))
    const { logger, lines } = createLog()
    const hooks = callbacks(config(service.origin), { logger })
    opened.push(hooks)
    await hooks.open()
    const ids = ['a', 'b', 'c', 'd', 'e']
    const waits = ids.map((id) => hooks.wait(id, { timeout: '20s' }))
    const isWaiting = new Promise<void>((resolve) => {
      hooks.on('job', ({ status }) => status === 'waiting' && resolve())
    })
    const task = await hooks.submit({})
    await isWaiting
    await FORGET[server.type](server.url)
    for (const [n, id] of [...ids, 'run'].entries()) expect(await hooks.settle(id, n)).toBe('settled')
    expect(await Promise.all(waits)).toEqual([0, 1, 2, 3, 4])
    expect(await task.result()).toBe(5)
    await until(async () => (await hooks.task(task.id))?.status === 'succeeded')
    const told = lines.filter((line) => line.includes('had lost'))
    expect(told.filter((line) => line.includes('waits') || line.includes('a wait')).length).toBe(1)
    expect(lines.filter((line) => line.startsWith('error'))).toEqual([])
  })
})
