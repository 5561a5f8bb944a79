import { describe, expect, test } from '@jest/globals'
import { createPostgresLedger } from '../../../adapters/stores/postgres/ledger'
import { describeLedger } from '../../helpers/ledger-contract'
import { usePgbouncer, withoutPgbouncer } from '../../helpers/use-pgbouncer'
import { type TestPostgres, usePostgres, withoutPostgres } from '../../helpers/use-postgres'
import { createLog, REAL_CLOCK, until } from '../use-shared-ledgers'
import { ask, HANDLERS, RECORD, useLedgers } from './use-ledgers'

const missing = withoutPostgres ?? withoutPgbouncer

function describeBehind(title: string, tests: (server: TestPostgres) => void): void {
  if (missing === undefined) describe(title, () => tests(usePostgres()))
  else describe.skip(`${title} (skipped: ${missing})`, () => tests(usePostgres()))
}

describeBehind('PostgreSQL behind PgBouncer in transaction mode, the contract', (server) => {
  const bouncer = usePgbouncer(server)
  let places = 0
  describeLedger('behind PgBouncer', {
    isShared: true,
    soonMs: 300,
    async createPlace() {
      const prefix = `place-${places++}`
      return {
        createLedger() {
          const { logger } = createLog()
          return createPostgresLedger({ url: bouncer.url, prefix, clock: REAL_CLOCK, logger })
        },
        tick: () => new Promise((resolve) => setTimeout(resolve, 20).unref()),
        remove: async () => undefined,
      }
    },
  })
})

const numbers = (count: number): readonly number[] => [...Array(count).keys()]

describeBehind('messages behind PgBouncer', (server) => {
  describe.each(['transaction', 'session', 'statement'])('in %s mode', (mode) => {
    const bouncer = usePgbouncer(server, mode, 4)
    const ledgers = useLedgers(bouncer)

    if (mode === 'statement')
      test('tables cannot be made, and open says why', async () => {
        await expect(ledgers.create({ prefix: 'new' }).open(HANDLERS)).rejects.toMatchObject({
          code: 'ERR_STORE_UNAVAILABLE',
          message: expect.stringContaining('transaction blocks not allowed'),
        })
        await (await ledgers.open({}, { url: server.url })).ledger.close()
        await (await ledgers.open()).ledger.close()
      })

    test('come in the order of each sender, to those who listen without it too, and long ones among them', async () => {
      await (await ledgers.open({}, { url: server.url })).ledger.close()
      const behind = [await ledgers.open(), await ledgers.open()]
      const direct = await ledgers.open({}, { url: server.url })
      const all = [...behind, direct]
      const sent: Promise<void>[] = []
      for (const number of numbers(60)) {
        const text = 'x'.repeat(number % 20 === 0 ? 9_000 : 1)
        sent.push(...all.map(({ ledger }, from) => ledger.publish({ from, number, text })))
        await new Promise((resolve) => setTimeout(resolve, 5).unref())
      }
      await Promise.all(sent)
      for (const { messages } of all) {
        await until(() => messages.length >= 180)
        for (const from of [0, 1, 2])
          expect(
            messages.flatMap((message) =>
              (message as { from: number }).from === from ? [(message as { number: number }).number] : [],
            ),
          ).toEqual(numbers(60))
      }
    })
  })
})

describeBehind('a PostgreSQL that is started again behind PgBouncer', (server) => {
  const bouncer = usePgbouncer(server)
  const ledgers = useLedgers(bouncer)

  test('is noticed, though no connection need be lost', async () => {
    const { ledger, backs, messages } = await ledgers.open()
    await ledger.append('key', 'one', 'before', { orCreate: RECORD })
    await server.stop()
    await server.start()
    await until(() => backs() > 0)
    await until(() =>
      ledger.append('key', 'one', 'after').then(
        () => true,
        () => false,
      ),
    )
    expect((await ledger.read('key', 'one'))?.log).toEqual(['before', 'after'])
    await ledger.publish('after')
    await until(() => messages.includes('after'))
  })

  test('one that is ended and begins again, too', async () => {
    const { ledger, backs } = await ledgers.open()
    await bouncer.stop()
    await expect(ledger.append('key', 'one', 'lost')).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
    await bouncer.start()
    await until(() => backs() > 0)
    expect(await ledger.append('key', 'one', 'after', { orCreate: RECORD })).toBe(1)
  })

  test('leaves no settings of ours in the connections of others', async () => {
    await ledgers.open()
    const found = await ask(
      bouncer.url,
      `SELECT setting FROM pg_settings WHERE name IN ('lock_timeout', 'jit', 'client_connection_check_interval')
        ORDER BY name`,
    )
    expect(found).toEqual([['0'], ['on'], ['0']])
  })
})
