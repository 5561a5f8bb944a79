import type { Clock, DueAnswer, LedgerHandlers, Logger, RecordKind } from '../../../../lib/base/contracts'
import { elapsedOf, isDoneWithin } from '../../../../lib/base/timers'
import type { Lane } from '../connections/lane'
import type { Operation } from '../operations'

/** A process that has not renewed its hold on a record for so long counts as dead: another process takes the record. */
export const HOLD_MS = 5_000
/** How old a hold is when it is renewed, in milliseconds. */
const RENEW_MS = 1_000
/** Until a record is due again that the handler could not work on. */
const RETRY_MS = 2_000
/** Until a record is due again that was written to meanwhile. */
const SOON_MS = 20

export interface WorkOptions {
  readonly writes: Lane<Operation, number>
  readonly handlers: LedgerHandlers
  readonly clock: Clock
  readonly logger: Logger
  /** Aborts when no record is taken any more. */
  readonly signal: AbortSignal
  /** How many records this process works on at a time. */
  readonly max: number
  /** Called when a record is due again in so many milliseconds, or, with 0, when there is room for one more. */
  onNext(ms: number): void
}

/** The due records that this process works on. */
export interface Work {
  /** How many more records may be taken. */
  free(): number
  begin(kind: RecordKind, id: string): void
  /** Renews each hold that is more than a second old. */
  hold(): void
  /** Waits this many milliseconds for the records to end; then it leaves the others to other processes. */
  close(ms: number): Promise<void>
}

interface Task {
  readonly kind: RecordKind
  readonly id: string
  readonly done: Promise<void>
  /** When the hold on the record began, on the clock of this process, in milliseconds. */
  heldAt: number
}

/** Creates the work of a process that has taken no record yet. */
export function createWork({ writes, handlers, clock, logger, signal, max, onNext }: WorkOptions): Work {
  const tasks = new Set<Task>()
  let isTold = false

  const elapsed = elapsedOf(clock)

  async function forget(task: Task): Promise<void> {
    await task.done
    tasks.delete(task)
    if (tasks.size === max - 1) onNext(0)
  }

  async function decide(kind: RecordKind, id: string): Promise<Operation> {
    try {
      const operation = toOperation(kind, id, await handlers.onDue(kind, id))
      isTold = false
      return operation
    } catch (error) {
      const message = 'A due record could not be worked on; it is tried again'
      if (!isTold && !signal.aborted) logger.warn({ kind, id, error }, message)
      isTold = true
      return { op: 'k', kind, id, ttlMs: signal.aborted ? 0 : RETRY_MS }
    }
  }

  /** When this cannot be written, the record is due again as soon as the hold on it is over. */
  async function settle(operation: Operation): Promise<void> {
    try {
      await writes.add(operation)
      if (operation.op !== 'h') onNext(operation.ttlMs ?? Infinity)
    } catch {
      // The lane has said why.
    }
  }

  return {
    free: () => Math.max(max - tasks.size, 0),
    begin(kind, id) {
      const task: Task = { kind, id, done: decide(kind, id).then(settle), heldAt: elapsed() }
      tasks.add(task)
      void forget(task)
    },
    hold() {
      const now = elapsed()
      for (const task of [...tasks].filter(({ heldAt }) => now - heldAt >= RENEW_MS)) {
        const { kind, id } = task
        task.heldAt = now
        void settle({ op: 'h', kind, id, ttlMs: HOLD_MS })
      }
    },
    async close(ms) {
      await isDoneWithin(clock, ms, Promise.all([...tasks].map(({ done }) => done)))
      const left = [...tasks].map(({ kind, id }) => settle({ op: 'k', kind, id, ttlMs: 0 }))
      await isDoneWithin(clock, ms, Promise.all(left))
    },
  }
}

function toOperation(kind: RecordKind, id: string, answer: DueAnswer): Operation {
  if ('keepMs' in answer) return { op: 'k', kind, id, ttlMs: answer.keepMs }
  return { op: 'r', kind, id, number: answer.seen, ttlMs: SOON_MS }
}
