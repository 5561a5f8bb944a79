import { CallbackError, hasCode } from '../base/errors'
import { MAX_JSON_DEPTH } from '../template/json-depth'

/** Returns the refusal of a body that does not fit its label; `cause` must not quote the body. */
export function malformed(reason: string, cause?: unknown): CallbackError {
  return new CallbackError('ERR_BODY_MALFORMED', { message: `The body cannot be read: ${reason}`, cause })
}

/** Returns the refusal of JSON that is nested deeper than 100. */
export function tooDeep(): CallbackError {
  return new CallbackError('ERR_BODY_DEPTH', { message: `The body is nested deeper than ${MAX_JSON_DEPTH}` })
}

/** Whether an error is the refusal of a malformed body. */
export function isMalformed(error: unknown): boolean {
  return hasCode(error, 'ERR_BODY_MALFORMED')
}

/** Returns the refusal of a body that is longer than the limit, packed or unpacked. */
export function tooLarge(): CallbackError {
  return new CallbackError('ERR_BODY_TOO_LARGE', { message: 'The callback was refused: its body exceeds body_limit' })
}

/** Returns the refusal of a body that was broken off. */
export function aborted(cause?: unknown): CallbackError {
  return new CallbackError('ERR_BODY_ABORTED', { message: 'The callback was refused: its body is not whole', cause })
}

/** Returns the refusal of a body that did not arrive in time. */
export function tooSlow(deadlineMs: number): CallbackError {
  return new CallbackError('ERR_BODY_TIMEOUT', {
    message: `The callback was refused: its body did not arrive within ${deadlineMs / 1000} s`,
  })
}

/** Returns the refusal of a body that other code has read; `needsRaw` says that a signature covers its bytes. */
export function consumed(needsRaw: boolean): CallbackError {
  const need = needsRaw ? 'its signature covers the bytes as they came' : 'nothing is left to read'
  return new CallbackError('ERR_BODY_CONSUMED', {
    message: `The body was read before the callbacks saw it, and ${need}. Mount the callbacks before express.json()`,
  })
}
