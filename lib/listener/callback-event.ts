import type { CallbackEvent } from '../base/events'
import type { Outcome, Progress } from '../base/contracts'
import type { RequestScope } from './request-scope'

/** An event about a request of which no outcome is known. */
export function requestEvent(endpoint: string, { body, header }: RequestScope): CallbackEvent {
  return { id: undefined, endpoint, body, headers: header }
}

/** An event about an outcome; its body is that of the item, in a bulk callback. */
export function outcomeEvent(outcome: Outcome | Progress): CallbackEvent {
  const { id, endpoint, body, headers } = outcome
  return { id, endpoint, body, headers, outcome }
}
