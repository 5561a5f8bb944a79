import { type Engine, type EngineOptions, limitWait, MESSAGES } from './bullmq-engine'
import { createUnavailable } from './bullmq-errors'
import type { BackendFactory, BullmqLibrary, PostgresConnection, PostgresListener } from './bullmq-library'

/** BullMQ's tables, kept apart from those of an app that uses BullMQ for itself. */
const SCHEMA = 'express_callbacks'
const CONNECT_MS = 3_000
const QUERY_MS = 10_000
const POOL_SIZE = 10
/** BullMQ would wait for up to an hour, and count on being woken. */
const DUE_S = 30

/**
 * The ids of events do not always appear in their order: whoever reads up to one would miss another that is still on its
 * way. So they take turns. BullMQ's own statement, one turn long.
 */
const PUBLISH = `SELECT publish_event($1, 'message', $2::jsonb) AS id
  FROM (SELECT pg_advisory_xact_lock(hashtext('express_callbacks:' || $1)) OFFSET 0) AS turn`

/** Connects to a PostgreSQL, and makes BullMQ's tables in it. Rejects with `ERR_STORE_UNAVAILABLE`, leaving no connection. */
export async function openPostgres({ bullmq, url, prefix, onError }: EngineOptions): Promise<Engine> {
  const nameOf = (queue: string): string => `${encodeURIComponent(prefix)}.${queue}`
  const connection = new bullmq.PostgresConnection({
    ...splitOptions(url),
    schema: SCHEMA,
    max: POOL_SIZE,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: QUERY_MS,
    keepAlive: true,
  })
  connection.on('error', onError)
  const listen = connection.getListenClient.bind(connection)
  connection.getListenClient = async () => queryOneByOne(await listen())
  try {
    await migrate(bullmq, connection)
    await connection.waitUntilReady()
  } catch (error) {
    await connection.close()
    throw createUnavailable(url, error)
  }

  /** All queues share the connections, rather than having a pool each. */
  const backend: BackendFactory = (name, options) =>
    limitWait(new bullmq.PostgresQueueBackend(connection, name, options), DUE_S)

  return {
    bullmq,
    backend,
    queues: { connection: {} },
    workers: { connection: {} },
    // The rest of the pool is for those who look for what is due, and for looking whether it is there.
    maxRunning: POOL_SIZE - 4,
    dueS: DUE_S,
    // A message that comes just before somebody waits for it wakes nobody.
    messageMs: 1_000,
    nameOf,
    async publish(text) {
      const { rows } = await connection.pool.query(PUBLISH, [nameOf(MESSAGES), JSON.stringify({ text })])
      return idOf(rows[0])
    },
    probe: () => connection.pool.query('SELECT 1'),
    close: () => connection.close(),
  }
}

/** Only when there is something to do, since it takes the right to create a schema. */
async function migrate(bullmq: BullmqLibrary, connection: PostgresConnection): Promise<void> {
  const client = await connection.pool.connect()
  let isGood = false
  try {
    const version = await bullmq.assertSchemaCompatibility(client, SCHEMA).catch((error: unknown) => {
      if (error instanceof bullmq.SchemaMigrationRequiredError) return 0
      throw error
    })
    if (version < bullmq.LATEST_SCHEMA_VERSION) await bullmq.runMigrations(client, SCHEMA)
    isGood = true
  } finally {
    client.release(!isGood)
  }
}

/** One client listens for all queues, and pg is about to refuse a query while there is another one. */
function queryOneByOne(client: PostgresListener): PostgresListener {
  if (Object.hasOwn(client, 'query')) return client
  const query = client.query.bind(client)
  let last: Promise<unknown> = Promise.resolve()
  client.query = (...args) => {
    const next = last.then(() => query(...args))
    last = next.catch(() => undefined)
    return next
  }
  return client
}

/** BullMQ adds the schema to the options of a config, but those of a url would win. */
function splitOptions(url: string): object {
  const [, found] = /[?&]options=([^&#]*)/.exec(url) ?? []
  if (found === undefined) return { connectionString: url }
  const connectionString = url.replace(/([?&])options=[^&#]*&?/, '$1')
  return { connectionString, options: decodeURIComponent(found.replaceAll('+', ' ')) }
}

function idOf(row: unknown): string {
  if (typeof row !== 'object' || row === null || !('id' in row)) throw new Error('The event got no id')
  return String(row.id)
}
