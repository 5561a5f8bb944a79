import type { RequestListener, Server } from 'node:http'
import type { Router } from 'express'
import { type Config, compileConfig } from './config/normalize'
import type { CallbacksConfig } from './config/schema'
import type { Source } from './config/source'
import { createMemoryStore } from './correlation/memory-store'
import { createEmitter, type Emitter, type EventListener, type EventName } from './events'
import { createGatewayContext, publicUrlOf } from './gateway/context'
import { createLifecycle, type Listeners } from './lifecycle'
import { outcomeEvent } from './listener/callback-event'
import { createUrlOf, type Reachable } from './listener/callback-url'
import { compileListener, type Middleware } from './listener/router'
import { createMounts } from './mounts'
import { type CallbacksOptions, normalizeOptions } from './options'
import { readStats, type Stats } from './stats'
import { compileTemplate } from './template/compile'
import type { Clock, Delivery, Logger, Store } from './types'
import { listIdle, refuseUnsupported } from './unsupported'
import { createWaits, type FullResult, type Ids, type Ticket, type TicketOptions, type WaitOptions } from './waits'

export interface CloseOptions {
  /** How long callbacks are still taken for open waits before those are rejected: milliseconds or `"10s"`. Default 0. */
  readonly drain?: number | string | undefined
}

/** Names the endpoint of a settlement by hand, where there are several. */
export interface SettleOptions {
  readonly path?: string | undefined
}

/** Express middleware that answers callbacks, with the means to wait for them. */
export interface Callbacks extends Middleware {
  /**
   * Waits for a callback; registered before this returns. Gives its result, or with `full: true` all of it. Throws at
   * once for an empty id or an unknown path; rejects with `ERR_CALLBACK_FAILED`, `ERR_TEMPLATE`, `ERR_WAIT_TIMEOUT`,
   * `ERR_ABORTED`, `ERR_CLOSED` or `ERR_WAITS_FULL`. A rejection that nobody awaits harms nobody.
   */
  wait<T = unknown>(ids: Ids, options: WaitOptions & { readonly full: true }): Promise<FullResult<T>>
  wait<T = unknown>(ids: Ids, options?: WaitOptions & { readonly full?: false | undefined }): Promise<T>
  wait<T = unknown>(ids: Ids, options: WaitOptions): Promise<T | FullResult<T>>
  /**
   * Gives an id that nobody can guess, and the callback URL that carries it, for services that know no ids. Throws
   * `ERR_ENDPOINT_AMBIGUOUS` when there are several endpoints and no `path`.
   */
  ticket<T = unknown>(options?: TicketOptions): Ticket<T>
  /** Ends the waits for an id with a result, as a callback would; for tests and operators. */
  settle(id: string | number, result?: unknown, options?: SettleOptions): Promise<Delivery>
  /** Ends the waits for an id with `ERR_CALLBACK_FAILED`, whose cause is `error`; for tests and operators. */
  fail(id: string | number, error?: unknown, options?: SettleOptions): Promise<Delivery>
  /** Renders any template against the environment and these sources. Rejects with `ERR_TEMPLATE`. */
  render(template: unknown, sources?: Readonly<Record<string, unknown>>): Promise<unknown>
  /** Opens the store. Also done by the first that needs it. */
  open(): Promise<void>
  /** A router for the listeners of one port, to mount apart. `app.use(hooks)` mounts them all. */
  router(port: number): Router
  /** A server that answers callbacks before the app sees them, and hands everything else to the app. */
  createServer(app?: RequestListener): Server
  /** Serves every listener on a port of its own. Rejects with `ERR_LISTEN` when a port cannot be had. */
  listen(): Promise<Listeners>
  /** Ends everything, last opened first; open waits reject with `ERR_CLOSED`. May be called again. */
  close(options?: CloseOptions): Promise<void>
  on<Name extends EventName>(event: Name, listener: EventListener<Name>): Callbacks
  off<Name extends EventName>(event: Name, listener: EventListener<Name>): Callbacks
  stats(): Stats
}

/**
 * Compiles a config into Express middleware. Throws a `ConfigError` that lists every problem. Starts nothing: no
 * timer, no connection, no server.
 */
export function callbacks(config: CallbacksConfig | Source, options: CallbacksOptions = {}): Callbacks {
  const { logger, clock, env, ...place } = normalizeOptions(options)
  const spec = compileConfig(config, { env })
  refuseUnsupported(spec)
  const emitter = createEmitter(logger)
  const store = createStore(spec, clock, emitter)
  const lifecycle = createLifecycle(store, clock)
  const reachable: Reachable = { mountPaths: new Map(), ports: new Map() }
  const context = { store, emitter, logger, clock, env: spec.env, isClosing: lifecycle.isClosing }
  const shared = findShared(spec)
  const compiled = spec.listeners.map((listener) => ({ listener, routes: compileListener(listener, shared, context) }))
  const endpoints = compiled.flatMap(({ routes }) => routes.map(({ endpoint }) => endpoint))
  const urlOf = createUrlOf(spec.listeners, place, reachable, (port) => publicUrlOf(spec.gateways, port))
  const waits = createWaits({ endpoints, store, emitter, clock, urlOf })
  const mounts = createMounts(compiled, reachable, place.mountPath)
  warnAbout(spec, logger, emitter)

  const hooks = Object.assign(mounts.middleware, {
    wait: (ids: Ids, wait: WaitOptions = {}) => waits.wait(ids, wait),
    ticket: (ticket: TicketOptions = {}) => waits.ticket(ticket),
    settle: (id: string | number, result?: unknown, { path }: SettleOptions = {}) =>
      waits.deliver(id, { result }, path),
    fail: (id: string | number, error?: unknown, { path }: SettleOptions = {}) => waits.deliver(id, { error }, path),
    async render(template: unknown, sources: Readonly<Record<string, unknown>> = {}) {
      const scope = { env: spec.env, gateway: createGatewayContext(spec.gateways), ...sources }
      return compileTemplate(template, { at: 'template' }).render(scope)
    },
    open: lifecycle.open,
    router: mounts.router,
    createServer: mounts.createServer,
    listen: () => lifecycle.listen(mounts, spec.listeners, reachable),
    close: async ({ drain }: CloseOptions = {}) => lifecycle.close(waits, drain),
    on<Name extends EventName>(event: Name, listener: EventListener<Name>) {
      emitter.on(event, listener)
      return hooks
    },
    off<Name extends EventName>(event: Name, listener: EventListener<Name>) {
      emitter.off(event, listener)
      return hooks
    },
    stats: () => readStats(endpoints, store, emitter),
  }) as Callbacks
  return hooks
}

/** The routes that stand in several listeners. */
function findShared({ listeners }: Config): ReadonlySet<string> {
  const routes = listeners.flatMap(({ endpoints }) => endpoints.map(({ method, fullPath }) => `${method} ${fullPath}`))
  return new Set(routes.filter((route, index) => routes.indexOf(route) !== index))
}

function createStore({ store: { maxWaits, park } }: Config, clock: Clock, emitter: Emitter): Store {
  return createMemoryStore({
    clock,
    maxWaits,
    park,
    onForgotten: (outcome) => emitter.record('expired', outcome.endpoint, () => outcomeEvent(outcome)),
  })
}

function warnAbout(spec: Config, logger: Logger, emitter: Emitter): void {
  for (const { code, message, at } of [...spec.warnings, ...listIdle(spec)]) {
    logger.warn({ code, at }, at === '' ? message : `${at}: ${message}`)
    emitter.emit('warning', () => ({ code, message, at }))
  }
}
