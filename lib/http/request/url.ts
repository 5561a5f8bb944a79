import type { Mapping } from '../../base/values/plain'
import { CallbackError } from '../../base/errors'
import { trimEnd } from '../../base/same-path'
import { writeForm } from '../form-entries'
import type { RenderUrlText, UrlText } from './url-text'

/** What makes a URL, each undefined where the component has none. */
export interface UrlParts {
  readonly endpoint: RenderUrlText | undefined
  readonly path: RenderUrlText | undefined
  readonly baseUrl: RenderUrlText | undefined
}

/** Where a request goes. */
export interface Target {
  readonly url: URL
  /** The origins that the config names for the URL; none where values decide on them. */
  readonly homes: readonly string[]
  /** The part of the query that came in with a whole URL, without `?`. */
  readonly givenQuery: string
}

const WHOLE = /^https?:\/\//i
const LONGEST_QUOTE = 100

/**
 * Puts a URL together: the endpoint, or base URL and path with one slash between, or a path that is a whole URL; then
 * the params behind its query. Throws `ERR_CONFIG_VALUE`; its message shows neither userinfo nor query.
 */
export function buildTarget(parts: UrlParts, params: Mapping, scope: object, at: string): Target {
  const { text, isFixed, givenQuery } = joinUrl(parts, scope, at)
  const url = parseUrl(text, at)
  const home = isFixed ? url.origin : homeOf(parts.baseUrl?.(scope))
  url.search = joinQueries(url.search.slice(1), writeForm(params))
  return { url, homes: home === undefined ? [] : [home], givenQuery }
}

function homeOf(base: UrlText | undefined): string | undefined {
  const text = base?.text.trim() ?? ''
  return base?.isFixed && WHOLE.test(text) && URL.canParse(text) ? new URL(text).origin : undefined
}

function joinUrl({ endpoint, path, baseUrl }: UrlParts, scope: object, at: string): UrlText {
  if (endpoint !== undefined) {
    const whole = trim(endpoint(scope))
    return whole.text === '' ? refuse(at, 'The endpoint is empty; what it reads is missing') : whole
  }
  const tail = path && trim(path(scope))
  if (tail && WHOLE.test(tail.text)) return tail
  const base = baseUrl && trim(baseUrl(scope))
  if (base && base.text !== '') {
    if (tail === undefined || tail.text === '') return base
    return { ...base, text: joinPath(tail.isRooted ? withoutPath(base.text) : base.text, tail.text) }
  }
  if (tail && tail.text !== '')
    return refuse(at, `The path "${quoteUrl(tail.text)}" has no base_url to be joined to, and is no whole URL`)
  if (baseUrl === undefined && path === undefined)
    return refuse(at, 'The request has neither base_url, path nor endpoint')
  return refuse(at, 'base_url and path are empty; what they read is missing')
}

function trim(part: UrlText): UrlText {
  return { ...part, text: part.text.trim() }
}

function withoutPath(base: string): string {
  return base.replace(/^(https?:\/\/[^/?#]*)[^?#]*/i, '$1')
}

/** A query of the base URL stays behind the path, in front of the path's own. */
function joinPath(base: string, path: string): string {
  const [head = '', baseQuery = ''] = base.replace(/#.*$/s, '').split(/\?(.*)/s)
  const [tail = '', query = ''] = path.replace(/#.*$/s, '').split(/\?(.*)/s)
  const whole = tail === '' ? head : `${trimEnd(head)}/${tail.replace(/^\/+/, '')}`
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
