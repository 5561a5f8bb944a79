import type { Clock } from './contracts'

/** The longest delay that a timer of Node takes, in milliseconds: 24.8 days. */
export const MAX_TIMER_MS = 2 ** 31 - 1

/** Calls back after a delay of any length. Gives what takes that back. */
export function startTimer(clock: Clock, delayMs: number, callback: () => void): () => void {
  let timer: unknown

  function arm(leftMs: number): void {
    const stepMs = Math.min(leftMs, MAX_TIMER_MS)
    timer = clock.setTimeout(() => (leftMs > stepMs ? arm(leftMs - stepMs) : callback()), stepMs)
  }

  arm(delayMs)
  return () => clock.clearTimeout(timer)
}

/** Lets a process end although the timer is set. */
export function unref(timer: unknown): void {
  if (typeof timer === 'object' && timer !== null && 'unref' in timer && typeof timer.unref === 'function')
    timer.unref()
}

/** Resolves after a while; rejects with the signal's reason when that aborts. */
export function sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const abort = (): void => {
      stop()
      reject(signal.reason)
    }
    const stop = startTimer(clock, ms, () => {
      signal.removeEventListener('abort', abort)
      resolve()
    })
    signal.addEventListener('abort', abort, { once: true })
  })
}

/** Gives what a promise gives, but no later than the signal aborts; then rejects with its reason. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason)
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

/** Waits for work to be done, but no longer than a limit; says whether it was. Rejects as the work does. */
export async function isDoneWithin(clock: Clock, limitMs: number, work: Promise<unknown>): Promise<boolean> {
  let stop = (): void => undefined
  const limit = new Promise<boolean>((resolve) => {
    stop = startTimer(clock, limitMs, () => resolve(false))
  })
  try {
    return await Promise.race([work.then(() => true), limit])
  } finally {
    stop()
  }
}
