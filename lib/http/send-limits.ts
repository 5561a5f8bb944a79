import { startTimer } from '../base/timers'
import type { Clock } from '../base/contracts'

/** What ends a request before its answer does. */
export interface SendLimits {
  /** For headers and body together. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/**
 * Runs something under limits. Its promise rejects as soon as one is reached, whether or not the work heeds the signal
 * it is given, and afterwards neither timer nor listener is left.
 */
export function withinLimits<T>(
  clock: Clock,
  { timeoutMs, signal }: SendLimits,
  tooLate: () => Error,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const controller = new AbortController()
    const stopTimer = startTimer(clock, timeoutMs, () => stop(tooLate()))
    const abort = (): void => stop(signal.reason)
    const finish = (): void => {
      stopTimer()
      signal.removeEventListener('abort', abort)
    }
    const stop = (reason: unknown): void => {
      finish()
      reject(reason)
      controller.abort(reason)
    }
    signal.addEventListener('abort', abort, { once: true })
    work(controller.signal).finally(finish).then(resolve, reject)
  })
}
