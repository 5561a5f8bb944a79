import { describe, expect, test } from '@jest/globals'
import { Client as PgClient } from 'pg'
import { quoteName, quoteText, schemaNameOf } from '../../../adapters/stores/postgres/tables/schema-name'
import type { RecordKind } from '../../../lib/base/contracts'
import { ask, describePostgres, HANDLERS, RECORD, useLedgers } from './use-ledgers'

const STRANGE = [
  'express-callbacks',
  'public',
  'pg_catalog',
  'a:b',
  'a-b',
  'A-B',
  '"; DROP SCHEMA public CASCADE; --',
  `'; SELECT 1; --`,
  '$$; SELECT 1; $$',
  '\\',
  `\\'; SELECT 1`,
  '%s $1 ?',
  'größe 漢字 🎨',
  'line\nbreak',
  'tab\t',
  '\0',
  '\ud800',
  'x'.repeat(52),
  'x'.repeat(53),
  'x'.repeat(54),
  'x'.repeat(1_000),
  `${'x'.repeat(1_000)}y`,
  'ü'.repeat(40),
]

describe('the schema of a prefix', () => {
  test('is another one for each prefix', () => {
    const names = STRANGE.map(schemaNameOf)
    expect(new Set(names).size).toBe(STRANGE.length)
    for (const name of names) expect(Buffer.byteLength(name)).toBeLessThanOrEqual(63)
  })

  test.each([
    ['a', '"a"', `'a'`],
    ['a"b', '"a""b"', `'a"b'`],
    [`a'b`, `"a'b"`, `'a''b'`],
    [`a\\'b`, `"a\\'b"`, ` E'a\\\\''b'`],
  ])('%s can stand in a statement', (text, name, literal) => {
    expect(quoteName(text)).toBe(name)
    expect(quoteText(text)).toBe(literal)
  })
})

describePostgres('the tables', (server) => {
  const ledgers = useLedgers(server)

  test.each(STRANGE)('of the prefix %j are its own', async (prefix) => {
    const watched = await ledgers.open({}, { prefix })
    const other = await ledgers.open({}, { prefix: `${prefix}-other` })
    await watched.ledger.append('key', 'one', 'entry', { orCreate: RECORD })
    await other.ledger.publish('to the other')
    await watched.ledger.publish('heard')
    while (watched.messages.length === 0) await new Promise((resolve) => setTimeout(resolve, 5).unref())
    expect(watched.messages).toEqual(['heard'])
    expect(await other.ledger.read('key', 'one')).toBeUndefined()
    expect(await watched.ledger.read('key', 'one')).toEqual({ data: 'data', log: ['entry'], cut: 0 })
  })

  test('leave the schemas of the app alone', async () => {
    await ledgers.open({}, { prefix: 'public' })
    expect(await ask(server.url, `SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace`)).toEqual(
      [],
    )
  })

  test.each([0, 1, 2])('are made once by ten instances at once (%s)', async (round) => {
    const prefix = `raced ${round}`
    const opened = await Promise.all([...Array(10).keys()].map(() => ledgers.open({}, { prefix })))
    await Promise.all(opened.map(({ ledger }, index) => ledger.append('key', 'one', index, { orCreate: RECORD })))
    expect((await opened[0]?.ledger.read('key', 'one'))?.log.toSorted()).toEqual([...Array(10).keys()])
    expect(await ask(server.url, `SELECT version FROM ${quoteName(schemaNameOf(prefix))}.state`)).toEqual([[1]])
    for (const { lines } of opened) expect(lines).toEqual([])
  })

  test.each([2, 99])('of version %s are refused in one line', async (version) => {
    await (await ledgers.open()).ledger.close()
    await ask(server.url, `UPDATE ${quoteName(schemaNameOf(ledgers.prefix()))}.state SET version = ${version}`)
    const ledger = ledgers.create()
    await expect(ledger.open(HANDLERS)).rejects.toMatchObject({
      code: 'ERR_STORE_UNAVAILABLE',
      message: expect.stringMatching(
        new RegExp(
          `^The store postgres://\\S+ was made by a newer express-callbacks \\(version ${version} of its tables, this one knows 1\\); update this instance$`,
        ),
      ),
    })
  })
})

