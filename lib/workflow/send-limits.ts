import type { Clock } from '../types'

/** What ends a request before its answer does. */
export interface SendLimits {
  /** For headers and body together. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** Node's timers fire at once beyond this. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

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
    const timer = clock.setTimeout(() => stop(tooLate()), Math.min(timeoutMs, LONGEST_TIMER_MS))
    const abort = (): void => stop(signal.reason)
    const finish = (): void => {
      clock.clearTimeout(timer)
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
