import { createHash } from 'node:crypto'
import type { EndpointSpec } from '../config/normalize'
import type { RequestScope } from './request-scope'

/**
 * Compiles the name of a delivery, of which a second one is a duplicate: what `dedupe_by` reads, with the id, or with the
 * place among the items of a bulk request. Undefined where `dedupe_by` reads nothing.
 */
export function compileDedupeKey({
  dedupeBy,
}: Pick<EndpointSpec, 'dedupeBy'>): (scope: RequestScope, id: string | undefined) => string | undefined {
  return (scope, id) => {
    const key = dedupeBy?.render(scope)
    if (key === null || key === undefined || key === '') return undefined
    return createHash('sha256')
      .update(JSON.stringify([key, id ?? scope.index]))
      .digest('base64')
  }
}
