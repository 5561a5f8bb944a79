import { inspect } from 'node:util'
import { CallbackError } from '../base/errors'
import type { Outcome } from '../base/contracts'

/** How somebody ends waits by hand: with a result, or with the reason of a failure. */
export type ByHand = { readonly result: unknown } | { readonly error: unknown }

/** Makes the outcome that a callback would have brought; a failure is `ERR_CALLBACK_FAILED` with the reason as cause. */
export function makeOutcome(id: string | undefined, endpoint: string, by: ByHand, receivedAt: number): Outcome {
  const common = { id, endpoint, status: undefined, body: undefined, headers: {}, receivedAt }
  if ('result' in by) return { outcome: 'succeeded', result: by.result, ...common }
  const error = new CallbackError('ERR_CALLBACK_FAILED', {
    message: `${endpoint} was failed by hand for ${JSON.stringify(id)}: ${describeReason(by.error)}`,
    cause: by.error,
    callback: { status: undefined, result: undefined, body: undefined, id, endpoint },
  })
  return { outcome: 'failed', result: undefined, ...common, error }
}

function describeReason(error: unknown): string {
  if (error === undefined || error === null) return 'no reason given'
  if (error instanceof Error) return error.message
  return typeof error === 'string' ? error : inspect(error, { depth: 1 })
}
