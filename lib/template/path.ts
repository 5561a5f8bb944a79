import { CallbackError } from '../base/errors'
import type { Step } from './steps'

type Read = (value: unknown) => unknown
/** Reads the source of a path from a scope. */
type ReadSource = (scope: object) => unknown

/**
 * Names that stand on some prototype: only these need an own-property check when they are read, any other name is
 * missing unless the value has it itself.
 */
const INHERITED = new Set(
  [Object, Array, Function, String, Number, Boolean, Symbol, BigInt, Date, RegExp, Map, Set, Promise, Error, Buffer]
    .flatMap((type) => prototypeChain(type.prototype))
    .flatMap((prototype) => Object.getOwnPropertyNames(prototype)),
)

/**
 * Compiles a path into one closure that reads it from a scope. Only own properties are read; what is missing is null.
 * A source that throws counts as missing, unless it throws a {@link CallbackError} (a gateway that is not there).
 */
export function compilePath(source: string, steps: readonly Step[]): ReadSource {
  const readSource = compileSource(source)
  if (steps.length === 0) return (scope) => readSource(scope) ?? null
  const keys = steps.flatMap((step) => (step.kind === 'key' && readerOf(step.key) === readKey ? [step.key] : []))
  const plain = keys.length === steps.length ? compilePlainPath(readSource, keys) : undefined
  if (plain) return plain
  const read = compileSteps(steps)
  return (scope) => read(readSource(scope)) ?? null
}

/** Compiles steps behind a value that was calculated, as in `(body.data as json).id`. What is missing is null. */
export function compileMember(readValue: ReadSource, steps: readonly Step[]): ReadSource {
  const read = compileSteps(steps)
  return (scope) => read(readValue(scope)) ?? null
}

/**
 * Returns a reader for one to three names that only a mapping can have; undefined for more. The reads are written out:
 * were they calls of one function, V8 would meet all names at the same place in the code and look each up by its hash,
 * which takes five times as long.
 */
function compilePlainPath(readSource: ReadSource, keys: readonly string[]): ReadSource | undefined {
  const [first, second, third] = keys
  if (first === undefined || keys.length > 3) return undefined
  if (second === undefined) {
    return (scope) => {
      const root = readSource(scope)
      return isThere(root) ? (root[first] ?? null) : null
    }
  }
  if (third === undefined) {
    return (scope) => {
      const root = readSource(scope)
      const one = isThere(root) ? root[first] : null
      return isThere(one) ? (one[second] ?? null) : null
    }
  }
  return (scope) => {
    const root = readSource(scope)
    const one = isThere(root) ? root[first] : null
    const two = isThere(one) ? one[second] : null
    return isThere(two) ? (two[third] ?? null) : null
  }
}

/** Anything but null and undefined can be asked for a name; a text or a number has none of those that are asked here. */
function isThere(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && value !== undefined
}

function compileSource(source: string): ReadSource {
  const read = INHERITED.has(source) ? readOwn : readKey
  return (scope) => {
    try {
      return read(scope, source)
    } catch (error) {
      if (error instanceof CallbackError) throw error
      return undefined
    }
  }
}

function compileSteps(steps: readonly Step[]): Read {
  const reads: Read[] = []
  for (const [position, step] of steps.entries()) {
    if (step.kind === 'all') {
      reads.push(compileAll(steps.slice(position + 1)))
      break
    }
    reads.push(compileStep(step))
  }
  const isQuery = steps.at(-1)?.kind === 'jsonpath'
  return (value) => {
    let current = value
    for (const read of reads) {
      if (current === null || current === undefined) return isQuery ? [] : null
      current = read(current)
    }
    return current
  }
}

function compileStep(step: Exclude<Step, { kind: 'all' }>): Read {
  switch (step.kind) {
    case 'key':
      return compileKey(step.key)
    case 'index':
      return (value) => (Array.isArray(value) ? value.at(step.index) : readOwn(value, String(step.index)))
    case 'slice':
      return (value) => (Array.isArray(value) ? value.slice(step.start, step.end) : null)
    case 'jsonpath':
      return compileQuery(step.expression)
  }
}

function compileKey(key: string): Read {
  const read = readerOf(key)
  return (value) => read(value, key)
}

function readerOf(key: string): (value: unknown, key: string) => unknown {
  if (INHERITED.has(key)) return readOwn
  return /^\d+$/.test(key) ? readNumber : readKey
}

/** `[*]`: the steps behind it are read from every element; a missing one stays null. */
function compileAll(rest: readonly Step[]): Read {
  const read = compileSteps(rest)
  return (value) => {
    if (typeof value !== 'object' || value === null) return null
    return Object.values(value).map((element) => read(element) ?? null)
  }
}

/** For a name that no prototype has, so that a plain read cannot reach anything inherited. */
function readKey(value: unknown, key: string): unknown {
  return value === null || value === undefined ? undefined : (value as Readonly<Record<string, unknown>>)[key]
}

/** For a name that is a number: a text has its characters under such names, but counts as one value. */
function readNumber(value: unknown, key: string): unknown {
  return typeof value === 'object' ? readKey(value, key) : undefined
}

function readOwn(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? readKey(value, key) : undefined
}

/** jsonpath-plus 10 must never evaluate: its "safe" evaluator has had escapes (fixed in 11, which needs Node 22). */
function compileQuery(expression: string): Read {
  const { JSONPath } = jsonPathLibrary()
  return (value) => {
    if (typeof value !== 'object' || value === null) return []
    return JSONPath({ path: expression, json: value, eval: false, wrap: true })
  }
}

/** Loaded by the first path that needs it: most configs have none. */
function jsonPathLibrary(): typeof import('jsonpath-plus') {
  return require('jsonpath-plus')
}

function prototypeChain(prototype: unknown): object[] {
  if (typeof prototype !== 'object' && typeof prototype !== 'function') return []
  return prototype === null ? [] : [prototype, ...prototypeChain(Object.getPrototypeOf(prototype))]
}
