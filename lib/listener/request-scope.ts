import type { Course } from '../deliveries/course'
import type { CallbackEvent } from '../base/events'
import { parseForm } from '../body/form'
import { type RequestHead, splitUrl } from '../body/request'
import type { Params } from '../base/route-syntax'
import type { RequestRuns } from './held/request-runs'
import { type QueriedTicket, readTicketQuery, splitAppended } from './paths/ticket-query'

/**
 * The sources of a listener's templates. One object serves a request; in a bulk request, `item` and `index` change from item
 * to item, as long as each item is done before the next one.
 */
export class RequestScope {
  item: unknown = undefined
  index = 0
  #query: Readonly<Record<string, unknown>> | undefined = undefined

  constructor(
    private readonly request: RequestHead,
    readonly body: unknown,
    readonly params: Params,
    readonly env: Readonly<Record<string, string>>,
    /** Notes what becomes of the request; undefined where nothing is noted. */
    readonly course?: Course | undefined,
    /** Notes the runs that the request has started; undefined where it is answered at once. */
    readonly runs?: RequestRuns | undefined,
  ) {}

  /** A scope of the same request, for another item. */
  another(): RequestScope {
    return new RequestScope(this.request, this.body, this.params, this.env, this.course, this.runs)
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

  /** The id of the ticket in the callback URL, or the reason why it cannot be told. */
  get ticket(): QueriedTicket {
    const { url } = this.request
    return url !== undefined && /[?%]/.test(url) ? readTicketQuery(splitUrl(url).query) : undefined
  }
}

/** Creates the event about a request whose outcome is not known. */
export function requestEvent(endpoint: string, { body, header }: RequestScope): CallbackEvent {
  return { id: undefined, endpoint, body, headers: header }
}
