import type { Logger } from '../../base/contracts'
import type { Problem } from '../../base/errors'
import type { Params } from '../../base/route-syntax'
import { parseForm } from '../../body/form'
import type { HttpRequest } from '../../http/request/request'
import type { Endpoint } from '../../listener/endpoint'
import { createRouteTable } from '../../listener/paths/route-table'
import { splitAppended } from '../../listener/paths/ticket-query'
import { guessPaths, isOurs, listPaths, type PublicPlaces } from './public-places'
import type { StrayUrls } from './stray-urls'
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

export interface CallbackUrlsContext {
  readonly endpoints: readonly Endpoint[]
  readonly places: PublicPlaces
  readonly strays: StrayUrls
  readonly logger: Logger
  /** Told of each endpoint whose URL is sent. */
  readonly onFound: (endpoint: Endpoint) => void
  /** Told of each URL that leads here, but to no endpoint. */
  readonly onStray: (problem: Problem) => void
}

/**
 * Creates a finder. A URL is a callback URL when its path equals the full path of an endpoint, however it is written,
 * below a public URL or a mount path; origin, query and fragment are free.
 */
export function createFindCallbackUrls(context: CallbackUrlsContext): FindCallbackUrls {
  const { endpoints, places, strays, logger, onFound, onStray } = context
  const match = compileMatch(endpoints)
  const notices = createNotices(places, logger)
  return (request) => {
    if (!strays.hasEndpoints) return []
    const told = listToldUrls(request)
    for (const problem of strays.listSent(told)) onStray(problem)
    const found = told.flatMap((one) => match(one, listPaths(one.url, places)))
    const guessed = found.length > 0 ? [] : told.flatMap((one) => match(one, guessPaths(one.url, places)))
    for (const one of found) notices.sayForeign(one)
    for (const one of guessed) notices.sayAlike(one)
    for (const { endpoint } of found) onFound(endpoint)
    return found
  }
}

/** Compiles what finds the endpoints of the first of some paths that has any. */
function compileMatch(
  endpoints: readonly Endpoint[],
): (told: ToldUrl, paths: readonly string[]) => readonly CallbackUrl[] {
  // Listeners of different ports may have the same route; each of them is a match then.
  const ports = [...new Set(endpoints.map(({ listener }) => listener.port))]
  const tables = ports.map((port) => createRouteTable(endpoints.filter(({ listener }) => listener.port === port)))
  const methods = [...new Set(endpoints.map(({ method }) => method))]
  return ({ url, hasSpaces }, paths) => {
    const query = parseForm(splitAppended(url.search.slice(1)))
    for (const path of paths) {
      const found = tables
        .flatMap((table) => methods.flatMap((method) => table.find(method, path) ?? []))
        .filter(({ params }) => !hasSpaces || !holdsSpaces(params))
      if (found.length > 0) return found.map(({ route, params }) => ({ endpoint: route, url, query, params }))
    }
    return []
  }
}

/** A parameter does not hold a space that nobody has encoded: that is a sentence behind a URL. */
function holdsSpaces(params: Params): boolean {
  return Object.values(params)
    .flat()
    .some((value) => value?.includes(' '))
}

/** How many origins are logged; they may come from input. */
const MAX_SAID = 100

interface Notices {
  /** Logs an origin that is neither a public URL nor local: the config does not say how its callback gets here. */
  sayForeign(found: CallbackUrl): void
  /** Logs a URL that only looks like a callback URL, so that nothing waits for it. */
  sayAlike(guessed: CallbackUrl): void
}

/** Creates the log of foreign origins, once each. */
function createNotices(places: PublicPlaces, logger: Logger): Notices {
  const said = new Set<string>()

  function say(level: 'info' | 'warn', { endpoint, url }: CallbackUrl, message: string): void {
    const { origin } = url
    if (isOurs(url, places) || said.has(origin) || said.size >= MAX_SAID) return
    said.add(origin)
    logger[level]({ endpoint: endpoint.key, origin }, message)
  }

  return {
    sayForeign(found) {
      const { origin } = found.url
      const advice = `which no gateway has; if it leads here, say so with "public_url: ${origin}" on the listener`
      say('info', found, `Waiting for a callback to ${origin}, ${advice}`)
    },
    sayAlike(guessed) {
      const { endpoint, url } = guessed
      const what = `${url.origin}${url.pathname} looks like a URL of ${endpoint.key}, but is not waited for`
      say('warn', guessed, `${what}: say where the callbacks are mounted (options.mountPath), or their public_url`)
    },
  }
}
