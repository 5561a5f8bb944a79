import { afterEach, describe } from '@jest/globals'
import { Client } from 'pg'
import { createPostgresLedger, type PostgresLedgerOptions } from '../../../adapters/stores/postgres/ledger'
import type { Ledger, LedgerHandlers } from '../../../lib/base/contracts'
import { type TestPostgres, usePostgres, withoutPostgres } from '../../helpers/use-postgres'
import { createLog, REAL_CLOCK } from '../use-shared-ledgers'

export const HOUR = 60 * 60_000
export const RECORD = { data: 'data', ttlMs: HOUR }
export const HANDLERS: LedgerHandlers = {
  onDue: async () => ({ remove: true }),
  onMessage: () => undefined,
  onBack: () => undefined,
}

/** Describes what holds on a real PostgreSQL, which runs meanwhile. */
export function describePostgres(title: string, tests: (server: TestPostgres) => void): void {
  if (withoutPostgres === undefined) describe(title, () => tests(usePostgres()))
  else describe.skip(`${title} (skipped: ${withoutPostgres})`, () => tests(usePostgres()))
}

/** A ledger that is open, and what it told. */
export interface Watched {
  readonly ledger: Ledger
  readonly messages: readonly unknown[]
  readonly due: readonly string[]
  readonly lines: readonly string[]
  backs(): number
}

/** Gives ledgers on one server, which are closed after each test; those of one test share their records. */
export function useLedgers(server: { readonly url: string }) {
  const ledgers: Ledger[] = []
  let prefixes = 0
  afterEach(async () => {
    await Promise.all(ledgers.splice(0).map((ledger) => ledger.close()))
    prefixes++
  })
  const prefix = (): string => `test ${prefixes}`

  function create(options: Partial<PostgresLedgerOptions> = {}): Ledger {
    const { logger } = createLog()
    const ledger = createPostgresLedger({ url: server.url, prefix: prefix(), clock: REAL_CLOCK, logger, ...options })
    ledgers.push(ledger)
    return ledger
  }

  async function open(
    handlers: Partial<LedgerHandlers> = {},
    options: Partial<PostgresLedgerOptions> = {},
  ): Promise<Watched> {
    const messages: unknown[] = []
    const due: string[] = []
    const { logger, lines } = createLog()
    let backs = 0
    const ledger = create({ logger, ...options })
    await ledger.open({
      async onDue(kind, id) {
        due.push(`${kind}/${id}`)
        return handlers.onDue?.(kind, id) ?? { remove: true }
      },
      onMessage: (message) => void messages.push(message),
      onBack() {
        backs++
        handlers.onBack?.()
      },
    })
    return { ledger, messages, due, lines, backs: () => backs }
  }
  return { prefix, create, open }
}

/** Asks the server for rows, as the user who may do everything. */
export async function ask(url: string, text: string, values: readonly unknown[] = []): Promise<readonly unknown[][]> {
  const client = new Client({ connectionString: url, application_name: 'test' })
  await client.connect()
  try {
    return (await client.query({ text, values: [...values], rowMode: 'array' })).rows
  } finally {
    await client.end()
  }
}

/** The server processes of the ledgers of this test. */
export async function findProcesses(url: string): Promise<readonly number[]> {
  const rows = await ask(
    url,
    `SELECT pid FROM pg_stat_activity WHERE application_name = 'express-callbacks' ORDER BY backend_start`,
  )
  return rows.map(([pid]) => Number(pid))
}
