import { compileMatch, type MatchPath, type Params, readLiteralPath } from '../route-syntax'
import { cleanPath, decodePath, isUnusual, toPathKey } from '../same-path'

export type { Params }

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
 * Compiles routes: one or two map look-ups for paths without parameters, however many there are, and only the others
 * are tried in turn. A plain path wins over one with parameters.
 */
export function createRouteTable<R extends Route>(routes: readonly R[]): RouteTable<R> {
  const plain = new Map<string, Map<string, Found<R>>>()
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
      return known?.get(path) ?? known?.get(toPathKey(path)) ?? findPattern(method, path)
    },
  }
}

function addPlain<R extends Route>(plain: Map<string, Map<string, Found<R>>>, route: R, key: string): void {
  const known = plain.get(route.method) ?? new Map<string, Found<R>>()
  plain.set(route.method, known)
  if (!known.has(key)) known.set(key, { route, params: NO_PARAMS })
}

/** What is tried in turn: parameters keep several slashes and decomposed letters as long as the path matches with them. */
function listSpellings(path: string): readonly string[] {
  if (!isUnusual(path)) return [path]
  const decoded = decodePath(path)
  const clean = cleanPath(path)
  return decoded === clean ? [decoded] : [decoded, clean]
}
