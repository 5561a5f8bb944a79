import type { Config } from './config/normalize'
import type { Emitter } from './events'
import type { Gateways } from './gateway/gateways'
import type { Place, Reachable } from './listener/callback-url'
import type { Endpoint } from './listener/endpoint'
import type { Selection } from './listener/selection'
import type { NormalizedOptions } from './options'
import type { Store } from './types'
import type { Waits } from './waits'
import { createCallbackUrlFinder, type FindCallbackUrls } from './workflow/callback-urls'
import { createHttpClient } from './workflow/http-client'
import { listSecrets } from './secret-names'
import { guessPaths, listPaths, type PublicPlaces, warnOfForeignOrigins } from './workflow/public-places'
import { createTasks, type Tasks } from './workflow/tasks'
import { findWaitingWorkflows } from './workflow/may-wait'
import { createWaitRoom } from './workflow/wait-room'
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
  /** Learns the endpoints whose URLs are sent. */
  readonly pointedAt: Set<string>
}

/** Compiles the workflows of a config and gives their tasks. */
export function createRuns(config: Config, context: RunsContext): Tasks {
  const { options, store, emitter, gateways, endpoints, selection, waits, urlOf, pointedAt } = context
  const { clock, logger, fetch } = options
  const places = findPlaces(config, context)
  const find = createCallbackUrlFinder(endpoints, (url) => listPaths(url, places))
  const guess = createCallbackUrlFinder(endpoints, (url) => guessPaths(url, places))
  const runs = compileWorkflows(config, {
    clock,
    logger,
    gateways,
    endpoints,
    selection,
    urlOf,
    send: createHttpClient({ fetch, clock, secrets: listSecrets(config.env) }),
    findCallbackUrls: noting(pointedAt, warnOfForeignOrigins(find, guess, places, logger)),
  })
  return createTasks({
    workflows: config.workflows,
    runs,
    waiting: findWaitingWorkflows(config),
    room: createWaitRoom(store, config.store.maxWaits),
    store,
    clock,
    emitter,
    logger,
    keepMs: config.store.keepMs,
    onEnd: (ending, wait, ids) => waits.recordEnd(ending, wait.endpoints, ids),
  })
}

function noting(pointedAt: Set<string>, find: FindCallbackUrls): FindCallbackUrls {
  return (request) => {
    const found = find(request)
    for (const { endpoint } of found) pointedAt.add(endpoint.key)
    return found
  }
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
