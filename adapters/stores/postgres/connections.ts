import { startTimer } from '../../../lib/timers'
import type { Clock, Logger } from '../../../lib/types'
import { type Connection, openConnection, type ServerProcess } from './connection'
import { createClosed, createUnavailable, isCrowded } from './errors'
import type { PgNotification } from './library'
import type { Source } from './sources'

/** Two at most: one for good, on which messages are heard too, and one while there is more to do. */
const MAX = 2
/** A second connection that nobody needed for so long is closed, in milliseconds. */
const IDLE_MS = 10_000
/** For how long no second connection is tried after the server or the pool had none. */
const SCARCE_MS = 15_000
const RETRY_MS = [100, 250, 500, 1_000] as const
/** A server is away when there has been no connection for so long; who waits for it is looked at so often. */
const AWAY_MS = 1_000
const LOOK_MS = 200

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
   * Lends a connection to work that holds no other one. Waits for one as long as it takes. Rejects as the work does, and
   * with `ERR_CLOSED` after `close`.
   */
  lend<T>(work: (connection: Connection) => Promise<T>): Promise<T>
  /** Whether there has been no connection for a while. */
  isAway(): boolean
  /** Closes all of them. */
  close(): Promise<void>
}

/** Ends what is left on the server of a connection that did not answer: it may hold records, and one of few connections. */
const TERMINATE = `SELECT pg_terminate_backend(a.pid) FROM pg_stat_get_activity($1::integer) a WHERE a.backend_start::text = $2`

/** Keeps the first connection open, and tells when it was lost. */
export function createConnections(options: ConnectionsOptions): Connections {
  const { source, place, clock, logger } = options
  const all = new Set<Connection>()
  const idle: Connection[] = []
  const waiting: { give(connection: Connection): void; refuse(error: unknown): void }[] = []
  const stops = new Set<() => void>()
  const closing = new AbortController()
  const leftBehind: ServerProcess[] = []
  let first: Connection | undefined
  let isGrowing = false
  let isReconnecting = false
  let isAway = false
  let isClosed = false
  let scarceUntil = -Infinity
  let stopIdling = (): void => undefined

  const elapsed = (): number => clock.elapsed?.() ?? clock.now()

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const stop = startTimer(clock, ms, done)
      function done(): void {
        stops.delete(done)
        stop()
        resolve()
      }
      stops.add(done)
    })
  }

  async function connect(): Promise<Connection> {
    const connection = await openConnection({
      source,
      clock,
      signal: closing.signal,
      onNotification: options.onNotification,
      onLost,
    })
    if (isClosed) {
      await connection.close()
      throw createClosed()
    }
    all.add(connection)
    return connection
  }

  /** Connects the one that is kept. */
  async function connectFirst(): Promise<void> {
    const connection = await connect()
    try {
      await endLeftBehind(connection)
      await options.prepare(connection)
    } catch (error) {
      await drop(connection)
      throw error
    }
    first = connection
    giveBack(connection)
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
    const index = idle.indexOf(connection)
    if (index >= 0) idle.splice(index, 1)
    if (connection.process !== undefined) leftBehind.push(connection.process)
    if (connection === first) first = undefined
    if (isClosed) return
    if (first !== undefined) void lend(endLeftBehind).catch(() => undefined)
    else if (!isReconnecting) void reconnect(reason)
  }

  async function reconnect(cause: unknown): Promise<void> {
    isReconnecting = true
    let reason = cause
    const watch = watchAway(() => reason)
    for (let attempt = 0; !isClosed && first === undefined; attempt++) {
      try {
        await connectFirst()
      } catch (error) {
        reason = error
        if (!isClosed) await pause(RETRY_MS[attempt] ?? 1_000)
      }
    }
    watch.stop()
    isReconnecting = false
    if (isClosed) return
    if (isAway) logger.info({}, `The store ${place} is back`)
    isAway = false
    options.onBack()
  }

  /** A server that takes a while to connect to is away only when that takes too long. */
  function watchAway(reason: () => unknown): { stop(): void } {
    let stopTimer = (): void => undefined
    const since = elapsed()
    const look = (): void => {
      const isLong = elapsed() - since >= AWAY_MS
      if (isLong && !isAway) {
        isAway = true
        logger.warn({ error: createUnavailable(place, reason()).message }, `The store ${place} is away`)
      }
      if (isAway && all.size === 0) options.onAway(reason())
      stopTimer = startTimer(clock, LOOK_MS, look)
    }
    stopTimer = startTimer(clock, LOOK_MS, look)
    const stop = (): void => {
      stopTimer()
      stops.delete(stop)
    }
    stops.add(stop)
    return { stop }
  }

  function giveBack(connection: Connection): void {
    if (connection.isLost) return
    if (isClosed) return void drop(connection)
    const next = waiting.shift()
    if (next !== undefined) return next.give(connection)
    if (connection === first) return void idle.unshift(connection)
    idle.push(connection)
    closeLater()
  }

  function closeLater(): void {
    stopIdling()
    stopIdling = startTimer(clock, IDLE_MS, () => {
      const spare = idle.findIndex((connection) => connection !== first)
      if (spare >= 0) for (const connection of idle.splice(spare, 1)) void drop(connection)
    })
  }

  /** Opens a second connection for those who wait. Where there is none to be had, the first one serves all. */
  async function grow(): Promise<void> {
    if (isGrowing || isClosed || first === undefined || all.size >= MAX || elapsed() < scarceUntil) return
    isGrowing = true
    try {
      giveBack(await connect())
    } catch (error) {
      scarceUntil = elapsed() + SCARCE_MS
      if (!isClosed)
        logger.debug(
          { error: createUnavailable(place, error).message },
          `The store ${place} gives no second connection`,
        )
    } finally {
      isGrowing = false
    }
  }

  function take(): Promise<Connection> {
    if (isClosed) return Promise.reject(createClosed())
    const connection = idle.shift()
    if (connection !== undefined) return Promise.resolve(connection)
    void grow()
    return new Promise((give, refuse) => waiting.push({ give, refuse }))
  }

  async function lend<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = await take()
    try {
      return await work(connection)
    } finally {
      giveBack(connection)
    }
  }

  return {
    async open() {
      for (let attempt = 0; ; attempt++) {
        try {
          return await connectFirst()
        } catch (error) {
          const wait = RETRY_MS[attempt]
          if (!isCrowded(error) || wait === undefined || isClosed) throw error
          await pause(wait)
        }
      }
    },
    lend,
    isAway: () => isAway,
    async close() {
      isClosed = true
      closing.abort(createClosed())
      stopIdling()
      for (const stop of stops) stop()
      for (const { refuse } of waiting.splice(0)) refuse(createClosed())
      await Promise.all([...all].map(drop))
    },
  }
}
