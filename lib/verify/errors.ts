import type { VerifySpec } from './contract'
import { CallbackError } from '../base/errors'

/** The error for a request that does not prove its sender. The message is for the log and holds nothing of the request. */
export function unverified(message: string, cause?: unknown): CallbackError {
  return new CallbackError('ERR_UNVERIFIED', { message: `The sender is not verified: ${message}`, cause })
}

/** The error for a `verify` that cannot work; `key` is the key of it that is wrong. */
export function misconfigured({ at, location }: VerifySpec, key: string, message: string): CallbackError {
  return new CallbackError('ERR_CONFIG_VALUE', { message, at: `${at}.${key}`, location })
}
