import { types } from 'node:util'
import type { Config } from '../../config/normalize'
import { CallbackError, codeOf, hasCode } from '../../base/errors'
import { writeShown } from '../../base/values/shown-json'
import { untilAborted } from '../../base/timers'
import type { CliOptions } from '../syntax/args'
import { EXIT_DONE, EXIT_INTERRUPTED, type Io } from '../io'
import { readInput } from '../syntax/input'
import { isUnnamed } from '../../base/unnamed'
import { showEndpoints } from './places'
import { createSession, type Session } from './session'
import { suggest, UsageError } from '../syntax/usage-error'

/**
 * Runs a workflow once and prints its output as JSON, and nothing else, to stdout. Returns the exit code: 0, or 130 when
 * it was interrupted. Rejects with why it failed.
 */
export async function run(workflow: string | undefined, options: CliOptions, io: Io): Promise<number> {
  const input = await readInput(options, io)
  const session = createSession(options, io, { output: io.stderr, level: 'warn', jobLevel: 'info' })
  const { config, hooks } = session
  requireWorkflow(workflow, config)
  const interruption = new AbortController()
  const { signal } = interruption
  const stop = io.onSignal(() => interruption.abort())
  try {
    await untilAborted(open(session), signal)
    const output = await hooks.run(input, { workflow, timeout: options.timeoutMs, signal })
    io.stdout.write(`${writeShown(output ?? null, 2)}\n`)
    return EXIT_DONE
  } catch (error) {
    if (!signal.aborted) throw error
    session.log.error({}, 'Interrupted; the run was cancelled')
    return EXIT_INTERRUPTED
  } finally {
    await hooks.close()
    stop()
  }
}

/** Serves the listeners, since the workflow may wait for callbacks to them; the controller is for `up`. */
async function open({ config, hooks, log }: Session): Promise<void> {
  if (config.listeners.length === 0) return hooks.open()
  const { ports } = await hooks
    .listen({ controller: false })
    .catch((error: unknown) => Promise.reject(adviseOnPort(error)))
  showEndpoints(config, ports, log)
}

/** Adds advice: the program that has the port is most likely `up` with the same config. */
function adviseOnPort(error: unknown): unknown {
  const cause: unknown = hasCode(error, 'ERR_LISTEN') ? error.cause : undefined
  if (!(error instanceof CallbackError) || !types.isNativeError(cause)) return error
  if (codeOf(cause) !== 'EADDRINUSE') return error
  const advice = 'If that is "express-callbacks up", start the run through its controller, or stop it'
  return new CallbackError('ERR_LISTEN', { message: `${error.message}. ${advice}`, cause })
}

/** Checks the name before anything is opened. Throws a UsageError for an unknown or a missing one. */
function requireWorkflow(name: string | undefined, { workflows }: Config): void {
  const known = [...workflows.keys()]
  if (name === undefined ? [...workflows.values()].some(({ isDefault }) => isDefault) : workflows.has(name)) return
  if (known.length > 0) throw new UsageError(describeUnknown(name, known))
  throw new CallbackError('ERR_WORKFLOW_UNKNOWN', { message: 'The config has no workflow; there is nothing to run' })
}

function describeUnknown(name: string | undefined, known: readonly string[]): string {
  if (name !== undefined) {
    const advice = known.every(isUnnamed)
      ? 'The config has one workflow, without a name; leave the name out'
      : suggest(name, known)
    return `There is no workflow ${JSON.stringify(name)}. ${advice}`
  }
  return `Which workflow is to run? Name one of ${known.join(', ')}, or write "default: true" in one`
}
