import { isSecretName } from '../secret-names'
import type { WrittenBody } from './http-body'
import type { Fetch } from './http-client'

/** A request as it is written. */
export interface WrittenRequest extends WrittenBody {
  readonly url: URL
  readonly method: string
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])
const MAX_REDIRECTS = 20

/**
 * Sends and follows redirects as `fetch` would (WHATWG Fetch, HTTP-redirect fetch), but tells another origin none of the
 * headers that authenticate somebody: `fetch` drops `Authorization` alone, and services have names of their own for it.
 */
export async function fetchFollowing(fetch: Fetch, first: WrittenRequest, signal: AbortSignal): Promise<Response> {
  let request = first
  for (let hops = 0; hops <= MAX_REDIRECTS; hops += 1) {
    const { url, method, headers, body } = request
    const response = await fetch(url, { method, headers, body, signal, redirect: 'manual' })
    const location = REDIRECTS.has(response.status) ? response.headers.get('location') : null
    if (location === null) return response
    await response.body?.cancel()
    request = toNext(request, response.status, new URL(location, url))
  }
  throw new Error('redirect count exceeded')
}

function toNext(request: WrittenRequest, status: number, url: URL): WrittenRequest {
  if (!/^https?:$/.test(url.protocol)) throw new Error(`it redirects to ${url.protocol}, which is not followed`)
  const next = becomesGet(status, request.method) ? { ...request, method: 'GET', body: null } : request
  const isKept = (name: string): boolean =>
    (next === request || !name.startsWith('content-')) && (url.origin === request.url.origin || !isSecretName(name))
  const headers = Object.fromEntries(Object.entries(next.headers).filter(([name]) => isKept(name)))
  return { ...next, url, headers }
}

function becomesGet(status: number, method: string): boolean {
  if (status === 303) return method !== 'GET' && method !== 'HEAD'
  return method === 'POST' && (status === 301 || status === 302)
}
