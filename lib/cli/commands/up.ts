import type { Config } from '../../config/normalize'
import { CallbackError } from '../../base/errors'
import { normalizeOptions } from '../../app/options'
import { startTimer } from '../../base/timers'
import type { Clock } from '../../base/contracts'
import type { CliOptions } from '../syntax/args'
import { EXIT_DONE, EXIT_INTERRUPTED, type Io } from '../io'
import { type Interrupts, listenForInterrupts } from '../interrupts'
import { showEndpoints } from './places'
import { createSession, type Session } from './session'
import { type DescribeWaiting, followWaiting } from './still-waiting'

/**
 * Serves everything in a config until it is interrupted. Returns the exit code: 0 when open work could end or had
 * its time, 130 when a second interrupt cut it off. Rejects when it cannot be served.
 */
export async function up(options: CliOptions, io: Io): Promise<number> {
  const session = createSession(options, io, { output: io.stdout, level: 'info' })
  const { config, hooks } = session
  requireServed(config)
  const describeWaiting = followWaiting(hooks)
  const { clock } = normalizeOptions({ clock: io.clock })
  const interrupts = listenForInterrupts(io)
  try {
    await Promise.race([serve(session), interrupts.first])
    await interrupts.first
    return await stop(session, interrupts, { describeWaiting, drainMs: options.drainMs, clock })
  } finally {
    await hooks.close()
    interrupts.stop()
  }
}

/** Refuses a config that has nothing to serve. */
function requireServed({ listeners, controller, workflows }: Config): void {
  if (listeners.length > 0 || controller !== undefined || workflows.size === 0) return
  const message =
    'There is no listener to serve, and no controller; add one, or, to run the workflow: express-callbacks run'
  throw new CallbackError('ERR_CONFIG_VALUE', { at: 'listener', message })
}

async function serve({ config, hooks, log }: Session): Promise<void> {
  const { ports } = await hooks.listen()
  showEndpoints(config, ports, log)
  log.info({}, 'Ready. Ctrl-C stops.')
}

interface Stopping {
  readonly describeWaiting: DescribeWaiting
  readonly drainMs: number
  readonly clock: Clock
}

async function stop({ hooks, log, isDurable }: Session, { second }: Interrupts, stopping: Stopping): Promise<number> {
  const { describeWaiting, drainMs, clock } = stopping
  const waiting = describeWaiting()
  const limit = writeDuration(drainMs)
  const sayLeft = (why: string): void => {
    const left = describeWaiting()
    const what = isDurable ? 'Left in the store, to go on at the next start' : 'Cut off'
    log[isDurable ? 'info' : 'warn']({}, `${why}. ${left === undefined ? 'Nothing is waiting.' : `${what}: ${left}`}`)
  }
  if (waiting === undefined) log.info({}, 'Stopping. Nothing is waiting.')
  else if (drainMs === 0) sayLeft('Stopping')
  else
    log.info(
      {},
      `Stopping. Still waiting: ${waiting} for at most ${limit}. Ctrl-C again ${isDurable ? 'leaves them in the store' : 'ends them'}.`,
    )
  // Set before the timer of `close`, so that the line is written before the work ends.
  const stopTimer = startTimer(clock, drainMs, () => {
    if (drainMs > 0 && describeWaiting() !== undefined) sayLeft(`The ${limit} are over`)
  })
  let code = EXIT_DONE
  const cut = async (): Promise<void> => {
    await second
    if (describeWaiting() !== undefined) code = EXIT_INTERRUPTED
    sayLeft('Interrupted again')
    stopTimer()
    await hooks.close()
  }
  await Promise.race([hooks.close({ drain: drainMs }), cut()])
  stopTimer()
  return code
}

/** Writes a duration as a config does, such as `30s`. */
function writeDuration(ms: number): string {
  if (ms % 1000 !== 0) return `${ms}ms`
  return ms % 60_000 === 0 ? `${ms / 60_000}m` : `${ms / 1000}s`
}
