import type { RetrySpec } from '../config/normalize'
import { CallbackError, type ErrorCode } from '../base/errors'
import { changeError } from './job-error'
import { readRetryAfter } from '../http/answer-headers'

/** Errors that may pass by themselves: no connection, no answer, a callback that failed or did not come, no room here. */
const PASSING: ReadonlySet<ErrorCode> = new Set([
  'ERR_HTTP_NETWORK',
  'ERR_HTTP_TIMEOUT',
  'ERR_CALLBACK_FAILED',
  'ERR_RESULT_SCHEMA',
  'ERR_WAIT_TIMEOUT',
  'ERR_GATEWAY_NOT_READY',
  'ERR_GATEWAY_RATE_LIMITED',
  'ERR_GATEWAY_NETWORK',
  'ERR_GATEWAY_PORT',
  'ERR_GATEWAY_TIMEOUT',
  'ERR_GATEWAY_EXITED',
  'ERR_WAITS_FULL',
  'ERR_PARKING_FULL',
  'ERR_STORE_UNAVAILABLE',
])

/** Statuses that may be better the next time: too early, too often, and faults of the server. */
const PASSING_STATUSES: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504])
/** The longest pause that is kept for a service where the job has no timeout: a day. */
const MAX_ASKED_MS = 86_400_000

/** Whether another attempt may go better. `on` adds statuses of answers to those that may pass. */
export function mayRetry(error: unknown, { on }: Pick<RetrySpec, 'on'>): boolean {
  if (!(error instanceof CallbackError)) return true
  if (error.code !== 'ERR_HTTP_STATUS') return PASSING.has(error.code)
  const status = Number(error.status)
  return PASSING_STATUSES.has(status) || (on?.includes(status) ?? false)
}

/** How long to pause after an attempt (counted from 1) that failed, in milliseconds. */
function delayAfter(attempt: number, { delayMs, backoff, maxDelayMs }: RetrySpec): number {
  return backoff === 'fixed' ? delayMs : Math.min(delayMs * 2 ** (attempt - 1), maxDelayMs)
}

/** A moment for the next attempt to begin. */
export interface Pause {
  readonly spec: RetrySpec
  /** The attempt that failed, counted from 1. */
  readonly attempt: number
  /** Milliseconds since the epoch. */
  readonly now: number
  /** The job's timeout, in milliseconds; undefined without one. */
  readonly limitMs: number | undefined
}

/**
 * Returns when the next attempt begins, in milliseconds since the epoch: after the job's own delay, or later when the
 * answer asks for that. Infinite when it asks for more than the job's timeout, or than a day without one.
 */
export function nextAttemptAt(error: unknown, { spec, attempt, now, limitMs = MAX_ASKED_MS }: Pause): number {
  const askedMs = readRetryAfter(refusalHeaders(error), now) ?? 0
  return askedMs > limitMs ? Number.POSITIVE_INFINITY : now + Math.max(delayAfter(attempt, spec), askedMs)
}

/** Creates the error of a job that is not tried again, since the answer asks for too long a pause. */
export function askedTooLong(error: unknown, limitMs: number | undefined): unknown {
  if (!(error instanceof CallbackError)) return error
  const asked = `it asks to wait (Retry-After: ${refusalHeaders(error)['retry-after']})`
  const limit = limitMs === undefined ? 'a day' : `the job's timeout of ${limitMs} ms`
  return changeError(error, { message: `${error.message}; ${asked}, longer than ${limit}, so it is not tried again` })
}

/** The headers of the answer that refused the request; none when it was not refused, as when a later question was. */
function refusalHeaders(error: unknown): Readonly<Record<string, string>> {
  if (!(error instanceof CallbackError) || error.code !== 'ERR_HTTP_STATUS') return {}
  return error.response?.status === error.status ? (error.response?.headers ?? {}) : {}
}
