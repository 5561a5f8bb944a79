import { elapsedOf, isDoneWithin, sleep } from '../../../../lib/base/timers'
import type { Clock, Logger } from '../../../../lib/base/contracts'
import { createAway } from './away'
import { type Connection, openConnection, type ServerProcess } from './connection'
import { createClosed } from '../../server-errors'
import { createUnavailable, isCrowded } from '../errors'
import { createLending, type Lending } from './lending'
import type { PgNotification } from './library'
import type { Source } from './sources'

/** Two at most: one for good, on which messages are heard too, and one while there is more to do. */
const MAX = 2
/** For how long no second connection is tried after the server or the pool had none, in milliseconds. */
const SCARCE_MS = 15_000
const RETRY_MS = [100, 250, 500, 1_000] as const
const LONGEST_RETRY_MS = 1_000
/** How long `close` waits for a client of the app's pool that was being connected, to give it back, in milliseconds. */
const LEAVE_MS = 500

export interface ConnectionsOptions {
  readonly source: Source
  /** The server in messages: its url without a password. */
  readonly place: string
  readonly clock: Clock
  readonly logger: Logger
  /** Prepares the first connection of all, and each that takes its place. */
  prepare(connection: Connection): Promise<void>
  onNotification(notification: PgNotification): void
  /** Called again and again while the server is away, with what is wrong. */
  onAway(reason: unknown): void
  /** Called when there is another first connection: messages may have got lost. */
  onBack(): void
}

/** The few connections of a process to its server. */
export interface Connections {
  /** Connects; rejects with what is wrong. */
  open(): Promise<void>
  /**
   * Lends a connection to work that holds no other one. Waits for one as long as it takes. Rejects as the work does,
   * and with `ERR_CLOSED` after `close`.
   */
  readonly lend: Lending['lend']
  /** Whether there has been no connection for a while. */
  isAway(): boolean
  /** Closes all of them. */
  close(): Promise<void>
}

/**
 * Ends what is left on the server of a connection that did not answer: it may hold records, and one of few connections.
 */
const TERMINATE = `SELECT pg_terminate_backend(a.pid) FROM pg_stat_get_activity($1::integer) a WHERE a.backend_start::text = $2`

/** Creates what keeps the first connection open, and opens a second one while there is more to do. */
export function createConnections(options: ConnectionsOptions): Connections {
  const { source, place, clock, logger } = options
  const all = new Set<Connection>()
  const closing = new AbortController()
  const { signal } = closing
  const leftBehind: ServerProcess[] = []
  const onAway = (reason: unknown): void => void (all.size === 0 && options.onAway(reason))
  const away = createAway({ place, clock, logger, onAway })
  const lending = createLending({ clock, onWanted: growMore, onIdle: (spare) => void drop(spare) })
  let hasFirst = false
  let growing: Promise<void> | undefined
  /** Whether a first one is being connected already. */
  let isConnecting = true
  let scarceUntil = -Infinity

  const elapsed = elapsedOf(clock)

  async function connect(): Promise<Connection> {
    const { onNotification } = options
    const connection = await openConnection({ source, clock, signal, onNotification, onLost })
    all.add(connection)
    if (!signal.aborted) return connection
    await drop(connection)
    throw createClosed()
  }

  /** Connects the one that is kept; where the server has no room for another one, a spare one becomes it. */
  async function connectFirst(isFull: boolean): Promise<void> {
    const connection = (isFull ? lending.removeSpare() : undefined) ?? (await connect())
    try {
      await endLeftBehind(connection)
      await options.prepare(connection)
    } catch (error) {
      await drop(connection)
      throw error
    }
    hasFirst = true
    lending.offer(connection, true)
  }

  async function endLeftBehind(connection: Connection): Promise<void> {
    for (const { pid, startedAt } of leftBehind.splice(0))
      await connection.query(TERMINATE, [pid, startedAt]).catch(() => undefined)
  }

  async function drop(connection: Connection): Promise<void> {
    all.delete(connection)
    await connection.close()
  }

  function onLost(connection: Connection, reason: unknown): void {
    all.delete(connection)
    if (lending.isKept(connection)) hasFirst = false
    lending.remove(connection)
    if (connection.process !== undefined) leftBehind.push(connection.process)
    if (signal.aborted) return
    if (hasFirst) void lending.lend(endLeftBehind).catch(() => undefined)
    else if (!isConnecting) void reconnect(reason)
  }

  async function reconnect(cause: unknown): Promise<void> {
    isConnecting = true
    away.missing(cause)
    const goOn = (error: unknown): boolean => {
      away.missing(error)
      return true
    }
    await connectUntilThere(goOn, cause).catch(() => undefined)
    isConnecting = false
    if (signal.aborted) return
    away.found()
    options.onBack()
  }

  /** Tries again as long as the error makes that useful. */
  async function connectUntilThere(
    isUseful: (error: unknown, attempt: number) => boolean,
    cause?: unknown,
  ): Promise<void> {
    let reason = cause
    for (let attempt = 0; !hasFirst && !signal.aborted; attempt++) {
      try {
        await connectFirst(isCrowded(reason))
      } catch (error) {
        reason = error
        if (signal.aborted || !isUseful(error, attempt)) throw error
        await sleep(clock, RETRY_MS[attempt] ?? LONGEST_RETRY_MS, signal).catch(() => undefined)
      }
    }
  }

  /** Opens a second connection when work waits for one. Where the server has none, the first one serves all work. */
  function growMore(): void {
    if (growing || signal.aborted || !hasFirst || all.size >= MAX || elapsed() < scarceUntil) return
    growing = grow().finally(() => (growing = undefined))
  }

  async function grow(): Promise<void> {
    try {
      lending.offer(await connect())
    } catch (error) {
      scarceUntil = elapsed() + SCARCE_MS
      const details = { error: createUnavailable(place, error).message }
      if (!signal.aborted) logger.debug(details, `The store ${place} gives no second connection`)
    }
  }

  return {
    async open() {
      await connectUntilThere((error, attempt) => isCrowded(error) && attempt < RETRY_MS.length)
      isConnecting = false
    },
    lend: lending.lend,
    isAway: away.isAway,
    async close() {
      closing.abort(createClosed())
      away.close()
      lending.close()
      await Promise.all([growing, ...[...all].map(drop)])
      // A pool without a free client has none soon either.
      await isDoneWithin(clock, LEAVE_MS, source.settled())
    },
  }
}
