import { createHash } from 'node:crypto'
import type { Template } from '../template/compile'
import { writeJson } from '../template/bigints'
import type { RequestScope } from './request-scope'

/**
 * Compiles the key of a delivery; a second delivery with the same key is a duplicate. It holds the value of `dedupe_by`
 * and the id, or the place among the items of a bulk request. Undefined where `dedupe_by` reads nothing.
 */
export function compileDedupeKey(
  dedupeBy: Template | undefined,
): (scope: RequestScope, id: string | undefined) => string | undefined {
  return (scope, id) => {
    const key = dedupeBy?.render(scope)
    if (key === null || key === undefined || key === '') return undefined
    return createHash('sha256')
      .update(writeJson([key, id ?? scope.index]) ?? '')
      .digest('base64')
  }
}

/** A pointer, and a number. */
const SLOT = 8
/** What V8 adds to a text, to a list, and to an object with room for its first properties. */
const TEXT = 16
const LIST = 48
const OBJECT = 56

/**
 * Estimates the bytes of memory that a parsed body takes. The length of its text would not do: `[{},{},{}]` holds twenty
 * times as much, and a sender could fill the memory with it.
 */
export function sizeOf(value: unknown): number {
  if (typeof value === 'string') return TEXT + value.length
  if (typeof value !== 'object' || value === null) return SLOT
  if (Buffer.isBuffer(value)) return OBJECT + value.length
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + SLOT + sizeOf(item), LIST)
  return Object.entries(value).reduce((sum, [key, item]) => sum + key.length + SLOT + sizeOf(item), OBJECT)
}
