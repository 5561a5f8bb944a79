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

/** Throws `ERR_CONFIG_VALUE` for a value that is no `AbortSignal`. */
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
 * The room of a store for waits, less one for each task that was started and has not waited yet: one request may start
 * dozens of tasks, and none of them waits before the last one is started.
 */
export interface WaitRoom {
  /** Throws `ERR_WAITS_FULL` when there is no room for one more wait. */
  require(): void
  /** Keeps room for the first wait of a task. Returns a function that lets go of it, for when the task waits or has ended. */
  keep(): () => void
}

/** Creates the room of a store that takes up to `maxWaits` waits. */
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

/** Creates the error of a task that was cancelled. */
export function taskCancelled(id: string): CallbackError {
  return new CallbackError('ERR_CANCELLED', { message: `The task ${id} was cancelled` })
}

/** Creates the error of a task that runs while the callbacks are closed. */
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
