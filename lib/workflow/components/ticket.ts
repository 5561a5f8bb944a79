import type { Endpoint } from '../../listener/endpoint'
import { ticketUrl } from '../../listener/paths/callback-url'

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

/** Gives the ticket of an attempt; the endpoint is looked for only when a template asks for its URL. */
export function issueTicket(
  id: string,
  endpointOf: () => Endpoint,
  urlOf: (endpoint: Endpoint) => string,
): IssuedTicket {
  let isUsed = false
  return {
    source: {
      get id() {
        isUsed = true
        return id
      },
      get url() {
        isUsed = true
        return ticketUrl(endpointOf(), urlOf, id)
      },
    },
    isUsed: () => isUsed,
  }
}
