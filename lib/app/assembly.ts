import type { Clock, Logger, Store } from '../base/contracts'
import { createMask, listSpellings, type Mask } from '../base/secrets/mask'
import { createEnvMask } from '../base/secrets/env-mask'
import { listSecrets } from '../base/secrets/secret-names'
import { type Config, compileConfig } from '../config/normalize'
import { createDeliveries, type DeliveryLog } from '../deliveries/deliveries'
import type { CallbackRoute } from '../listener/router'
import type { CallbacksConfig } from '../config/schema'
import type { Source } from '../config/read/source'
import { createEmitter, type Emitter } from '../base/events'
import { createGateways, type Gateways } from '../gateway/gateways'
import { isListening } from '../gateway/probe-port'
import { createChecks } from '../listener/checks/result-schema'
import type { Endpoint } from '../listener/endpoint'
import { createHolding } from '../listener/held/holding'
import { createStatusUrls } from '../listener/held/status-urls'
import { createCalledUrlOf, createGuessNotice, createUrlOf, type Reachable } from '../listener/paths/callback-url'
import { createStrayRequests } from '../listener/paths/stray-requests'
import { createSelection } from '../listener/paths/selection'
import { listProofHeaders, listProofParameters, listProofParams } from '../verify/verify'
import { findPlaces } from '../workflow/callback-urls/public-places'
import { createStrayUrls } from '../workflow/callback-urls/stray-urls'
import type { Tasks } from '../workflow/tasks/tasks'
import { createArrivals } from '../store/arrivals'
import { createStore, DRIVERS } from './adapters'
import { createEach } from './waiting/each'
import { createLifecycle, type Lifecycle } from './lifecycle'
import { compileListeners, createStartOf } from './listeners'
import { createMounts } from './mounts'
import type { NormalizedOptions } from './options'
import { createRuns } from './runs'
import { createStandalone } from './servers'
import { readStats } from './stats'
import { createWaitEnds } from './waiting/wait-ends'
import { createTracing } from '../tracing/tracing'
import { createWaits } from './waiting/waits'
import { listWarnings } from './warnings'

/** Compiles a config, with what the options say about its environment and its store. Throws a `ConfigError`. */
export function compileFor(config: CallbacksConfig | Source, { env, pool, redis }: NormalizedOptions): Config {
  const given = [pool && ('postgres' as const), redis && ('redis' as const)].filter((type) => type !== undefined)
  return compileConfig(config, { env, given })
}

/**
 * Creates every part of one `callbacks()`, each out of those before it, and lists the warnings about its config. Opens,
 * starts and logs nothing. Throws a `ConfigError`, and `ERR_CONFIG_VALUE` for options that do not fit the config.
 */
export function assemble(config: Config, options: NormalizedOptions) {
  const { logger, clock, fetch, mountPath, publicUrl, tunnels } = options
  const tracing = createTracing(options.tracing, { clock, logger, mask: createSecretMask(config) })
  const secretHeaders = listProofHeaders(config)
  const arrivals = createArrivals(config.store.type === 'redis' || config.store.type === 'postgres')
  const emitter = createEmitter(logger, secretHeaders, arrivals.note)
  const store = createStore(config, options, emitter, secretHeaders, () => lifecycle.noticeWait())
  const reachable: Reachable = { mounts: new Map(), ports: new Map() }
  const onUrlChange = (port: number, previousUrl: string): void => outdate(port, previousUrl, all, store, logger)
  const gateways = createAllGateways(config, options, { emitter, reachable, onUrlChange })
  const pointedAt = new Set<string>()
  const told = { logger, clock, env: config.env }
  const deliveries = createDeliveryLog(config, { clock, logger, secretHeaders, routes: () => routes })
  // Listeners start workflows, and workflows wait on listeners: these functions are first called by a request, when
  // `tasks` and `lifecycle` are there.
  const statusUrls = createStatusUrls({ publicUrl: options.publicUrl, gateways })
  const holding = createHolding({ clock, whenEnded: (task) => tasks.whenEnded(task), statusUrlOf: statusUrls.of })
  const compiled = compileListeners(config, {
    ...told,
    store,
    emitter,
    gateways: config.gateways,
    fetch,
    recorder: deliveries.recorder,
    holding,
    calledUrlOf: createCalledUrlOf(options, gateways.publicUrlOf),
    isClosing: () => lifecycle.isClosing(),
    isDraining: () => lifecycle.isDraining(),
    isPointedAt: (endpoint) => pointedAt.has(endpoint),
    startOf: createStartOf(config, (request, kept) => tasks.start(request, kept)),
    problems: [],
  })
  const routes = compiled.flatMap((one) => one.routes)
  const all = routes.flatMap(({ endpoint, asks }) => (asks ? [] : [endpoint]))
  const endpoints = all.filter(({ listener }) => listener.kind === 'callback')
  const selection = createSelection(endpoints)
  const urlOf = createUrlOf(options, reachable, gateways.publicUrlOf, createGuessNotice(logger, arrivals.noteGuess))
  const ends = createWaitEnds(store, emitter)
  const checksOf = createChecks(endpoints)
  const shared = { options, store, emitter, gateways, endpoints, selection, ends, arrivals, checksOf, urlOf, tracing }
  const mask = createEnvMask(config.env)
  const waits = createWaits({ ...shared, clock, mask })
  const each = createEach({ ...shared, clock, mask, park: config.store.park })
  const places = findPlaces(config, options, reachable, gateways.statuses)
  const strays = createStrayUrls(all, places)
  const tasks: Tasks = createRuns(config, { ...shared, places, strays, pointedAt })
  const standalone = createStandalone({ store, gateways, reachable, clock, isClosing: () => lifecycle.isClosing() })
  const lifecycleParts = { store, deliveries, gateways, tasks, ends, standalone, clock, logger }
  const lifecycle: Lifecycle = createLifecycle(lifecycleParts)
  void lifecycle.whenClosing.then(holding.release)
  const mounts = createMounts(compiled, {
    reachable,
    mountPath,
    onFirstRequest: lifecycle.noticeRequest,
    onServer: lifecycle.noticeServer,
    arrivals,
    strays: createStrayRequests(all, { remember: arrivals.noteStray, recorder: deliveries.recorder, ...told }),
  })
  const warnings = listWarnings(config, { endpoints: all, tunnels, publicUrl, strays })
  return {
    emitter,
    store,
    deliveries,
    gateways,
    waits,
    each,
    tasks,
    standalone,
    lifecycle,
    mounts,
    stats: () => readStats({ endpoints: all, store, emitter, tasks }),
    endpoints: all,
    statusUrls,
    warnings,
  }
}

