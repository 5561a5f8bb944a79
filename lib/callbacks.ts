import { type Config, compileConfig, type StoreSpec } from './config/normalize'
import type { CallbacksConfig } from './config/schema'
import type { Source } from './config/read/source'
import { createController } from './controller/controller'
import { createDurableStore } from './store/durable/store'
import { createMemoryStore } from './store/memory'
import { listDriverless } from './app/driverless'
import { ConfigError, describeProblem, type Problem } from './base/errors'
import { createEmitter, type Emitter, type EventListener, type EventName } from './base/events'
import { createGateways, gatewayPortsOf } from './gateway/gateways'
import { isListening } from './gateway/probe-port'
import type { Callbacks, CloseOptions, ListenOptions, RunOptions, SettleOptions } from './app/interface'
import { checkListeners, createLifecycle, type Lifecycle } from './app/lifecycle'
import { outcomeEvent } from './listener/callback-event'
import { createCalledUrlOf, createUrlOf, type Reachable } from './listener/paths/callback-url'
import type { Endpoint } from './listener/endpoint'
import { compileListener, type ListenerContext } from './listener/router'
import { listProofHeaders } from './verify/proof-headers'
import { createSelection } from './listener/selection'
import { checkSharedKeys } from './listener/handshakes/shared-keys'
import { readWaitKey } from './listener/wait-ids'
import { createMounts } from './app/mounts'
import { listAnyTopics, listOpenEndpoints, listUnsignedReads, listUntoldUrls } from './app/open-endpoints'
import { badOption, type CallbacksOptions, type NormalizedOptions, normalizeOptions, readDuration } from './app/options'
import { createRuns } from './app/runs'
import { readStats } from './app/stats'
import { digitsAsText } from './template/bigints'
import { compileTemplate } from './template/compile'
import type { Ledger, Logger, Outcome, Store, TunnelDriver } from './base/contracts'
import { createWaits, type Ids, type TicketOptions, type WaitOptions } from './app/waits'
import { createFindStart } from './workflow/event-sources'
import { findPlaces } from './workflow/callback-urls/find-places'
import { createStrayUrls } from './workflow/callback-urls/stray-urls'
import type { TaskRequest, Tasks } from './workflow/tasks/tasks'

/**
 * Compiles a config into Express middleware. Throws a `ConfigError` that lists every problem. Starts nothing: no
 * timer, no connection, no server.
 */
export function callbacks(config: CallbacksConfig | Source, options: CallbacksOptions = {}): Callbacks {
  const parts = assemble(config, normalizeOptions(options))
  const { spec, waits, tasks, mounts, gateways, lifecycle, controller, emitter } = parts

  const hooks = Object.assign(mounts.middleware, {
    wait: (ids: Ids, wait: WaitOptions = {}) => waits.wait(ids, wait),
    ticket(ticket: TicketOptions = {}) {
      const key = readWaitKey(ticket.key)
      return key === undefined ? waits.ticket(ticket) : waits.keyedTicket(key, ticket)
    },
    settle: (id: string | number, result?: unknown, { path }: SettleOptions = {}) =>
      waits.deliver(id, { result }, path),
    fail: (id: string | number, error?: unknown, { path }: SettleOptions = {}) => waits.deliver(id, { error }, path),
    run: (input?: unknown, run: RunOptions = {}) =>
      harmless(async () => (await tasks.submit(toRequest(input, run))).result()),
    submit: async (input?: unknown, run: RunOptions = {}) => tasks.submit(toRequest(input, run)),
    task: async (id: string) => tasks.find(id),
    async render(source: unknown, sources: Readonly<Record<string, unknown>> = {}) {
      const template = compileTemplate(source, { at: 'template' })
      await gateways.ready(gatewayPortsOf([template]))
      return digitsAsText(template.render({ env: spec.env, gateway: gateways.context, ...sources }))
    },
    open: lifecycle.open,
    router: mounts.router,
    createServer: mounts.createServer,
    async listen({ controller: isWanted = true }: ListenOptions = {}) {
      const createServer = isWanted ? controller.createServer : () => undefined
      checkListeners(spec.listeners, isWanted && spec.controller !== undefined)
      return lifecycle.listen(() => ({ controller: createServer(), listeners: mounts.createServers() }))
    },
    close: async ({ drain }: CloseOptions = {}) => lifecycle.close(drain),
    on<Name extends EventName>(event: Name, listener: EventListener<Name>) {
      emitter.on(event, listener)
      return hooks
    },
    off<Name extends EventName>(event: Name, listener: EventListener<Name>) {
      emitter.off(event, listener)
      return hooks
    },
    stats: parts.stats,
    gateways: gateways.statuses,
  })
  // Made when it is read, since it needs Express, which need not be there.
  Object.defineProperty(hooks, 'controller', { get: controller.router })
  return hooks as Callbacks
}

