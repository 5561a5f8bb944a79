import { CallbackError, reasonOf } from '../errors'
import { maskTickets } from './ticket-id'

/**
 * Returns an error in which each ticket is cut short, in its fields and causes too: the wait of a callback that was refused goes
 * on, and so its ticket can still be used. An error without a ticket is returned as it is.
 */
export function withoutTickets(error: unknown): unknown {
  return hide(error, new Map())
}

/** The objects that were looked at; one that holds itself stays as it is there. */
type Seen = Map<object, unknown>

function hide(value: unknown, seen: Seen): unknown {
  if (typeof value === 'string') return maskTickets(value)
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value
  if (seen.has(value)) return seen.get(value)
  seen.set(value, value)
  const hidden = hideIn(value, seen)
  seen.set(value, hidden)
  return hidden
}

function hideIn(value: object, seen: Seen): unknown {
  if (value instanceof Error) return hideInError(value, seen)
  if (Array.isArray(value)) {
    const items = value.map((item) => hide(item, seen))
    return items.some((item, index) => item !== value[index]) ? items : value
  }
  const fields = hideFields(value, seen)
  return fields === undefined ? value : { ...value, ...fields }
}

/** Returns the fields that hold a ticket, without it; undefined when there are none. */
function hideFields(value: object, seen: Seen): Record<string, unknown> | undefined {
  const changed = Object.entries(value).flatMap(([name, field]) => {
    const hidden = hide(field, seen)
    return hidden === field ? [] : [[name, hidden] as const]
  })
  return changed.length === 0 ? undefined : Object.fromEntries(changed)
}

function hideInError(error: Error, seen: Seen): Error {
  const fields = hideFields(error, seen)
  const cause = hide(error.cause, seen)
  const message = maskTickets(reasonOf(error))
  const stack = error.stack === undefined ? undefined : maskTickets(error.stack)
  if (fields === undefined && cause === error.cause && message === error.message && stack === error.stack) return error
  const copy = copyOf(error, message, cause)
  return Object.assign(copy, error, fields, { name: error.name }, stack === undefined ? {} : { stack })
}

function copyOf(error: Error, message: string, cause: unknown): Error {
  if (!(error instanceof CallbackError)) return new Error(message, cause === undefined ? undefined : { cause })
  const { code, response } = error
  return new CallbackError(code, { message: message.split('\n'), cause, response })
}
