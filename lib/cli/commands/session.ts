import { createCallbacks } from '../../callbacks'
import { type Config, compileConfig } from '../../config/normalize'
import type { LogLevel } from '../../config/field/words'
import type { Callbacks } from '../../app/interface'
import { normalizeOptions } from '../../app/options'
import type { Logger } from '../../base/contracts'
import type { CliOptions } from '../syntax/args'
import { loadFiles } from '../config-files'
import type { Io, Output } from '../io'
import { createLog } from '../log'
import { createProxyFetch } from '../proxy'
import { createWatch } from './watch'

/** The callbacks of a config, which write what they do to a log. */
export interface Session {
  readonly config: Config
  /** Whether the store keeps waits and runs when this process ends. */
  readonly isDurable: boolean
  readonly hooks: Callbacks
  readonly log: Logger
}

/** Where a command writes its log, and its levels when the command line names none. */
export interface SessionLog {
  readonly output: Output
  readonly level: LogLevel
  /** The level of what logger jobs write; default: `level`. */
  readonly jobLevel?: LogLevel | undefined
}

/** Reads and compiles a config; opens nothing. Throws `ERR_CONFIG_*` and a ConfigError. */
export function createSession(options: CliOptions, io: Io, { output, level, jobLevel = level }: SessionLog): Session {
  const { source } = loadFiles(options.files, io)
  const config = compileConfig(source)
  const logOf = (own: LogLevel): Logger =>
    createLog({ output, format: options.logFormat, level: options.logLevel ?? own, io })
  const log = logOf(level)
  const isDurable = config.store.type !== 'memory'
  const watch = createWatch({ log, jobLog: logOf(jobLevel), isDurable })
  const { logger } = watch
  const hooks = createCallbacks(config, normalizeOptions({ logger, clock: io.clock, fetch: fetchOf(config, io, log) }))
  watch.follow(hooks)
  return { config, isDurable, hooks, log }
}

/** Warns of a missing proxy only where a component sends requests; the keys of senders are fetched without it, too. */
function fetchOf({ components }: Config, { env }: Io, log: Logger): typeof globalThis.fetch | undefined {
  const asks = [...(components?.values() ?? [])].some(({ type }) => type === 'http-client')
  return createProxyFetch({ env, log: asks ? log : undefined })
}
