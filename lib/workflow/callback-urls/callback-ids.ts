import type { Environment } from '../../config/read/source'
import { CallbackError } from '../../base/errors'
import type { Endpoint } from '../../listener/endpoint'
import { describeId } from '../../listener/ids'
import { readTicketQuery } from '../../listener/paths/ticket-query'
import type { CallbackUrl } from './callback-urls'
import type { HttpAnswer } from '../../http/client'
import type { HttpRequest } from '../../http/request/request'

/**
 * Lists the ids that a request announces: what `identify_by` reads from its body and from the query and path of the callback
 * URL, and the ticket in that URL.
 */
export function idsInRequest({ body, method }: HttpRequest, urls: readonly CallbackUrl[], env: Environment): string[] {
  return urls.flatMap(({ endpoint, url, query, params }) => {
    const scope = { body, item: body, index: 0, query, params, header: {}, method, path: url.pathname, env }
    const ticket = endpoint.spec.bulk ? undefined : readId(() => readTicketQuery(url.search.slice(1)))
    return [...listOne(ticket), ...listOne(identify(endpoint, scope))]
  })
}

/** Lists the ids that the immediate answer announces: what `identify_by` reads from its body and headers. */
export function idsInAnswer({ body, headers }: HttpAnswer, endpoints: readonly Endpoint[], env: Environment): string[] {
  const scope = { body, item: body, index: 0, query: {}, params: {}, header: headers, method: '', path: '', env }
  return endpoints.flatMap((endpoint) => listOne(identify(endpoint, scope)))
}

/** A request or an answer may lack the id, or hold it in another shape than the callback; then there is none. */
function identify(endpoint: Endpoint, scope: object): string | undefined {
  return readId(() => endpoint.identify(scope))
}

function readId(read: () => unknown): string | undefined {
  try {
    const id = describeId(read())
    return typeof id === 'string' ? id : undefined
  } catch (error) {
    if (error instanceof CallbackError) return undefined
    throw error
  }
}

function listOne(id: string | undefined): readonly string[] {
  return id === undefined ? [] : [id]
}
