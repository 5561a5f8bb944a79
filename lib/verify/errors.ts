import type { VerifySpec } from './contract'
import { CallbackError } from '../base/errors'

/** Creates the error for a request that does not prove its sender. The message is for the log, and quotes nothing secret. */
export function unverified(message: string, cause?: unknown): CallbackError {
  return new CallbackError('ERR_UNVERIFIED', { message: `The sender is not verified: ${message}`, cause })
}

/** Creates the error for a `verify` that cannot work; `key` is its wrong key. */
export function misconfigured({ at, location }: VerifySpec, key: string, message: string): CallbackError {
  return new CallbackError('ERR_CONFIG_VALUE', { message, at: `${at}.${key}`, location })
}
