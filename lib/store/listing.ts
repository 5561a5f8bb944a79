import type { ListedWait } from '../base/contracts'
import { idsOf, isOutdated, type Scope, type Wait } from './scope'

/**
 * Lists open waits, oldest first. It looks at no more than `limit` waits of each scope, so that a list costs the same with
 * a million waits. So a wait that shares an id with an older one may be listed before its turn.
 */
export function listWaits(
  scopes: Iterable<Scope>,
  limit: number,
  deadlineOf: (wait: Wait) => number,
): readonly ListedWait[] {
  const found = Array.from(scopes, (scope) => firstOf(scope, limit)).flat()
  found.sort((one, other) => one.number - other.number)
  return found.slice(0, limit).map((wait) => ({
    ids: [...idsOf(wait)],
    endpoints: wait.scope.states.map(({ endpoint }) => endpoint.key),
    deadline: deadlineOf(wait),
    isOutdated: isOutdated(wait),
  }))
}

/** The first waits of a scope: those under an id, and those that take a callback without one. */
function firstOf({ waits, queue }: Scope, limit: number): readonly Wait[] {
  const first = new Set<Wait>()
  for (const entries of [waits.walk(), queue?.values() ?? []]) {
    const most = first.size + limit
    for (const wait of entries) {
      if (first.size >= most) break
      first.add(wait)
    }
  }
  return [...first]
}
