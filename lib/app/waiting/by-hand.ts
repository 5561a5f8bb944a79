import { inspect } from 'node:util'
import type { Clock, Delivery, Outcome, Store } from '../../base/contracts'
import { CallbackError } from '../../base/errors'
import { type Emitter, outcomeEvent } from '../../base/events'
import { readWaitIds } from '../../listener/ids'
import type { Selection } from '../../listener/paths/selection'

/** How somebody ends waits by hand: with a result, or with the reason of a failure. */
export type ByHand = { readonly result: unknown } | { readonly error: unknown }

/** Ends the waits for an id by hand, as a callback would. */
export type Deliver = (id: string | number, by: ByHand, path: string | undefined) => Promise<Delivery>

interface DeliverContext {
  readonly selection: Selection
  readonly store: Store
  readonly emitter: Emitter
  readonly clock: Clock
}

/**
 * Creates the function that ends waits by hand. Rejects with `ERR_ENDPOINT_AMBIGUOUS` when there are several endpoints and no
 * `path`, and with `ERR_RESULT_SCHEMA` for a result that the schema of the endpoint refuses.
 */
export function createDeliver({ selection, store, emitter, clock }: DeliverContext): Deliver {
  return async (id, by, path) => {
    const endpoint = selection.one(path)
    const [text] = readWaitIds(id)
    const made = makeOutcome(text, endpoint.key, by, clock.now())
    const outcome = (await endpoint.resultSchema?.admit(made)) ?? made
    const delivery = await store.deliver({ endpoint, outcome, size: () => 0 })
    if (delivery !== 'settled') emitter.record(delivery, endpoint.key, () => outcomeEvent(outcome))
    return delivery
  }
}

/** Makes the outcome of a callback that somebody plays; a failure is `ERR_CALLBACK_FAILED` with the reason as cause. */
function makeOutcome(id: string | undefined, endpoint: string, by: ByHand, receivedAt: number): Outcome {
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
