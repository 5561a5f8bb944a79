import { CallbackError } from '../errors'
import { MAX_JSON_DEPTH } from '../template/json-depth'

/** Returns the refusal of a body that is not what its label says; `cause` must not quote the body. */
export function malformed(reason: string, cause?: unknown): CallbackError {
  return new CallbackError('ERR_BODY_MALFORMED', { message: `The body cannot be read: ${reason}`, cause })
}

/** Returns the refusal of JSON that is nested deeper than 100. */
export function tooDeep(): CallbackError {
  return new CallbackError('ERR_BODY_DEPTH', { message: `The body is nested deeper than ${MAX_JSON_DEPTH}` })
}

/** Whether an error is the refusal of a malformed body. */
export function isMalformed(error: unknown): boolean {
  return error instanceof CallbackError && error.code === 'ERR_BODY_MALFORMED'
}
