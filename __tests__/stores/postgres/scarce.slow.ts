import { expect, test } from '@jest/globals'
import type { Ledger } from '../../../lib/base/contracts'
import { until } from '../use-shared-ledgers'
import { ask, describePostgres, HANDLERS, RECORD, useLedgers } from './use-ledgers'

const READY_MS = 10_000

describePostgres('a PostgreSQL with few connections', (server) => {
  const ledgers = useLedgers(server)
  let roles = 0

  /** The url of a user who may have so many connections. */
  async function urlOf(limit: number): Promise<string> {
    const role = `scarce_${roles++}`
    await ask(server.url, `CREATE ROLE ${role} LOGIN PASSWORD 'secret' CONNECTION LIMIT ${limit}`)
    await ask(server.url, `GRANT CREATE ON DATABASE postgres TO ${role}`)
    return server.url.replace(/\/\/[^@]*@/, `//${role}:secret@`)
  }

  /** Much of everything at once, so that a second connection is wanted. */
  async function load(ledger: Ledger, name: string, rounds: number): Promise<void> {
    for (let round = 0; round < rounds; round++)
      await Promise.all(
        [...Array(40).keys()].flatMap((number) => [
          ledger.append('key', `${name}-${number}`, round, { orCreate: RECORD }),
          ledger.read('key', `${name}-${number}`),
          ledger.list('key', { limit: 10 }),
        ]),
      )
  }

  test.each([
    [1, 1],
    [2, 2],
    [3, 3],
    [2, 3],
  ])('%s instances with %s connections for all of them are ready and work', async (instances, limit) => {
    const url = await urlOf(limit)
    const begin = Date.now()
    const opened = await Promise.all([...Array(instances).keys()].map(() => ledgers.open({}, { url })))
    expect(Date.now() - begin).toBeLessThan(READY_MS)
    await Promise.all(opened.map(({ ledger }, index) => load(ledger, `instance-${index}`, 20)))
    const [first, last] = [opened[0], opened.at(-1)]
    await last?.ledger.publish('heard')
    await until(() => first?.messages.includes('heard') === true)
    for (const { lines, backs } of opened) expect([lines, backs()]).toEqual([[], 0])
  })

  test('an instance too many says so within seconds, and is ready when another one has gone', async () => {
    const url = await urlOf(2)
    const [one, two] = [await ledgers.open({}, { url }), await ledgers.open({}, { url })]
    const third = ledgers.create({ url })
    const begin = Date.now()
    await expect(third.open(HANDLERS)).rejects.toMatchObject({
      code: 'ERR_STORE_UNAVAILABLE',
      message: expect.stringContaining('all of its connections are taken'),
    })
    expect(Date.now() - begin).toBeLessThan(READY_MS)
    await load(two.ledger, 'two', 5)
    await one.ledger.close()
    await third.open(HANDLERS)
    await load(third, 'third', 5)
  })

  test('instances that all lost their connections are back one after another, when there is room', async () => {
    const url = await urlOf(3)
    const opened = [await ledgers.open({}, { url }), await ledgers.open({}, { url }), await ledgers.open({}, { url })]
    const role = new URL(url).username
    for (let round = 1; round <= 3; round++) {
      await ask(server.url, 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1', [role])
      await until(() => opened.every(({ backs }) => backs() >= round))
      await Promise.all(opened.map(({ ledger }, index) => load(ledger, `instance-${index}`, 3)))
    }
  })

  test('no process of the server stays when one was stopped and went on', async () => {
    const url = await urlOf(4)
    const opened = [await ledgers.open({}, { url }), await ledgers.open({}, { url })]
    for (let round = 0; round < 2; round++) {
      server.signal('SIGSTOP')
      const refused = await Promise.allSettled(opened.map(({ ledger }) => ledger.append('key', 'one', 'lost')))
      expect(refused.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
      server.signal('SIGCONT')
      await until(() => opened.every(({ backs }) => backs() >= round + 1))
      await Promise.all(opened.map(({ ledger }, index) => load(ledger, `instance-${index}`, 3)))
    }
    const role = new URL(url).username
    await until(async () => {
      const [[count] = []] = await ask(server.url, 'SELECT count(*) FROM pg_stat_activity WHERE usename = $1', [role])
      return Number(count) <= 4
    })
  }, 60_000)
})
