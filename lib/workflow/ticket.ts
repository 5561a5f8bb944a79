import type { Endpoint } from '../listener/endpoint'
import { createTicketId, ticketUrl } from '../listener/ticket'

/** What `${callback.id}` and `${callback.url}` read in one attempt. */
export interface CallTicket {
  readonly id: string
  readonly url: string
}

export interface IssuedTicket {
  readonly source: CallTicket
  /** Whether a template has read it, so that a callback will carry it. */
  isUsed(): boolean
}

/** Gives a ticket for an attempt; the endpoint is looked for only when a template asks for its URL. */
export function issueTicket(endpointOf: () => Endpoint, urlOf: (endpoint: Endpoint) => string): IssuedTicket {
  let issued: string | undefined
  const readId = (): string => (issued ??= createTicketId())
  return {
    source: {
      get id() {
        return readId()
      },
      get url() {
        return ticketUrl(endpointOf(), urlOf, readId())
      },
    },
    isUsed: () => issued !== undefined,
  }
}
