import { compileDefinition, definitionOf } from '../config/definition'
import type { Config } from '../config/normalize'
import { CallbackError } from '../base/errors'
import { nameAtStart } from '../base/unnamed'
import type { Emitter } from '../base/events'
import type { ChecksOf } from '../base/schemas/check-outcome'
import type { Gateways } from '../gateway/gateways'
import type { Place, UrlOf } from '../listener/paths/callback-url'
import type { Endpoint } from '../listener/endpoint'
import type { Selection } from '../listener/paths/selection'
import type { NormalizedOptions } from './options'
import type { Store } from '../base/contracts'
import { writeJson } from '../template/bigints'
import type { Arrivals } from '../store/arrivals'
import type { Tracing } from '../tracing/tracing'
import type { WaitEnds } from './waiting/wait-ends'
import { createFindCallbackUrls } from '../workflow/callback-urls/callback-urls'
import { createHttpClient } from '../http/client'
import { createProxyAdvice } from '../http/proxy-env'
import { listSecrets, passwordIn } from '../base/secrets/secret-names'
import type { PublicPlaces } from '../workflow/callback-urls/public-places'
import type { RunWorkflow } from '../workflow/runner'
import type { StrayUrls } from '../workflow/callback-urls/stray-urls'
import { createTasks, type Tasks, type TasksContext } from '../workflow/tasks/tasks'
import { compileWorkflows, type WorkflowsContext } from '../workflow/workflows'
import { findWaitingWorkflows } from '../workflow/event-sources'
import { createWaitRoom } from '../workflow/tasks/limits'

/** What the workflows of a config need. */
export interface RunsContext {
  readonly options: NormalizedOptions
  readonly store: Store
  readonly emitter: Emitter
  readonly gateways: Gateways
  readonly endpoints: readonly Endpoint[]
  readonly selection: Selection
  readonly ends: WaitEnds
  readonly arrivals: Arrivals
  readonly checksOf: ChecksOf
  readonly places: PublicPlaces
  readonly strays: StrayUrls
  readonly urlOf: UrlOf
  /** Learns the endpoints whose URLs are sent. */
  readonly pointedAt: Set<string>
  /** Records runs as spans; undefined without tracing. */
  readonly tracing?: Tracing | undefined
}

/** Compiles the workflows of a config and creates their tasks. */
export function createRuns(config: Config, context: RunsContext): Tasks {
  const { options, store, emitter, gateways, endpoints, selection, ends, urlOf, pointedAt, places, strays, arrivals } =
    context
  const { clock, logger, fetch } = options
  const secrets = listKnownSecrets(config, options)
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
    findCallbackUrls: createFindCallbackUrls({
      endpoints,
      places,
      strays,
      logger,
      onFound: ({ key }) => void pointedAt.add(key),
      onStray({ code, message, at }) {
        logger.warn({ code }, message)
        emitter.emit('warning', () => ({ code, message, at }))
      },
    }),
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
    tracing: context.tracing,
    arrivals,
    checksOf: context.checksOf,
    onEnd: (ending, wait, ids) => ends.record(ending, wait.endpoints, ids),
  })
}

type Runs = ReadonlyMap<string, RunWorkflow>

/** Creates the function that returns a workflow as it was when its task started, also when the config has changed since. */
function createRestore(
  config: Config,
  now: { readonly definition: unknown; readonly runs: Runs },
  compile: (config: Config) => Runs,
): TasksContext['restore'] {
  const compiled = new Map<string, Runs>([[nameOf(now.definition), now.runs]])
  /** The latest one: thousands of runs that are taken up together share one definition. */
  let last: { readonly definition: unknown; readonly runs: Runs } | undefined

  function runsOf(definition: unknown): Runs {
    if (last !== undefined && last.definition === definition) return last.runs
    const text = nameOf(definition)
    const runs = compiled.get(text) ?? compile(compileDefinition(definition, config))
    compiled.set(text, runs)
    last = { definition, runs }
    return runs
  }

  return (definition, workflow) => {
    const run = runsOf(definition).get(workflow)
    if (run) return run
    const message = `${nameAtStart('workflow', workflow)} of a task that was kept is not in its definition`
    throw new CallbackError('ERR_WORKFLOW_UNKNOWN', { message })
  }
}

/** Equal definitions have equal names. */
function nameOf(definition: unknown): string {
  return writeJson(definition) ?? ''
}

/** What services may repeat in what they answer: variables that are secret, and passwords of public URLs. */
function listKnownSecrets({ env, listeners, gateways }: Config, { publicUrl }: Place): readonly string[] {
  const urls = [publicUrl, ...[...listeners, ...gateways].map((one) => one.publicUrl)]
  return [...listSecrets(env), ...urls.flatMap((url) => (url === undefined ? [] : passwordIn(url)))]
}
