import type { JobSpec } from '../config/normalize'
import { CallbackError } from '../errors'
import { excerptOf } from '../template/excerpt'

/** What an error brought along, beside its message. */
const BROUGHT = ['status', 'result', 'body', 'id', 'endpoint', 'reason'] as const

/** The error of a job: the code and what came along stay, the message says which job it was. */
export function jobFailed({ id, at, location }: JobSpec, cause: unknown): CallbackError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  const code = cause instanceof CallbackError ? cause.code : 'ERR_INTERNAL'
  const error = new CallbackError(code, {
    message: `Job "${id}" failed: ${reason}${detailOf(cause)}`,
    at,
    location,
    cause,
  })
  return cause instanceof CallbackError ? Object.assign(error, broughtBy(cause)) : error
}

/** What a callback said beside its status, where its message does not quote the reason. */
function detailOf(cause: unknown): string {
  if (!(cause instanceof CallbackError) || cause.code !== 'ERR_CALLBACK_FAILED' || cause.reason !== undefined) return ''
  const excerpt = excerptOf(cause.body)
  return excerpt === '' ? '' : `: ${excerpt}`
}

/** What `${error…}` reads in on_error jobs. */
export function describeError(error: unknown): object {
  const { code, message } = error instanceof CallbackError ? error : { code: 'ERR_INTERNAL', message: String(error) }
  const { status = null, body = null } = error instanceof CallbackError ? broughtBy(error) : {}
  return { code, message, status, body }
}

function broughtBy(error: CallbackError): Partial<Pick<CallbackError, (typeof BROUGHT)[number]>> {
  return Object.fromEntries(BROUGHT.filter((key) => Object.hasOwn(error, key)).map((key) => [key, error[key]]))
}
