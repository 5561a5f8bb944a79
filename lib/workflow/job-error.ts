import type { JobSpec } from '../config/normalize'
import { CallbackError, reasonOf } from '../base/errors'
import { nameAtStart } from '../base/unnamed'
import { broughtBy } from './changed-error'
import { excerptOf } from '../template/excerpt'
/** The error of a job: the code and what came along stay, the message says which job it was. */
export function jobFailed({ id, at, location }: JobSpec, cause: unknown): CallbackError {
  const reason = reasonOf(cause)
  const code = cause instanceof CallbackError ? cause.code : 'ERR_INTERNAL'
  const error = new CallbackError(code, {
    message: `${nameAtStart('job', id)} failed: ${reason}${detailOf(cause)}`,
    at,
    location,
    cause,
    response: cause instanceof CallbackError ? cause.response : undefined,
  })
  return cause instanceof CallbackError ? Object.assign(error, broughtBy(cause)) : error
}

/** What a callback said beside its status, where its message does not quote the reason. */
function detailOf(cause: unknown): string {
  if (!(cause instanceof CallbackError) || cause.code !== 'ERR_CALLBACK_FAILED' || cause.reason !== undefined) return ''
  const excerpt = excerptOf(cause.body)
  return excerpt === '' ? '' : `: ${excerpt}`
}

/**
 * What `${error…}` reads in on_error jobs. `response` and `header` are those of the immediate answer; the error as a whole
 * does not show them, since headers may hold cookies.
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