interface GatewaysContext {
  readonly emitter: Emitter
  readonly reachable: Reachable
  readonly onUrlChange: (port: number, previousUrl: string) => void
}

function createAllGateways(
  { gateways, env }: Config,
  { tunnels, port: ownPort, logger, clock }: NormalizedOptions,
  { reachable, ...context }: GatewaysContext,
): Gateways {
  return createGateways(gateways, {
    drivers: { ...DRIVERS, ...tunnels },
    env,
    logger,
    clock,
    localPortOf: (port) => reachable.ports.get(port) ?? ownPort ?? port,
    isListening,
    ...context,
  })
}

/** Marks the waits whose callbacks a service may send to a public URL that is gone. */
function outdate(port: number, previousUrl: string, all: readonly Endpoint[], store: Store, logger: Logger): void {
  const count = store.outdate(all.filter(({ listener }) => listener.port === port))
  const waits = count === 0 ? 'nobody waits' : `${count} open ${count === 1 ? 'wait' : 'waits'} may have asked for one`
  const message = `The public URL of port ${port} has changed; callbacks to ${previousUrl} do not arrive any more: ${waits}`
  logger.warn({ port, previousUrl, waits: count }, message)
}

/** What the deliveries of a config are kept and repeated with. */
interface DeliveryLogContext {
  readonly clock: Clock
  readonly logger: Logger
  readonly secretHeaders: ReadonlySet<string>
  /** All routes; asked when a delivery is looked at, since routes note their deliveries here. */
  readonly routes: () => readonly CallbackRoute[]
}

/** Creates the log of deliveries. */
function createDeliveryLog(config: Config, { routes, ...context }: DeliveryLogContext): DeliveryLog {
  const find = (endpoint: string | undefined): CallbackRoute | undefined =>
    routes().find((route) => route.endpoint.key === endpoint)
  return createDeliveries(config.deliveries, {
    ...context,
    secretParameters: listProofParameters(config),
    secretParams: listProofParams(config),
    mask: createSecretMask(config),
    repeat: (kept, course) => find(kept.endpoint)?.repeat.replay(kept, course),
    explain: async (kept) => (await find(kept.endpoint)?.repeat.explain(kept)) ?? [],
  })
}

/**
 * Creates the mask of a config's secrets: those of its environment, and those that are written into it for senders and for
 * the controller. It is made for the first text, since few deliveries are looked at.
 */
export function createSecretMask({ env, listeners, controller }: Config): Mask {
  let mask: Mask | undefined
  function create(): Mask {
    const proofs = listeners.flatMap(({ endpoints }) => endpoints.flatMap(({ verify }) => verify?.secrets ?? []))
    const token = controller?.auth === undefined ? [] : [controller.auth.token]
    return createMask(listSpellings([...listSecrets(env), ...proofs, ...token]))
  }
  return (text) => (mask ??= create())(text)
}
