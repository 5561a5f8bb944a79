import { callbacks } from '../callbacks'
import { PORT } from '../config/values'
import { CallbackError } from '../errors'
import type { Callbacks } from '../interface'
import { normalizeOptions } from '../options'
import type { Logger, TunnelDriver } from '../types'
import type { CliOptions } from './args'
import { EXIT_DONE } from './exit-codes'
import { listenForInterrupts } from './interrupts'
import type { Io } from './io'
import { createForward } from './listen-forward'
import { openRecorder, type Respond } from './listen-recorder'
import { createShow } from './listen-show'
import { createLog } from './log'
import { reasonOf } from './reason'
import { UsageError } from './usage-error'

/**
 * Opens a tunnel and shows every request that comes through, until it is interrupted. With a port each goes on to the
 * app there; without one each is answered with 200. Gives the exit code 0. Rejects when the tunnel cannot be opened,
 * or not be kept. `tunnels` replaces what opens them.
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
    { logger: withoutRepeats(log), clock: io.clock, env: io.env, tunnels },
  )
  try {
    const lost = followGateway(hooks, appPort, log)
    lost.catch(() => undefined) // opening rejects with the same
    await Promise.race([hooks.open().then(async () => lost), interrupts.first])
    log.info({}, 'Stopping.')
    return EXIT_DONE
  } catch (error) {
    throw withoutPlace(error)
  } finally {
    await hooks.close()
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

/**
 * Leaves out what is said otherwise (why the gateway failed, by the end of the command; a new URL, with what to do), and
 * what is about a place in a config, which nobody has written.
 */
function withoutRepeats(log: Logger): Logger {
  return {
    ...log,
    error(details, message) {
      if (!('err' in details && details.err instanceof CallbackError)) log.error(details, message)
    },
    warn(details, message) {
      if (!('previousUrl' in details || 'at' in details)) log.warn(details, message)
    },
  }
}

/** The driver's own words: the rest is about a config. */
function withoutPlace(error: unknown): unknown {
  if (!(error instanceof CallbackError)) return error
  const { code, cause } = error
  return new CallbackError(code, { message: `There is no tunnel: ${reasonOf(cause ?? error)}`, cause: error })
}

/** Says where the service is to send its callbacks, again for every new URL. Rejects when the gateway has failed. */
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
