import { CallbackError } from '../../base/errors'
import { readLiteralPath } from '../../base/route-syntax'
import type { Endpoint } from '../endpoint'

/**
 * Gives the callback URL that carries an id. It can only say what is in its query: a path with parameters or a bulk
 * callback has no place for an id, and throws `ERR_ENDPOINT_AMBIGUOUS`.
 */
export function ticketUrl(endpoint: Endpoint, urlOf: (endpoint: Endpoint) => string, id: string): string {
  const reason = endpoint.spec.bulk
    ? 'it is a bulk callback, whose items carry their own ids'
    : readLiteralPath(endpoint.path) === undefined
      ? 'its path has parameters, for which a ticket has no values'
      : undefined
  if (reason === undefined) return `${urlOf(endpoint)}?callback_id=${id}`
  throw new CallbackError('ERR_ENDPOINT_AMBIGUOUS', { message: `There are no tickets for ${endpoint.key}: ${reason}` })
}
