import { describe, expect, test } from '@jest/globals'
import { createUnavailable } from '../../../adapters/stores/postgres/errors'
import { describeUrl } from '../../../adapters/stores/server-errors'
import { createPostgresLedger } from '../../../adapters/stores/postgres/ledger'
import { quoteName, schemaNameOf } from '../../../adapters/stores/postgres/tables/schema-name'
import { createLog, REAL_CLOCK, until } from '../use-shared-ledgers'
import { ask, describePostgres, HANDLERS, RECORD, useLedgers } from './use-ledgers'

const { logger } = createLog()
const OPTIONS = { prefix: 'test', clock: REAL_CLOCK, logger }

describe('the url in messages', () => {
  test.each([
    ['postgres://127.0.0.1:5432/db', 'postgres://127.0.0.1:5432/db'],
    ['postgres://user:se@cr:et/@host/db?password=secret#secret', 'postgres://host/db'],
    ['postgresql://host/db?password=secret', 'postgresql://host/db'],
    ['postgres://user:sec?ret@host/db', 'postgres://host/db'],
  ])('of %s', (url, shown) => {
    expect(describeUrl(url)).toBe(shown)
  })
})

test('a server without TLS says so', () => {
  const error = createUnavailable('postgres://host/db', new Error('The server does not support SSL connections'))
  expect(error.message).toBe(
    'The store postgres://host/db is not available: it speaks no TLS; leave sslmode out of the url, or turn ssl on in the server (The server does not support SSL connections)',
  )
})

test('another url is refused', () => {
  expect(() => createPostgresLedger({ ...OPTIONS, url: 'redis://:secret@host' })).toThrow(
    expect.objectContaining({
      code: 'ERR_CONFIG_VALUE',
      message: 'The url of a postgres store begins with postgres://, not as redis://host does',
    }),
  )
})

test('without its package it says what to install', async () => {
  const load = (): never => {
    throw Object.assign(new Error(`Cannot find module 'pg'`), { code: 'MODULE_NOT_FOUND' })
  }
  const ledger = createPostgresLedger({ ...OPTIONS, url: 'postgres://127.0.0.1', load })
  await expect(ledger.open(HANDLERS)).rejects.toMatchObject({
    code: 'ERR_CONFIG_UNSUPPORTED',
    message: 'A postgres store needs the package pg, which is not installed: npm install pg',
  })
  await ledger.close()
})

test('everything is refused before it is open', async () => {
  const ledger = createPostgresLedger({ ...OPTIONS, url: 'postgres://127.0.0.1' })
  for (const work of [() => ledger.read('key', 'one'), () => ledger.publish('message'), () => ledger.list('key')])
    await expect(work()).rejects.toMatchObject({
      code: 'ERR_STORE_UNAVAILABLE',
      message: expect.stringContaining('it is not open yet'),
    })
})

