import type { Config } from '../config/normalize'
import { CallbackError } from '../errors'
import { untilAborted } from '../workflow/sleep'
import type { CliOptions } from './args'
import { EXIT_DONE, EXIT_INTERRUPTED } from './exit-codes'
import { readInput } from './input'
import type { Io } from './io'
import { showEndpoints } from './places'
import { createSession, type Session } from './session'
import { suggest } from './usage-error'

/**
 * Runs a workflow once and prints its output as JSON, and nothing else, to stdout. Gives the exit code: 0, or 130 when
 * it was interrupted. Rejects with why it failed.
 */
export async function run(workflow: string | undefined, options: CliOptions, io: Io): Promise<number> {
  const input = await readInput(options, io)
  const session = createSession(options, io, { output: io.stderr, level: 'warn' })
  const { config, hooks } = session
  requireWorkflow(workflow, config)
  const interruption = new AbortController()
  const { signal } = interruption
  const stop = io.onSignal(() => interruption.abort())
  try {
    await untilAborted(open(session), signal)
    const output = await hooks.run(input, { workflow, timeout: options.timeoutMs, signal })
    io.stdout.write(`${JSON.stringify(output ?? null, null, 2)}\n`)
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
  const { ports } = await hooks.listen({ controller: false })
  showEndpoints(config, ports, log)
}

/** Said before anything is opened. */
function requireWorkflow(name: string | undefined, { workflows }: Config): void {
  const known = [...workflows.keys()]
  if (name === undefined ? [...workflows.values()].some(({ isDefault }) => isDefault) : workflows.has(name)) return
  throw new CallbackError('ERR_WORKFLOW_UNKNOWN', { message: describeUnknown(name, known) })
}

function describeUnknown(name: string | undefined, known: readonly string[]): string {
  if (known.length === 0) return 'The config has no workflow; there is nothing to run'
  if (name !== undefined) return `There is no workflow ${JSON.stringify(name)}. ${suggest(name, known)}`
  return `Which workflow is to run? Name one of ${known.join(', ')}, or write "default: true" in one`
}
