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

/** Creates the error for a key or page that the sender's hosts do not serve now; the message may be sent again. */
export function unavailable(message: string, cause?: unknown): CallbackError {
  return new CallbackError('ERR_SENDER_UNAVAILABLE', {
    message: `The sender cannot be verified now: ${message}`,
    cause,
  })
}
