import type { GatewaySpec } from '../config/normalize'
import { CallbackError } from '../base/errors'
import type { Template } from '../template/compile'
import type { Clock, GatewayStatus, TunnelDriver, TunnelRequest, Logger } from '../base/contracts'
import { findDriver } from '../config/gateways/drivers'
import type { Emitter } from '../base/events'
import { type Gateway, gatewaysClosed } from './gateway'
import { createLiveStatus, type LiveStatus, type StatusOutlets } from './live-status'
import { openTunnel, tunnelOptionsOf } from './open-tunnel'
import { createPortContext, isPort, noGateway } from './port-context'
import { createSupervisor } from './supervisor'
import type { Attempt } from './attempts'

/** All gateways of a config. */
export interface Gateways {
  /** Opens all. Rejects with the first failure, after all have been tried. What is open stays as it is. */
  open(): Promise<void>
  /**
   * Opens the gateways of these ports if need be and waits for them, 30 s at most. Rejects with `ERR_GATEWAY_…`, of
   * which `ERR_GATEWAY_MISSING` says that there is no gateway for a port, or `ERR_CLOSED`.
   */
  ready(ports: Iterable<number>): Promise<void>
  /**
   * Returns the public URL of a port; undefined when it has no gateway. Throws `ERR_GATEWAY_…`, and `ERR_CLOSED` after
   * the end unless the URL is a fixed one.
   */
  publicUrlOf(port: number): string | undefined
  /** The status of each gateway by its port, in the order of the config; always the present one. */
  readonly statuses: ReadonlyMap<number, GatewayStatus>
  /** What `${gateway:PORT…}` reads: `public_url`, `port`, `public_address` (`host:port`), `driver`, `state`. */
  readonly context: object
  /** Ends what is starting and what is open. Never rejects; may be called again. */
  close(): Promise<void>
}

export interface GatewaysOptions {
  readonly logger: Logger
  readonly emitter: Emitter
  /** Told when a port has a new public URL: callbacks to the previous one no longer arrive. */
  readonly onUrlChange: (port: number, previousUrl: string) => void
  /** What opens tunnels, by the name in the config. */
  readonly drivers: Readonly<Record<string, TunnelDriver>>
  readonly clock: Clock
  readonly env: TunnelRequest['env']
  /** Returns a number from 0 to 1; default: by chance. */
  readonly random?: () => number
  /** The port on which a port of the config is really served. */
  readonly localPortOf: (port: number) => number
  /** Whether a program accepts connections there. */
  readonly isListening: (host: string, port: number, signal: AbortSignal) => Promise<boolean>
}

/** Creates the gateways of a config. Opens nothing; those with a fixed public URL are ready. */
export function createGateways(specs: readonly GatewaySpec[], options: GatewaysOptions): Gateways {
  const statuses = new Map<number, GatewayStatus>()
  const outlets = { ...options, statuses }
  const gateways = new Map(specs.map((spec) => [spec.port, createGateway(spec, outlets)]))
  let closed: Promise<unknown> | undefined

  function find(port: number): Gateway {
    const gateway = gateways.get(port)
    if (gateway === undefined) throw noGateway(port)
    return gateway
  }

  return {
    async open() {
      if (closed) throw gatewaysClosed()
      const attempts = await Promise.allSettled([...gateways.values()].map((gateway) => gateway.open()))
      for (const attempt of attempts) if (attempt.status === 'rejected') throw attempt.reason
    },
    async ready(ports) {
      if (closed) throw gatewaysClosed()
      await Promise.all(Array.from(ports, find).map((gateway) => gateway.ready()))
    },
    publicUrlOf: (port) => gateways.get(port)?.publicUrl(),
    statuses,
    context: createPortContext(gateways),
    async close() {
      closed ??= Promise.all([...gateways.values()].map((gateway) => gateway.close()))
      await closed
    },
  }
}

/** Lists the ports of the gateways that templates read. */
export function gatewayPortsOf(templates: Iterable<Template | undefined>): ReadonlySet<number> {
  const references = [...templates].flatMap((template) => template?.references ?? [])
  const ports = references.flatMap(({ source, path: [port] }) => (source === 'gateway' ? [String(port)] : []))
  return new Set(ports.filter(isPort).map(Number))
}

function createGateway(spec: GatewaySpec, context: GatewaysOptions & StatusOutlets): Gateway {
  const { drivers, random = Math.random } = context
  const { port, driver, publicUrl } = spec
  const openWith = Object.hasOwn(drivers, driver) ? drivers[driver] : undefined
  if (findDriver(driver)?.isOpenAlready && publicUrl !== undefined)
    return createStaticGateway(
      publicUrl,
      createLiveStatus({ port, driver, state: 'ready', place: { publicUrl } }, context),
    )
  const options = {
    ...context,
    random,
    status: createLiveStatus({ port, driver, state: 'idle' }, context),
    async openTunnel(attempt: Attempt) {
      if (openWith === undefined) throw noDriver(Object.keys(drivers))
      return openTunnel(openWith, toRequest(spec, attempt, context))
    },
  }
  return createSupervisor(spec, options, (signal) => void warnOfSilence(spec, context, signal))
}

/** Creates the gateway of a fixed public URL: it is ready from the start, and opens nothing. */
function createStaticGateway(publicUrl: string, status: LiveStatus): Gateway {
  const place = { publicUrl }
  let announced = false
  let closed = false

  async function open(): Promise<void> {
    if (closed) throw gatewaysClosed()
    if (announced) return
    announced = true
    status.change('ready', { place })
  }

  return {
    status: status.get,
    open,
    ready: open,
    publicUrl: () => publicUrl,
    async close() {
      if (closed) return
      closed = true
      status.change('closed', { place })
    },
  }
}

function toRequest(
  spec: GatewaySpec,
  attempt: Attempt,
  { env, logger, clock, localPortOf }: GatewaysOptions,
): TunnelRequest {
  return {
    port: localPortOf(spec.port),
    host: spec.host,
    options: tunnelOptionsOf(spec),
    env,
    logger,
    clock,
    ...attempt,
  }
}

/** Warns of a port on which nothing listens: the most common mistake. */
async function warnOfSilence(
  { at, host, port }: GatewaySpec,
  options: GatewaysOptions,
  signal: AbortSignal,
): Promise<void> {
  const { logger, emitter, localPortOf, isListening } = options
  const local = localPortOf(port)
  if ((await isListening(host, local, signal)) || signal.aborted) return
  const message =
    `Nothing listens on ${host}:${local}, where the gateway of port ${port} leads; until something does, callbacks are lost ` +
    '(in an app, open the gateways once it listens: app.listen(port, () => hooks.open()))'
  logger.warn({ at, port }, message)
  emitter.emit('warning', () => ({ code: 'ERR_GATEWAY_PORT', at, message }))
}

function noDriver(known: readonly string[]): CallbackError {
  const message = `there is no such driver; there are ${known.join(', ')}, and you can bring your own in options.tunnels`
  return new CallbackError('ERR_GATEWAY_OPTIONS', { message })
}
