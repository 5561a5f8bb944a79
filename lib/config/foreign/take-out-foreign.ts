import { type Refusals, reasonToIgnore, refusalsOf, type TypeRefusal } from './foreign'
import { describeFound } from '../field/found'
import { findNearest } from '../../base/nearest'
import type { ConfigPath } from '../../base/config-path'
import { hasPlaceholder } from '../field/placeholder'
import { isMapping, type Mapping } from '../../base/plain'
import type { Report } from '../field/report'
import { isUntyped } from '../schema/fields'
import {
  fitsStructure,
  isListSchema,
  isObjectSchema,
  isRecordSchema,
  listAlternatives,
  type ObjectSchema,
  type Schema,
  unwrap,
} from '../schema/walk'

/**
 * Returns a raw config without what only other systems read: keys without effect are warned of, the others are reported
 * in one line each. Neither their templates nor their variables are looked at after that.
 */
export function takeOutForeign(schema: Schema, data: unknown, report: Report): unknown {
  function walk(place: Schema, value: unknown, path: ConfigPath): unknown {
    if (typeof value !== 'object' || value === null || isUntyped(unwrap(place))) return value
    const fitting = listAlternatives(place).find((option) => fitsStructure(option, value))
    if (fitting === undefined) return value
    if (Array.isArray(value)) {
      return isListSchema(fitting)
        ? value.map((item: unknown, index) => walk(fitting.item, item, [...path, index]))
        : value
    }
    if (!isMapping(value)) return value
    if (isObjectSchema(fitting)) return walkObject(fitting, value, path)
    if (!isRecordSchema(fitting)) return value
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, walk(fitting.value, item, [...path, key])]),
    )
  }

  function walkObject(place: ObjectSchema, value: Mapping, path: ConfigPath): Mapping {
    const { type, keys = {} } = refusalsOf(place)
    if (type !== undefined && isForeign(value['type'], type)) return refuseType(value, path, type)
    const refused = refuseKeys(value, path, keys)
    const kept = Object.entries(value).filter(
      ([key, item]) => !refused.includes(key) && !ignore(place, key, item, path),
    )
    return Object.fromEntries(
      kept.map(([key, item]) => {
        const entry = findOwn(place.entries, key)
        return [key, entry === undefined ? item : walk(entry, item, [...path, key])]
      }),
    )
  }

  /** Whether a key has no effect, which is warned of when it has a value. */
  function ignore(place: ObjectSchema, key: string, item: unknown, path: ConfigPath): boolean {
    const entry = findOwn(place.entries, key)
    const reason = entry === undefined ? findOwn(refusalsOf(place).ignored ?? {}, key) : reasonToIgnore(entry)
    if (reason !== undefined && isPresent(item)) report.warn([...path, key], `"${key}" has no effect here: ${reason}`)
    return reason !== undefined
  }

  /** Several keys that are refused for one reason are one problem. */
  function refuseKeys(value: Mapping, path: ConfigPath, keys: NonNullable<Refusals['keys']>): readonly string[] {
    const refused = Object.keys(value).filter((key) => Object.hasOwn(keys, key))
    const said = new Set<string>()
    for (const key of refused.filter((one) => isPresent(value[one]))) {
      const reason = keys[key] ?? ''
      if (!said.has(reason)) report.error([...path, key], `"${key}" does not work here: ${reason}`)
      said.add(reason)
    }
    return refused
  }

  function refuseType(value: Mapping, path: ConfigPath, { what, known, advice, standIn }: TypeRefusal): Mapping {
    const expected = known.length === 1 ? known[0] : `one of ${known.join(', ')}`
    const found = describeFound(value['type'], [...path, 'type'])
    const message = `a ${what} of type ${found} does not run here; expected ${expected}. ${capitalize(advice)}`
    report.error([...path, 'type'], message)
    return { ...(typeof value['id'] === 'string' ? { id: value['id'] } : {}), ...standIn }
  }

  return walk(schema, data, [])
}

/** A mistyped type is left to the check of the shape, which says what was meant. */
function isForeign(type: unknown, { known, foreign }: TypeRefusal): boolean {
  if (typeof type !== 'string' || hasPlaceholder(type) || known.includes(type)) return false
  return foreign.includes(type) || findNearest(type, known) === undefined
}

function findOwn<T>(values: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(values, key) ? values[key] : undefined
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
