import { CallbackError } from './errors'
import { findNearest } from './values/nearest'

/** The name of each option, so that no option can be forgotten. */
export type OptionNames<T> = Readonly<Record<keyof T, true>>

/**
 * Returns the options that a caller gives to a method, when all of them are known. Throws `ERR_CONFIG_VALUE`, which names
 * the nearest known option; an option that is undefined counts as left out.
 */
export function readOptions<T extends object>(method: string, options: T, known: OptionNames<T>): T {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw badOptions(`The options of ${method}() must be an object, not ${kindOf(options)}`)
  const name = Object.keys(options).find((one) => !Object.hasOwn(known, one) && Reflect.get(options, one) !== undefined)
  if (name === undefined) return options
  const names = Object.keys(known)
  const nearest = findNearest(name, names)
  const advice = nearest === undefined ? `there are ${names.join(', ')}` : `did you mean "${nearest}"?`
  throw badOptions(
    `The option ${name}${method === 'callbacks' ? '' : ` of ${method}()`} cannot be used: ${advice}`,
    name,
  )
}

/** Creates the error for an option of `callbacks()` that cannot be used. */
export function badOption(name: string, reason: string): CallbackError {
  return badOptions(`The option ${name} cannot be used: ${reason}`, name)
}

function badOptions(message: string, name?: string): CallbackError {
  return new CallbackError('ERR_CONFIG_VALUE', { at: name === undefined ? 'options' : `options.${name}`, message })
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`
}
