import { isDoneWithin } from '../../../../lib/base/timers'
import type { Clock, LedgerHandlers, Logger, RecordKind } from '../../../../lib/base/contracts'
import type { Connections } from '../connections/connections'
import type { Lane } from '../connections/lane'
import type { Operation } from '../operations'
import { createSchedule, LOOK_MS, PAUSE_MS } from './schedule'
import { createWork, HOLD_MS } from './work'

/** How many due records one process works on at a time. */
const MAX_WORK = 200
/** Until a look is repeated that failed, in milliseconds. */
const RETRY_MS = 500
/** How long a look, and the work on due records, may still take when the store is closed. */
const CLOSE_MS = 2_000

export interface DueOptions {
  readonly connections: Connections
  readonly writes: Lane<Operation, number>
  readonly handlers: LedgerHandlers
  readonly clock: Clock
  readonly logger: Logger
  /** The schema, quoted. */
  readonly schema: string
  readonly worker: string
  /** Called when the server was started since the last look, though no connection was lost. */
  onRestart(): void
}

/** Hands over the records that are due. */
export interface Due {
  start(): void
  /** Notes when the server was started that a new first connection leads to. */
  connected(serverStartedAt: unknown): void
  /** A record is due in so many milliseconds. */
  expect(ms: number): void
  /** Takes no more records, gives those in work some time to end, and leaves the others to other processes. */
  close(): Promise<void>
}

/** Creates the search for due records: it looks when the next one is due, and at least every one and a half seconds. */
export function createDue(options: DueOptions): Due {
  const { connections, clock, logger, schema, worker } = options
  const text = `SELECT kind, id, next_ms, started::text FROM ${schema}.due($1, $2, $3)`
  const closing = new AbortController()
  const { signal } = closing
  const schedule = createSchedule({ clock, signal, look })
  const work = createWork({ ...options, signal, max: MAX_WORK, onNext: schedule.lookIn })
  let startedAt: unknown

  async function look(): Promise<number> {
    try {
      work.hold()
      const free = work.free()
      const rows = await connections.lend((connection) => connection.query(text, [worker, free, HOLD_MS]))
      for (const [kind, id] of rows) if (kind !== null) work.begin(kind as RecordKind, String(id))
      const [, , nextMs, started] = rows.at(-1) ?? []
      if (started !== startedAt) options.onRestart()
      startedAt = started
      if (rows.length > free) return free === 0 ? LOOK_MS : PAUSE_MS
      return nextMs === null || nextMs === undefined ? LOOK_MS : Math.ceil(Number(nextMs)) + 1
    } catch (error) {
      if (!signal.aborted)
        logger.debug({ error: String(error) }, 'Due records could not be looked for; that is tried again')
      return RETRY_MS
    }
  }

  return {
    start: () => schedule.lookIn(0),
    connected(serverStartedAt) {
      startedAt = serverStartedAt
    },
    expect: schedule.lookIn,
    async close() {
      closing.abort()
      await isDoneWithin(clock, CLOSE_MS, schedule.close())
      await work.close(CLOSE_MS)
    },
  }
}
