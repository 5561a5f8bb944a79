import { CallbackError, type ImmediateAnswer } from '../base/errors'

/** What an error brought along, beside its message. */
const BROUGHT = ['status', 'result', 'body', 'id', 'endpoint', 'reason'] as const

type Brought = Partial<Pick<CallbackError, (typeof BROUGHT)[number]>>

/** Lists what came with an error: status and body of an answer, or what a failed callback said. */
export function broughtBy(error: CallbackError): Brought {
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
