import { compileDefinition, definitionOf } from './config/definition'
import type { Config } from './config/normalize'
import { CallbackError } from './errors'
import type { Emitter } from './events'
import type { Gateways } from './gateway/gateways'
import type { Place, Reachable } from './listener/callback-url'
import type { Endpoint } from './listener/endpoint'
import type { Selection } from './listener/selection'
import type { NormalizedOptions } from './options'
import type { Store } from './types'
import { writeJson } from './template/bigints'
import type { Waits } from './waits'
import { createCallbackUrlFinder, type FindCallbackUrls } from './workflow/callback-urls'
import { createHttpClient } from './workflow/http-client'
import { createProxyAdvice } from './workflow/proxy-env'
import { listSecrets } from './secret-names'
import { guessPaths, listPaths, type PublicPlaces, warnOfForeignOrigins } from './workflow/public-places'
import type { RunWorkflow } from './workflow/runner'
import { createTasks, type Tasks, type TasksContext } from './workflow/tasks'
import { compileWorkflows, type WorkflowsContext } from './workflow/workflows'
import { findWaitingWorkflows } from './workflow/may-wait'
import { createWaitRoom } from './workflow/wait-room'

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
  const secrets = listSecrets(config.env)
  const workflowsContext: WorkflowsContext = {
    secrets,
    clock,
    logger,
    gateways,
    endpoints,
    selection,
    urlOf,
    send: createHttpClient({
      fetch,
      clock,
      secrets,
      logger,
      advise: fetch === globalThis.fetch ? createProxyAdvice(config.env) : undefined,
    }),
    findCallbackUrls: noting(pointedAt, warnOfForeignOrigins(find, guess, places, logger)),
  }
  const runs = compileWorkflows(config, workflowsContext)
  const definition = definitionOf(config)
  return createTasks({
    workflows: config.workflows,
    runs,
    definition,
    restore: createRestore(config, { definition, runs }, (other) => compileWorkflows(other, workflowsContext)),
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

type Runs = ReadonlyMap<string, RunWorkflow>

/** Tasks go on as they were started, also when the config is another one by now. */
function createRestore(
  config: Config,
  now: { readonly definition: unknown; readonly runs: Runs },
  compile: (config: Config) => Runs,
): TasksContext['restore'] {
  const compiled = new Map<string, Runs>([[nameOf(now.definition), now.runs]])
  return (definition, workflow) => {
    const text = nameOf(definition)
    const runs = compiled.get(text) ?? compile(compileDefinition(definition, config))
    compiled.set(text, runs)
    const run = runs.get(workflow)
    if (run) return run
    const message = `The workflow ${JSON.stringify(workflow)} of a task that was kept is not in its definition`
    throw new CallbackError('ERR_WORKFLOW_UNKNOWN', { message })
  }
}

/** Equal definitions have equal names. */
function nameOf(definition: unknown): string {
  return writeJson(definition) ?? ''
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