describePostgres('the functions', (server) => {
  const ledgers = useLedgers(server)
  const schema = (): string => quoteName(schemaNameOf(ledgers.prefix()))

  /** Leaves a store as version 0.6 has made it, but for a function that fails. */
  async function makeOld(): Promise<void> {
    const { ledger } = await ledgers.open()
    await ledger.append('key', 'one', 'before', { orCreate: RECORD })
    await ledger.close()
    await ask(server.url, `ALTER TABLE ${schema()}.state DROP COLUMN functions`)
    await ask(
      server.url,
      `CREATE OR REPLACE FUNCTION ${schema()}.read(kinds text, ids text)
         RETURNS TABLE (place integer, data text, cut integer, log text)
         LANGUAGE plpgsql STABLE AS $$ BEGIN RAISE 'old'; END $$`,
    )
  }

  test.each([1, 2, 5])('of version 0.6 are replaced, by %s instances at once; the records stay', async (instances) => {
    await makeOld()
    const opened = await Promise.all([...Array(instances).keys()].map(() => ledgers.open()))
    for (const { ledger, lines } of opened) {
      expect(await ledger.read('key', 'one')).toEqual({ data: 'data', log: ['before'], cut: 0 })
      expect(lines).toEqual([])
    }
    expect(await ask(server.url, `SELECT version, functions FROM ${schema()}.state`)).toEqual([[1, 3]])
  })

  test('of version 0.6 stay where another user owns them, until the owner opens the store', async () => {
    await makeOld()
    await ask(server.url, `CREATE ROLE guest LOGIN PASSWORD 'secret'`)
    await ask(server.url, `GRANT USAGE ON SCHEMA ${schema()} TO guest`)
    await ask(server.url, `GRANT ALL ON ALL TABLES IN SCHEMA ${schema()} TO guest`)
    const guest = await ledgers.open({}, { url: server.url.replace(/\/\/[^@]*@/, '//guest:secret@') })
    expect(await guest.ledger.append('key', 'one', 'after')).toBe(2)
    await expect(guest.ledger.read('key', 'one')).rejects.toMatchObject({ message: expect.stringContaining('old') })
    await ledgers.open()
    expect(await guest.ledger.read('key', 'one')).toEqual({ data: 'data', log: ['before', 'after'], cut: 0 })
    expect(guest.lines).toEqual([])
  })

  test('of a newer version are left as they are', async () => {
    await makeOld()
    await ask(server.url, `ALTER TABLE ${schema()}.state ADD COLUMN functions integer`)
    await ask(server.url, `UPDATE ${schema()}.state SET functions = 4`)
    const { ledger } = await ledgers.open()
    await expect(ledger.read('key', 'one')).rejects.toMatchObject({ message: expect.stringContaining('old') })
  })

  test.each(['mark', 'key', 'run', 'owner'] as const)(
    'read no record of the kind %s that is not due when they look for due ones',
    async (kind) => {
      const { ledger } = await ledgers.open({ onDue: async () => ({ keepMs: 0 }) })
      await Promise.all([...Array(500).keys()].map((number) => ledger.create(kind, `id-${number}`, RECORD)))
      await ledger.create(kind, 'due', { ...RECORD, ttlMs: 0 })
      await ledger.close()
      const client = new PgClient({ connectionString: server.url })
      await client.connect()
      try {
        await client.query('BEGIN')
        const { rows } = await client.query(`SELECT id FROM ${schema()}.due('worker', 100, 1000) WHERE id IS NOT NULL`)
        expect(rows).toEqual(kind === 'mark' ? [] : [{ id: 'due' }])
        const read = await client.query(
          `SELECT idx_tup_fetch + seq_tup_read AS rows FROM pg_stat_xact_user_tables WHERE relid = '${schema()}.record'::regclass`,
        )
        expect(Number(read.rows[0].rows)).toBeLessThan(10)
      } finally {
        await client.end()
      }
    },
  )
})

describePostgres('records of 0.4', (server) => {
  const ledgers = useLedgers(server)
  const queueOf = (prefix: string, kind: RecordKind): string => `${encodeURIComponent(prefix)}.${kind}`

  test.each(['key', 'mark', 'run', 'owner'] as const)(
    'of the kind %s are refused in one line, those of other prefixes are not',
    async (kind) => {
      await ask(server.url, 'CREATE SCHEMA express_callbacks')
      // As BullMQ 6 makes it, as far as it matters.
      await ask(
        server.url,
        'CREATE TABLE express_callbacks.job (queue text NOT NULL, id text NOT NULL, PRIMARY KEY (queue, id))',
      )
      await ask(server.url, `INSERT INTO express_callbacks.job VALUES ($1, '.one'), ($1, '.two')`, [
        queueOf('an app', kind),
      ])
      await (await ledgers.open({}, { prefix: `another of ${kind}` })).ledger.close()
      const refused = ledgers.create({ prefix: 'an app' })
      await expect(refused.open(HANDLERS)).rejects.toMatchObject({
        code: 'ERR_STORE_UNAVAILABLE',
        message: expect.stringMatching(
          /^The store postgres:\/\/\S+ holds 2 records of express-callbacks 0\.4 .*"an app": let 0\.4 end its runs .* DROP SCHEMA express_callbacks CASCADE; or choose another prefix$/,
        ),
      })
      await ask(server.url, 'DROP SCHEMA express_callbacks CASCADE')
      await refused.open(HANDLERS)
      await refused.close()
      await ask(server.url, `DROP SCHEMA ${quoteName(schemaNameOf('an app'))} CASCADE`)
    },
  )
})
