/** A pointer, and a number. */
const SLOT = 8
/** What V8 adds to a text, to a list, and to an object with room for its first properties. */
const TEXT = 16
const LIST = 48
const OBJECT = 56

/**
 * What a parsed body takes up in memory, roughly, in bytes. Its text would not do: `[{},{},{}]` holds twenty times as
 * much, and whoever may call an endpoint could fill the memory with it.
 */
export function sizeOf(value: unknown): number {
  if (typeof value === 'string') return TEXT + value.length
  if (typeof value !== 'object' || value === null) return SLOT
  if (Buffer.isBuffer(value)) return OBJECT + value.length
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + SLOT + sizeOf(item), LIST)
  return Object.entries(value).reduce((sum, [key, item]) => sum + key.length + SLOT + sizeOf(item), OBJECT)
}
