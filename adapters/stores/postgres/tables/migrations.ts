import { CallbackError } from '../../../../lib/base/errors'
import { createApplyFunction } from './apply'
import type { Connection } from '../connections/connection'
import { codeOf } from '../../server-errors'
import { quoteName, quoteText } from './schema-name'
import { createReadFunctions } from './reads'
import { createTables } from './tables'

/** How long one step may wait for another instance that makes the same, in milliseconds. */
const STEP_MS = 10_000
/** What PostgreSQL answers when there is no such table, or schema. */
const MISSING: ReadonlySet<string> = new Set(['42P01', '3F000'])
/** What PostgreSQL answers when the user may not do that. */
const NOT_ALLOWED = '42501'
/** Where BullMQ kept the records of 0.4. */
const OLD_TABLE = 'express_callbacks.job'
const OLD_KINDS = ['key', 'mark', 'run', 'owner']

/** The steps from each version of the tables to the next; a step that was released is never changed. */
const STEPS: readonly ((schema: string) => string)[] = [createTables]
/**
 * The version of the functions, which is raised when one of them changes: they are all replaced then. Their parameters
 * and columns stay as they are, so that instances with an older version go on beside newer ones.
 */
const FUNCTIONS_VERSION = 3

export interface MigrationOptions {
  /** The name of the schema. */
  readonly name: string
  readonly prefix: string
  /** The server in messages. */
  readonly place: string
}

/** What was made already; 0 where nothing is there. */
interface Versions {
  readonly tables: number
  readonly functions: number
}

const NOTHING: Versions = { tables: 0, functions: 0 }

/**
 * Makes the tables and functions, or brings them up to this version; several instances may do so at once. Throws
 * `ERR_STORE_UNAVAILABLE` when a newer version has made the tables, and when version 0.4 has left records of the prefix.
 */
export async function migrate(connection: Connection, options: MigrationOptions): Promise<void> {
  const { name } = options
  const schema = quoteName(name)
  const found = await findVersions(connection, options)
  if (found.tables === STEPS.length && found.functions >= FUNCTIONS_VERSION) return
  if (found.tables === 0) await refuseOldRecords(connection, options)
  await connection.query('BEGIN')
  try {
    await connection.query(`SET LOCAL lock_timeout = '${STEP_MS}ms'`)
    await connection.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [name], STEP_MS)
    const [[table] = []] = await connection.query('SELECT to_regclass($1)', [`${schema}.state`])
    const versions = table === null ? NOTHING : await readVersions(connection, schema)
    // Only when there is something to do, since it takes the right to create a schema.
    if (versions.tables === 0) await connection.query(`CREATE SCHEMA IF NOT EXISTS ${schema}`)
    for (const step of STEPS.slice(versions.tables)) await connection.query(step(schema), undefined, STEP_MS)
    if (versions.functions < FUNCTIONS_VERSION) await replaceFunctions(connection, schema, name)
    await connection.query(`UPDATE ${schema}.state SET version = ${STEPS.length}`)
    await connection.query('COMMIT')
  } catch (error) {
    if (!connection.isLost) await connection.query('ROLLBACK').catch(() => undefined)
    // The older functions do until an instance comes whose user owns them.
    if (found.tables < STEPS.length || codeOf(error) !== NOT_ALLOWED) throw error
  }
}

async function replaceFunctions(connection: Connection, schema: string, name: string): Promise<void> {
  const functions = [createReadFunctions(schema), createApplyFunction(schema, quoteText(name))].join('\n')
  await connection.query(functions, undefined, STEP_MS)
  await connection.query(`ALTER TABLE ${schema}.state ADD COLUMN IF NOT EXISTS functions integer`, undefined, STEP_MS)
  await connection.query(`UPDATE ${schema}.state SET functions = ${FUNCTIONS_VERSION}`)
}

/** Throws when the tables are newer than this version. */
async function findVersions(connection: Connection, { name, place }: MigrationOptions): Promise<Versions> {
  try {
    const versions = await readVersions(connection, quoteName(name))
    if (versions.tables <= STEPS.length) return versions
    const message = `The store ${place} was made by a newer express-callbacks (version ${versions.tables} of its tables, this one knows ${STEPS.length}); update this instance`
    throw new CallbackError('ERR_STORE_UNAVAILABLE', { message })
  } catch (error) {
    if (MISSING.has(codeOf(error))) return NOTHING
    throw error
  }
}

/** Version 0.6 has no column for the version of its functions. */
async function readVersions(connection: Connection, schema: string): Promise<Versions> {
  const [[tables, functions] = []] = await connection.query(
    `SELECT version, to_jsonb(s) ->> 'functions' FROM ${schema}.state s`,
  )
  return { tables: Number(tables ?? 0), functions: Number(functions ?? 1) }
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
