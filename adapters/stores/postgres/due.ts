import { elapsedOf, isDoneWithin, startTimer } from '../../../lib/base/timers'
import type { Clock, DueAnswer, LedgerHandlers, Logger, RecordKind } from '../../../lib/base/contracts'
import type { Connections } from './connections/connections'
import type { Lane } from './connections/lane'
import type { Operation } from './operations'

/** How many due records one process works on at a time. */
const CONCURRENCY = 200
/** A process that has not said for so long that it works on a record has died: another one works on it then. */
const HOLD_MS = 5_000
/** How often it says so, and the longest time between two looks for what is due, also for what others have made so. */
const LOOK_MS = 1_500
/** The shortest time between two looks. */
const PAUSE_MS = 20
/** Until a look is repeated that failed, and until a record is due again that could not be worked on. */
const RETRY_MS = 500
const RETRY_RECORD_MS = 2_000
/** Until a record is due again that somebody has written to. */
const SOON_MS = 20
/** How long those that are worked on have to come to an end when the store is closed. */
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
  /** There is another first connection, to a server that was started then. */
  connected(serverStartedAt: unknown): void
  /** A record is due in so many milliseconds. */
  expect(ms: number): void
  /** Takes no more, waits a while for those in work, and leaves the rest to other processes. */
  close(): Promise<void>
}

interface Work {
  readonly kind: RecordKind
  readonly id: string
  readonly done: Promise<void>
}

/** Creates what looks for due records: when the next one is due, and at least every one and a half seconds. */
export function createDue(options: DueOptions): Due {
  const { connections, writes, handlers, clock, logger, schema, worker } = options
  const text = `SELECT kind, id, next_ms, started::text FROM ${schema}.due($1, $2, $3)`
  const working = new Set<Work>()
  let stop = (): void => undefined
  let lookAt = Infinity
  let looking: Promise<void> | undefined
  let startedAt: unknown
  let isClosed = false
  let isTold = false

  const elapsed = elapsedOf(clock)

  /** Looks in so many milliseconds, unless that happens earlier anyway. */
  function lookIn(ms: number): void {
    const at = elapsed() + Math.min(Math.max(ms, PAUSE_MS), LOOK_MS)
    if (isClosed || looking !== undefined || at >= lookAt) return
    stop()
    lookAt = at
    stop = startTimer(clock, at - elapsed(), () => {
      lookAt = Infinity
      looking = lookOnce()
    })
  }

  async function lookOnce(): Promise<void> {
    const nextMs = await look()
    looking = undefined
    const ms = Math.min(nextMs, expectedMs)
    expectedMs = Infinity
    lookIn(ms)
  }

  /** What was said to be due while a look was under way. */
  let expectedMs = Infinity

  async function look(): Promise<number> {
    try {
      hold()
      const free = Math.max(CONCURRENCY - working.size, 0)
      const rows = await connections.lend((connection) => connection.query(text, [worker, free, HOLD_MS]))
      for (const [kind, id] of rows) if (kind !== null) begin(kind as RecordKind, String(id))
      const [, , nextMs, started] = rows.at(-1) ?? []
      if (started !== startedAt) options.onRestart()
      startedAt = started
      if (rows.length > free) return free === 0 ? LOOK_MS : PAUSE_MS
      return nextMs === null || nextMs === undefined ? LOOK_MS : Math.ceil(Number(nextMs)) + 1
    } catch (error) {
      if (!isClosed) logger.debug({ error: String(error) }, 'Due records could not be looked for; that is tried again')
      return RETRY_MS
    }
  }

  /** Says that this process still works on what it has had since an earlier look. */
  function hold(): void {
    for (const { kind, id } of working) void settle({ op: 'h', kind, id, ttlMs: HOLD_MS })
  }

  function begin(kind: RecordKind, id: string): void {
    const work: Work = { kind, id, done: decide(kind, id).then(settle) }
    working.add(work)
    void forget(work)
  }

  async function forget(work: Work): Promise<void> {
    await work.done
    working.delete(work)
    if (working.size === CONCURRENCY - 1) lookIn(0)
  }

  async function decide(kind: RecordKind, id: string): Promise<Operation> {
    try {
      const operation = toOperation(kind, id, await handlers.onDue(kind, id))
      isTold = false
      return operation
    } catch (error) {
      if (!isTold && !isClosed)
        logger.warn({ kind, id, error }, 'A due record could not be worked on; it is tried again')
      isTold = true
      return { op: 'k', kind, id, ttlMs: isClosed ? 0 : RETRY_RECORD_MS }
    }
  }

  /** What cannot be written is due again when this process counts as dead. */
  async function settle(operation: Operation): Promise<void> {
    try {
      await writes.add(operation)
      if (operation.op !== 'h') expectIn(operation.ttlMs ?? Infinity)
    } catch {
      // The lane has said why.
    }
  }

  function expectIn(ms: number): void {
    if (looking === undefined) lookIn(ms)
    else expectedMs = Math.min(expectedMs, ms)
  }

  return {
    start: () => lookIn(0),
    connected(serverStartedAt) {
      startedAt = serverStartedAt
    },
    expect: expectIn,
    async close() {
      isClosed = true
      stop()
      await isDoneWithin(clock, CLOSE_MS, looking ?? Promise.resolve())
      await isDoneWithin(clock, CLOSE_MS, Promise.all([...working].map(({ done }) => done)))
      // Others need not wait until this process counts as dead.
      const left = [...working].map(({ kind, id }) => settle({ op: 'k', kind, id, ttlMs: 0 }))
      await isDoneWithin(clock, CLOSE_MS, Promise.all(left))
    },
  }
}

function toOperation(kind: RecordKind, id: string, answer: DueAnswer): Operation {
  if ('keepMs' in answer) return { op: 'k', kind, id, ttlMs: answer.keepMs }
  return { op: 'r', kind, id, number: answer.seen, ttlMs: SOON_MS }
}
