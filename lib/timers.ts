import type { Clock } from './types'

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
