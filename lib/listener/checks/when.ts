import type { Emitter } from '../../base/events'
import type { Logger } from '../../base/contracts'
import { saysYes } from '../../template/convert'
import type { Endpoint } from '../endpoint'
import { compileScalar } from '../ids'
import type { ReceiveItem } from '../item'
import { requestEvent } from '../request-scope'
import { contentOf } from '../start'

/**
 * Compiles `when` of an endpoint in front of the work on one item. An item for which it is false is acknowledged and goes no
 * further: nothing is identified, parked or started. Throws `ERR_TEMPLATE` when the template fails.
 */
export function compileWhen(
  { key: name, spec }: Endpoint,
  receiveItem: ReceiveItem,
  { emitter, logger }: { readonly emitter: Emitter; readonly logger: Logger },
): ReceiveItem {
  if (spec.when === undefined) return receiveItem
  const { source } = spec.when
  const read = compileScalar(spec.when)
  let isTold = false
  return (scope) => {
    if (saysYes(read(scope))) return receiveItem(scope)
    emitter.record('filtered', name, () => ({
      ...requestEvent(name, scope),
      body: spec.bulk ? contentOf(spec, scope) : scope.body,
    }))
    scope.course?.end('filtered')
    if (!isTold)
      logger.info(
        { endpoint: name },
        `${name} received a callback for which when (${JSON.stringify(source)}) is false; such callbacks are acknowledged and ` +
          'dropped (said once, see the event "filtered")',
      )
    isTold = true
    return 'filtered'
  }
}
