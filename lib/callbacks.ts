import type { Config } from './config/normalize'
import type { CallbacksConfig } from './config/schema/schema'
import type { Source } from './config/read/source'
import { createController } from './controller/controller'
import { assemble, compileFor } from './app/assembly'
import type { EventListener, EventName } from './base/events'
import { gatewayPortsOf } from './gateway/gateways'
import type { Callbacks, CloseOptions, ListenOptions, RunOptions, SettleOptions } from './app/interface'
import { checkListeners } from './app/lifecycle'
import { readWaitKey } from './listener/wait-ids'
import { type CallbacksOptions, type NormalizedOptions, normalizeOptions, readDuration } from './app/options'
import { announce } from './app/warnings'
import { digitsAsText } from './template/bigints'
import { compileTemplate } from './template/compile'
import type { Ids, TicketOptions, WaitOptions } from './app/waits'
import type { TaskRequest } from './workflow/tasks/tasks'

/**
 * Compiles a config into Express middleware. Throws a `ConfigError` that lists every problem. Starts nothing: no
 * timer, no connection, no server.
 */
export function callbacks(config: CallbacksConfig | Source, options: CallbacksOptions = {}): Callbacks {
  const normalized = normalizeOptions(options)
  return createCallbacks(compileFor(config, normalized), normalized)
}

/** Creates the object that users hold, from a compiled config. */
export function createCallbacks(config: Config, options: NormalizedOptions): Callbacks {
  const { logger, clock } = options
  const { emitter, store, gateways, waits, tasks, lifecycle, mounts, stats, endpoints, warnings } = assemble(
    config,
    options,
  )
  const isClosing = lifecycle.isDraining
  const controller = createController({ config, tasks, store, gateways, stats, isClosing, clock, logger })

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
      return digitsAsText(template.render({ env: config.env, gateway: gateways.context, ...sources }))
    },
    open: lifecycle.open,
    router: mounts.router,
    createServer: mounts.createServer,
    async listen({ controller: isWanted = true }: ListenOptions = {}) {
      const createServer = isWanted ? controller.createServer : () => undefined
      checkListeners(config.listeners, isWanted && config.controller !== undefined)
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
    stats,
    gateways: gateways.statuses,
  })
  // A getter, since the router needs Express, which is optional.
  Object.defineProperty(hooks, 'controller', { get: controller.router })
  announce(warnings, endpoints, logger, emitter)
  return hooks as Callbacks
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
