import { CallbackError } from '../errors'
import type { Delivery, Outcome } from '../types'
import { requestEvent } from './callback-event'
import { compileDedupeKey } from './dedupe-key'
import type { Endpoint } from './endpoint'
import type { ItemContext, ReceiveItem } from './item'
import type { RequestScope } from './request-scope'
import { compileInput, contentOf, whenStarted } from './start'

/**
 * Compiles the way of one item from the request to the workflow that it starts. With `dedupe_by`, a delivery is the id of
 * its start, which the store settles once; a repeated one is a duplicate. It throws `ERR_TEMPLATE` when the input cannot
 * be made, and `ERR_WORKFLOW_UNKNOWN` when there is nothing to start.
 */
export function compileTrigger(
  endpoint: Endpoint,
  { store, emitter, clock }: Pick<ItemContext, 'store' | 'emitter' | 'clock'>,
): ReceiveItem {
  const { key: name, spec, start } = endpoint
  const inputOf = compileInput(spec)
  const dedupeKey = compileDedupeKey(spec)

  function record(delivery: Delivery, scope: RequestScope): Delivery {
    if (delivery === 'duplicate') emitter.record(delivery, name, () => requestEvent(name, scope))
    return delivery
  }

  return (scope) => {
    if (start === undefined) throw nothingToStart(endpoint)
    const input = inputOf(scope)
    const body = spec.bulk ? contentOf(spec, scope) : scope.body
    const begin = (run?: string): void | Promise<void> =>
      whenStarted(start(input, undefined, run), (task) =>
        emitter.record('started', name, () => ({ ...requestEvent(name, scope), body, task })),
      )
    const id = dedupeKey(scope, undefined)
    if (id === undefined) {
      const told = begin()
      return told ? told.then(() => 'started' as const) : 'started'
    }
    const outcome = toOutcome(name, id, clock.now())
    const delivery = store.deliver({ endpoint, outcome, size: () => 0, start: begin })
    return typeof delivery === 'string' ? record(delivery, scope) : delivery.then((one) => record(one, scope))
  }
}

/** What the store remembers of a start: that it has been. */
function toOutcome(endpoint: string, id: string, receivedAt: number): Outcome {
  const nothing = { result: undefined, status: undefined, body: null, headers: {} }
  return { outcome: 'succeeded', id, endpoint, receivedAt, ...nothing }
}

function nothingToStart({ key, spec: { at, workflow } }: Endpoint): CallbackError {
  const reason =
    workflow === false
      ? '"workflow" is false'
      : workflow === undefined
        ? 'it names none, and there is no default one; add "workflow"'
        : `there is no workflow ${JSON.stringify(workflow)}; add it to "workflows"`
  return new CallbackError('ERR_WORKFLOW_UNKNOWN', { at, message: `${key} has no workflow to start: ${reason}` })
}
