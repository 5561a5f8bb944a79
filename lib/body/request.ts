import type { IncomingMessage } from 'node:http'

/** A request as Express or plain Node hands it over. */
export interface ListenerRequest extends IncomingMessage {
  /** The body as a parser of the host app left it. */
  readonly body?: unknown
  /** The unparsed body, where the platform keeps it. */
  readonly rawBody?: unknown
  /** The path that the host app stripped from `url`. */
  readonly baseUrl?: unknown
  /** The parameters of the routers of Express. */
  readonly params?: unknown
  /** The route of Express, where the callbacks are called by one. */
  readonly route?: unknown
  readonly originalUrl?: string
}

/** The head of a request, which templates read from; it outlives the request. */
export interface RequestHead {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly originalUrl?: string | undefined
  readonly headers: IncomingMessage['headers']
}

/** Splits a request target at its query. */
export function splitUrl(url: string | undefined): { readonly path: string; readonly query: string } {
  const target = readTarget(url ?? '/')
  const mark = target.indexOf('?')
  return mark < 0 ? { path: target, query: '' } : { path: target.slice(0, mark), query: target.slice(mark + 1) }
}

/** A service may encode the `?` before a ticket's query; the query then looks like a part of the path. */
function readTarget(url: string): string {
  const target = toOriginForm(url)
  return target.includes('%') ? target.replace(/%3f(?=callback(?:_|%5f)id)/i, '?') : target
}

/** Returns path and query of the whole request, before the host app cut its mount path from them. */
export function targetOf({ originalUrl, url }: ListenerRequest): string {
  return toOriginForm(originalUrl ?? url ?? '/')
}

/** Proxies may send the whole URL as the target (RFC 9112, 3.2.2). */
function toOriginForm(target: string): string {
  if (target.startsWith('/')) return target
  const [, rest] = /^https?:\/\/[^/?]*(.*)$/i.exec(target) ?? []
  if (rest === undefined) return target
  return rest.startsWith('/') ? rest : `/${rest}`
}
