import { unref } from '../../../lib/base/timers'
import type { Clock, DueAnswer, LedgerHandlers, Logger } from '../../../lib/base/contracts'
import type { Operation } from './operations'
import type { LiveRecord } from './record-index'
import type { Records } from './records'

export interface DueOptions {
  readonly records: Records
  readonly clock: Clock
  readonly logger: Logger
  readonly onDue: LedgerHandlers['onDue']
  /** Writes an operation. */
  readonly submit: (operation: Operation) => Promise<number>
}

/** Asks the handler about each record that is due. */
export interface DueTimes {
  /** To be called when the records have changed. */
  update(): void
  close(): void
}

/** How many records are dealt with at once: after a long time away, very many may be due. */
const MAX_AT_ONCE = 100
/** Until a record is due again that was written to after the handler had read it. */
const AGAIN_MS = 20
/** Until a record is due again whose handler failed. */
const PAUSE_MS = 5000
/** The longest time of the timer: when the time of day is set, which decides what is due, no timer notices. */
const MAX_SLEEP_MS = 60_000

/** Creates what asks about due records, with one timer for the earliest. */
export function createDueTimes({ records, clock, logger, onDue, submit }: DueOptions): DueTimes {
  const { queue } = records
  let timer: unknown
  let wakesAt = Infinity
  let underWay = 0
  let closed = false

  function update(): void {
    if (closed || underWay >= MAX_AT_ONCE) return
    const next = queue.first()
    if (next === undefined) return stop()
    if (wakesAt <= next.at) return
    stop()
    const now = clock.now()
    wakesAt = Math.min(next.at, now + MAX_SLEEP_MS)
    timer = clock.setTimeout(wake, Math.max(wakesAt - now, 0))
    unref(timer)
  }

  function stop(): void {
    if (timer !== undefined) clock.clearTimeout(timer)
    timer = undefined
    wakesAt = Infinity
  }

  function wake(): void {
    stop()
    if (closed) return
    const now = clock.now()
    for (let next = queue.first(); next !== undefined && next.at <= now; next = queue.first()) {
      if (underWay >= MAX_AT_ONCE) return // the first that is done goes on
      queue.remove(next)
      void deal(next)
    }
    update()
  }

  async function deal(record: LiveRecord): Promise<void> {
    const { kind, id } = record
    underWay++
    record.isDue = true
    try {
      const answer: DueAnswer = kind === 'mark' ? { remove: true } : await onDue(kind, id)
      if (closed) return
      const isGone = 'remove' in answer && (await submit({ type: 'remove', kind, id, seen: answer.seen })) === 1
      const keepMs = 'keepMs' in answer ? answer.keepMs : AGAIN_MS
      if (!isGone) await submit({ type: 'touch', kind, id, due: dueIn(clock, keepMs), isKept: true })
    } catch (error) {
      if (closed) return
      logger.warn({ err: error, kind, id }, 'A record that is due could not be dealt with; it is tried again')
      queue.set(record, clock.now() + PAUSE_MS)
    } finally {
      underWay--
      if (underWay === MAX_AT_ONCE - 1) wake()
      else update()
    }
  }

  return {
    update,
    close() {
      closed = true
      stop()
    },
  }
}

/** Returns the time of day in so many milliseconds. */
export function dueIn(clock: Clock, ttlMs: number): number {
  const ms = ttlMs > 0 ? ttlMs : 0 // also for NaN, which no journal can hold
  return Math.min(clock.now() + ms, Number.MAX_SAFE_INTEGER)
}
