import { CallbackError } from '../errors'
import { requestEvent } from './callback-event'
import type { Endpoint } from './endpoint'
import type { ItemContext, ReceiveItem } from './item'
import { compileInput, contentOf, whenStarted } from './start'

/**
 * Compiles the way of one item from the request to the workflow that it starts. It throws `ERR_TEMPLATE` when the
 * input cannot be made, and `ERR_WORKFLOW_UNKNOWN` when there is nothing to start.
 */
export function compileTrigger(endpoint: Endpoint, { emitter }: Pick<ItemContext, 'emitter'>): ReceiveItem {
  const { key: name, spec, start } = endpoint
  const inputOf = compileInput(spec)
  return (scope) => {
    if (start === undefined) throw nothingToStart(endpoint)
    const body = spec.bulk ? contentOf(spec, scope) : scope.body
    const told = whenStarted(start(inputOf(scope), undefined), (task) =>
      emitter.record('started', name, () => ({ ...requestEvent(name, scope), body, task })),
    )
    return told ? told.then(() => 'started' as const) : 'started'
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
