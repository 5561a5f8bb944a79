import type { JobSpec } from '../config/normalize'
import { CallbackError, type ImmediateAnswer, reasonOf } from '../base/errors'
import { nameAtStart } from '../base/unnamed'
import { excerptOf } from '../template/excerpt'

/** Creates the error of a job: it keeps the code and the answer of its cause, and its message names the job. */
export function jobFailed({ id, at, location }: JobSpec, cause: unknown): CallbackError {
  const code = cause instanceof CallbackError ? cause.code : 'ERR_INTERNAL'
  const error = new CallbackError(code, {
    message: `${nameAtStart('job', id)} failed: ${reasonOf(cause)}${detailOf(cause)}`,
    at,
    location,
    cause,
    response: cause instanceof CallbackError ? cause.response : undefined,
  })
  return cause instanceof CallbackError ? Object.assign(error, broughtBy(cause)) : error
}

/** Returns the beginning of a failed callback's body, unless the message quotes its reason. */
function detailOf(cause: unknown): string {
  if (!(cause instanceof CallbackError) || cause.code !== 'ERR_CALLBACK_FAILED' || cause.reason !== undefined) return ''
  const excerpt = excerptOf(cause.body)
  return excerpt === '' ? '' : `: ${excerpt}`
}

/**
 * Returns what `${error…}` reads in on_error jobs. `response` and `header` are those of the immediate answer; the error
 * as a whole does not show them, since headers may hold cookies.
 */
export function describeError(error: unknown): object {
  const { code, message } = error instanceof CallbackError ? error : { code: 'ERR_INTERNAL', message: String(error) }
  const { status = null, body = null } = error instanceof CallbackError ? broughtBy(error) : {}
  const answer = error instanceof CallbackError ? error.response : undefined
  return Object.defineProperties(
    { code, message, status, body },
    { response: { value: answer?.body ?? null }, header: { value: answer?.headers ?? null } },
  )
}

/** What an error brought along, beside its message. */
const BROUGHT = ['status', 'result', 'body', 'id', 'endpoint', 'reason'] as const

type Brought = Partial<Pick<CallbackError, (typeof BROUGHT)[number]>>

/** Lists what came with an error: status and body of an answer, or what a failed callback said. */
function broughtBy(error: CallbackError): Brought {
  return Object.fromEntries(BROUGHT.filter((key) => Object.hasOwn(error, key)).map((key) => [key, error[key]]))
}

/** Returns the same error with another message, or with the immediate answer that stood before it. */
export function changeError(
  error: CallbackError,
  {
    message = error.message,
    response = error.response,
  }: { readonly message?: string; readonly response?: ImmediateAnswer },
): CallbackError {
  const { code, at, cause } = error
  return Object.assign(new CallbackError(code, { message, at, cause, response }), broughtBy(error))
}