describePostgres('a server that refuses', (server) => {
  const ledgers = useLedgers(server)

  async function refusal(url: string): Promise<string> {
    const error: unknown = await ledgers
      .create({ url })
      .open(HANDLERS)
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
    return String(error)
  }

  test('a wrong password', async () => {
    const message = await refusal(server.url.replace('secret', 'other-secret'))
    expect(message).toContain('user and password in the url are not right')
    expect(message).not.toContain('secret')
  })

  test('no password', async () => {
    expect(await refusal(server.url.replace(/:secret[^@]*@/, '@'))).toMatch(
      /password must be a string|no password supplied/i,
    )
  })

  test('a database that is not there', async () => {
    expect(await refusal(server.url.replace(/postgres$/, 'nowhere'))).toContain('that database does not exist')
  })

  test('a host that is not there', async () => {
    expect(await refusal(server.url.replace('127.0.0.1', 'nowhere.invalid'))).toMatch(/no such host|looked up/)
  })

  test('a port that nobody listens on', async () => {
    expect(await refusal(server.url.replace(String(server.port), '1'))).toContain('nobody listens there')
  })

  test('writing, as a replica does, is away until it takes it again', async () => {
    await ask(server.url, `CREATE ROLE reader LOGIN SUPERUSER PASSWORD 'secret'`)
    const setReadOnly = (how: string) => ask(server.url, `ALTER ROLE reader SET default_transaction_read_only = ${how}`)
    const url = server.url.replace(/\/\/[^@]*@/, '//reader:secret@')
    const meaning = 'it is a replica or read-only; the url must name the primary'
    await setReadOnly('on')
    expect(await refusal(url)).toContain(meaning)
    await setReadOnly('off')
    const { ledger, backs, lines } = await ledgers.open({}, { url })
    await setReadOnly('on')
    await ask(server.url, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'reader'`)
    await until(async () => {
      const refused: unknown = await ledger.read('key', 'one').catch((error: unknown) => error)
      return String(refused).includes(meaning)
    })
    await setReadOnly('off')
    await until(() => backs() > 0)
    expect(await ledger.append('key', 'one', 'entry', { orCreate: RECORD })).toBe(1)
    expect(lines.map((line) => line.split(' {')[0])).toEqual([
      expect.stringMatching(
        /^warn: The store \S+ is away: callbacks are answered 503, and runs pause, until it is back$/,
      ),
      expect.stringMatching(/^info: The store \S+ is back$/),
    ])
  })

  test('rights, until somebody has made the tables', async () => {
    await ask(server.url, `CREATE ROLE guest LOGIN PASSWORD 'secret'`)
    const url = server.url.replace(/\/\/[^@]*@/, '//guest:secret@')
    expect(await refusal(url)).toContain('GRANT CREATE ON DATABASE')
    await (await ledgers.open()).ledger.close()
    const schema = quoteName(schemaNameOf(ledgers.prefix()))
    await ask(server.url, `GRANT USAGE ON SCHEMA ${schema} TO guest`)
    for (const what of ['TABLES', 'SEQUENCES'])
      await ask(server.url, `GRANT ALL ON ALL ${what} IN SCHEMA ${schema} TO guest`)
    const { ledger } = await ledgers.open({}, { url })
    expect(await ledger.append('key', 'one', 'entry', { orCreate: RECORD })).toBe(1)
    await ledger.publish('x'.repeat(9_000))
  })

  test('nothing because of options in the url', async () => {
    const { ledger } = await ledgers.open(
      {},
      { url: `${server.url}?options=-c%20search_path%3Dnowhere&application_name=test` },
    )
    expect(await ledger.append('key', 'one', 'entry', { orCreate: RECORD })).toBe(1)
  })

  test('to be careful, which is warned of once', async () => {
    const { ledger, lines } = await ledgers.open({}, { url: `${server.url}?options=-c%20synchronous_commit%3Doff` })
    await ask(
      server.url,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'express-callbacks'`,
    )
    await until(() =>
      ledger.create('key', 'one', RECORD).then(
        () => true,
        () => false,
      ),
    )
    expect(lines).toEqual([
      expect.stringMatching(
        /^warn: The store \S+ forgets the last moments when it crashes; set its synchronous_commit to on/,
      ),
    ])
  })

  test.each(['repeatable read', 'serializable'])('nothing when it isolates transactions more (%s)', async (level) => {
    const url = `${server.url}?options=-c%20default_transaction_isolation%3D${level.replace(' ', '\\%20')}`
    const opened = [await ledgers.open({}, { url }), await ledgers.open({}, { url })]
    const appended = opened.flatMap(({ ledger }) =>
      [...Array(30).keys()].map((number) => ledger.append('key', 'one', number, { orCreate: RECORD })),
    )
    expect((await Promise.all(appended)).toSorted((one, other) => one - other)).toEqual(
      [...Array(60).keys()].map((n) => n + 1),
    )
  })
})

describePostgres('ten thousand records that are not due', (server) => {
  const ledgers = useLedgers(server)

  test('cost no more than four transactions in a second of two instances', async () => {
    const { ledger } = await ledgers.open()
    await ledgers.open()
    await Promise.all(
      [...Array(10_000).keys()].map((number) => ledger.append('key', `id-${number}`, number, { orCreate: RECORD })),
    )
    const count = async (): Promise<number> => {
      const [[commits] = []] = await ask(
        server.url,
        `SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = 'postgres'`,
      )
      return Number(commits)
    }
    await new Promise((resolve) => setTimeout(resolve, 2_000).unref())
    const before = await count()
    await new Promise((resolve) => setTimeout(resolve, 6_000).unref())
    const perSecond = ((await count()) - before - 3) / 6
    expect(perSecond).toBeLessThanOrEqual(4)
  })
})
