import type { Config } from './config/normalize'
import type { CallbacksConfig, ClientConfig } from './config/input'
import type { Source } from './config/read/source'
import { createController } from './controller/controller'
import { assemble, compileFor, createSecretMask } from './app/assembly'
import type { EventListener, EventName } from './base/events'
import { readOptions } from './base/given-options'
import { fit, unfit } from './base/schemas/fit'
import { readSchema } from './base/schemas/option'
import type { StandardSchema } from './base/schemas/standard-schema'
import { createEnvMask } from './base/secrets/env-mask'
import { gatewayPortsOf } from './gateway/gateways'
import {
  type Callbacks,
  type CloseOptions,
  type EachOptions,
  type Ids,
  KNOWN,
  type ListenOptions,
  type RunAndWaitOptions,
  type RunOptions,
  type SettleOptions,
  type TicketOptions,
  type WaitOptions,
} from './app/interface'
import { checkListeners } from './app/servers'
import { readWaitKey } from './listener/ids'
import {
  type CallbacksOptions,
  type NormalizedOptions,
  normalizeOptions,
  readDuration,
  type StoreClient,
} from './app/options'
import { announce } from './app/warnings'
import { digitsAsText } from './template/bigints'
import { compileTemplate } from './template/compile'
import type { Task, TaskRequest } from './workflow/tasks/task'

/**
 * Compiles a config into Express middleware. Throws a `ConfigError` that lists every problem. Starts nothing: no
 * timer, no connection, no server.
 */
export function callbacks(config: CallbacksConfig | Source, options?: CallbacksOptions): Callbacks
export function callbacks(config: ClientConfig, options: CallbacksOptions & StoreClient): Callbacks
export function callbacks(config: CallbacksConfig | Source, options: CallbacksOptions = {}): Callbacks {
  const normalized = normalizeOptions(options)
  return createCallbacks(compileFor(config, normalized), normalized)
}

/** Creates the object that users hold, from a compiled config. */
export function createCallbacks(config: Config, given: NormalizedOptions): Callbacks {
  const { logger, clock } = given
  const parts = assemble(config, given)
  const { emitter, store, deliveries, gateways, waits, each, tasks, standalone, lifecycle, mounts, stats, endpoints } =
    parts
  const isClosing = lifecycle.isDraining
  const controller = createController({
    config,
    tasks,
    store,
    deliveries,
    gateways,
    stats,
    emitter,
    isClosing,
    clock,
    logger,
    mask: createSecretMask(config),
    statusUrls: parts.statusUrls,
    endWaits: (id, ending, path) => waits.deliver(id, ending, path),
    abortWaits: (id, path) => waits.abort(id, path),
  })
  void lifecycle.whenClosing.then(controller.close)

  const hooks = Object.assign(mounts.middleware, {
    wait: (ids: Ids, options: WaitOptions = {}) => waits.wait(ids, readOptions('wait', options, KNOWN.wait)),
    each: (ids: Ids, options: EachOptions<never> = {}) => each(ids, readOptions('each', options, KNOWN.each)),
    ticket(options: TicketOptions = {}) {
      const key = readWaitKey(readOptions('ticket', options, KNOWN.ticket).key)
      return key === undefined ? waits.ticket(options) : waits.keyedTicket(key, options)
    },
    settle: async (id: string | number, result?: unknown, options: SettleOptions = {}) =>
      waits.deliver(id, { result }, readOptions('settle', options, KNOWN.settle).path),
    fail: async (id: string | number, error?: unknown, options: SettleOptions = {}) =>
      waits.deliver(id, { error }, readOptions('fail', options, KNOWN.fail).path),
    run: (input?: unknown, options: RunAndWaitOptions = {}) =>
      harmless(async () => {
        const request = toRequest('run', input, options)
        const schema = readSchema(options.schema)
        const task = await tasks.submit(request)
        return schema ? fitOutput(task, schema, { clock, env: config.env }) : task.result()
      }),
    submit: async (input?: unknown, options: RunOptions = {}) => tasks.submit(toRequest('submit', input, options)),
    task: async (id: string) => tasks.find(id),
    async render(source: unknown, sources: Readonly<Record<string, unknown>> = {}) {
      const template = compileTemplate(source, { at: 'template' })
      await gateways.ready(gatewayPortsOf([template]))
      return digitsAsText(template.render({ env: config.env, gateway: gateways.context, ...sources }))
    },
    open: lifecycle.open,
    router: mounts.router,
    createServer: mounts.createServer,
    async listen(options: ListenOptions = {}) {
      const { controller: isWanted = true } = readOptions('listen', options, KNOWN.listen)
      const createServer = isWanted ? controller.createServer : () => undefined
      checkListeners(config, isWanted && config.controller !== undefined)
      return standalone.listen(() => ({ controller: createServer(), listeners: mounts.createServers() }))
    },
    close: async (options: CloseOptions = {}) => lifecycle.close(readOptions('close', options, KNOWN.close).drain),
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
  announce(parts.warnings, endpoints, logger, emitter)
  return hooks as Callbacks
}

/** Starts work. When nobody awaits it, its rejection does not end the process. */
function harmless<T>(start: () => Promise<T>): Promise<T> {
  const promise = start()
  promise.catch(() => undefined)
  return promise
}

/** Returns what a schema makes of the output of a task. Throws `ERR_RESULT_SCHEMA`. */
async function fitOutput(
  task: Task,
  schema: StandardSchema,
  { clock, env }: Pick<Config, 'env'> & Pick<NormalizedOptions, 'clock'>,
): Promise<unknown> {
  const found = await fit(schema, await task.result(), clock)
  if (found.isFit) return found.value
  throw unfit(`The output of the task ${task.id}`, found, createEnvMask(env))
}

function toRequest(method: 'run' | 'submit', input: unknown, options: RunOptions): TaskRequest {
  const { workflow, timeout, signal } = readOptions(method, options, KNOWN[method])
  return { input, workflow, timeoutMs: timeout === undefined ? undefined : readDuration('timeout', timeout), signal }
}
