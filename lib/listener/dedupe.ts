import { createHash } from 'node:crypto'
import type { EndpointSpec } from '../config/normalize'
import type { RequestScope } from './request-scope'

/**
 * Returns what two deliveries of one callback, or of one item of it, have in common; undefined where `dedupe_by` finds
 * nothing. Throws `ERR_TEMPLATE`.
 */
export function dedupeKeyOf(
  { dedupeBy }: EndpointSpec,
  scope: RequestScope,
  id: string | undefined,
): string | undefined {
  const key = dedupeBy?.render(scope)
  if (key === null || key === undefined || key === '') return undefined
  return createHash('sha256')
    .update(JSON.stringify([key, id ?? scope.index]))
    .digest('base64')
}
