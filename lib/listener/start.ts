import type { EndpointSpec } from '../config/normalize'
import type { Outcome } from '../types'
import type { RequestScope } from './request-scope'
import { toTemplateError } from './template-error'

/**
 * Starts a workflow with an input, for the callback that is its reason (a trigger has none), and gives the id of the
 * task, which may be given; a promise where the store keeps it first. Throws a `CallbackError` when it cannot be
 * started, such as `ERR_CLOSED` and `ERR_WORKFLOW_UNKNOWN`.
 */
export type StartWorkflow = (input: unknown, outcome: Outcome | undefined, id?: string) => string | Promise<string>

/** Tells of a task as soon as its id is there. */
export function whenStarted(task: string | Promise<string>, tell: (task: string) => void): void | Promise<void> {
  return typeof task === 'string' ? tell(task) : task.then(tell)
}

/** What a request carries: its item, where it is narrowed to one, else its body. */
export function contentOf({ bulk, item }: EndpointSpec, scope: RequestScope): unknown {
  return bulk || item ? scope.item : scope.body
}

/** Compiles the input of the workflow that a request starts, by default its content. It throws `ERR_TEMPLATE`. */
export function compileInput(spec: EndpointSpec): (scope: RequestScope) => unknown {
  const { input } = spec
  if (input === undefined) return (scope) => contentOf(spec, scope)
  return (scope) => {
    try {
      return input.render(scope)
    } catch (error) {
      throw toTemplateError('input of the workflow', error)
    }
  }
}
