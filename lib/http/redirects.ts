import { CallbackError } from '../base/errors'
import { readHeaderText } from './answer-headers'
import type { WrittenBody } from './body'
import type { HttpRequest } from './request/request'
import { createBelongings, leaves, type Stripped } from './origins'

/** What sends requests: `fetch` of Node, or one that behaves like it. */
export type Fetch = typeof globalThis.fetch

/** Told of a request that goes to another origin than its component's, with the names of what was taken out of it. */
export type OnStripped = (request: HttpRequest, url: URL, dropped: readonly string[]) => void

/** What a request is sent with. */
export interface SendContext {
  readonly fetch: Fetch
  /** Secrets that are known besides those of the request itself. */
  readonly secrets: readonly string[]
  readonly onStripped: OnStripped
}

/** A request as it is written. */
interface WrittenRequest extends WrittenBody {
  readonly url: URL
  readonly method: string
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])
const MAX_REDIRECTS = 20

/**
 * Sends and follows redirects as `fetch` would (WHATWG Fetch, HTTP-redirect fetch), but sends no secret to another origin,
 * neither in headers nor in the query. Rejects with `ERR_CONFIG_VALUE` where the path or the body holds one, and with
 * `ERR_HTTP_STATUS` where a redirect leads to that origin.
 */
export async function fetchFollowing(
  request: HttpRequest,
  written: WrittenBody,
  { fetch, secrets, onStripped }: SendContext,
  signal: AbortSignal,
): Promise<Response> {
  const guard = createGuard(request, { fetch, secrets, onStripped })
  let { url, method, headers, body }: WrittenRequest = { url: request.url, method: request.method, ...written }
  if (leaves(request.homes, url)) {
    const { givenQuery } = request
    ;({ url, headers } = guard({ url, headers, hasBody: body !== null, givenQuery, redirect: undefined }))
  }
  for (let hops = 0; hops <= MAX_REDIRECTS; hops += 1) {
    const response = await fetch(url, { method, headers, body, signal, redirect: 'manual' })
    const location = REDIRECTS.has(response.status) ? response.headers.get('location') : null
    if (location === null) return response
    await response.body?.cancel()
    const next = locate(location, url)
    if (becomesGet(response.status, method)) {
      method = 'GET'
      body = null
      headers = withoutBodyHeaders(headers)
    }
    if (leaves([url.origin], next)) {
      const givenQuery = next.search.slice(1)
      const redirect = { status: response.status, from: url }
      ;({ url, headers } = guard({ url: next, headers, hasBody: body !== null, givenQuery, redirect }))
    } else url = next
  }
  throw new Error('redirect count exceeded')
}

/** A request that is about to be sent to another origin. */
interface Leaving {
  readonly url: URL
  readonly headers: HttpRequest['headers']
  readonly hasBody: boolean
  readonly givenQuery: string
  /** The answer that leads there; undefined where the URL was rendered. */
  readonly redirect: { readonly status: number; readonly from: URL } | undefined
}

/** Creates what takes the secrets out of a request that leaves its origin; throws where that cannot be done. */
function createGuard(
  request: HttpRequest,
  { secrets, onStripped }: SendContext,
): (leaving: Leaving) => Pick<Stripped, 'url' | 'headers'> {
  return (leaving) => {
    const belongings = createBelongings(request, secrets)
    const { url, headers, dropped } = belongings.strip(leaving.url, leaving.headers, leaving.givenQuery)
    if (belongings.isInPath(url)) throw refuse(request, leaving, 'path')
    if (leaving.hasBody && belongings.isInBody()) throw refuse(request, leaving, 'body')
    if (dropped.length > 0) onStripped(request, url, dropped)
    return { url, headers }
  }
}

function refuse({ at, method }: HttpRequest, { url, redirect }: Leaving, place: 'path' | 'body'): CallbackError {
  const { origin } = url
  const why = `the ${place} holds a secret, which another origin is not told`
  if (redirect === undefined) {
    const advice = 'write that origin in base_url or endpoint, or take the secret out'
    const message = `The ${method} request to ${origin} is not sent: ${why}; ${advice}`
    return new CallbackError('ERR_CONFIG_VALUE', { at, message })
  }
  const { status, from } = redirect
  const message = `${method} ${from.origin}${from.pathname} answered ${status} to ${origin}, which is not followed: ${why}`
  return new CallbackError('ERR_HTTP_STATUS', { at, message, answer: { status, body: null } })
}

function locate(location: string, base: URL): URL {
  const url = new URL(readHeaderText(location), base)
  if (!/^https?:$/.test(url.protocol)) throw new Error(`it redirects to ${url.protocol}, which is not followed`)
  // `fetch` refuses a URL with credentials.
  url.username = ''
  url.password = ''
  return url
}

function withoutBodyHeaders(headers: HttpRequest['headers']): HttpRequest['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith('content-')))
}

function becomesGet(status: number, method: string): boolean {
  if (status === 303) return method !== 'GET' && method !== 'HEAD'
  return method === 'POST' && (status === 301 || status === 302)
}
