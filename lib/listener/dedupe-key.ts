import { createHash } from 'node:crypto'
import type { Template } from '../template/compile'
import { writeJson } from '../template/bigints'
import type { RequestScope } from './request-scope'

/**
 * Compiles the key of a delivery; a second delivery with the same key is a duplicate. It holds the value of `dedupe_by`
 * and the id, or the place among the items of a bulk request. Undefined where `dedupe_by` reads nothing.
 */
export function compileDedupeKey(
  dedupeBy: Template | undefined,
): (scope: RequestScope, id: string | undefined) => string | undefined {
  return (scope, id) => {
    const key = dedupeBy?.render(scope)
    if (key === null || key === undefined || key === '') return undefined
    return createHash('sha256')
      .update(writeJson([key, id ?? scope.index]) ?? '')
      .digest('base64')
  }
}
