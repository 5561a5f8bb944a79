import { describeFound } from '../field/found'
import { findNearest } from '../../base/values/nearest'
import type { ConfigPath } from '../../base/values/config-path'
import { hasPlaceholder } from '../field/placeholder'
import { isMapping, isPresent, type Mapping } from '../../base/values/plain'
import type { Report } from '../field/report'
import { findStructure, type Refusals, type Shape, type TableForm, type TypeRefusal } from '../field/shape'

/**
 * Returns a raw config without the keys that only other systems read. Keys without effect are warned of, the others are
 * reported in one line each. Nobody reads their templates and variables after that.
 */
export function takeOutForeign(root: Shape, data: unknown, report: Report): unknown {
  function walk(shape: Shape, value: unknown, path: ConfigPath): unknown {
    const structure = findStructure(shape, value)
    if (structure === undefined) return value
    if (Array.isArray(value)) {
      return structure.form === 'list'
        ? value.map((item: unknown, index) => walk(structure.item, item, [...path, index]))
        : value
    }
    if (!isMapping(value)) return value
    if (structure.form === 'table') return walkTable(structure, value, path)
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, walk(structure.item, item, [...path, key])]),
    )
  }

  function walkTable(table: TableForm, value: Mapping, path: ConfigPath): Mapping {
    const { type, keys = {} } = table.refusals
    if (type !== undefined && isForeign(value['type'], type)) return refuseType(value, path, type)
    const refused = refuseKeys(value, path, keys)
    const kept = Object.entries(value).filter(
      ([key, item]) => !refused.includes(key) && !ignore(table, key, item, path),
    )
    return Object.fromEntries(
      kept.map(([key, item]) => {
        const row = table.byKey.get(key)
        return [key, row === undefined ? item : walk(row.shape, item, [...path, key])]
      }),
    )
  }

  /** Whether a key has no effect, which is warned of when it has a value. */
  function ignore({ byKey, refusals }: TableForm, key: string, item: unknown, path: ConfigPath): boolean {
    const row = byKey.get(key)
    const reason = row === undefined ? findOwn(refusals.ignored ?? {}, key) : row.ignored
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

  return walk(root, data, [])
}

/** The check of the shape reports a mistyped type, since it knows the nearest word. */
function isForeign(type: unknown, { known, foreign }: TypeRefusal): boolean {
  if (typeof type !== 'string' || hasPlaceholder(type) || known.includes(type)) return false
  return foreign.includes(type) || findNearest(type, known) === undefined
}

function findOwn<T>(values: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(values, key) ? values[key] : undefined
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
