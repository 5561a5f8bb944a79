import { beforeDeadline, startLimit, untilAborted } from '../../../../lib/base/timers'
import type { Clock } from '../../../../lib/base/contracts'
import { isLost } from '../errors'
import type { PgNotification } from './library'
import type { Link, Source } from './sources'

/** How long connecting may take, and a statement from when it is sent, in milliseconds. */
const CONNECT_MS = 4_000
const QUERY_MS = 2_000
const END_MS = 500

/** A row, as the list of its columns. */
export type Row = readonly unknown[]

/** One connection to the server, for one statement at a time. */
export interface Connection {
  readonly isLost: boolean
  /** Whether nothing stands between here and the process of the server. */
  readonly isDirect: boolean
  /** The process of the server, which is ended when it does not answer; undefined behind a pooler. */
  readonly process: ServerProcess | undefined
  /** Rejects as the server does, and when there is no answer within two seconds, or `limitMs`: the connection is lost then. */
  query(text: string, values?: readonly unknown[], limitMs?: number): Promise<readonly Row[]>
  /** Ends it, or gives it back to the pool of the app. */
  close(): Promise<void>
}

/** A process of the server; the time tells it from a later one of the same number. */
export interface ServerProcess {
  readonly pid: number
  readonly startedAt: string
}

export interface ConnectionOptions {
  readonly source: Source
  readonly clock: Clock
  /** Aborts when no connection is wanted any more. */
  readonly signal: AbortSignal
  onNotification(notification: PgNotification): void
  /** Called once, when it is lost without having been closed. */
  onLost(connection: Connection, reason: unknown): void
}

const WHO = `SELECT a.pid, a.backend_start::text, current_setting('server_version_num')::integer,
  current_setting('transaction_read_only') FROM pg_stat_get_activity(pg_backend_pid()) a`

/**
 * The settings of a connection without a pooler. The server ends the connection within half a minute when the host of its
 * client is gone, and within seconds when the client has closed it. Until then it holds one of few connections, and may
 * hold records.
 */
const SETTINGS = `SELECT set_config(name, value, false) FROM (VALUES ('tcp_keepalives_idle', '15'), ('tcp_keepalives_interval', '5'),
  ('tcp_keepalives_count', '3'), ('client_connection_check_interval', '2s')) AS wanted (name, value)
  WHERE EXISTS (SELECT FROM pg_settings s WHERE s.name = wanted.name)`

/** Connects. Rejects after four seconds, or `limitMs`, and when the signal aborts; it leaves no connection behind then. */
export async function openConnection(options: ConnectionOptions, limitMs = CONNECT_MS): Promise<Connection> {
  const { source, clock, signal } = options
  const connecting = source.connect()
  const link = await within(clock, limitMs, untilAborted(connecting.link, signal), 'no connection').catch(
    (error: unknown) => {
      connecting.abandon()
      throw error
    },
  )
  const connection = wrap(link, options)
  try {
    const [[pid, startedAt, version, readOnly] = []] = await connection.query(WHO)
    if (Number(version) < 130_000) throw new Error('PostgreSQL 13 or newer is needed')
    if (readOnly === 'on') throw Object.assign(new Error('transactions are read-only'), { code: '25006' })
    const isDirect = Number(pid) === link.client.processID
    if (!isDirect) return connection
    // An old server, or one on another system, does not know some of them.
    await connection.query(SETTINGS).catch(() => undefined)
    return Object.assign(connection, { isDirect, process: { pid: Number(pid), startedAt: String(startedAt) } })
  } catch (error) {
    await connection.close()
    throw error
  }
}

function wrap(link: Link, { clock, onNotification, onLost }: ConnectionOptions): Connection & { isLost: boolean } {
  const { client } = link
  let isOver = false

  function lose(reason: unknown): void {
    if (isOver) return
    isOver = true
    connection.isLost = true
    forget()
    link.destroy()
    onLost(connection, reason)
  }

  const lostByItself = (error?: unknown): void => lose(error || new Error('The connection was closed'))
  const heard = (notification: unknown): void => onNotification(notification as PgNotification)
  client.on('error', lostByItself)
  client.on('end', lostByItself)
  client.on('notification', heard)

  /** The client may still emit an error later; the listener of its source ignores it. */
  function forget(): void {
    for (const event of ['error', 'end']) client.removeListener(event, lostByItself)
    client.removeListener('notification', heard)
  }

  const connection = {
    isLost: false,
    isDirect: false,
    process: undefined,
    async query(text: string, values: readonly unknown[] = [], limitMs = QUERY_MS) {
      try {
        const answer = client.query({ text, values, rowMode: 'array' })
        return (await within(clock, limitMs, answer, 'no answer')).rows
      } catch (error) {
        if (isLost(error)) lose(error)
        throw error
      }
    },
    async close() {
      if (isOver) return
      isOver = true
      connection.isLost = true
      forget()
      await within(clock, END_MS, link.end(), 'no end').catch(() => link.destroy())
    },
  }
  return connection
}

/** Rejects when it takes too long, by an error that says what is missing. */
function within<T>(clock: Clock, limitMs: number, work: Promise<T>, missing: string): Promise<T> {
  const late = (): Error => new Error(`${missing} within ${limitMs} ms`)
  return beforeDeadline(work, (_resolve, reject) => startLimit(clock, limitMs, () => reject(late())))
}
