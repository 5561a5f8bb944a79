import { CallbackError } from '../base/errors'
import type { CallbackEvent, Emitter } from '../base/events'
import type { Delivery, Store } from '../base/contracts'
import { whenThere } from '../base/values/later'
import { compileDedupeKey } from './dedupe-key'
import type { Endpoint } from './endpoint'
import { keysOfDelivery } from './held/request-runs'
import type { ReceiveItem } from './item'
import { requestEvent, type RequestScope } from './request-scope'
import { compileInput, contentOf, whenStarted } from './start'

/**
 * Compiles the way of one item from the request to the workflow that it starts, once for each delivery. Throws
 * `ERR_TEMPLATE` when the input cannot be rendered, and `ERR_WORKFLOW_UNKNOWN` when there is no workflow.
 */
export function compileTrigger(
  endpoint: Endpoint,
  { emitter, store }: { readonly emitter: Emitter; readonly store: Store },
): ReceiveItem {
  const { key: name, spec, start } = endpoint
  const inputOf = compileInput(spec)
  const dedupeKey = compileDedupeKey(spec.dedupeBy)

  function toEvent(scope: RequestScope): CallbackEvent {
    return { ...requestEvent(name, scope), body: spec.bulk ? contentOf(spec, scope) : scope.body }
  }

  function record(delivery: Delivery, scope: RequestScope, task: string | undefined, key?: string): Delivery {
    const keys = keysOfDelivery(name, undefined, key)
    if (delivery === 'started' && task !== undefined) scope.runs?.started(scope.index, task, keys)
    // A task that was not started for this delivery is not there.
    else scope.runs?.repeated(scope.index, keys)
    scope.course?.end(delivery, undefined, delivery === 'started' ? task : undefined)
    if (delivery === 'duplicate') emitter.record('duplicate', name, () => toEvent(scope))
    return delivery
  }

  return (scope) => {
    if (start === undefined) throw nothingToStart(endpoint)
    const input = inputOf(scope)
    let begun: string | undefined
    // A replay is the same delivery on purpose.
    const key = scope.course?.replayOf === undefined ? dedupeKey(scope, undefined) : undefined
    const delivery = store.trigger({
      endpoint,
      dedupeKey: key,
      start: (claim) =>
        whenStarted(start(input, undefined, { claim, headers: scope.header }), ({ task, isNew }) => {
          begun = task
          if (isNew) emitter.record('started', name, () => ({ ...toEvent(scope), task }))
          return isNew
        }),
    })
    return whenThere(delivery, (one) => record(one, scope, begun, key))
  }
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
