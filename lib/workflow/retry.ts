import type { RetrySpec } from '../config/normalize'
import { CallbackError, type ErrorCode } from '../errors'

/** What another attempt cannot change. */
const FINAL: ReadonlySet<ErrorCode> = new Set([
  'ERR_COMPONENT_UNKNOWN',
  'ERR_ENDPOINT_UNKNOWN',
  'ERR_ENDPOINT_AMBIGUOUS',
  'ERR_GATEWAY_MISSING',
  'ERR_CLOSED',
])

/** Whether another attempt may go better. */
export function mayRetry(error: unknown): boolean {
  if (!(error instanceof CallbackError)) return true
  return !FINAL.has(error.code) && !error.code.startsWith('ERR_CONFIG_')
}

/** How long to pause after an attempt (counted from 1) that failed, in milliseconds. */
export function delayAfter(attempt: number, { delayMs, backoff, maxDelayMs }: RetrySpec): number {
  return backoff === 'fixed' ? delayMs : Math.min(delayMs * 2 ** (attempt - 1), maxDelayMs)
}
