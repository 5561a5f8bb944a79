import { GivenSchema, isStandardSchema } from '../schemas/standard-schema'
import type { ConfigPath } from './config-path'

/** A mapping of plain data. */
export type Mapping = Readonly<Record<string, unknown>>

/** Whether a value is a plain mapping, not a list and not an instance of a class. */
export function isMapping(value: unknown): value is Mapping {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/** Whether a value is there; null counts as absent, as an empty key does in YAML. */
export function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null
}

/** Sets a key of a mapping that is made of foreign names: `__proto__` is a name like any other, as for `JSON.parse`. */
export function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(target, key, { value, configurable: true, enumerable: true, writable: true })
  else target[key] = value
}

type Refuse = (path: ConfigPath, message: string) => void

const MAX_DEPTH = 100
const ENDPOINT_STEPS: ReadonlySet<string> = new Set(['listener', 'listeners', 'callbacks', 'triggers'])

/**
 * Copies plain data: texts, numbers (bigints too), booleans, null, lists and mappings. Everything else is refused and
 * left out: functions, instances of classes (but a schema where one may stand), cycles, more than 100 levels, and keys that could reach a prototype.
 */
export function copyPlain(value: unknown, refuse: Refuse): unknown {
  const open = new Set<object>()

  function copy(current: unknown, path: ConfigPath): unknown {
    if (path.at(-1) === 'schema' && isSchemaPlace(path)) {
      if (current instanceof GivenSchema) return current
      if (isStandardSchema(current)) return new GivenSchema(current)
    }
    if (typeof current !== 'object' || current === null) return copyScalar(current, path)
    if (open.has(current)) return refuse(path, 'this value contains itself; a config must be a tree')
    if (path.length > MAX_DEPTH) return refuse(path, `nested deeper than ${MAX_DEPTH} levels`)
    open.add(current)
    const result = Array.isArray(current)
      ? current.map((item: unknown, index) => copy(item, [...path, index]))
      : copyMapping(current, path)
    open.delete(current)
    return result
  }

  function copyScalar(current: unknown, path: ConfigPath): unknown {
    if (typeof current === 'function') return refuse(path, 'expected plain data, found a function')
    if (typeof current === 'symbol') return refuse(path, 'expected plain data, found a symbol')
    return current
  }

  function copyMapping(current: object, path: ConfigPath): unknown {
    if (!isMapping(current)) return refuse(path, `expected plain data, found ${nameInstance(current)}`)
    const result: Record<string, unknown> = {}
    for (const [key, item] of Object.entries(current)) {
      if (key === '__proto__') refuse([...path, key], 'Unknown key "__proto__". It can stand nowhere in a config.')
      else if (item !== undefined) result[key] = copy(item, [...path, key])
    }
    return result
  }

  return copy(value, [])
}

/** Whether a path leads to the schema of an endpoint. */
function isSchemaPlace(path: ConfigPath): boolean {
  return path.slice(0, -1).every((step) => typeof step === 'number' || ENDPOINT_STEPS.has(step))
}

function nameInstance(value: object): string {
  const name = Object.prototype.toString.call(value).slice('[object '.length, -1)
  return name === 'Object' ? 'an instance of a class' : `a ${name}`
}
