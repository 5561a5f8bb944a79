import { CallbackError } from '../base/errors'
import { isTicketId } from '../base/secrets/ticket-id'
import type { Scope, Template } from '../template/compile'

/** Task tokens of some engines have 2,048. */
const MAX_ID_LENGTH = 4096

/**
 * Compiles the reader of a callback's id: as text, undefined when there is none. Throws `ERR_ID` for a value that cannot
 * be an id: a mapping, a list, a text that is too long, or a number that has lost digits.
 */
export function compileIdentify(template: Template): (scope: Scope) => string | undefined {
  const read = compileScalar(template)
  return (scope) => toId(read(scope))
}

/** Compiles the reader of one value. JSONPath finds a list; its first element counts as the id or the status. */
export function compileScalar(template: Template): (scope: Scope) => unknown {
  if (!template.references.some((reference) => reference.isQuery)) return template.render
  return (scope) => {
    const found = template.render(scope)
    return Array.isArray(found) ? found[0] : found
  }
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

/** Returns an id as text, undefined for an empty one, or the reason why the value cannot be an id. */
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
 * Reads the ids of a wait, one or a list, as texts without repeats. Throws `ERR_WAIT_ID` when there is none, or when a
 * value cannot be an id; `at` is the place in the config where the ids were written.
 */
export function readWaitIds(value: unknown, at?: string): readonly string[] {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value]
  const ids = values.map((item) => readWaitId(item, at))
  if (ids.length === 0) throw badWaitId('the list is empty', at)
  return ids.length === 1 ? ids : [...new Set(ids)]
}

function readWaitId(value: unknown, at: string | undefined): string {
  const id = describeId(value)
  if (typeof id === 'string') return id
  throw badWaitId(id?.problem ?? 'it is empty', at)
}

function badWaitId(reason: string, at: string | undefined): CallbackError {
  return new CallbackError('ERR_WAIT_ID', { at, message: `This id cannot be waited for: ${reason}` })
}

/** Reads the key of a wait; undefined when it has none. Throws `ERR_WAIT_KEY` for one that is empty or no text. */
export function readWaitKey(key: unknown): string | undefined {
  if (key === undefined) return undefined
  if (typeof key === 'string' && key !== '') return key
  const found = key === '' ? 'it is empty' : `it is ${key === null ? 'null' : `of the type ${typeof key}`}`
  throw new CallbackError('ERR_WAIT_KEY', {
    message: `The key of a wait must be a text: ${found}. Leave it out for none`,
  })
}

/**
 * Throws `ERR_CONFIG_VALUE` where no callback can be for one of the ids: none of the endpoints has `identify_by`. `at` is the
 * place in the config.
 */
export function requireIds(
  method: string,
  endpoints: readonly { readonly key: string; readonly anonymous: boolean }[],
  ids: readonly string[],
  at = 'path',
): void {
  if (endpoints.some(({ anonymous }) => !anonymous) || ids.every(isTicketId)) return
  const names = endpoints.map(({ key }) => key).join(', ')
  throw new CallbackError('ERR_CONFIG_VALUE', {
    at,
    message: `${method} needs an endpoint that reads ids from its callbacks, and ${names} has no "identify_by": add it`,
  })
}