/** Creates every part of one `callbacks()`, each out of those before it. */
function assemble(config: CallbacksConfig | Source, options: NormalizedOptions) {
  const { logger, clock, env, pool, redis } = options
  const drivers = { ...DRIVERS, ...options.tunnels }
  const given = [pool && ('postgres' as const), redis && ('redis' as const)].filter((type) => type !== undefined)
  const spec = compileConfig(config, { env, given })
  const secretHeaders = listProofHeaders(spec)
  const emitter = createEmitter(logger, secretHeaders)
  const store = createStore(spec, options, emitter, secretHeaders)
  const reachable: Reachable = { mounts: new Map(), ports: new Map() }
  const localPortOf = (port: number): number => reachable.ports.get(port) ?? options.port ?? port
  const gateways = createGateways(spec.gateways, {
    drivers,
    env: spec.env,
    logger,
    clock,
    emitter,
    localPortOf,
    isListening,
    onUrlChange: (port, previousUrl) => outdate(port, previousUrl, all, store, logger),
  })

  const pointedAt = new Set<string>()

  // Listeners start workflows, and workflows wait on listeners: what a request starts is looked up when it comes.
  const compiled = compileListeners(spec, {
    store,
    emitter,
    logger,
    clock,
    env: spec.env,
    gateways: spec.gateways,
    fetch: options.fetch,
    calledUrlOf: createCalledUrlOf(options, gateways.publicUrlOf),
    isClosing: () => lifecycle.isClosing(),
    isPointedAt: (endpoint) => pointedAt.has(endpoint),
    start: (request, kept) => tasks.start(request, kept),
  })
  const all = compiled.flatMap(({ routes }) => routes.flatMap(({ endpoint, asks }) => (asks ? [] : [endpoint])))
  const endpoints = all.filter(({ kind }) => kind === 'callback')
  const selection = createSelection(endpoints)
  const urlOf = createUrlOf(spec.listeners, options, reachable, gateways.publicUrlOf)
  const waits = createWaits({ selection, store, emitter, clock, urlOf })
  const places = findPlaces(spec, options, reachable, gateways.statuses)
  const strays = createStrayUrls(all, places)
  const context = { options, store, emitter, gateways, endpoints, selection, waits, places, strays, urlOf, pointedAt }
  const tasks: Tasks = createRuns(spec, context)
  const lifecycle: Lifecycle = createLifecycle({ store, gateways, tasks, waits, reachable, clock, logger })
  const { mountPath } = options
  const mounts = createMounts(compiled, { reachable, mountPath, onFirstRequest: lifecycle.noticeRequest })
  const isClosing = lifecycle.isDraining
  const stats = () => readStats({ endpoints: all, store, emitter, tasks })
  const controller = createController({ config: spec, tasks, store, gateways, stats, isClosing, clock, logger })
  const exposed = [listOpenEndpoints, listUntoldUrls, listUnsignedReads, listAnyTopics].flatMap((list) =>
    list(spec, all, options.publicUrl),
  )
  const unfit = [...listDriverless(spec, options.tunnels), ...strays.listWritten(spec)]
  announce([...spec.warnings, ...unfit, ...exposed], all, options, emitter)
  return { spec, emitter, gateways, waits, tasks, lifecycle, mounts, controller, stats }
}

/** What opens tunnels; each is loaded when its first tunnel is opened. */
const DRIVERS: Readonly<Record<string, TunnelDriver>> = {
  cloudflare: (request) => loadCloudflared().openCloudflared(request),
  ngrok: (request) => loadNgrok().openNgrok(request),
  ssh: (request) => loadSsh().openSsh(request),
  command: (request) => loadCommand().openCommand(request),
}

const loadCloudflared = (): typeof import('../adapters/tunnels/cloudflared/cloudflared') =>
  require('../adapters/tunnels/cloudflared/cloudflared')
const loadNgrok = (): typeof import('../adapters/tunnels/ngrok/ngrok') => require('../adapters/tunnels/ngrok/ngrok')
const loadSsh = (): typeof import('../adapters/tunnels/ssh/ssh') => require('../adapters/tunnels/ssh/ssh')
const loadFile = (): typeof import('../adapters/stores/file/ledger') => require('../adapters/stores/file/ledger')
const loadPostgres = (): typeof import('../adapters/stores/postgres/ledger') =>
  require('../adapters/stores/postgres/ledger')
