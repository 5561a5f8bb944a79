import type { PostgresPool } from '../../../lib/base/given-clients'
import type { Clock, LedgerHandlers, LedgerRecord, ListedIds, Logger, RecordKind } from '../../../lib/base/contracts'
import type { Connection } from './connections/connection'
import { type Connections, createConnections } from './connections/connections'
import { createDue, type Due } from './due/due'
import { createUnavailable } from './errors'
import { createLane, type Lane, type LaneParts } from './connections/lane'
import { loadPg, type PgLibrary } from './connections/library'
import { createMessages, type Messages } from './messages/messages'
import { migrate } from './tables/migrations'
import type { Operation } from './operations'
import { createReads, type RecordName } from './reads'
import { quoteName, schemaNameOf } from './tables/schema-name'
import { createOwnSource, createPoolSource } from './connections/sources'
import { createWrites } from './writes'

export interface SessionOptions {
  readonly url: string
  readonly prefix: string
  readonly clock: Clock
  readonly logger: Logger
  readonly pool?: PostgresPool | undefined
  readonly load?: (() => PgLibrary) | undefined
  /** The server in messages. */
  readonly place: string
  readonly worker: string
}

export interface ListQuery {
  readonly kind: RecordKind
  readonly group: string | undefined
  readonly after: string | undefined
  readonly limit: number
}

/** A server and everything that is open on it. */
export interface Session {
  readonly connections: Connections
  readonly writes: Lane<Operation, number>
  readonly reads: Lane<RecordName, LedgerRecord | undefined>
  readonly messages: Messages
  readonly due: Due
  readonly lists: Lane<ListQuery, ListedIds>
}

/** Opens everything but the search for due records. Leaves nothing open when it rejects. */
export async function openSession(options: SessionOptions, handlers: LedgerHandlers): Promise<Session> {
  const { url, prefix, clock, logger, pool, place, worker } = options
  const name = schemaNameOf(prefix)
  const schema = quoteName(name)
  const source = pool === undefined ? createOwnSource(loadPg(options.load), url) : createPoolSource(pool)
  let isWarned = false

  async function check(connection: Connection): Promise<void> {
    const text = `SELECT pg_postmaster_start_time()::text, current_setting('synchronous_commit')`
    const [[startedAt, setting] = []] = await connection.query(text)
    due.connected(startedAt)
    const message = `The store ${place} forgets the last moments when it crashes; set its synchronous_commit to on`
    if (setting === 'off' && !isWarned) logger.warn({}, message)
    isWarned = true
  }

  const connections = createConnections({
    source,
    place,
    clock,
    logger,
    async prepare(connection) {
      await migrate(connection, { name, prefix, place })
      await messages.listen(connection)
      await check(connection)
    },
    onNotification: (notification) => messages.onNotification(notification),
    onAway(reason) {
      for (const lane of [writes, reads, lists]) lane.expire(reason)
    },
    onBack: () => handlers.onBack(),
  })
  const parts = { connections, clock, place, schema, worker }
  const onMessage = (message: unknown): void => handlers.onMessage(message)
  const messages = createMessages({
    connections,
    source,
    clock,
    channel: name,
    schema,
    onMessage,
    onWake: () => due.expect(0),
  })
  const writes = createWrites(parts)
  const reads = createReads(parts)
  const lists = createLists(parts)
  const due = createDue({ ...parts, writes, handlers, logger, onRestart: () => handlers.onBack() })
  try {
    await connections.open()
  } catch (error) {
    messages.close()
    await connections.close()
    throw createUnavailable(place, error)
  }
  return { connections, writes, reads, messages, due, lists }
}

/** Creates the lane of lists. Ids are in order, so that a page begins where the page before has ended. */
function createLists({ schema, ...parts }: LaneParts & { readonly schema: string }): Lane<ListQuery, ListedIds> {
  const find = (condition: string): string => `SELECT id FROM ${schema}.record
    WHERE kind = $1 AND id > $2 AND (kind <> 'mark' OR due_at > clock_timestamp()) ${condition} ORDER BY id LIMIT $3`
  return createLane<ListQuery, ListedIds>({
    ...parts,
    maxItems: 1,
    async send(connection, [query]) {
      if (query === undefined) return []
      const { kind, group, after = '', limit } = query
      const text = find(group === undefined ? '' : 'AND "group" = $4')
      const inGroup = group === undefined ? [] : [group]
      const rows = await connection.query(text, [kind, after, limit + 1, ...inGroup])
      const ids = rows.slice(0, limit).map(([id]) => String(id))
      return [{ value: { ids, after: rows.length > limit ? ids.at(-1) : undefined } }]
    },
  })
}
