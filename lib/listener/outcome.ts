import { digitsAsText, writeJson } from '../template/bigints'
import type { Scope, Template } from '../template/compile'
import { compileScalar } from './ids'

/** What a status means for the wait. */
export type Verdict = 'succeeded' | 'failed' | 'pending'

export interface Judgement {
  readonly verdict: Verdict
  readonly status: string | undefined
}

/**
 * Compiles the judgement of a callback by its status: a success, a failure, or pending. Without a status, or without
 * lists, each callback is a success; a missing status is pending.
 */
export function compileJudge(spec: {
  readonly status: Template | undefined
  readonly successWhen: readonly string[] | undefined
  readonly failWhen: readonly string[] | undefined
}): (scope: Scope) => Judgement {
  if (spec.status === undefined) return () => ({ verdict: 'succeeded', status: undefined })
  const read = compileScalar(spec.status)
  const decide = compileVerdict(spec.successWhen, spec.failWhen)
  return (scope) => {
    const value = read(scope)
    const status = value === null || value === undefined ? undefined : toStatus(value)
    return { verdict: decide(status, value), status }
  }
}

function compileVerdict(
  successWhen: readonly string[] | undefined,
  failWhen: readonly string[] | undefined,
): (status: string | undefined, value: unknown) => Verdict {
  if (successWhen === undefined && failWhen === undefined) return () => 'succeeded'
  const success = new Set(successWhen)
  const failure = new Set(failWhen)
  const otherwise = successWhen === undefined ? 'succeeded' : 'pending'
  const isSuccess = compileSameValue(successWhen)
  const isFailure = compileSameValue(failWhen)
  return (status, value) => {
    if (status === undefined) return 'pending'
    if (success.has(status)) return 'succeeded'
    if (failure.has(status)) return 'failed'
    if (isSuccess(value)) return 'succeeded'
    return isFailure(value) ? 'failed' : otherwise
  }
}

/**
 * Compiles the comparison of a number, true or false of a body with a list of texts that may be written in another way: 1.1
 * is `1.10`, 0 is `00`, and true is `True`.
 */
function compileSameValue(texts: readonly string[] = []): (value: unknown) => boolean {
  const written = texts.filter((text) => text.trim() !== '')
  const numbers = new Set(written.map(Number))
  const words = new Set(written.map((text) => text.toLowerCase()))
  return (value) =>
    (typeof value === 'number' && numbers.has(value)) || (typeof value === 'boolean' && words.has(String(value)))
}

function toStatus(value: unknown): string {
  return typeof value === 'object' ? (writeJson(value) ?? '') : String(value)
}

/** Compiles the result of a wait, with integers beyond 2^53 as text. Undefined without a template. */
export function compileResult(template: Template | undefined): ((scope: Scope) => unknown) | undefined {
  if (template === undefined || !template.mayGiveBigInt) return template?.render
  return (scope) => digitsAsText(template.render(scope))
}
