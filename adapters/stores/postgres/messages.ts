import { elapsedOf, isDoneWithin, startTimer } from '../../../lib/base/timers'
import type { Clock } from '../../../lib/base/contracts'
import { type Connection, openConnection } from './connections/connection'
import type { Connections } from './connections/connections'
import type { PgNotification } from './connections/library'
import { WAKE } from './operations'
import { quoteName } from './tables/schema-name'
import type { Source } from './connections/sources'

/** How long a message that tries whether listening works may take, in milliseconds. */
const PROBE_MS = 500
/** How often to ask for messages where nobody can listen: soon after one, and later on. */
const BUSY_MS = 50
const QUIET_MS = 500
const BUSY_FOR_MS = 5_000
/** Begins a payload that only names its message, and one that only tries whether listening works. */
const REFERENCE = '#'
const PROBE = '?'

export interface MessagesOptions {
  readonly connections: Connections
  readonly source: Source
  readonly clock: Clock
  readonly channel: string
  /** The schema, quoted. */
  readonly schema: string
  onMessage(message: unknown): void
  /** Called when another process has made a record due. */
  onWake(): void
}

/** What other processes say. */
export interface Messages {
  /** Begins to listen on a connection, or to ask for messages where a pooler stands in between. */
  listen(connection: Connection): Promise<void>
  onNotification(notification: PgNotification): void
  /** Something was published here. */
  expect(): void
  close(): void
}

/** Creates what hears messages by LISTEN, and by asking again and again where a pooler allows no LISTEN. */
export function createMessages(options: MessagesOptions): Messages {
  const { connections, source, clock, channel, schema, onMessage, onWake } = options
  const closing = new AbortController()
  /** Resolved by the notification that tries whether listening works. */
  let onProbe: ((payload: string) => void) | undefined
  let fetching: Promise<void> | undefined
  let isPolling = false
  /** Where to go on, and what was there before, since messages do not appear in the order of their numbers. */
  let since = ''
  let seen: ReadonlySet<unknown> = new Set()
  let busyUntil = -Infinity
  let stop = (): void => undefined

  const elapsed = elapsedOf(clock)

  async function listen(connection: Connection): Promise<void> {
    await connection.query(`LISTEN ${quoteName(channel)}`)
    const isHeard = connection.isDirect || (await isProbeHeard())
    if (isHeard) return stopPolling()
    await connection.query('UNLISTEN *')
    if (isPolling) return
    await poll(connection)
    isPolling = true
    pollLater()
  }

  /** Behind a pooler a connection may have another server process for each transaction; then it hears nothing. */
  async function isProbeHeard(): Promise<boolean> {
    const payload = `${PROBE}${Math.random()}`
    const heard = new Promise<void>((resolve) => {
      onProbe = (found) => found === payload && resolve()
    })
    const other = { source, clock, signal: closing.signal, onNotification: () => undefined, onLost: () => undefined }
    try {
      const sender = await openConnection(other, PROBE_MS)
      await sender.query('SELECT pg_notify($1, $2)', [channel, payload])
      await sender.close()
      return await isDoneWithin(clock, PROBE_MS, heard)
    } catch {
      return false
    } finally {
      onProbe = undefined
    }
  }

  function stopPolling(): void {
    isPolling = false
    stop()
  }

  function pollLater(): void {
    stop()
    if (!isPolling || closing.signal.aborted) return
    stop = startTimer(clock, elapsed() < busyUntil ? BUSY_MS : QUIET_MS, () => {
      void connections
        .lend(poll)
        .catch(() => undefined)
        .then(pollLater)
    })
  }

  async function poll(connection: Connection): Promise<void> {
    const rows = await connection.query(`SELECT id, body, upto FROM ${schema}.poll($1)`, [since])
    const isFirst = since === ''
    const before = seen
    const messages = rows.filter(([id]) => id !== null)
    since = String(rows.at(-1)?.[2])
    seen = new Set(messages.map(([id]) => id))
    for (const [id, body] of messages) if (!isFirst && !before.has(id)) hear(String(body))
  }

  function hear(text: string): void {
    if (text === WAKE) return onWake()
    busyUntil = elapsed() + BUSY_FOR_MS
    for (const message of JSON.parse(text) as readonly unknown[]) onMessage(message)
  }

  /** Those that come while a long one is fetched wait for it. */
  function inTurn(work: () => Promise<void>): void {
    const turn = takeTurn(fetching, work)
    fetching = turn
    void forget(turn)
  }

  async function forget(turn: Promise<void>): Promise<void> {
    await turn
    if (fetching === turn) fetching = undefined
  }

  async function fetch(id: string): Promise<void> {
    const text = `SELECT body FROM ${schema}.message WHERE id = $1`
    const [[body] = []] = await connections.lend((connection) => connection.query(text, [id]))
    if (body !== undefined) hear(String(body))
  }

  return {
    listen,
    onNotification({ channel: heard, payload = '' }) {
      if (heard !== channel || isPolling) return
      if (payload.startsWith(PROBE)) onProbe?.(payload)
      else if (payload.startsWith(REFERENCE)) inTurn(() => fetch(payload.slice(REFERENCE.length)))
      else if (fetching !== undefined) inTurn(async () => hear(payload))
      else hear(payload)
    },
    expect() {
      const wasQuiet = elapsed() >= busyUntil
      busyUntil = elapsed() + BUSY_FOR_MS
      if (wasQuiet) pollLater()
    },
    close() {
      closing.abort()
      stopPolling()
    },
  }
}

/** Does the work after that of another turn; a message that cannot be fetched is lost. */
async function takeTurn(before: Promise<void> | undefined, work: () => Promise<void>): Promise<void> {
  await before
  await work().catch(() => undefined)
}
