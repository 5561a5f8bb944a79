import type { IncomingMessage } from 'node:http'
import { parseForm } from '../body/form'
import type { Params } from '../base/route-syntax'
import { type QueriedTicket, readTicketQuery, splitAppended } from './paths/ticket-query'

/** A request as Express or plain Node hands it over. */
export interface ListenerRequest extends IncomingMessage {
  /** What a parser of the host app made of the body. */
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

/**
 * What the templates of a listener read from. One object serves a request; `item` and `index` move on in a bulk one, as
 * long as each item is done before the next.
 */
export class RequestScope {
  item: unknown = undefined
  index = 0
  #query: Readonly<Record<string, unknown>> | undefined = undefined

  constructor(
    private readonly request: ListenerRequest,
    readonly body: unknown,
    readonly params: Params,
    readonly env: Readonly<Record<string, string>>,
  ) {}

  /** A scope of the same request, for another item. */
  another(): RequestScope {
    return new RequestScope(this.request, this.body, this.params, this.env)
  }

  get header(): Readonly<Record<string, string | string[] | undefined>> {
    return this.request.headers
  }

  get query(): Readonly<Record<string, unknown>> {
    this.#query ??= parseForm(splitAppended(splitUrl(this.request.url).query))
    return this.#query
  }

  get method(): string {
    return this.request.method ?? ''
  }

  get path(): string {
    const { originalUrl, url } = this.request
    return splitUrl(originalUrl ?? url).path
  }

  /** What the callback URL says of the id of its ticket. */
  get ticket(): QueriedTicket {
    const { url } = this.request
    return url !== undefined && /[?%]/.test(url) ? readTicketQuery(splitUrl(url).query) : undefined
  }
}

/** Splits a request target at its query. */
export function splitUrl(url: string | undefined): { readonly path: string; readonly query: string } {
  const target = readTarget(url ?? '/')
  const mark = target.indexOf('?')
  return mark < 0 ? { path: target, query: '' } : { path: target.slice(0, mark), query: target.slice(mark + 1) }
}

/** A service may encode the mark in front of a ticket's query, which then looks like a part of the path. */
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
