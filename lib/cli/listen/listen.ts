import { callbacks } from '../../callbacks'
import { PORT } from '../../config/field/values'
import { CallbackError } from '../../base/errors'
import type { Callbacks } from '../../app/interface'
import { normalizeOptions } from '../../app/options'
import type { Logger, TunnelDriver } from '../../base/contracts'
import type { CliOptions } from '../syntax/args'
import { EXIT_DONE, EXIT_INTERRUPTED, type Io } from '../io'
import type { LoneDriver } from '../../config/gateways/drivers'
import { type Interrupts, listenForInterrupts } from '../interrupts'
import { adviseOn } from './advice'
import { createForward } from './forward'
import { createListenLog, tunnelReasonOf } from './log'
import { openRecorder, type Respond } from './recorder'
import { createShow } from './show'
import { createLog } from '../log'
import { UsageError } from '../syntax/usage-error'

/**
 * Opens a tunnel and shows every request that comes through, until it is interrupted. With a port each goes on to the
 * app there; without one each is answered with 200. Returns the exit code: 0, or 130 when a second interrupt cut off the
 * closing. Rejects when the tunnel cannot be opened, or not be kept. `tunnels` replaces what opens them.
 */
export async function listen(
  argument: string | undefined,
  options: CliOptions,
  io: Io,
  tunnels: Readonly<Record<string, TunnelDriver>> = {},
): Promise<number> {
  const appPort = argument === undefined ? undefined : readPort(argument)
  const { driver, logFormat, logLevel = 'info' } = options
  const { clock } = normalizeOptions({ clock: io.clock })
  const log = createLog({ output: io.stdout, format: logFormat, level: logLevel, io })
  const interrupts = listenForInterrupts(io)
  const show = createShow({ log, output: io.stdout, isPretty: logFormat === 'pretty', level: logLevel })
  const respond: Respond = appPort === undefined ? answerAll : createForward(appPort, log)
  const recorder = await openRecorder({ respond, show, clock })
  const hooks = callbacks(
    { gateway: { type: 'http-tunnel', driver, port: recorder.port } },
    {
      logger: createListenLog({ log, appPort, advise: (error) => adviseOn(error, driver) }),
      clock: io.clock,
      env: io.env,
      tunnels,
    },
  )
  try {
    const lost = followGateway(hooks, appPort, log)
    lost.catch(() => undefined) // opening rejects with the same
    await Promise.race([hooks.open().then(async () => lost), interrupts.first])
    return await stop(hooks, interrupts, log)
  } catch (error) {
    await hooks.close()
    throw withoutPlace(error, driver)
  } finally {
    await recorder.close()
    interrupts.stop()
  }
}

function readPort(argument: string): number {
  const port = PORT.read(argument)
  if (port !== undefined) return port
  throw new UsageError(`The port must be ${PORT.expected}; found ${JSON.stringify(argument)}`)
}

const answerAll: Respond = (request, response) => {
  request.resume()
  request.once('end', () => response.writeHead(200, { 'content-length': 0 }).end())
}

/** Keeps the driver's own words: the rest of the message is about a config. */
function withoutPlace(error: unknown, driver: LoneDriver): unknown {
  if (!(error instanceof CallbackError)) return error
  const advice = adviseOn(error, driver)
  const reason = tunnelReasonOf(error)
  const message = `There is no tunnel: ${advice === undefined ? reason : `${reason.replace(/\.$/, '')}. ${advice}`}`
  return new CallbackError(error.code, { message, cause: error })
}

/** Closes everything, unless a second interrupt comes before; a tunnel program ends with this process at the latest. */
async function stop(hooks: Callbacks, { second }: Interrupts, log: Logger): Promise<number> {
  log.info({}, 'Stopping.')
  const code = await Promise.race([hooks.close().then(() => EXIT_DONE), second.then(() => EXIT_INTERRUPTED)])
  if (code === EXIT_INTERRUPTED) log.warn({}, 'Interrupted again. Cut off: the tunnel, which was still closing')
  return code
}

/** Logs the URL for the callbacks of the service, and each new one. Rejects when the gateway has failed. */
async function followGateway(hooks: Callbacks, appPort: number | undefined, log: Logger): Promise<never> {
  const then =
    appPort === undefined
      ? 'Each request is shown here and answered with 200.'
      : `Each request is shown here and goes on to http://127.0.0.1:${appPort}.`
  let known: string | undefined
  return new Promise<never>((_resolve, reject) => {
    hooks.on('gateway', ({ state, publicUrl, error }) => {
      if (state === 'failed') reject(error)
      if (state !== 'ready' || publicUrl === undefined || publicUrl === known) return
      const change = known === undefined ? '' : `No callback to ${known} arrives any more. `
      known = publicUrl
      log.info({ publicUrl }, `${change}Give the service ${publicUrl}, with any path. ${then} Ctrl-C stops.`)
    })
  })
}
