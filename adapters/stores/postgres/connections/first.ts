import { sleep } from '../../../../lib/base/timers'
import type { Clock } from '../../../../lib/base/contracts'
import { isCrowded } from '../errors'
import type { Away } from './away'
import type { Connection } from './connection'

const RETRY_MS = [100, 250, 500, 1_000] as const
const LONGEST_RETRY_MS = 1_000

export interface FirstOptions {
  readonly clock: Clock
  readonly away: Away
  /** Aborts when no connection is wanted any more. */
  readonly signal: AbortSignal
  /** Connects and prepares; `isFull` when the server had no room for another connection just now. */
  connect(isFull: boolean): Promise<Connection>
  /** Called with the connection that is there now. */
  onThere(connection: Connection): void
  /** Called when there is another first connection: messages may have got lost. */
  onBack(): void
}

/** The first connection, which is kept for good. */
export interface First {
  isThere(): boolean
  /** Connects; rejects with what is wrong. */
  open(): Promise<void>
  /** The connection was lost. */
  lose(): void
  /** Connects again, as long as it takes, unless that is under way. */
  reconnect(reason: unknown): void
}

/** Creates what keeps the first connection open. */
export function createFirst({ clock, away, signal, connect, onThere, onBack }: FirstOptions): First {
  let isThere = false
  let isConnecting = true

  /** Tries again as long as the error makes that useful. */
  async function connectUntilThere(
    isUseful: (error: unknown, attempt: number) => boolean,
    cause?: unknown,
  ): Promise<void> {
    let reason = cause
    for (let attempt = 0; !isThere && !signal.aborted; attempt++) {
      try {
        const connection = await connect(isCrowded(reason))
        isThere = true
        onThere(connection)
      } catch (error) {
        reason = error
        if (signal.aborted || !isUseful(error, attempt)) throw error
        await sleep(clock, RETRY_MS[attempt] ?? LONGEST_RETRY_MS, signal).catch(() => undefined)
      }
    }
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
    onBack()
  }

  return {
    isThere: () => isThere,
    async open() {
      await connectUntilThere((error, attempt) => isCrowded(error) && attempt < RETRY_MS.length)
      isConnecting = false
    },
    lose() {
      isThere = false
    },
    reconnect(reason) {
      if (!isConnecting) void reconnect(reason)
    },
  }
}
