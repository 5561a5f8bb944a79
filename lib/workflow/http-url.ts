import type { Mapping } from '../config/plain'
import { CallbackError } from '../errors'
import { toText } from '../template/convert'
import { writeForm } from './form-entries'

/** What makes a URL, rendered. */
export interface UrlParts {
  /** Undefined where the component has none; null where what its template reads is missing. */
  readonly endpoint: unknown
  readonly path: unknown
  readonly baseUrl: unknown
  readonly params: Mapping
}

const WHOLE = /^https?:\/\//i
const LONGEST_QUOTE = 100

/**
 * Puts a URL together: the endpoint, or base URL and path with one slash between, or a path that is a whole URL; then
 * the params behind its query. Throws `ERR_CONFIG_VALUE`; its message shows neither userinfo nor query.
 */
export function buildUrl(parts: UrlParts, at: string): URL {
  const url = parseUrl(joinUrl(parts, at), at)
  url.search = joinQueries(url.search.slice(1), writeForm(parts.params))
  return url
}

function joinUrl({ endpoint, path, baseUrl }: UrlParts, at: string): string {
  if (endpoint !== undefined)
    return toText(endpoint).trim() || refuse(at, 'The endpoint is empty; what it reads is missing')
  const tail = toText(path).trim()
  if (WHOLE.test(tail)) return tail
  const base = toText(baseUrl).trim()
  if (base !== '') return tail === '' ? base : joinPath(base, tail)
  if (tail !== '')
    return refuse(at, `The path "${quoteUrl(tail)}" has no base_url to be joined to, and is no whole URL`)
  if (baseUrl === undefined && path === undefined)
    return refuse(at, 'The request has neither base_url, path nor endpoint')
  return refuse(at, 'base_url and path are empty; what they read is missing')
}

/** A query of the base URL stays behind the path, in front of the path's own. */
function joinPath(base: string, path: string): string {
  const [head = '', baseQuery = ''] = base.replace(/#.*$/s, '').split(/\?(.*)/s)
  const [tail = '', query = ''] = path.replace(/#.*$/s, '').split(/\?(.*)/s)
  const whole = tail === '' ? head : `${head.replace(/(?<!\/)\/+$/, '')}/${tail.replace(/^\/+/, '')}`
  const search = joinQueries(baseQuery, query)
  return search === '' ? whole : `${whole}?${search}`
}

function joinQueries(...queries: readonly string[]): string {
  return queries.filter((query) => query !== '').join('&')
}

function parseUrl(text: string, at: string): URL {
  const url = WHOLE.test(text) && URL.canParse(text) ? new URL(text) : undefined
  return url ?? refuse(at, `"${quoteUrl(text)}" is no URL that can be called; it must begin with http:// or https://`)
}

/** What cannot be parsed cannot be taken apart either: all that may be userinfo or query is left out. */
function quoteUrl(text: string): string {
  const shown = text.replace(/^(https?:\/\/)?.*@/is, '$1').replace(/[?#].*$/s, '')
  return shown.length > LONGEST_QUOTE ? `${shown.slice(0, LONGEST_QUOTE)}…` : shown
}

function refuse(at: string, message: string): never {
  throw new CallbackError('ERR_CONFIG_VALUE', { at, message })
}
