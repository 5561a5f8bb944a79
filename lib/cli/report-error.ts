import { types } from 'node:util'
import { CallbackError, ConfigError, reasonOf } from '../base/errors'
import type { CliOptions } from './syntax/args'
import { escapeControls } from '../base/secrets/escape'
import { EXIT_FAILED, EXIT_USAGE, type Io } from './io'
import { createLog } from './log'
import { UsageError } from './syntax/usage-error'
import { showProblem } from './commands/validate'

type LogOptions = Pick<CliOptions, 'logLevel' | 'logFormat'>

/** Writes why a command failed to stderr, one line for each problem. Returns the exit code. */
export function reportError(error: unknown, io: Io, options: LogOptions | undefined): number {
  const { logFormat = 'pretty', logLevel } = options ?? {}
  const log = createLog({ output: io.stderr, format: logFormat, level: 'error', io })
  for (const { code, message } of describe(error)) {
    if (logFormat === 'json') log.error({ code }, message)
    else io.stderr.write(`error: ${escapeControls(message)}\n`)
  }
  if (logLevel === 'debug' && isBug(error)) io.stderr.write(`${stackOf(error)}\n`)
  return error instanceof UsageError ? EXIT_USAGE : EXIT_FAILED
}

interface Line {
  readonly code: string
  readonly message: string
}

function describe(error: unknown): readonly Line[] {
  if (error instanceof UsageError) return [{ code: 'ERR_USAGE', message: error.message }]
  if (error instanceof ConfigError)
    return error.problems.map((problem) => ({ code: problem.code, message: showProblem(problem) }))
  const reason = reasonOf(error)
  const message = isBug(error) ? `${reason} (this is a bug; --log-level debug shows where)` : reason
  if (!(error instanceof CallbackError)) return [{ code: 'ERR_INTERNAL', message }]
  return [{ code: error.code, message: error.at === undefined ? message : `${error.at}: ${message}` }]
}

/** Whether an error is unexpected; a job that fails by such an error has it as its cause. */
function isBug(error: unknown): boolean {
  return !(error instanceof UsageError) && (!(error instanceof CallbackError) || error.code === 'ERR_INTERNAL')
}

function stackOf(error: unknown): string {
  const thrown = error instanceof CallbackError ? (error.cause ?? error) : error
  return types.isNativeError(thrown) ? (thrown.stack ?? thrown.message) : String(thrown)
}
