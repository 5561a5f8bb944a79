import { CallbackError } from '../base/errors'
import { escapeControls } from '../base/secrets/escape'
import { maskTickets } from '../base/secrets/ticket-id'
import type { EnvOption } from '../config/read/load'
import { findNearest } from '../base/nearest'
import { ANY_TEXT, CALLED_URL, DURATION, type Kind, PORT } from '../config/field/values'
import { compileMountPath, type MountPath } from '../listener/paths/mount-path'
import type { GivenRedis, PostgresPool } from '../base/given-clients'
import type { Clock, Logger, TunnelDriver } from '../base/contracts'

/** What the host app gives besides the config. */
export interface CallbacksOptions {
  /** Takes pino, console, or anything with `debug`, `info`, `warn` and `error`. Default: warnings of the process. */
  readonly logger?: Logger | undefined
  /** Variables for `${env.X}`, before those of the process and of `.env`. */
  readonly env?: EnvOption | undefined
  /** Gives the time in milliseconds since the epoch; for tests. */
  readonly now?: (() => number) | undefined
  /** Replaces time altogether, timers included; for tests. */
  readonly clock?: Clock | undefined
  /** Where the host app mounts the callbacks, as it says it to Express 5; default: what requests show. */
  readonly mountPath?: string | undefined
  /** The public URL of the host app, to which mount path and callback path are added. */
  readonly publicUrl?: string | undefined
  /** The port of the host app; default: the listener's. */
  readonly port?: number | undefined
  /** Sends the requests of workflows; default: that of Node. For tests, or for an agent of your own. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** What opens tunnels, by the name that a gateway has for `driver`. */
  readonly tunnels?: Readonly<Record<string, TunnelDriver>> | undefined
  /** The `Pool` of pg that the app has, for a store of the type `postgres`: used instead of its `url`, and never closed. */
  readonly pool?: PostgresPool | undefined
  /**
   * The client of ioredis that the app has, for a store of the type `redis`: connections are made as it makes them, instead
   * of by the `url`, and the client itself stays as it is.
   */
  readonly redis?: GivenRedis | undefined
}

const NAMES = Object.keys({
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
} satisfies Readonly<Record<keyof CallbacksOptions, true>>)

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
}

/** Completes the options. Throws `ERR_CONFIG_VALUE` for what cannot work. */
export function normalizeOptions(options: CallbacksOptions): NormalizedOptions {
  refuseUnknown(options)
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
  })
}

function refuseUnknown(options: CallbacksOptions): void {
  const unknown = Object.entries(options).find(([name, value]) => value !== undefined && !NAMES.includes(name))
  if (unknown === undefined) return
  const [name] = unknown
  const nearest = findNearest(name, NAMES)
  throw badOption(name, nearest === undefined ? `there are ${NAMES.join(', ')}` : `did you mean "${nearest}"?`)
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

/** Creates the error for an option that cannot be used. */
export function badOption(name: string, reason: string): CallbackError {
  return new CallbackError('ERR_CONFIG_VALUE', {
    at: `options.${name}`,
    message: `The option ${name} cannot be used: ${reason}`,
  })
}

/** Reads a duration that a caller gives, in milliseconds. Throws `ERR_CONFIG_VALUE`. */
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

/**
 * A logger that fails must not stop a callback, and what stands in a callback must not write lines into a log: here all
 * that is logged is kept to one line, and tickets are cut short.
 */
function createSafeLogger(logger: Logger): Logger {
  const isConsole = Object.is(logger, globalThis.console)
  const safe =
    (level: keyof Logger): Logger[keyof Logger] =>
    (details, message) => {
      const line = toLine(message)
      try {
        // The console would write all details at length, and the message behind them. It takes % in the first for its own.
        if (isConsole) Reflect.apply(logger[level], logger, toConsole(line, describeUnexpected(details)))
        else logger[level](toSafeDetails(details), line)
      } catch {
        // There is nobody left to tell.
      }
    }
  return { debug: safe('debug'), info: safe('info'), warn: safe('warn'), error: safe('error') }
}

function toLine(text: string): string {
  return escapeControls(maskTickets(text))
}

function toConsole(line: string, stack: string): readonly string[] {
  return stack === '' ? [line] : [line.replaceAll('%', '%%'), stack]
}

/** The texts right in it; errors and what a workflow logs as `data` are written as JSON by whoever writes them at all. */
function toSafeDetails(details: object): object {
  return Object.fromEntries(
    Object.entries(details).map(([key, value]: [string, unknown]) => [key, key === 'data' ? value : toSafe(value)]),
  )
}

function toSafe(value: unknown): unknown {
  if (typeof value === 'string') return toLine(value)
  return Array.isArray(value) ? value.map((item: unknown) => (typeof item === 'string' ? toLine(item) : item)) : value
}

/** The stack of an error that nobody has foreseen; ours say in their messages what there is to say. */
function describeUnexpected(details: object): string {
  const error: unknown = Reflect.get(details, 'err')
  if (!(error instanceof Error) || error instanceof CallbackError) return ''
  const { message, stack = message } = error
  // The message may hold lines of its own, which must not pass for others.
  return stack
    .replace(message, () => toLine(message))
    .split('\n')
    .map(toLine)
    .join('\n')
}

/** Waits go by a clock that nobody can set; times that are shown go by the one of the machine. */
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

const PROCESS_WARNINGS: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: (_details, message) => process.emitWarning(message, 'CallbackWarning'),
  error(details, message) {
    process.emitWarning(message, { type: 'CallbackError', detail: describeUnexpected(details) })
  },
}
