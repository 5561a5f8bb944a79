import { describeFound } from '../../config/field/found'
import { CallbackError } from '../../base/errors'
import { onAbort, startTimer } from '../../base/timers'
import type { Clock, Store } from '../../base/contracts'
import { holdsStream } from '../../http/streams'
import { waitsFull } from '../../store/wait-errors'

/** What may end a task before it is done. */
export interface TaskLimits {
  readonly id: string
  /** Milliseconds; undefined without a limit. */
  readonly timeoutMs: number | undefined
  /** When the time is up, in milliseconds since the epoch. */
  readonly deadline: number | undefined
  readonly signal: AbortSignal | undefined
}

/** Cancels a task when its time is up or its caller's signal aborts. Returns a function that lifts the limits. */
export function limitTask(
  cancellation: AbortController,
  { id, timeoutMs, deadline, signal }: TaskLimits,
  clock: Clock,
): () => void {
  const stopTimer =
    deadline === undefined
      ? undefined
      : startTimer(clock, Math.max(deadline - clock.now(), 0), () => cancellation.abort(timedOut(id, timeoutMs)))
  const stopListening = onAbort(signal, (reason) => cancellation.abort(aborted(id, reason)))
  return () => {
    stopTimer?.()
    stopListening()
  }
}

/** Refuses what is no `AbortSignal`, before a task has begun. Throws `ERR_CONFIG_VALUE`. */
export function checkSignal(signal: AbortSignal | undefined): void {
  if (signal === undefined || typeof Reflect.get(Object(signal), 'addEventListener') === 'function') return
  const message = `signal must be an AbortSignal, not ${describeFound(signal, [])}`
  throw new CallbackError('ERR_CONFIG_VALUE', { at: 'signal', message })
}

/** Throws `ERR_CONFIG_VALUE` for an input that a durable store cannot keep: a stream is gone after a restart. */
export function checkKeepable(input: unknown): void {
  if (!holdsStream(input)) return
  const message =
    'The input holds a stream or a blob, which a store that outlives the process cannot keep; give a Buffer'
  throw new CallbackError('ERR_CONFIG_VALUE', { at: 'input', message })
}

/**
 * The waits that the store has room for, less those that are still to come of the tasks that were started: what one
 * request starts by the dozen has not waited yet when the last of it is started.
 */
export interface WaitRoom {
  /** Throws `ERR_WAITS_FULL` when there is no room for one more wait. */
  require(): void
  /** Keeps room for the first wait of a task. Gives what lets go of it, once it waits or has ended. */
  keep(): () => void
}

/** Gives the room in a store that takes so many waits. */
export function createWaitRoom(store: Store, maxWaits: number): WaitRoom {
  let kept = 0
  return {
    require() {
      if (store.stats().waiting + kept >= maxWaits) throw waitsFull(maxWaits)
    },
    keep() {
      kept += 1
      let isKept = true
      return () => {
        if (isKept) kept -= 1
        isKept = false
      }
    },
  }
}

/** Somebody has cancelled the task. */
export function taskCancelled(id: string): CallbackError {
  return new CallbackError('ERR_CANCELLED', { message: `The task ${id} was cancelled` })
}

/** The callbacks are closed under the task. */
export function taskClosed(id: string): CallbackError {
  return new CallbackError('ERR_CLOSED', { message: `The callbacks were closed while the task ${id} was running` })
}

function aborted(id: string, cause: unknown): CallbackError {
  return new CallbackError('ERR_ABORTED', { message: `The task ${id} was aborted`, cause })
}

function timedOut(id: string, timeoutMs: number | undefined): CallbackError {
  const limit = timeoutMs === undefined ? 'in time' : `within ${timeoutMs} ms`
  return new CallbackError('ERR_WAIT_TIMEOUT', { message: `The task ${id} did not end ${limit}` })
}
