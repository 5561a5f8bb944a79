type Mapping = Readonly<Record<string, unknown>>

/** Reads the source of a path from a scope. */
export type ReadSource = (scope: object) => unknown

/**
 * Gives a reader for one to three names that only a mapping can have; nothing for more. The reads are written out:
 * were they calls of one function, V8 would meet all names at the same place in the code and look each up by its hash,
 * which takes five times as long.
 */
export function compilePlainPath(readSource: ReadSource, keys: readonly string[]): ReadSource | undefined {
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
function isThere(value: unknown): value is Mapping {
  return value !== null && value !== undefined
}
