import { describeFound } from '../../config/field/found'
import type { RequestSpec } from '../../config/normalize'
import { isMapping, type Mapping } from '../../base/values/plain'
import { CallbackError } from '../../base/errors'
import type { Template } from '../../template/compile'
import { renderHeaders } from './headers'
import { buildTarget, type Target } from './url'
import { compileUrlText, type RenderUrlText, type UrlKey } from './url-text'

/** A rendered request, before it is written. */
export interface HttpRequest extends Target {
  /** The component or its polling, for messages. */
  readonly at: string
  readonly method: string
  /** Without userinfo, which became a header. */
  readonly url: URL
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** The value to send; undefined for none. */
  readonly body: unknown
}

/** Names a request in messages: without query and userinfo, which may be secret. */
export function describeRequest({ method, url }: Pick<HttpRequest, 'method' | 'url'>): string {
  return `${method} ${url.origin}${url.pathname}`
}

/** What requests of one component have in common. */
export interface RequestBase {
  readonly baseUrl: Template | undefined
  /** Mappings, later ones on top. */
  readonly headers: readonly (Template | undefined)[]
}

/**
 * Compiles a request. Rendering throws `ERR_CONFIG_VALUE` for a URL or a method that cannot work and `ERR_TEMPLATE` for
 * values that cannot be sent; `at` names the component in them. Without a base URL, a path is one on the origin of the
 * request that was `asked` before, if there was one.
 */
export function compileRequest(
  spec: RequestSpec,
  base: RequestBase,
  at: string,
): (scope: object, asked?: HttpRequest) => HttpRequest {
  const headerTemplates = [...base.headers, spec.headers].filter((template) => template !== undefined)
  const compile = (template: Template | undefined, key: UrlKey): RenderUrlText | undefined =>
    template && compileUrlText(template, key, at)
  const parts = {
    endpoint: compile(spec.endpoint, 'endpoint'),
    path: compile(spec.path, 'path'),
    baseUrl: compile(base.baseUrl, 'base_url'),
  }

  return (scope, asked) => {
    const known = { ...parts, baseUrl: parts.baseUrl ?? (asked && originOf(asked)) }
    const target = buildTarget(known, readMapping(spec.params?.render(scope), 'params', at), scope, at)
    const { url } = target
    const mappings = headerTemplates.map((template) => readMapping(template.render(scope), 'headers', at))
    const headers = renderHeaders(mappings, at)
    const body = spec.body?.render(scope) ?? undefined
    const method = spec.method ?? (body === undefined ? 'GET' : 'POST')
    if (body !== undefined && (method === 'GET' || method === 'HEAD')) throw bodyRefused(method, at)
    return { ...target, at, method, headers: Object.fromEntries(withUserinfo(headers, url)), body }
  }
}

function originOf({ url, homes }: HttpRequest): RenderUrlText {
  const { origin } = url
  return () => ({ text: origin, isFixed: homes.includes(origin), givenQuery: '' })
}

function readMapping(value: unknown, field: string, at: string): Mapping {
  if (value === null || value === undefined) return {}
  if (isMapping(value)) return value
  // A text in this place may hold credentials, so the message names only its kind.
  const found = typeof value === 'string' ? 'a text' : describeFound(value, [])
  const message = `The ${field} must be a mapping of names to values, found ${found}`
  throw new CallbackError('ERR_TEMPLATE', { at, message })
}

function bodyRefused(method: string, at: string): CallbackError {
  const message = `A ${method} request carries no body, but this one was given one; use params, or another method`
  return new CallbackError('ERR_CONFIG_VALUE', { at, message })
}

/** `fetch` refuses credentials in a URL: they go into the header that they stand for (RFC 7617). */
function withUserinfo(headers: Map<string, string>, url: URL): Map<string, string> {
  const { username, password } = url
  if (username === '' && password === '') return headers
  url.username = ''
  url.password = ''
  if (headers.has('authorization')) return headers
  const credentials = Buffer.from(`${unescapePart(username)}:${unescapePart(password)}`).toString('base64')
  return headers.set('authorization', `Basic ${credentials}`)
}

/** Decodes a part of a URL; a part that cannot be decoded stays as it is. */
export function unescapePart(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
