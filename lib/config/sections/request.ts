import type { Template } from '../../template/compile'
import { refuseUncallable } from '../checks/constant-url'
import type { Fields } from '../field/fields'
import { method } from '../field/values'
import { REQUEST_METHODS, type RequestMethod } from '../field/words'

/** One request to send. */
export interface RequestSpec {
  /** Joined to the base URL, or a whole URL. */
  readonly path: Template | undefined
  /** A whole URL. */
  readonly endpoint: Template | undefined
  /** Undefined: POST with a body, GET without. */
  readonly method: RequestMethod | undefined
  readonly headers: Template | undefined
  readonly params: Template | undefined
  readonly body: Template | undefined
}

const METHOD = method(REQUEST_METHODS)

/** Reads the keys of a request; `sources` are what its templates may read. */
export function normalizeRequest(fields: Fields, sources: ReadonlySet<string>): RequestSpec {
  const read = (key: string): Template | undefined => fields.template(key, sources)
  if (fields.has('path') && fields.has('endpoint'))
    fields.error('endpoint', 'stands beside "path"; an endpoint is the whole URL, a path is joined to base_url')
  const written = fields.read('method', METHOD)
  if ((written === 'GET' || written === 'HEAD') && fields.has('body'))
    fields.error('body', `a ${written} request carries no body; use params, or another method`)
  const endpoint = read('endpoint')
  refuseUncallable(fields, 'endpoint', endpoint)
  return {
    path: read('path'),
    endpoint,
    method: written,
    headers: read('headers'),
    params: read('params'),
    body: read('body'),
  }
}
