import { describeFound } from '../../config/field/found'
import { CallbackError } from '../../base/errors'
import { startTimer } from '../../base/timers'
import type { Clock } from '../../base/contracts'
import { holdsStream } from '../../http/streams'

/** What may end a task before it is done. */
export interface TaskLimits {
  /** Milliseconds; undefined without a limit. */
  readonly timeoutMs: number | undefined
  /** When the time is up, in milliseconds since the epoch. */
  readonly deadline: number | undefined
  readonly signal: AbortSignal | undefined
  readonly clock: Clock
}

/** Cancels a task when its time is up or its caller's signal aborts. Gives what lifts the limits once it has ended. */
export function limitTask(id: string, cancellation: AbortController, limits: TaskLimits): () => void {
  const { timeoutMs, deadline, signal, clock } = limits
  const abort = (): void => cancellation.abort(aborted(id, signal?.reason))
  const stop =
    deadline === undefined
      ? undefined
      : startTimer(clock, Math.max(deadline - clock.now(), 0), () => cancellation.abort(timedOut(id, timeoutMs)))
  if (signal?.aborted) abort()
  else signal?.addEventListener('abort', abort, { once: true })
  return () => {
    stop?.()
    signal?.removeEventListener('abort', abort)
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
