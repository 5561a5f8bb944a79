import { match, type MatchFunction, parse } from 'path-to-regexp'

/** What a path parameter holds: a list for a `*wildcard`. */
export type Params = Readonly<Record<string, string | string[] | undefined>>

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
  /** The route for a method and a path without query; any case, with or without a trailing slash. */
  find(method: string, path: string): Found<R> | undefined
}

const NO_PARAMS: Params = Object.freeze({})

/**
 * Compiles routes: one map look-up for paths without parameters, however many there are, and only the others are
 * tried in turn. A plain path wins over one with parameters.
 */
export function createRouteTable<R extends Route>(routes: readonly R[]): RouteTable<R> {
  const plain = new Map<string, Found<R>>()
  const patterns: { readonly route: R; readonly match: MatchFunction<Record<string, string | string[]>> }[] = []
  for (const route of routes) {
    const text = plainPath(route.path)
    if (text === undefined) patterns.push({ route, match: match(route.path) })
    else {
      const key = toKey(route.method, text)
      if (!plain.has(key)) plain.set(key, { route, params: NO_PARAMS })
    }
  }

  function findPattern(method: string, path: string): Found<R> | undefined {
    for (const pattern of patterns) {
      if (pattern.route.method !== method) continue
      const found = matchPath(pattern.match, path)
      if (found) return { route: pattern.route, params: found.params }
    }
    return undefined
  }

  return {
    find: (method, path) => plain.get(toKey(method, path)) ?? findPattern(method, path),
  }
}

/** The text of a path that has no parameters. */
function plainPath(path: string): string | undefined {
  const { tokens } = parse(path)
  const [token] = tokens
  if (token === undefined) return '/'
  return tokens.length === 1 && token.type === 'text' ? token.value : undefined
}

function toKey(method: string, path: string): string {
  const end = path.length > 1 && path.endsWith('/') ? -1 : undefined
  return `${method} ${path.slice(0, end).toLowerCase()}`
}

/** A path whose percent signs cannot be decoded belongs to no route. */
function matchPath(
  matches: MatchFunction<Record<string, string | string[]>>,
  path: string,
): { params: Params } | undefined {
  try {
    return matches(path) || undefined
  } catch (error) {
    if (error instanceof URIError) return undefined
    throw error
  }
}