const loadRedis = (): typeof import('../adapters/stores/redis/ledger') => require('../adapters/stores/redis/ledger')
const loadCommand = (): typeof import('../adapters/tunnels/command') => require('../adapters/tunnels/command')

/** Tells apart the waits whose callbacks were asked for under a public URL that is gone. */
function outdate(port: number, previousUrl: string, all: readonly Endpoint[], store: Store, logger: Logger): void {
  const count = store.outdate(all.filter((endpoint) => endpoint.port === port))
  const waits = count === 0 ? 'nobody waits' : `${count} open ${count === 1 ? 'wait' : 'waits'} may have asked for one`
  const message = `The public URL of port ${port} has changed; callbacks to ${previousUrl} do not arrive any more: ${waits}`
  logger.warn({ port, previousUrl, waits: count }, message)
}

/** Starts work whose rejection, when nobody awaits it, harms nobody. */
function harmless<T>(start: () => Promise<T>): Promise<T> {
  const promise = start()
  promise.catch(() => undefined)
  return promise
}

function toRequest(input: unknown, { workflow, timeout, signal }: RunOptions): TaskRequest {
  return { input, workflow, timeoutMs: timeout === undefined ? undefined : readDuration('timeout', timeout), signal }
}

interface StartContext extends Omit<ListenerContext, 'startOf' | 'problems'> {
  /** Starts a workflow. */
  readonly start: Tasks['start']
}

function compileListeners(config: Config, { start, ...context }: StartContext) {
  const shared = findShared(config)
  const findStart = createFindStart(config)
  const startOf: ListenerContext['startOf'] = (endpoint, listener) => {
    const workflow = findStart(endpoint, listener)?.workflow
    return workflow === undefined
      ? undefined
      : (input, _outcome, kept) => start({ input, workflow, isUnattended: true, isRequested: true }, kept)
  }
  const problems: Problem[] = []
  const compiled = config.listeners.map((listener) => ({
    listener,
    routes: compileListener(listener, shared, { ...context, startOf, problems }),
  }))
  problems.push(...checkSharedKeys(config.listeners))
  if (problems.length > 0) throw new ConfigError(problems)
  return compiled
}

/** The routes that stand in several listeners. */
function findShared({ listeners }: Config): ReadonlySet<string> {
  const routes = listeners.flatMap(({ endpoints }) => endpoints.map(({ method, fullPath }) => `${method} ${fullPath}`))
  return new Set(routes.filter((route, index) => routes.indexOf(route) !== index))
}

function createStore(
  { store: spec }: Config,
  options: NormalizedOptions,
  emitter: Emitter,
  secretHeaders: ReadonlySet<string>,
): Store {
  const { clock, logger, pool, redis } = options
  const { maxWaits, park, keepMs } = spec
  if (pool !== undefined && spec.type !== 'postgres') throw badOption('pool', `the store is of the type ${spec.type}`)
  if (redis !== undefined && spec.type !== 'redis') throw badOption('redis', `the store is of the type ${spec.type}`)
  const onForgotten = (outcome: Outcome): void =>
    emitter.record('expired', outcome.endpoint, () => outcomeEvent(outcome))
  const registry = { clock, maxWaits, park, onForgotten }
  if (spec.type === 'memory') return createMemoryStore(registry)
  const ledger = createLedger(spec, options)
  return createDurableStore({ ...registry, ledger, isShared: spec.type !== 'file', keepMs, logger, secretHeaders })
}

/** What keeps the facts of a durable store; its adapter is loaded now, what that needs when it is opened. */
function createLedger(spec: StoreSpec, { clock, logger, pool, redis }: NormalizedOptions): Ledger {
  const { type, path = '', url = '', sync, prefix } = spec
  if (type === 'file') return loadFile().createFileLedger({ path, sync, clock, logger })
  if (type === 'postgres') return loadPostgres().createPostgresLedger({ url, prefix, clock, logger, pool })
  return loadRedis().createRedisLedger({ url, prefix, clock, logger, redis })
}

/** Says what will fail when it is used, and which callbacks start workflows by themselves. */
function announce(
  warnings: readonly Problem[],
  endpoints: readonly Endpoint[],
  { logger }: NormalizedOptions,
  emitter: Emitter,
): void {
  for (const warning of warnings) {
    const { code, message, at } = warning
    logger.warn({ code, at }, describeProblem(warning))
    emitter.emit('warning', () => ({ code, message, at }))
  }
  for (const { key, kind, start } of endpoints) {
    if (kind === 'callback' && start)
      logger.info({ endpoint: key }, `${key} is an event source: a callback that nobody waits for starts a workflow`)
  }
}
