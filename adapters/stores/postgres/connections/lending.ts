import { startTimer } from '../../../../lib/base/timers'
import type { Clock } from '../../../../lib/base/contracts'
import type { Connection } from './connection'
import { createClosed } from '../../server-errors'

/** A second connection is closed when nobody has needed it for so long, in milliseconds. */
const IDLE_MS = 10_000

export interface LendingOptions {
  readonly clock: Clock
  /** Called when somebody waits for a connection. */
  onWanted(): void
  /** Called with a connection that nobody has needed for a while. */
  onIdle(connection: Connection): void
}

/** The open connections, lent to one borrower each; the others wait in their order. */
export interface Lending {
  /** Whether a connection is kept for good; there is one such at most. */
  isKept(connection: Connection): boolean
  /** Offers a connection, or takes it back. A kept one is lent before others. */
  offer(connection: Connection, isKept?: boolean): void
  /** Removes a connection that is lost. */
  remove(connection: Connection): void
  /** Removes and returns a connection that is neither lent nor kept. */
  removeSpare(): Connection | undefined
  /** Lends a connection to work that holds no other one; rejects as the work does, and with `ERR_CLOSED`. */
  lend<T>(work: (connection: Connection) => Promise<T>): Promise<T>
  /** Refuses all who wait, and all who ask later. */
  close(): void
}

/** Creates a lending that has no connection yet. */
export function createLending({ clock, onWanted, onIdle }: LendingOptions): Lending {
  const idle: Connection[] = []
  const waiting: { give(connection: Connection): void; refuse(error: unknown): void }[] = []
  let kept: Connection | undefined
  let isClosed = false
  let stop = (): void => undefined

  function offer(connection: Connection, isKept = false): void {
    if (connection.isLost || isClosed) return
    if (isKept) kept = connection
    const next = waiting.shift()
    if (next !== undefined) return next.give(connection)
    if (connection === kept) return void idle.unshift(connection)
    idle.push(connection)
    stop()
    stop = startTimer(clock, IDLE_MS, () => {
      const spare = removeSpare()
      if (spare !== undefined) onIdle(spare)
    })
  }

  function remove(connection: Connection): void {
    if (connection === kept) kept = undefined
    const index = idle.indexOf(connection)
    if (index >= 0) idle.splice(index, 1)
  }

  function removeSpare(): Connection | undefined {
    const spare = idle.find((connection) => connection !== kept)
    if (spare !== undefined) remove(spare)
    return spare
  }

  function take(): Promise<Connection> {
    if (isClosed) return Promise.reject(createClosed())
    const connection = idle.shift()
    if (connection !== undefined) return Promise.resolve(connection)
    onWanted()
    return new Promise((give, refuse) => waiting.push({ give, refuse }))
  }

  return {
    isKept: (connection) => connection === kept,
    offer,
    remove,
    removeSpare,
    async lend(work) {
      const connection = await take()
      try {
        return await work(connection)
      } finally {
        offer(connection, connection === kept)
      }
    },
    close() {
      isClosed = true
      stop()
      for (const { refuse } of waiting.splice(0)) refuse(createClosed())
    },
  }
}
