import { CallbackError, reasonOf } from '../base/errors'
import type { EndpointSpec } from '../config/normalize'
import type { Claim, Outcome } from '../base/contracts'
import type { RequestScope } from './request-scope'

/** How the task of a request is kept: under an id, and with the delivery that it claims. */
export interface StartKept {
  readonly id?: string | undefined
  readonly claim?: Claim | undefined
  /** The headers of the request, which may name a trace. */
  readonly headers?: Readonly<Record<string, unknown>> | undefined
}

/** What a request has started. */
export interface Started {
  /** The id of the task. */
  readonly task: string
  /** Whether this request has started it; otherwise an earlier delivery has. */
  readonly isNew: boolean
}

/**
 * Starts a workflow with an input, for the callback that is its reason (a trigger has none); a promise where the store
 * keeps the task first. Throws a `CallbackError` when it cannot be started, such as `ERR_CLOSED` and
 * `ERR_WORKFLOW_UNKNOWN`.
 */
export type StartWorkflow = (
  input: unknown,
  outcome: Outcome | undefined,
  kept?: StartKept,
) => Started | Promise<Started>

/** Calls `then` with the started task, as soon as the task is known. */
export function whenStarted<T>(started: Started | Promise<Started>, then: (started: Started) => T): T | Promise<T> {
  return started instanceof Promise ? started.then(then) : then(started)
}

/** Returns the content of a request: its item, where the endpoint names one, else its body. */
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

/** Creates the error of a template that cannot be rendered; the fault lies in the value, such as one that is nested too deep. */
export function toTemplateError(what: string, error: unknown): CallbackError {
  if (error instanceof CallbackError) return error
  const reason = reasonOf(error)
  return new CallbackError('ERR_TEMPLATE', { message: `The ${what} cannot be rendered: ${reason}`, cause: error })
}
