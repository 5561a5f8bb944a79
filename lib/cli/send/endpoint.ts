import { compileMatch, fillRoute, listPathKeys } from '../../base/route-syntax'
import { decodePath, toPathKey } from '../../base/same-path'
import type { Config, EndpointSpec, ListenerSpec } from '../../config/normalize'
import { suggest, UsageError } from '../syntax/usage-error'

/** An endpoint of a config that is to be called. */
export interface Chosen {
  readonly listener: ListenerSpec
  readonly endpoint: EndpointSpec
  /** Its method and its path, for messages. */
  readonly name: string
  /** The path that the command line names, with its query; undefined where it names the route. */
  readonly target: string | undefined
}

const NAME = /^(?:([a-z]+)\s+)?(\/[^?]*)?(\?.*)?$/i

/**
 * Finds the endpoint that an argument names, as `POST /done`, `/done`, or a path that its route matches; without argument the
 * only one. Throws a UsageError for none and for several.
 */
export function chooseEndpoint({ listeners }: Config, argument: string | undefined): Chosen {
  const all = listeners.flatMap((listener) => listener.endpoints.map((endpoint) => choose(listener, endpoint)))
  if (all.length === 0) throw new UsageError('The config has no listener whose endpoint could be called')
  const found = argument === undefined ? all : find(all, argument)
  const [only, ...others] = found
  if (only === undefined) throw unknown(argument ?? '', all)
  if (others.length === 0) return only
  const candidates = found.map(({ name, listener }) => `${name} (port ${listener.port})`).join(', ')
  throw new UsageError(`Which endpoint is to be called? Name one of ${candidates}`)
}

function unknown(argument: string, all: readonly Chosen[]): UsageError {
  const known = all.map(({ name, endpoint }) => (argument.startsWith('/') ? endpoint.fullPath : name))
  return new UsageError(`No endpoint is ${JSON.stringify(argument)}. ${suggest(argument, [...new Set(known)])}`)
}

function choose(listener: ListenerSpec, endpoint: EndpointSpec): Chosen {
  return { listener, endpoint, name: `${endpoint.method} ${endpoint.fullPath}`, target: undefined }
}

function find(all: readonly Chosen[], argument: string): readonly Chosen[] {
  const [, method, path = '/', query] = NAME.exec(argument.trim()) ?? []
  const fitting = all.filter(({ endpoint }) => method === undefined || endpoint.method === method.toUpperCase())
  const named = fitting.filter(({ endpoint }) => {
    return [endpoint.fullPath, endpoint.path].flatMap(listPathKeys).includes(toPathKey(path))
  })
  if (named.length > 0) return named.map((one) => withQuery(one, query))
  const matched = fitting.filter(({ endpoint }) => compileMatch(endpoint.fullPath)(decodePath(path)) !== undefined)
  return matched.map((one) => ({ ...one, target: path + (query ?? '') }))
}

/** A route without parameters is its own path. */
function withQuery(chosen: Chosen, query: string | undefined): Chosen {
  return query === undefined ? chosen : { ...chosen, target: fill(chosen, {}) + query }
}

/** Returns the path and query of a call. Throws a UsageError for a parameter of the route that is missing. */
export function targetOf(chosen: Chosen, params: Readonly<Record<string, string>>): string {
  return chosen.target ?? fill(chosen, params)
}

function fill({ endpoint, name }: Chosen, params: Readonly<Record<string, string>>): string {
  try {
    return fillRoute(endpoint.fullPath, params)
  } catch {
    throw new UsageError(`The path of ${name} has parameters; give each of them, as in --param id=7`)
  }
}
