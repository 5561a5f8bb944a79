import { CallbackError } from '../base/errors'
import { digitsAsText, writeJson } from '../template/bigints'
import type { Scope, Template } from '../template/compile'

/** What a status means for the wait. */
export type Verdict = 'succeeded' | 'failed' | 'pending'

export interface Judgement {
  readonly verdict: Verdict
  readonly status: string | undefined
}

/** Task tokens of some engines have 2,048. */
const MAX_ID_LENGTH = 4096

/**
 * Gives the id that a template reads, as text, or nothing when there is none. Throws `ERR_ID` for what cannot be an
 * id: a mapping, a list, an endless text, or a number whose digits are lost already.
 */
export function compileIdentify(template: Template): (scope: Scope) => string | undefined {
  const read = compileScalar(template)
  return (scope) => toId(read(scope))
}

/** Reads an id as text: 7 equals "7". Throws `ERR_ID` when it cannot be one. */
export function toId(value: unknown): string | undefined {
  const id = describeId(value)
  if (typeof id !== 'object') return id
  throw badId(id.problem)
}

/** Creates the error of a callback whose id cannot be used. */
export function badId(problem: string): CallbackError {
  return new CallbackError('ERR_ID', { message: `The callback's id cannot be used: ${problem}` })
}

/** Gives an id as text, nothing for one that is empty, or why the value can be no id. */
export function describeId(value: unknown): string | undefined | { readonly problem: string } {
  if (value === null || value === undefined || value === '') return undefined
  if (typeof value === 'number' && !Number.isFinite(value)) return { problem: `${value} is no number` }
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) {
    return { problem: `the number ${value} has lost digits before it got here; give it as text` }
  }
  if (typeof value === 'object' || typeof value === 'function' || typeof value === 'symbol') {
    return { problem: `an id is a text or a number, not ${Array.isArray(value) ? 'a list' : `a ${typeof value}`}` }
  }
  const id = String(value)
  return id.length > MAX_ID_LENGTH ? { problem: `an id has at most ${MAX_ID_LENGTH} characters, not ${id.length}` } : id
}

/**
 * Says whether a status is a success, a failure, or neither yet. Without a status, or without lists, everything is a
 * success; a status that is missing is pending.
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
 * Compiles whether a number, true or false of a body is one of a list that is written in another way: 1.1 is `1.10`, 0 is
 * `00`, and true is `True`.
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

/** Compiles what a wait receives: integers beyond 2^53 as text. Undefined without a template. */
export function compileResult(template: Template | undefined): ((scope: Scope) => unknown) | undefined {
  if (template === undefined || !template.mayGiveBigInt) return template?.render
  return (scope) => digitsAsText(template.render(scope))
}

/** A path that only JSONPath can say gives a list; as an id or a status its first element counts. */
function compileScalar(template: Template): (scope: Scope) => unknown {
  if (!template.references.some((reference) => reference.isQuery)) return template.render
  return (scope) => {
    const found = template.render(scope)
    return Array.isArray(found) ? found[0] : found
  }
}
