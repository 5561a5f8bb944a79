import { CallbackError } from '../base/errors'
import { describeId } from './outcome'

/**
 * Reads what somebody waits for, one id or a list, as texts without repeats. Throws `ERR_WAIT_ID` when there is none, or
 * one that can be no id; `at` names the place in the config, if it comes from there.
 */
export function readWaitIds(value: unknown, at?: string): readonly string[] {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value]
  const ids = values.map((item) => readWaitId(item, at))
  if (ids.length === 0) throw badId('the list is empty', at)
  return ids.length === 1 ? ids : [...new Set(ids)]
}

function readWaitId(value: unknown, at: string | undefined): string {
  const id = describeId(value)
  if (typeof id === 'string') return id
  throw badId(id?.problem ?? 'it is empty', at)
}

function badId(reason: string, at: string | undefined): CallbackError {
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
