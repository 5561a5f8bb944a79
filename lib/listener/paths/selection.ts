import { CallbackError } from '../../base/errors'
import { listPathKeys } from '../../base/route-syntax'
import { toPathKey } from '../../base/same-path'
import type { Endpoint } from '../endpoint'

/** Finds endpoints by the path that a caller names, or by their name in full, such as `PUT /done`. */
export interface Selection {
  /** All endpoints with that path, as written or with `base_path`; without a path all endpoints that may end a wait. */
  any(path: string | undefined): readonly Endpoint[]
  /** The only endpoint with that path. Throws `ERR_ENDPOINT_AMBIGUOUS` when there are several. */
  one(path: string | undefined): Endpoint
}

/**
 * Creates a selection. Where some endpoints verify their senders, only these end a wait without a path: an id of a signed
 * endpoint must not be settled through an unsigned one. The functions throw `ERR_ENDPOINT_UNKNOWN`.
 */
export function createSelection(endpoints: readonly Endpoint[]): Selection {
  const verified = endpoints.filter((endpoint) => endpoint.spec.verify !== undefined)
  const unscoped = verified.length > 0 ? verified : endpoints
  const byPath = new Map<string, readonly Endpoint[]>()

  function find(path: string): readonly Endpoint[] {
    const wanted = toPathKey(path)
    const known = byPath.get(wanted)
    if (known) return known
    const named = endpoints.filter(({ key }) => key === path)
    const found =
      named.length > 0
        ? named
        : endpoints.filter((endpoint) => [endpoint.path, endpoint.spec.path].flatMap(listPathKeys).includes(wanted))
    if (found.length > 0) byPath.set(wanted, found)
    return found
  }

  function any(path: string | undefined): readonly Endpoint[] {
    const found = path === undefined ? unscoped : find(path)
    if (found.length === 0) throw unknown(path, endpoints)
    return found
  }

  return {
    any,
    one(path) {
      const found = path === undefined && endpoints.length > 0 ? endpoints : any(path)
      const [only] = found
      if (only === undefined || found.length > 1) throw ambiguous(path, found)
      return only
    },
  }
}

function unknown(path: string | undefined, endpoints: readonly Endpoint[]): CallbackError {
  const message =
    path === undefined
      ? 'There is no callback to wait for; give the listener a "path"'
      : `No callback has the path ${JSON.stringify(path)}; there are ${list(endpoints)}`
  return new CallbackError('ERR_ENDPOINT_UNKNOWN', { message })
}

function ambiguous(path: string | undefined, found: readonly Endpoint[]): CallbackError {
  const [first] = found
  const advice =
    path === undefined ? 'name one with { path }' : `name one in full, as in { path: ${JSON.stringify(first?.key)} }`
  return new CallbackError('ERR_ENDPOINT_AMBIGUOUS', { message: `Several callbacks fit (${list(found)}); ${advice}` })
}

function list(endpoints: readonly Endpoint[]): string {
  const names = endpoints.map((endpoint) => endpoint.key)
  const shown = names.slice(0, 5).join(', ') || 'none'
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown
}
