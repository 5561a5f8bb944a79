import type { JobSpec } from '../config/normalize'
import { CallbackError } from '../errors'
import { broughtBy } from './changed-error'
import { excerptOf } from './excerpt'

/** The error of a job: the code and what came along stay, the message says which job it was. */
export function jobFailed({ id, at, location }: JobSpec, cause: unknown): CallbackError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  const code = cause instanceof CallbackError ? cause.code : 'ERR_INTERNAL'
  const error = new CallbackError(code, {
    message: `Job "${id}" failed: ${reason}${detailOf(cause)}`,
    at,
    location,
    cause,
    response: cause instanceof CallbackError ? cause.response : undefined,
  })
  return cause instanceof CallbackError ? Object.assign(error, broughtBy(cause)) : error
}

/** What a callback said beside its status, which is where services say why. */
function detailOf(cause: unknown): string {
  if (!(cause instanceof CallbackError) || cause.code !== 'ERR_CALLBACK_FAILED') return ''
  const excerpt = excerptOf(cause.body)
  return excerpt === '' ? '' : `: ${excerpt}`
}

/** What `${error…}` reads in on_error jobs; `response` and `header` are those of the immediate answer. */
export function describeError(error: unknown): object {
  if (!(error instanceof CallbackError))
    return { code: 'ERR_INTERNAL', message: String(error), status: null, body: null, response: null, header: null }
  const { code, message, response } = error
  const { status = null, body = null } = broughtBy(error)
  return { code, message, status, body, response: response?.body ?? null, header: response?.headers ?? null }
}
