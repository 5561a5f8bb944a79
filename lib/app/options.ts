import { CallbackError } from '../base/errors'
import type { EnvOption } from '../config/read/load'
import { badOption, type OptionNames, readOptions } from '../base/given-options'
import { ANY_TEXT, CALLED_URL, DURATION, type Kind, PORT } from '../config/field/values'
import { compileMountPath, type MountPath } from '../listener/paths/mount-path'
import type { GivenRedis, PostgresPool } from '../base/given-clients'
import type { Clock, Logger, TunnelDriver } from '../base/contracts'
import { type NormalizedTracing, normalizeTracing, type TracingOptions } from '../tracing/options'
import { createSafeLogger, PROCESS_WARNINGS } from './safe-logger'

/** The options of the host app, besides the config. */
export interface CallbacksOptions {
  /** Takes pino, console, or anything with `debug`, `info`, `warn` and `error`. Default: warnings of the process. */
  readonly logger?: Logger | undefined
  /** Variables for `${env.X}`, before those of the process and of `.env`. */
  readonly env?: EnvOption | undefined
  /** Returns the time in milliseconds since the epoch; for tests. */
  readonly now?: (() => number) | undefined
  /** Replaces time altogether, timers included; for tests. */
  readonly clock?: Clock | undefined
  /** The path of Express 5 under which the host app mounts the callbacks; default: what requests show. */
  readonly mountPath?: string | undefined
  /** The public URL of the host app, to which mount path and callback path are added. */
  readonly publicUrl?: string | undefined
  /** The port of the host app; default: the listener's. */
  readonly port?: number | undefined
  /** Sends the requests of workflows; default: the `fetch` of Node. For tests, or for an agent of your own. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** Drivers that open tunnels, by the name that a gateway has as `driver`. */
  readonly tunnels?: Readonly<Record<string, TunnelDriver>> | undefined
  /** The `Pool` of pg that the app has, for a store of the type `postgres`: used instead of its `url`, and never closed. */
  readonly pool?: PostgresPool | undefined
  /**
   * The client of ioredis that the app has, for a store of the type `redis`: connections are made as it makes them, instead
   * of by the `url`, and the client itself stays as it is.
   */
  readonly redis?: GivenRedis | undefined
  /**
   * Whether runs, jobs, waits and requests are recorded as spans of OpenTelemetry, and how they belong together. Default:
   * they are, when the app has `@opentelemetry/api` and has registered an SDK.
   */
  readonly tracing?: boolean | TracingOptions | undefined
}

/** The options by which an app gives the client of the store, which needs no `url` then. */
export type StoreClient = { readonly pool: PostgresPool } | { readonly redis: GivenRedis }

const NAMES: OptionNames<CallbacksOptions> = {
  logger: true,
  env: true,
  now: true,
  clock: true,
  mountPath: true,
  publicUrl: true,
  port: true,
  fetch: true,
  tunnels: true,
  pool: true,
  redis: true,
  tracing: true,
}

/** The options, complete. */
export interface NormalizedOptions {
  readonly logger: Logger
  readonly env: EnvOption
  readonly clock: Clock
  readonly mountPath: MountPath | undefined
  readonly publicUrl: string | undefined
  readonly port: number | undefined
  readonly fetch: typeof globalThis.fetch
  readonly tunnels: Readonly<Record<string, TunnelDriver>>
  readonly pool: PostgresPool | undefined
  readonly redis: GivenRedis | undefined
  /** Undefined when it is off. */
  readonly tracing: NormalizedTracing | undefined
}

/** Completes the options. Throws `ERR_CONFIG_VALUE` for what cannot work. */
export function normalizeOptions(options: CallbacksOptions): NormalizedOptions {
  readOptions('callbacks', options, NAMES)
  const { env = {}, now, mountPath, publicUrl, port, tunnels = {}, pool, redis } = options
  const logger = options.logger ?? PROCESS_WARNINGS
  const clock = options.clock ?? createClock(now)
  requireMethods('logger', logger, ['debug', 'info', 'warn', 'error'])
  requireMethods('clock', clock, ['now', 'setTimeout', 'clearTimeout'])
  const fetch = options.fetch ?? globalThis.fetch
  if (typeof fetch !== 'function') throw badOption('fetch', 'it is no function')
  requireMethods('tunnels', tunnels, Object.keys(tunnels))
  if (pool !== undefined) requireMethods('pool', pool, ['connect'])
  if (redis !== undefined) requireMethods('redis', redis, ['call', 'duplicate'])
  return Object.freeze({
    logger: createSafeLogger(logger),
    env,
    clock,
    mountPath: readMountPath(mountPath),
    publicUrl: publicUrl === undefined ? undefined : read('publicUrl', publicUrl, CALLED_URL),
    port: port === undefined ? undefined : read('port', port, PORT),
    fetch,
    tunnels,
    pool,
    redis,
    tracing: normalizeTracing(options.tracing),
  })
}

function requireMethods(name: string, value: object, methods: readonly string[]): void {
  const missing = methods.filter((method) => typeof Reflect.get(Object(value), method) !== 'function')
  if (missing.length > 0)
    throw badOption(name, `it needs the methods ${methods.join(', ')}; missing: ${missing.join(', ')}`)
}

function read<T>(name: string, value: unknown, kind: Kind<T>): T {
  const result = kind.read(value)
  if (result === undefined) throw badOption(name, `expected ${kind.expected}, found ${JSON.stringify(value)}`)
  return result
}

/** Returns the milliseconds of a duration that a caller gives. Throws `ERR_CONFIG_VALUE`. */
export function readDuration(name: string, value: unknown): number {
  const ms = DURATION.read(value)
  if (ms !== undefined) return ms
  const message = `${name} must be ${DURATION.expected}, not ${JSON.stringify(value)}`
  throw new CallbackError('ERR_CONFIG_VALUE', { at: name, message })
}

function readMountPath(written: unknown): MountPath | undefined {
  if (written === undefined) return undefined
  const path = read('mountPath', written, ANY_TEXT)
  try {
    return compileMountPath(path)
  } catch {
    throw badOption('mountPath', `${JSON.stringify(path)} is no path of Express 5, such as "/tenants/:tenant/hooks"`)
  }
}

/** Creates the clock of the machine. Waits use its monotonic time, which nobody can set; times that are shown its date. */
function createClock(now: (() => number) | undefined): Clock {
  return {
    now: now ?? Date.now,
    elapsed: now ?? (() => performance.now()),
    setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
    clearTimeout: (timer) => {
      if (isTimer(timer)) clearTimeout(timer)
    },
  }
}

/** What `setTimeout` gave; `instanceof` would fail for one of another realm, such as that of a test. */
function isTimer(timer: unknown): timer is NodeJS.Timeout {
  return typeof timer === 'object' && timer !== null && 'hasRef' in timer
}
