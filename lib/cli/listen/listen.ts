import { createMask, listSpellings } from '../../base/secrets/mask'
import { listSecrets } from '../../base/secrets/secret-names'
import { callbacks } from '../../callbacks'
import { PORT } from '../../config/field/values'
import { CallbackError } from '../../base/errors'
import type { Callbacks } from '../../app/interface'
import { normalizeOptions } from '../../app/options'
import type { GatewayStatus, Logger, TunnelDriver } from '../../base/contracts'
import type { CliOptions } from '../syntax/args'
import { EXIT_DONE, EXIT_INTERRUPTED, type Io } from '../io'
import type { LoneDriver } from '../../config/gateways/drivers'
import { type Interrupts, listenForInterrupts } from '../interrupts'
import { adviseOn } from './advice'
import { createTunnelDeliveries, type TunnelDeliveries } from './deliveries'
import { createAnswering, createForward } from './forward'
import { openInspector } from './inspector'
import { createListenLog, tunnelReasonOf } from './log'
import { openRecorder } from './recorder'
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
  const { driver, logFormat, logLevel = 'info', inspectPort } = options
  const { clock } = normalizeOptions({ clock: io.clock })
  const log = createLog({ output: io.stdout, format: logFormat, level: logLevel, io })
  const show = createShow({ log, output: io.stdout, isPretty: logFormat === 'pretty', level: logLevel })
  const end = new AbortController()
  const target = appPort === undefined ? createAnswering() : createForward(appPort, log, end.signal)
  const mask = createMask(listSpellings(listSecrets(io.env)))
  const deliveries = createTunnelDeliveries(target, { clock, logger: log, mask })
  const interrupts = listenForInterrupts(io)
  const closers: (() => unknown)[] = [() => end.abort(), interrupts.stop]
  try {
    const { port, close } = await openRecorder({
      respond: target.respond,
      show(exchange) {
        deliveries.note(exchange)
        show(exchange)
      },
      clock,
    })
    closers.unshift(close)
    const hooks = callbacks(
      { gateway: { type: 'http-tunnel', driver, port } },
      {
        logger: createListenLog({ log, appPort, advise: (error) => adviseOn(error, driver) }),
        clock: io.clock,
        env: io.env,
        tunnels,
      },
    )
    if (inspectPort !== undefined) {
      const inspector = await openInspector({ port: inspectPort, deliveries, ...noteStatus(hooks), clock, log, mask })
      closers.unshift(inspector.close)
    }
    closers.unshift(repeatOnKey(deliveries, io, log))
    return await keepOpen(hooks, interrupts, { appPort, driver, log })
  } finally {
    for (const close of closers) await close()
  }
}

/** Keeps the tunnel open until an interrupt. Returns the exit code. */
async function keepOpen(hooks: Callbacks, interrupts: Interrupts, { appPort, driver, log }: Shown): Promise<number> {
  try {
    const lost = followGateway(hooks, appPort, log)
    lost.catch(() => undefined) // opening rejects with the same
    await Promise.race([hooks.open().then(async () => lost), interrupts.first])
    return await stop(hooks, interrupts, log)
  } catch (error) {
    await hooks.close()
    throw withoutPlace(error, driver)
  }
}

interface Shown {
  /** The port of the app that gets the requests; undefined when they are answered here. */
  readonly appPort: number | undefined
  readonly driver: LoneDriver
  readonly log: Logger
}

function readPort(argument: string): number {
  const port = PORT.read(argument)
  if (port !== undefined) return port
  throw new UsageError(`The port must be ${PORT.expected}; found ${JSON.stringify(argument)}`)
}

/** Notes how the tunnel is doing. */
function noteStatus(hooks: Callbacks) {
  let latest: GatewayStatus | undefined
  hooks.on('gateway', (status) => {
    latest = status
  })
  return {
    status: () => latest,
    onStatus(listener: (status: GatewayStatus) => void) {
      hooks.on('gateway', listener)
      return () => void hooks.off('gateway', listener)
    },
  }
}

/** Sends the latest request again when somebody types `r`, and logs what was sent again from here or from the page. */
function repeatOnKey(deliveries: TunnelDeliveries, io: Io, log: Logger): () => void {
  const stopWatching = deliveries.watch(({ method, target, status, durationMs, reason, replayOf }) => {
    if (replayOf === undefined) return
    const details = { event: 'replay', method, url: target, status, ms: durationMs }
    log.info(details, `${method} ${target} ${status ?? ''} ${durationMs}ms replayed: ${reason}`.replace('  ', ' '))
  })
  const stopReading = io.onLine?.((line) => {
    if (line.trim().toLowerCase() !== 'r') return
    void deliveries.repeatLast().then((problem) => problem === undefined || log.warn({}, problem))
  })
  return () => {
    stopReading?.()
    stopWatching()
  }
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
