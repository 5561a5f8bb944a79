import type { CliOptions } from './args'
import { EXIT_DONE, EXIT_INTERRUPTED } from './exit-codes'
import { type Interrupts, listenForInterrupts } from './interrupts'
import type { Io } from './io'
import { showEndpoints } from './places'
import { createSession, type Session } from './session'
import { type DescribeWaiting, followWaiting } from './still-waiting'

/**
 * Serves everything in a config until it is interrupted. Gives the exit code: 0 when what still ran could end or was
 * given its time, 130 when a second interrupt cut it off. Rejects when it cannot be served.
 */
export async function up(options: CliOptions, io: Io): Promise<number> {
  const session = createSession(options, io, { output: io.stdout, level: 'info' })
  const { hooks } = session
  const describeWaiting = followWaiting(hooks)
  const interrupts = listenForInterrupts(io)
  try {
    await Promise.race([serve(session), interrupts.first])
    await interrupts.first
    return await stop(session, interrupts, { describeWaiting, drainMs: options.drainMs })
  } finally {
    await hooks.close()
    interrupts.stop()
  }
}

async function serve({ config, hooks, log }: Session): Promise<void> {
  const { ports } = await hooks.listen()
  showEndpoints(config, ports, log)
  log.info({}, 'Ready. Ctrl-C stops.')
}

interface Stopping {
  readonly describeWaiting: DescribeWaiting
  readonly drainMs: number
}

async function stop({ hooks, log }: Session, { second }: Interrupts, stopping: Stopping): Promise<number> {
  const { describeWaiting, drainMs } = stopping
  const waiting = describeWaiting()
  const rest = waiting === undefined ? 'Nothing is waiting.' : `Still waiting: ${waiting}. Ctrl-C again ends them.`
  log.info({}, `Stopping. ${rest}`)
  let code = EXIT_DONE
  const cut = async (): Promise<void> => {
    await second
    if (describeWaiting() !== undefined) code = EXIT_INTERRUPTED
    await hooks.close()
  }
  await Promise.race([hooks.close({ drain: drainMs }), cut()])
  return code
}
