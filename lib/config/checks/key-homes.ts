import { listAlternatives, type Shape } from '../field/shape'
import { SECTIONS } from '../field/plural'

/** Other names of places that are listed already. */
const ALIASES: ReadonlySet<string> = new Set([...Object.values(SECTIONS).map(({ plural }) => plural), 'job'])

/**
 * Lists the places of a config where a key has a meaning, as `in "workflow.jobs"` or `at the top level`: each shape
 * once, the outermost first.
 */
export function findHomes(root: Shape, key: string): readonly string[] {
  const homes: string[] = []
  const seen = new Set<unknown>()
  let level: readonly (readonly [shape: Shape, place: string])[] = [[root, '']]
  while (level.length > 0) {
    const next: (readonly [Shape, string])[] = []
    for (const [shape, place] of level.flatMap(([one, at]) =>
      listAlternatives(one).map((part) => [part, at] as const),
    )) {
      if (shape.form === 'list' || shape.form === 'named') next.push([shape.item, place])
      if (shape.form !== 'table' || seen.has(shape.byKey)) continue
      seen.add(shape.byKey)
      const own = shape.byKey.get(key)
      if (own !== undefined && own.ignored === undefined)
        homes.push(place === '' ? 'at the top level' : `in "${place}"`)
      for (const row of shape.byKey.values())
        if (!ALIASES.has(row.key)) next.push([row.shape, place === '' ? row.key : `${place}.${row.key}`])
    }
    level = next
  }
  return [...new Set(homes)]
}
