import type { Expected } from '../../base/run'
import type { Endpoint } from '../../listener/endpoint'
import { compileScalar, requireIds } from '../../listener/ids'
import type { Template } from '../../template/compile'
import { saysYes } from '../../template/convert'
import type { Call } from '../call'

/** Returns what decides whether a callback ends a wait. Throws `ERR_CONFIG_VALUE` where callbacks have no ids. */
export type FilterOf = (
  endpoints: readonly Endpoint[],
  ids: readonly string[],
  call: Pick<Call, 'scope'>,
  at: string,
) => Expected['when']

/** Compiles `when` of a wait; undefined without it. What it makes throws `ERR_TEMPLATE` when the template fails. */
export function compileFilter(when: Template | undefined): FilterOf | undefined {
  if (when === undefined) return undefined
  const read = compileScalar(when)
  return (endpoints, ids, { scope }, at) => {
    requireIds('a wait with "when"', endpoints, ids, at)
    return ({ result, body, status, headers, id }) =>
      saysYes(read({ ...scope, result, body, status, header: headers, id }))
  }
}
