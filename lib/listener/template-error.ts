import { CallbackError, reasonOf } from '../base/errors'

/** What else can go wrong in a template is the value's fault too, such as one that is too deep to be written. */
export function toTemplateError(what: string, error: unknown): CallbackError {
  if (error instanceof CallbackError) return error
  const reason = reasonOf(error)
  return new CallbackError('ERR_TEMPLATE', { message: `The ${what} cannot be rendered: ${reason}`, cause: error })
}
