import { trimEnd, toPathKey } from '../../base/same-path'
import { findNearest } from '../../base/values/nearest'
import { createRouteTable, type Route } from './route-table'

/** Returns the route that the sender of a request most likely meant; undefined when none is near. */
export type FindMeant<R extends Route> = (path: string) => R | undefined

/**
 * Compiles the search for the route that a request without one was meant for: the same path by another method, the path
 * below a prefix or without one (a wrong mount or `base_path`), or a path that differs by a few characters.
 */
export function compileFindMeant<R extends Route>(routes: readonly R[]): FindMeant<R> {
  const table = createRouteTable(routes.map((route) => ({ method: '', path: route.path, route })))
  const keyed = routes.map((route) => ({ route, key: toPathKey(route.path) }))

  return (path) => {
    const same = table.find('', path)
    if (same) return same.route.route
    const key = trimEnd(toPathKey(path))
    const moved = keyed.find(
      ({ key: own }) => own.length > 1 && key.length > 1 && (key.endsWith(own) || own.endsWith(key)),
    )
    if (moved) return moved.route
    const alike = keyed.map(({ route, key: own }) => ({ route, text: fillLike(own, key) }))
    const nearest = findNearest(
      key,
      alike.map(({ text }) => text),
    )
    return nearest === undefined ? undefined : alike.find(({ text }) => text === nearest)?.route
  }
}

/** Writes a route with the values that a path has where the route has parameters, so that these count as equal. */
function fillLike(route: string, path: string): string {
  const values = path.split('/')
  return route
    .split('/')
    .map((segment, index) => (/^[:*]/.test(segment) ? (values[index] ?? segment) : segment))
    .join('/')
}
