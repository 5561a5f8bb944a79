import { type Challenge, type ChallengeAnswer, refuseHandshake } from './answer'
import type { ListenerRequest } from '../../body/request'
import { readHeader } from '../../verify/signature/source'

const ORIGIN = 'webhook-request-origin'
/** A name of DNS, perhaps with a port, as senders call themselves. */
const NAME = /^[a-z\d._-]{1,253}(?::\d{1,5})?$/i

/**
 * The validation of CloudEvents' webhooks (HTTP 1.1 Web Hooks for Event Delivery, 4): OPTIONS with the sender's origin is
 * answered with the origin that may send, and at which rate: events in a minute, `*` for any. Without `origins` each
 * sender may. `WebHook-Request-Callback` is not called: the answer itself grants it.
 */
export function compileCloudEvents(origins: readonly string[], rate: number | undefined): Challenge {
  const allowed = new Set(origins.map((origin) => origin.toLowerCase()))
  const asksByOptions = (request: ListenerRequest): boolean =>
    request.method === 'OPTIONS' && request.headers[ORIGIN] !== undefined

  function answer(request: ListenerRequest): ChallengeAnswer {
    const origin = readHeader(request, ORIGIN)
    if (origin === undefined || !NAME.test(origin)) throw refuseHandshake(`${ORIGIN} is no name of a host`)
    if (allowed.size > 0 && !allowed.has('*') && !allowed.has(origin.toLowerCase()))
      throw refuseHandshake(`${ORIGIN} is none of the origins that the config allows`)
    const headers = {
      'webhook-allowed-origin': origin,
      'webhook-allowed-rate': rate === undefined ? '*' : String(rate),
    }
    return { status: 200, headers }
  }

  return {
    asksByOptions,
    beforeVerify: (request) => (asksByOptions(request) ? answer(request) : undefined),
  }
}
