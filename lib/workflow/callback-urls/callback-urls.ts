import type { Endpoint } from '../../listener/endpoint'
import { parseForm } from '../../body/form'
import { createRouteTable, type Found, type RouteTable } from '../../listener/paths/route-table'
import type { Params } from '../../base/route-syntax'
import { splitAppended } from '../../listener/paths/ticket-query'
import type { HttpRequest } from '../../http/request/request'
import { listToldUrls, type ToldUrl } from './told-urls'

/** A URL of one of our endpoints that a request tells to the service. */
export interface CallbackUrl {
  readonly endpoint: Endpoint
  readonly url: URL
  readonly query: Readonly<Record<string, unknown>>
  readonly params: Params
}

/** Finds the callback URLs in a rendered request: in its body, its query and its headers. */
export type FindCallbackUrls = (request: HttpRequest) => readonly CallbackUrl[]

type EndpointTable = RouteTable<Endpoint>

/**
 * Creates a finder. A URL is a callback URL when its path equals the full path of an endpoint, however it is written,
 * below what `pathsOf` takes for a prefix; origin, query and fragment are free.
 */
export function createCallbackUrlFinder(
  endpoints: readonly Endpoint[],
  pathsOf: (url: URL) => readonly string[],
): FindCallbackUrls {
  const tables = groupByPort(endpoints)
  const methods = [...new Set(endpoints.map(({ method }) => method))]

  function find(path: string): readonly Found<Endpoint>[] {
    return tables.flatMap((table) => methods.flatMap((method) => table.find(method, path) ?? []))
  }

  function match({ url, hasSpaces }: ToldUrl): readonly CallbackUrl[] {
    const query = parseForm(splitAppended(url.search.slice(1)))
    for (const path of pathsOf(url)) {
      const found = find(path).filter(({ params }) => !hasSpaces || !holdsSpaces(params))
      if (found.length > 0) return found.map(({ route, params }) => ({ endpoint: route, url, query, params }))
    }
    return []
  }

  return (request) => (endpoints.length === 0 ? [] : listToldUrls(request).flatMap(match))
}

/** Listeners of different ports may have the same route; each of them is a match then. */
function groupByPort(endpoints: readonly Endpoint[]): readonly EndpointTable[] {
  const ports = [...new Set(endpoints.map(({ listener }) => listener.port))]
  return ports.map((port) => createRouteTable(endpoints.filter((endpoint) => endpoint.listener.port === port)))
}

/** A parameter does not hold a space that nobody has encoded: that is a sentence behind a URL. */
function holdsSpaces(params: Params): boolean {
  return Object.values(params)
    .flat()
    .some((value) => value?.includes(' '))
}
