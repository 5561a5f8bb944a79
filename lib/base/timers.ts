import type { Clock } from './contracts'

/** The longest delay that a timer of Node takes, in milliseconds: 24.8 days. */
export const MAX_TIMER_MS = 2 ** 31 - 1

/** Stops a timer, or stops listening; does nothing when called again. */
export type Stop = () => void

/** Calls back after a delay of any length. Returns a function that stops the timer. */
export function startTimer(clock: Clock, delayMs: number, callback: () => void): Stop {
  let timer: unknown

  function arm(leftMs: number): void {
    const stepMs = Math.min(leftMs, MAX_TIMER_MS)
    timer = clock.setTimeout(() => (leftMs > stepMs ? arm(leftMs - stepMs) : callback()), stepMs)
  }

  arm(delayMs)
  return () => clock.clearTimeout(timer)
}

/** What is left of a limit after its first part. */
const GRACE_MS = 100

/**
 * Calls back after a limit for an answer, in two parts: a process that was busy for long sees its timers before the
 * answers that have arrived meanwhile, and between the two parts it sees the answers. Returns a function that stops it.
 */
export function startLimit(clock: Clock, limitMs: number, callback: () => void): Stop {
  let stop = startTimer(clock, Math.max(limitMs - GRACE_MS, 0), () => {
    stop = startTimer(clock, GRACE_MS, callback)
  })
  return () => stop()
}

/** Lets a process end although the timer is set. */
export function unref(timer: unknown): void {
  if (typeof timer === 'object' && timer !== null && 'unref' in timer && typeof timer.unref === 'function')
    timer.unref()
}

/** Returns a reader of milliseconds that no change of the system's time moves; of the time itself where the clock has none. */
export function elapsedOf(clock: Clock): () => number {
  return () => clock.elapsed?.() ?? clock.now()
}

/** Calls back once when the signal aborts, at once when it has aborted already. Returns a function that stops listening. */
export function onAbort(signal: AbortSignal | undefined, callback: (reason: unknown) => void): Stop {
  if (signal === undefined) return () => undefined
  const abort = (): void => callback(signal.reason)
  if (signal.aborted) abort()
  else signal.addEventListener('abort', abort, { once: true })
  return () => signal.removeEventListener('abort', abort)
}

/** Resolves after a while; rejects with the signal's reason when that aborts. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const stopTimer = startTimer(clock, ms, () => {
      stopListening()
      resolve()
    })
    const stopListening = onAbort(signal, (reason) => {
      stopTimer()
      reject(reason)
    })
  })
}

/** Starts what may end a wait before its work is done, by one of the two functions. Returns a function that stops it. */
export type StartDeadline<T> = (resolve: (value: T) => void, reject: (reason: unknown) => void) => Stop

/** Settles as the work does, or as the deadline says when that comes first. The deadline is stopped in both cases. */
export async function beforeDeadline<T>(work: Promise<T>, start: StartDeadline<T>): Promise<T> {
  let stop: Stop = () => undefined
  const deadline = new Promise<T>((resolve, reject) => {
    stop = start(resolve, reject)
  })
  try {
    return await Promise.race([deadline, work])
  } finally {
    stop()
  }
}

/** Settles as the promise does, but rejects with the signal's reason when that aborts first. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return beforeDeadline(promise, (_resolve, reject) => onAbort(signal, reject))
}

/** Waits for work to be done, but no longer than a limit. Resolves to whether it was; rejects as the work does. */
export function isDoneWithin(clock: Clock, limitMs: number, work: Promise<unknown>): Promise<boolean> {
  const done = work.then(() => true)
  return beforeDeadline(done, (resolve) => startTimer(clock, limitMs, () => resolve(false)))
}

/** How long some work may take. */
export interface Limit {
  readonly clock: Clock
  readonly limitMs: number
  /** Aborts when the work is not wanted any more. */
  readonly signal?: AbortSignal | undefined
  /** Creates the error of work that takes longer. */
  readonly tooLate: () => Error
}

/**
 * Settles as the work does. Rejects with the signal's reason when that aborts, and with `tooLate()` after the limit,
 * whether or not the work heeds its own signal, which aborts then too. Neither timer nor listener is left afterwards.
 */
export async function withinLimit<T>(limit: Limit, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { clock, limitMs, signal, tooLate } = limit
  signal?.throwIfAborted()
  const over = new AbortController()
  return beforeDeadline(work(over.signal), (_resolve, reject) => {
    const end = (reason: unknown): void => {
      reject(reason)
      over.abort(reason)
    }
    const stopTimer = startTimer(clock, limitMs, () => end(tooLate()))
    const stopListening = onAbort(signal, end)
    return () => {
      stopTimer()
      stopListening()
    }
  })
}
