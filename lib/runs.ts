import type { Config } from './config/normalize'
import type { Emitter } from './events'
import type { Gateways } from './gateway/gateways'
import type { Place, Reachable } from './listener/callback-url'
import type { Endpoint } from './listener/endpoint'
import type { Selection } from './listener/selection'
import type { NormalizedOptions } from './options'
import type { Store } from './types'
import type { Waits } from './waits'
import { createCallbackUrlFinder } from './workflow/callback-urls'
import { createHttpClient } from './workflow/http-client'
import { listPaths, type PublicPlaces, warnOfForeignOrigins } from './workflow/public-places'
import { createTasks, type Tasks } from './workflow/tasks'
import { compileWorkflows } from './workflow/workflows'

/** What workflows run on. */
export interface RunsContext {
  readonly options: NormalizedOptions
  readonly store: Store
  readonly emitter: Emitter
  readonly gateways: Gateways
  readonly endpoints: readonly Endpoint[]
  readonly selection: Selection
  readonly waits: Waits
  readonly reachable: Reachable
  /** The URL under which a service reaches an endpoint. Throws `ERR_GATEWAY_NOT_READY`. */
  readonly urlOf: (endpoint: Endpoint) => string
}

/** Compiles the workflows of a config and gives their tasks. */
export function createRuns(config: Config, context: RunsContext): Tasks {
  const { options, store, emitter, gateways, endpoints, selection, waits, urlOf } = context
  const { clock, logger, fetch } = options
  const places = findPlaces(config, context)
  const finder = createCallbackUrlFinder(endpoints, (path) => listPaths(path, places))
  const runs = compileWorkflows(config, {
    clock,
    logger,
    gateways,
    selection,
    urlOf,
    send: createHttpClient({ fetch, clock }),
    findCallbackUrls: warnOfForeignOrigins(finder, places, logger),
  })
  return createTasks({
    workflows: config.workflows,
    runs,
    store,
    clock,
    emitter,
    logger,
    keepMs: config.store.keepMs,
    onEnd: (ending, wait, ids) => waits.recordEnd(ending, wait.endpoints, ids),
  })
}

/** Where the callbacks can be reached: said in the config and the options, or learned since. */
function findPlaces({ listeners }: Config, { options, gateways, reachable }: RunsContext): PublicPlaces {
  const { publicUrl, mountPath }: Place = options
  return {
    urls() {
      const known = [publicUrl, ...[...listeners, ...gateways.statuses.values()].map((one) => one.publicUrl)]
      return known.filter((url) => url !== undefined)
    },
    mountPaths() {
      const ofStandalone = reachable.ports.size > 0 ? [''] : []
      return [mountPath, ...reachable.mountPaths.values(), ...ofStandalone].filter((path) => path !== undefined)
    },
  }
}
