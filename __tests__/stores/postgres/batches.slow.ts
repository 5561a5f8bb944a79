import { expect, test } from '@jest/globals'
import type { PgLibrary } from '../../../adapters/stores/postgres/connections/library'
import type { PostgresQuery } from '../../../lib/base/given-clients'
import { Client as PgClient } from 'pg'
import type { Ledger } from '../../../lib/base/contracts'
import { until } from '../use-shared-ledgers'
import { ask, describePostgres, HOUR, RECORD, useLedgers } from './use-ledgers'

/** The package pg, and the statements that were sent with it. */
function createCounting(): { readonly load: () => PgLibrary; readonly texts: string[] } {
  const texts: string[] = []
  const { Client } = require('pg') as PgLibrary
  class CountingClient extends (Client as new (options: object) => object) {
    query(query: PostgresQuery, ...rest: unknown[]): unknown {
      if (typeof query.text === 'string' && query.rowMode === 'array') texts.push(query.text)
      return Reflect.apply(Client.prototype.query, this, [query, ...rest])
    }
  }
  return { load: () => ({ Client: CountingClient }) as unknown as PgLibrary, texts }
}

/** How many processes of the server wait for a lock. */
async function findWaiting(url: string): Promise<number> {
  const [[count] = []] = await ask(url, `SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'`)
  return Number(count)
}

const numbers = (count: number): readonly number[] => [...Array(count).keys()]

describePostgres('what is asked for in one moment', (server) => {
  const ledgers = useLedgers(server)

  async function openCounting() {
    const { load, texts } = createCounting()
    const { ledger } = await ledgers.open({}, { load })
    await ledger.touch('key', 'none', 0)
    const count = (name: string): number => texts.filter((text) => text.includes(name)).length
    return { ledger, count }
  }

  test('is one statement, whatever it changes', async () => {
    const { ledger, count } = await openCounting()
    const before = count('.apply(')
    await Promise.all([
      ...numbers(100).map((number) => ledger.append('key', `id-${number}`, number, { orCreate: RECORD })),
      ...numbers(100).map((number) => ledger.create('mark', `id-${number}`, RECORD)),
      ...numbers(50).map((number) => ledger.touch('key', `id-${number}`, HOUR)),
      ...numbers(50).map((number) =>
        ledger.claim('run', `id-${number}`, number, { orCreate: RECORD, claim: { mark: `m-${number}`, ttlMs: HOUR } }),
      ),
      ledger.cut('key', 'id-1', 1, 'cut'),
      ...numbers(50).map((number) => ledger.publish({ number })),
    ])
    expect(count('.apply(') - before).toBe(1)
    expect(await ledger.read('key', 'id-1')).toEqual({ data: 'data', log: ['cut'], cut: 0 })
  })

  test.each([
    [200, 1],
    [201, 2],
  ])('%s records are read by %s statements', async (records, statements) => {
    const { ledger, count } = await openCounting()
    await ledger.append('key', 'id-7', 'entry', { orCreate: RECORD })
    const before = count('.read(')
    const found = await Promise.all(numbers(records).map((number) => ledger.read('key', `id-${number}`)))
    expect(count('.read(') - before).toBe(statements)
    expect(found.filter((record) => record !== undefined)).toEqual([{ data: 'data', log: ['entry'], cut: 0 }])
    expect(found[7]).toBeDefined()
  })

  test('is taken however much it is, one statement after another, in its order', async () => {
    const { ledger, count } = await openCounting()
    const before = count('.apply(')
    const text = 'x'.repeat(2_000)
    const all = numbers(5_000).map((number) => ledger.append('run', 'one', { number, text }, { orCreate: RECORD }))
    expect(await Promise.all(all)).toEqual(numbers(5_000).map((number) => number + 1))
    const log = (await ledger.read('run', 'one'))?.log ?? []
    expect(log.map((entry) => (entry as { number: number }).number)).toEqual(numbers(5_000))
    expect(count('.apply(') - before).toBeLessThanOrEqual(20)
  })

  test('what cannot be done fails alone', async () => {
    const { ledger } = await ledgers.open()
    await ledger.append('key', 'id-33', 'before', { orCreate: RECORD })
    await ask(server.url, `UPDATE "callbacks:${ledgers.prefix()}".record SET length = 2147483647 WHERE id = 'id-33'`)
    const all = await Promise.allSettled(
      numbers(100).map((number) => ledger.append('key', `id-${number}`, number, { orCreate: RECORD })),
    )
    expect(all.flatMap(({ status }, index) => (status === 'rejected' ? [index] : []))).toEqual([33])
    expect(all[33]).toMatchObject({
      reason: { code: 'ERR_STORE_UNAVAILABLE', message: expect.stringContaining('integer out of range') },
    })
    expect(await ledger.read('key', 'id-99')).toEqual({ data: 'data', log: [99], cut: 0 })
  })

  test.each<[string, readonly string[], (ledger: Ledger) => Promise<unknown>]>([
    ['appends to it', ['key/id-7'], (ledger) => ledger.append('key', 'id-7', 'entry')],
    ['may create it', ['key/id-7'], (ledger) => ledger.append('key', 'id-7', 'entry', { orCreate: RECORD })],
    ['puts it off', ['mark/m'], (ledger) => ledger.touch('mark', 'm', HOUR)],
    ['cuts it', ['key/id-7', 'mark/m'], (ledger) => ledger.cut('key', 'id-7', 1, 'cut')],
    [
      'appends to it with a claim',
      ['key/id-7'],
      (ledger) => ledger.claim('key', 'id-7', 'entry', { orCreate: RECORD, claim: { mark: 'other', ttlMs: HOUR } }),
    ],
  ])('of a record that somebody else has locked, only what %s is refused', async (_what, names, step) => {
    const { ledger } = await ledgers.open()
    await Promise.all(numbers(20).map((number) => ledger.append('key', `id-${number}`, 0, { orCreate: RECORD })))
    await ledger.create('mark', 'm', RECORD)
    const client = new PgClient({ connectionString: server.url })
    await client.connect()
    try {
      await client.query('BEGIN')
      const table = `"callbacks:${ledgers.prefix()}".record`
      await client.query(`SELECT FROM ${table} WHERE kind || '/' || id = ANY($1) FOR UPDATE`, [names])
      const others = numbers(20).filter((number) => number !== 7)
      const [one, ...rest] = await Promise.allSettled([
        step(ledger),
        ...others.map((number) => ledger.append('key', `id-${number}`, number)),
      ])
      const message = expect.stringContaining('another transaction holds the record')
      expect(one).toMatchObject({ status: 'rejected', reason: { code: 'ERR_STORE_UNAVAILABLE', message } })
      expect(rest).toEqual(others.map(() => ({ status: 'fulfilled', value: 2 })))
    } finally {
      await client.end()
    }
    await expect(step(ledger)).resolves.toBeDefined()
  })

  test.each<[string, (ledger: Ledger) => Promise<unknown>]>([
    ['appends to', (ledger) => ledger.append('key', 'held', 'first')],
    ['puts off', (ledger) => ledger.touch('key', 'held', HOUR)],
    [
      'claims for',
      (ledger) => ledger.claim('key', 'held', 'first', { orCreate: RECORD, claim: { mark: 'm', ttlMs: HOUR } }),
    ],
  ])(
    'a transaction that %s a record waits alone, and what comes after it on that record waits with it',
    async (_what, step) => {
      const { ledger } = await ledgers.open()
      await Promise.all(['held', 'free'].map((id) => ledger.append('key', id, 0, { orCreate: RECORD })))
      const order: string[] = []
      const told = async (name: string, work: Promise<unknown>): Promise<void> => {
        await work
        order.push(name)
      }
      const client = new PgClient({ connectionString: server.url })
      await client.connect()
      try {
        await client.query('BEGIN')
        await client.query(`SELECT FROM "callbacks:${ledgers.prefix()}".record WHERE id = 'held' FOR UPDATE`)
        const first = told('first', step(ledger))
        await until(async () => (await findWaiting(server.url)) === 1)
        const second = told('second', ledger.append('key', 'held', 'second'))
        await Promise.all([
          told('free', ledger.append('key', 'free', 1)),
          told('other', ledger.create('mark', 'o', RECORD)),
        ])
        expect(order.toSorted()).toEqual(['free', 'other'])
        await client.query('COMMIT')
        await Promise.all([first, second])
        expect(order.slice(2)).toEqual(['first', 'second'])
      } finally {
        await client.end()
      }
      expect((await ledger.read('key', 'held'))?.log.at(-1)).toBe('second')
    },
  )

  test('two processes that write to the same records in opposite orders are not in the way of one another', async () => {
    const [one, other] = [await ledgers.open(), await ledgers.open()]
    const ids = numbers(60).map((number) => `id-${number}`)
    for (let round = 0; round < 15; round++) {
      const append = (ledger: typeof one.ledger, order: readonly string[]) =>
        order.map((id) =>
          ledger.claim('key', id, round, { orCreate: RECORD, claim: { mark: `${round}-${id}`, ttlMs: HOUR } }),
        )
      const results = await Promise.all([...append(one.ledger, ids), ...append(other.ledger, ids.toReversed())])
      expect(results.filter((result) => result !== undefined)).toHaveLength(ids.length)
    }
    const [[deadlocks] = []] = await ask(
      server.url,
      `SELECT deadlocks FROM pg_stat_database WHERE datname = 'postgres'`,
    )
    expect(Number(deadlocks)).toBe(0)
  })
})

