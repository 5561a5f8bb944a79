import { CallbackError } from '../../../../lib/base/errors'
import { createApplyFunction } from './apply'
import type { Connection } from '../connections/connection'
import { codeOf } from '../../server-errors'
import { quoteName, quoteText } from './schema-name'
import { createReadFunctions, createTables } from './tables'

/** How long one step may wait for another instance that makes the same, in milliseconds. */
const STEP_MS = 10_000
/** What PostgreSQL answers when there is no such table, or schema. */
const MISSING: ReadonlySet<string> = new Set(['42P01', '3F000'])
/** Where BullMQ kept the records of 0.4. */
const OLD_TABLE = 'express_callbacks.job'
const OLD_KINDS = ['key', 'mark', 'run', 'owner']

/** The steps from each version to the next; a step that was released is never changed. */
const STEPS: readonly ((schema: string, channel: string) => string)[] = [
  (schema, channel) =>
    [createTables(schema), createReadFunctions(schema), createApplyFunction(schema, channel)].join('\n'),
]

export interface MigrationOptions {
  /** The name of the schema. */
  readonly name: string
  readonly prefix: string
  /** The server in messages. */
  readonly place: string
}

/**
 * Makes the tables, or brings them up to this version; several instances may do so at once. Throws
 * `ERR_STORE_UNAVAILABLE` when a newer version has made them, and when version 0.4 has left records of the prefix.
 */
export async function migrate(connection: Connection, options: MigrationOptions): Promise<void> {
  const { name } = options
  const schema = quoteName(name)
  if ((await readVersion(connection, options)) === STEPS.length) return
  await refuseOldRecords(connection, options)
  await connection.query('BEGIN')
  try {
    await connection.query(`SET LOCAL lock_timeout = '${STEP_MS}ms'`)
    await connection.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [name], STEP_MS)
    // Only when there is something to do, since it takes the right to create a schema.
    const version = await readVersionInside(connection, schema)
    if (version === 0) await connection.query(`CREATE SCHEMA IF NOT EXISTS ${schema}`)
    for (const step of STEPS.slice(version)) await connection.query(step(schema, quoteText(name)), undefined, STEP_MS)
    await connection.query(`UPDATE ${schema}.state SET version = ${STEPS.length}`)
    await connection.query('COMMIT')
  } catch (error) {
    if (!connection.isLost) await connection.query('ROLLBACK').catch(() => undefined)
    throw error
  }
}

/** Returns 0 where nothing is there. */
async function readVersion(connection: Connection, { name, place }: MigrationOptions): Promise<number> {
  try {
    const [[found] = []] = await connection.query(`SELECT version FROM ${quoteName(name)}.state`)
    const version = Number(found ?? 0)
    if (version <= STEPS.length) return version
    const message = `The store ${place} was made by a newer express-callbacks (version ${version} of its tables, this one knows ${STEPS.length}); update this instance`
    throw new CallbackError('ERR_STORE_UNAVAILABLE', { message })
  } catch (error) {
    if (MISSING.has(codeOf(error))) return 0
    throw error
  }
}

/** An error would end the transaction. */
async function readVersionInside(connection: Connection, schema: string): Promise<number> {
  const [[table] = []] = await connection.query('SELECT to_regclass($1)', [`${schema}.state`])
  if (table === null) return 0
  const [[version] = []] = await connection.query(`SELECT version FROM ${schema}.state`)
  return Number(version ?? 0)
}

/** Version 0.4 kept its records as jobs of BullMQ, in a schema that all prefixes shared. */
async function refuseOldRecords(connection: Connection, { prefix, place }: MigrationOptions): Promise<void> {
  // Nor could there be any.
  if (/\p{Cs}/u.test(prefix)) return
  const queues = OLD_KINDS.map((kind) => `${encodeURIComponent(prefix)}.${kind}`)
  const [found] = await connection
    .query(`SELECT count(*), count(*) FILTER (WHERE queue = $2) FROM ${OLD_TABLE} WHERE queue = ANY($1)`, [
      queues,
      queues[2],
    ])
    .catch((error: unknown) => {
      if (connection.isLost) throw error
      return []
    })
  const [all, runs] = (found ?? []).map(Number)
  if (all === undefined || all === 0) return
  const message =
    `The store ${place} holds ${all} records of express-callbacks 0.4 (${runs} of them runs) for the prefix ${JSON.stringify(prefix)}: ` +
    `let 0.4 end its runs without taking new ones, stop it, and then DROP SCHEMA express_callbacks CASCADE; or choose another prefix`
  throw new CallbackError('ERR_STORE_UNAVAILABLE', { message })
}
