import type { Rate } from '../../config/field/values'
import { Fifo } from '../../store/collections/fifo'
import type { Clock } from '../../base/contracts'
import { elapsedOf } from '../../base/timers'

/** Resolves when the caller may begin; rejects with the signal's reason when that aborts before. */
export type Pace = (signal: AbortSignal) => Promise<void>

interface Turn {
  readonly begin: () => void
}

/**
 * Lets so many begin in any stretch of time as long as the window; the rest wait for their turn in order. Without a rate
 * everybody begins at once. The promise rejects with the signal's reason when that aborts.
 */
export function createPace(rate: Rate | undefined, clock: Clock): Pace {
  if (rate === undefined) return async (signal) => signal.throwIfAborted()
  const { count, windowMs } = rate
  const queue = new Fifo<Turn>()
  /** When they began: those of the last window, oldest first. */
  let begun: number[] = []
  /** How many of them have left the window since the list was cleared up. */
  let gone = 0
  let timer: unknown

  const elapsed = elapsedOf(clock)

  /** Milliseconds until one more may begin; 0 for now. */
  function untilNext(): number {
    const open = elapsed() - windowMs
    let oldest = begun[gone]
    for (; oldest !== undefined && oldest <= open; oldest = begun[gone]) gone += 1
    return oldest === undefined || begun.length - gone < count ? 0 : Math.ceil(oldest - open)
  }

  function take(): void {
    if (gone * 2 > begun.length) {
      begun = begun.slice(gone)
      gone = 0
    }
    begun.push(elapsed())
  }

  /** A timer of Node may fire a little early: who is not due yet goes on waiting. */
  function advance(): void {
    timer = undefined
    for (let turn = queue.first(); turn !== undefined && untilNext() === 0; turn = queue.first()) {
      queue.delete(turn)
      take()
      turn.begin()
    }
    if (queue.size > 0) timer = clock.setTimeout(advance, untilNext())
  }

  function leave(turn: Turn): void {
    queue.delete(turn)
    if (queue.size > 0 || timer === undefined) return
    clock.clearTimeout(timer)
    timer = undefined
  }

  return (signal) =>
    new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason)
      if (queue.size === 0 && untilNext() === 0) {
        take()
        return resolve()
      }
      const turn: Turn = {
        begin() {
          signal.removeEventListener('abort', abort)
          resolve()
        },
      }
      const abort = (): void => {
        leave(turn)
        reject(signal.reason)
      }
      signal.addEventListener('abort', abort, { once: true })
      queue.add(turn)
      timer ??= clock.setTimeout(advance, untilNext())
    })
}
