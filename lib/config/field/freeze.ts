/** Freezes a value and everything in it. A Map is frozen with its values; that nobody adds to it is left to its type. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  Object.freeze(value)
  const items: Iterable<unknown> = value instanceof Map ? value.values() : Object.values(value)
  for (const item of items) deepFreeze(item)
  return value
}
