import { CallbackError } from './errors'
import type { EnvOption } from './config/load'
import type { Clock, Logger } from './types'

/** What the host app gives besides the config. */
export interface CallbacksOptions {
  /** Takes pino, console, or anything with `debug`, `info`, `warn` and `error`. Default: warnings of the process. */
  readonly logger?: Logger
  /** Variables for `${env.X}`, before those of the process and of `.env`. */
  readonly env?: EnvOption
  /** Gives the time in milliseconds since the epoch; for tests. */
  readonly now?: () => number
  /** Replaces time altogether, timers included; for tests. */
  readonly clock?: Clock
  /** Where the host app mounts the callbacks; default: what the first request shows. */
  readonly mountPath?: string
  /** The public URL of the host app, to which mount path and callback path are added. */
  readonly publicUrl?: string
  /** The port of the host app; default: the listener's. */
  readonly port?: number
}

/** The options, complete. */
export interface NormalizedOptions {
  readonly logger: Logger
  readonly env: EnvOption
  readonly clock: Clock
  /** With a leading slash and none at the end; empty for the root. */
  readonly mountPath: string | undefined
  readonly publicUrl: string | undefined
  readonly port: number | undefined
}

/** Completes the options. Throws `ERR_CONFIG_VALUE` for what cannot work. */
export function normalizeOptions(options: CallbacksOptions): NormalizedOptions {
  return Object.freeze({
    logger: createSafeLogger(options.logger ?? PROCESS_WARNINGS),
    env: options.env ?? {},
    clock: options.clock ?? createClock(options.now),
    mountPath: options.mountPath === undefined ? undefined : normalizeMountPath(options.mountPath),
    publicUrl: options.publicUrl === undefined ? undefined : normalizePublicUrl(options.publicUrl),
    port: options.port,
  })
}

/** A path with a leading slash and none at the end; the root is empty. */
export function normalizeMountPath(path: string): string {
  const inner = path.replace(/^\/+|\/+$/g, '')
  return inner === '' ? '' : `/${inner}`
}

function normalizePublicUrl(url: string): string {
  if (/^https?:\/\//i.test(url) && URL.canParse(url)) return url.replace(/\/+$/, '')
  throw new CallbackError('ERR_CONFIG_VALUE', {
    at: 'options.publicUrl',
    message: `publicUrl must be an http or https URL, not ${JSON.stringify(url)}`,
  })
}

/** A logger that fails must not stop a callback. */
function createSafeLogger(logger: Logger): Logger {
  const safe =
    (level: keyof Logger): Logger[keyof Logger] =>
    (details, message) => {
      try {
        logger[level](details, message)
      } catch {
        // There is nobody left to tell.
      }
    }
  return { debug: safe('debug'), info: safe('info'), warn: safe('warn'), error: safe('error') }
}

function createClock(now: () => number = Date.now): Clock {
  return {
    now,
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
  error: (_details, message) => process.emitWarning(message, 'CallbackError'),
}