describePostgres('messages', (server) => {
  const ledgers = useLedgers(server)

  test.each([100, 7_000, 7_899, 7_901, 9_000, 2_000_000])('of %s characters come in their order', async (length) => {
    const [one, other] = [await ledgers.open(), await ledgers.open()]
    const sent = numbers(6).map((number) => ({
      number,
      text: (number % 2 === 0 ? 'ü' : 'x').repeat(number % 3 === 0 ? length : 1),
    }))
    for (const message of sent) await one.ledger.publish(message)
    await Promise.all(sent.map((message) => one.ledger.publish(message)))
    for (const { messages } of [one, other]) {
      await until(() => messages.length >= 12)
      expect(messages).toEqual([...sent, ...sent])
    }
  })
})

describePostgres('the owner record of a process that closes', (server) => {
  const ledgers = useLedgers(server)

  test('is worked on at once by another process', async () => {
    const other = await ledgers.open()
    for (let count = 0; count < 5; count++) {
      const id = `owner-${count}`
      // A look of its own may find the record first, and leaves it then.
      const { ledger } = await ledgers.open({ onDue: async () => ({ keepMs: 0 }) })
      await ledger.create('owner', id, RECORD)
      await ledger.touch('owner', id, 0)
      const begin = Date.now()
      await ledger.close()
      await until(() => other.due.includes(`owner/${id}`))
      expect(Date.now() - begin).toBeLessThan(1_000)
    }
  })
})
