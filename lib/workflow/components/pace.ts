import type { Rate } from '../../config/field/values'
import { Fifo } from '../../store/collections/fifo'
import type { Clock } from '../../base/contracts'
import { elapsedOf, onAbort } from '../../base/timers'

/** Resolves when the caller may begin; rejects with the signal's reason when that aborts before. */
export type Pace = (signal: AbortSignal) => Promise<void>

interface Turn {
  readonly begin: () => void
}

/**
 * Lets at most `count` callers begin in any stretch of time as long as the window; the others wait for their turn in
 * order. Without a rate each begins at once.
 */
export function createPace(rate: Rate | undefined, clock: Clock): Pace {
  if (rate === undefined) return async (signal) => signal.throwIfAborted()
  const { count, windowMs } = rate
  const queue = new Fifo<Turn>()
  /** When the callers of the last window began, oldest first. */
  let begun: number[] = []
  /** How many entries of `begun` have left the window since the list was shortened. */
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

  /** A timer of Node may fire a little early: a caller that is not due yet goes on waiting. */
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
      const stopListening = onAbort(signal, (reason) => {
        leave(turn)
        reject(reason)
      })
      const turn: Turn = {
        begin() {
          stopListening()
          resolve()
        },
      }
      queue.add(turn)
      timer ??= clock.setTimeout(advance, untilNext())
    })
}
