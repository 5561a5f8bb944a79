import { compileMatch, type MatchPath, type Params, readLiteralPath } from '../../base/route-syntax'
import { cleanPath, decodePath, isUnusual, toPathKey } from '../../base/same-path'

export interface Route {
  readonly method: string
  /** Express 5 path syntax (path-to-regexp 8). */
  readonly path: string
}

export interface Found<R extends Route> {
  readonly route: R
  readonly params: Params
}

export interface RouteTable<R extends Route> {
  /** The route for a method and a path without query, however the path is written (`toPathKey`). */
  find(method: string, path: string): Found<R> | undefined
}

const NO_PARAMS: Params = Object.freeze({})

/**
 * Compiles routes. A plain path takes one or two map look-ups, however many routes there are; only routes with parameters are
 * tried in turn. A plain path wins over one with parameters.
 */
export function createRouteTable<R extends Route>(routes: readonly R[]): RouteTable<R> {
  const plain = new Map<string, PlainRoutes<R>>()
  const patterns: { readonly route: R; readonly match: MatchPath }[] = []
  for (const route of routes) {
    const text = readLiteralPath(route.path)
    if (text === undefined) patterns.push({ route, match: compileMatch(route.path) })
    else addPlain(plain, route, toPathKey(text))
  }

  function findPattern(method: string, path: string): Found<R> | undefined {
    if (patterns.length === 0) return undefined
    const spellings = listSpellings(path)
    for (const { route, match: matches } of patterns) {
      if (route.method !== method) continue
      for (const spelling of spellings) {
        const found = matches(spelling)
        if (found) return { route, params: found.params }
      }
    }
    return undefined
  }

  return {
    find(method, path) {
      const known = plain.get(method)
      return (known && findPlain(known, path)) ?? findPattern(method, path)
    },
  }
}

/** The routes of one method that have no parameters. */
interface PlainRoutes<R extends Route> {
  /** By their path keys. */
  readonly byKey: Map<string, Found<R>>
  /** How long these keys are. */
  readonly lengths: Set<number>
}

function addPlain<R extends Route>(plain: Map<string, PlainRoutes<R>>, route: R, key: string): void {
  const known: PlainRoutes<R> = plain.get(route.method) ?? { byKey: new Map(), lengths: new Set() }
  plain.set(route.method, known)
  if (!known.byKey.has(key)) known.byKey.set(key, { route, params: NO_PARAMS })
  known.lengths.add(key.length)
}

/** Most requests are for other handlers of the app, and the length of their path is enough to tell. */
function findPlain<R extends Route>({ byKey, lengths }: PlainRoutes<R>, path: string): Found<R> | undefined {
  if (!lengths.has(path.length) && !isWrittenOddly(path)) return undefined
  return byKey.get(path) ?? byKey.get(toPathKey(path))
}

/** Whether the key of a path may have another length than the path. */
function isWrittenOddly(path: string): boolean {
  return !path.startsWith('/') || path.endsWith('/') || isUnusual(path)
}

/** Lists the spellings to try: parameters keep several slashes and decomposed letters as long as the path matches with them. */
function listSpellings(path: string): readonly string[] {
  if (!isUnusual(path)) return [path]
  const decoded = decodePath(path)
  const clean = cleanPath(path)
  return decoded === clean ? [decoded] : [decoded, clean]
}
