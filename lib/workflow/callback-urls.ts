import type { Endpoint } from '../listener/endpoint'
import { parseForm } from '../listener/form'
import { createRouteTable, type Found, type RouteTable } from '../listener/route-table'
import type { Params } from '../route-syntax'
import { splitAppended } from '../listener/ticket-query'
import type { HttpRequest } from './http-request'

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
 * Gives a finder. A URL is a callback URL when its path equals the full path of an endpoint, below what `pathsOf` takes
 * for a prefix; origin, query and fragment are free. Only a text that is a URL as a whole counts, so that one which
 * merely mentions a URL does not make a job wait; a body that is nothing but text (XML, say) is searched for URLs.
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

  function match(url: URL): readonly CallbackUrl[] {
    const query = parseForm(splitAppended(url.search.slice(1)))
    for (const path of pathsOf(url)) {
      const found = find(path)
      if (found.length > 0) return found.map(({ route, params }) => ({ endpoint: route, url, query, params }))
    }
    return []
  }

  return (request) => {
    if (endpoints.length === 0) return []
    const urls = new Map(listUrls(request).map((url) => [url.href, url]))
    return [...urls.values()].flatMap(match)
  }
}

/** Listeners of different ports may have the same route; each of them is a match then. */
function groupByPort(endpoints: readonly Endpoint[]): readonly EndpointTable[] {
  const ports = [...new Set(endpoints.map(({ port }) => port))]
  return ports.map((port) => createRouteTable(endpoints.filter((endpoint) => endpoint.port === port)))
}

/** Longer ones no server takes; what is sent may come from input. */
const MAX_URL = 8192

function listUrls({ url, headers, body }: HttpRequest): readonly URL[] {
  const texts = [...textsOf(body), ...url.searchParams.values(), ...Object.values(headers)]
  if (typeof body === 'string') texts.push(...(body.match(/https?:\/\/[^\s"'<>]+/gi) ?? []))
  return texts.flatMap((text) => {
    const trimmed = text.trim()
    return trimmed.length <= MAX_URL && /^https?:\/\/\S+$/i.test(trimmed) && URL.canParse(trimmed)
      ? [new URL(trimmed)]
      : []
  })
}

/** A value that holds itself is looked at once. */
function* textsOf(value: unknown, seen: Set<object> = new Set()): Generator<string> {
  if (typeof value === 'string') yield value
  else if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value) && !seen.has(value)) {
    seen.add(value)
    for (const item of Object.values(value)) yield* textsOf(item, seen)
  }
}
