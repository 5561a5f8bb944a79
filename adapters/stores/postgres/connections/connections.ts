import { isDoneWithin } from '../../../../lib/base/timers'
import type { Clock, Logger } from '../../../../lib/base/contracts'
import { createAway } from './away'
import { type Connection, openConnection } from './connection'
import { createClosed } from '../../server-errors'
import { createFirst } from './first'
import { createLeftBehind } from './left-behind'
import { createLending, type Lending } from './lending'
import { createSecond } from './second'
import type { PgNotification } from './library'
import type { Source } from './sources'

/** Two at most: one for good, on which messages are heard too, and one while there is more to do. */
const MAX = 2
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

/** Creates what keeps the first connection open, and opens a second one while there is more to do. */
export function createConnections(options: ConnectionsOptions): Connections {
  const { source, place, clock, logger, onBack } = options
  const all = new Set<Connection>()
  const closing = new AbortController()
  const { signal } = closing
  const leftBehind = createLeftBehind()
  const onAway = (reason: unknown): void => void (all.size === 0 && options.onAway(reason))
  const away = createAway({ place, clock, logger, onAway })
  const lending = createLending({ clock, onWanted: growMore, onIdle: (spare) => void drop(spare) })
  const onThere = (connection: Connection): void => lending.offer(connection, true)
  const first = createFirst({ clock, away, signal, connect: connectFirst, onThere, onBack })
  const connectSecond = async (): Promise<void> => lending.offer(await connect())
  const second = createSecond({ place, clock, logger, signal, connect: connectSecond })

  async function connect(): Promise<Connection> {
    const { onNotification } = options
    const connection = await openConnection({ source, clock, signal, onNotification, onLost })
    all.add(connection)
    if (!signal.aborted) return connection
    await drop(connection)
    throw createClosed()
  }

  /** Where the server has no room for another connection, a spare one becomes the first one. */
  async function connectFirst(isFull: boolean): Promise<Connection> {
    const connection = (isFull ? lending.removeSpare() : undefined) ?? (await connect())
    try {
      await leftBehind.end(connection)
      await options.prepare(connection)
      return connection
    } catch (error) {
      await drop(connection)
      throw error
    }
  }

  async function drop(connection: Connection): Promise<void> {
    all.delete(connection)
    await connection.close()
  }

  function onLost(connection: Connection, reason: unknown): void {
    all.delete(connection)
    if (lending.isKept(connection)) first.lose()
    lending.remove(connection)
    leftBehind.add(connection)
    if (signal.aborted) return
    if (first.isThere()) void lending.lend(leftBehind.end).catch(() => undefined)
    else first.reconnect(reason)
  }

  /** Opens a second connection when work waits for one. */
  function growMore(): void {
    if (!signal.aborted && first.isThere() && all.size < MAX) second.grow()
  }

  return {
    open: first.open,
    lend: lending.lend,
    isAway: away.isAway,
    async close() {
      closing.abort(createClosed())
      away.close()
      lending.close()
      await Promise.all([second.settled(), ...[...all].map(drop)])
      // A pool without a free client has none soon either.
      await isDoneWithin(clock, LEAVE_MS, source.settled())
    },
  }
}
