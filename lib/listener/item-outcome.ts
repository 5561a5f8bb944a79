import type { Clock, Outcome, Progress } from '../base/contracts'
import { escapeControls } from '../base/secrets/escape'
import { createEnvMask } from '../base/secrets/env-mask'
import { maskTickets } from '../base/secrets/ticket-id'
import { excerptOf } from '../template/excerpt'
import type { Template } from '../template/compile'
import type { Endpoint } from './endpoint'
import { compileResult, type Judgement } from './outcome'
import type { RequestScope } from './request-scope'
import { contentOf, toTemplateError } from './start'

/** Creates the outcome of one item from its scope, its id and its judgement. */
export type OutcomeOf = (scope: RequestScope, id: string | undefined, judgement: Judgement) => Outcome | Progress

const NO_REASON = Object.freeze({})

/**
 * Compiles the outcome of one item. A success whose `result` cannot be rendered is a failure with `ERR_TEMPLATE`; a
 * failure keeps its reason.
 */
export function compileOutcome(
  { key, spec }: Endpoint,
  { clock, env }: { readonly clock: Clock; readonly env: Readonly<Record<string, string>> },
): OutcomeOf {
  const resultOf = compileResult(spec.result)
  const readReason = compileReason(spec.error, env)
  const reasonOf = (scope: RequestScope): { readonly reason?: string } => {
    const reason = readReason(scope)
    return reason === undefined ? NO_REASON : { reason }
  }
  return (scope, id, { verdict, status }) => {
    const body = spec.bulk ? contentOf(spec, scope) : scope.body
    const common = { id, endpoint: key, status, body, headers: scope.header, receivedAt: clock.now() }
    if (verdict === 'pending') return { outcome: verdict, result: undefined, ...common }
    try {
      const result = resultOf ? resultOf(scope) : contentOf(spec, scope)
      return { outcome: verdict, result, ...common, ...(verdict === 'failed' ? reasonOf(scope) : NO_REASON) }
    } catch (error) {
      if (verdict === 'failed') return { outcome: verdict, result: undefined, ...common, ...reasonOf(scope) }
      return { outcome: 'failed', result: undefined, ...common, error: toTemplateError('result', error) }
    }
  }
}

/** Compiles the result of a pending callback, for waits that take it as one of many; undefined when it cannot be rendered. */
export function compilePendingResult({ spec }: Endpoint): (scope: RequestScope) => unknown {
  const resultOf = compileResult(spec.result)
  return (scope) => {
    try {
      return resultOf ? resultOf(scope) : contentOf(spec, scope)
    } catch {
      return undefined
    }
  }
}

/**
 * Compiles the reason of a failed callback from the template `error`: one line of at most 200 characters without the
 * secrets of the environment, or undefined where it is empty. A template that fails has no reason.
 */
function compileReason(
  template: Template | undefined,
  env: Readonly<Record<string, string>>,
): (scope: RequestScope) => string | undefined {
  if (template === undefined) return () => undefined
  const mask = createEnvMask(env)
  return (scope) => {
    try {
      return escapeControls(maskTickets(mask(excerptOf(template.render(scope))))) || undefined
    } catch {
      return undefined
    }
  }
}
