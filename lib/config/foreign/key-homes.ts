import { reasonToIgnore } from './foreign'
import { isListSchema, isObjectSchema, isRecordSchema, listAlternatives, type Schema } from '../schema/walk'
import { SECTIONS } from '../schema/sections'

/** Second names of a place, which are not listed. */
const ALIASES: ReadonlySet<string> = new Set([...Object.values(SECTIONS).map(({ plural }) => plural), 'job'])

/**
 * Lists the places of a config where a key has a meaning, as `in "workflow.jobs"` or `at the top level`: each shape
 * once, the outermost first.
 */
export function findHomes(root: Schema, key: string): readonly string[] {
  const homes: string[] = []
  const seen = new Set<unknown>()
  let level: readonly (readonly [schema: Schema, place: string])[] = [[root, '']]
  while (level.length > 0) {
    const next: (readonly [Schema, string])[] = []
    for (const [schema, place] of level.flatMap(([one, at]) =>
      listAlternatives(one).map((part) => [part, at] as const),
    )) {
      if (isListSchema(schema)) next.push([schema.item, place])
      if (isRecordSchema(schema)) next.push([schema.value, place])
      if (!isObjectSchema(schema) || seen.has(schema.entries)) continue
      seen.add(schema.entries)
      const own = schema.entries[key]
      if (own !== undefined && reasonToIgnore(own) === undefined)
        homes.push(place === '' ? 'at the top level' : `in "${place}"`)
      for (const [name, entry] of Object.entries(schema.entries))
        if (!ALIASES.has(name)) next.push([entry, place === '' ? name : `${place}.${name}`])
    }
    level = next
  }
  return [...new Set(homes)]
}
