import { callbacks } from '../callbacks'
import { type Config, compileConfig } from '../config/normalize'
import type { LogLevel } from '../config/words'
import type { Callbacks } from '../interface'
import type { Logger } from '../types'
import type { CliOptions } from './args'
import { loadFiles } from './config-files'
import type { Io, Output } from './io'
import { createLog } from './log'
import { watchEvents, withoutRepeats } from './watch'

/** The callbacks of a config, which write what they do to a log. */
export interface Session {
  readonly config: Config
  readonly hooks: Callbacks
  readonly log: Logger
}

/** Where the log of a command goes, and how much of it, when nothing is said. */
export interface SessionLog {
  readonly output: Output
  readonly level: LogLevel
}

/** Reads and compiles a config; opens nothing. Throws `ERR_CONFIG_*` and a ConfigError. */
export function createSession(options: CliOptions, io: Io, { output, level }: SessionLog): Session {
  const { source } = loadFiles(options.files, io)
  const config = compileConfig(source)
  const log = createLog({ output, format: options.logFormat, level: options.logLevel ?? level, io })
  const hooks = callbacks(source, { logger: withoutRepeats(log), clock: io.clock })
  watchEvents(hooks, log)
  return { config, hooks, log }
}
