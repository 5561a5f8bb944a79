import { isUint8Array } from 'node:util/types'
import { showBytes } from './typed-bytes'

/**
 * Writes a value as JSON that is shown to people and programs: bytes as `{type, base64}`, digits that JSON would refuse
 * or make null as text. Throws for what JSON cannot hold.
 */
export function writeShown(value: unknown, indent?: number): string {
  return JSON.stringify(
    value,
    function show(this: Readonly<Record<string, unknown>>, key: string, item: unknown) {
      return showValue(this, key, item)
    },
    indent,
  )
}

/**
 * Returns what `JSON.stringify` is to write for a value that stands in a mapping or list under a key. The mapping is
 * asked, since a Buffer has turned itself into a list of numbers before its replacement is asked for.
 */
export function showValue(around: Readonly<Record<string, unknown>>, key: string, value: unknown): unknown {
  const original = around[key]
  if (isUint8Array(original)) return showBytes(original)
  return typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value)) ? String(value) : value
}
