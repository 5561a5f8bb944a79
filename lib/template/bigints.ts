// A bigint is an integer beyond 2^53 that `as integer`, arithmetic or the config has made: a number for JSON that is sent,
// and its digits everywhere else.

/**
 * Writes JSON, in which a bigint is a number with all its digits. Returns undefined for what JSON cannot say; throws, as
 * `JSON.stringify` does, for a value that contains itself.
 */
export function writeJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch (error) {
    if (!hasBigInt(value)) throw error
    return writeExact(value, [])
  }
}

/** Returns the value with each bigint as the text of its digits; the value itself when it has none. */
export function digitsAsText(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  return hasBigInt(value) ? replaceBigInts(value, new Map()) : value
}

function writeExact(value: unknown, around: readonly unknown[]): string | undefined {
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (around.includes(value)) throw new TypeError('A value that contains itself cannot be written as JSON')
  if ('toJSON' in value && typeof value.toJSON === 'function') return JSON.stringify(value)
  const inside = [...around, value]
  if (Array.isArray(value)) return `[${value.map((item) => writeExact(item, inside) ?? 'null').join()}]`
  const fields = Object.entries(value).flatMap(([key, item]) => {
    const written = writeExact(item, inside)
    return written === undefined ? [] : [`${JSON.stringify(key)}:${written}`]
  })
  return `{${fields.join()}}`
}

function hasBigInt(value: unknown): boolean {
  return holds(value, (item) => typeof item === 'bigint', new Set())
}

/** Whether a number in the value is infinite or `NaN`, of which JSON would make null. */
export function hasInfinity(value: unknown): boolean {
  return holds(value, (item) => typeof item === 'number' && !Number.isFinite(item), new Set())
}

function holds(value: unknown, isWanted: (item: unknown) => boolean, seen: Set<unknown>): boolean {
  if (!isTree(value)) return isWanted(value)
  if (seen.has(value)) return false
  seen.add(value)
  return Object.values(value).some((item) => holds(item, isWanted, seen))
}

/** What contains itself does so in the copy too. */
function replaceBigInts(value: unknown, copies: Map<unknown, unknown>): unknown {
  if (!isTree(value)) return typeof value === 'bigint' ? String(value) : value
  if (copies.has(value)) return copies.get(value)
  const copy: object = Array.isArray(value) ? [] : {}
  copies.set(value, copy)
  for (const [key, item] of Object.entries(value)) {
    const replaced = replaceBigInts(item, copies)
    Object.defineProperty(copy, key, { value: replaced, enumerable: true, writable: true, configurable: true })
  }
  return copy
}

/** A list or a plain mapping; instances of classes stay as they are. */
function isTree(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  if (Array.isArray(value)) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
