import { startTimer, untilAborted } from '../../../lib/base/timers'
import type { Clock } from '../../../lib/base/contracts'

/** How long some work may take. */
export interface Limit {
  readonly clock: Clock
  /** Aborts when the work is not wanted any more. */
  readonly signal?: AbortSignal | undefined
  readonly limitMs: number
  /** Gives the error of work that takes longer. */
  readonly tooLate: () => Error
}

/**
 * Gives what some work gives. Rejects with the signal's reason when that aborts, and with `tooLate()` after the limit;
 * the signal that the work is given aborts then too.
 */
export async function withinLimit<T>(limit: Limit, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { clock, signal, limitMs, tooLate } = limit
  signal?.throwIfAborted()
  const over = new AbortController()
  const onAbort = (): void => over.abort(signal?.reason)
  const stopTimer = startTimer(clock, limitMs, () => over.abort(tooLate()))
  signal?.addEventListener('abort', onAbort)
  try {
    return await untilAborted(work(over.signal), over.signal)
  } finally {
    stopTimer()
    signal?.removeEventListener('abort', onAbort)
  }
}
