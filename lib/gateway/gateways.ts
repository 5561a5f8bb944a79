import type { GatewaySpec } from '../config/normalize'
import type { Emitter } from '../events'
import type { Template } from '../template/compile'
import type { GatewayStatus, Logger, TunnelDriver } from '../types'
import { type Gateway, gatewaysClosed, notReady } from './gateway'
import { createLiveStatus, type StatusOutlets } from './live-status'
import { openTunnel, tunnelOptionsOf } from './open-tunnel'
import { createPortContext, isPort, noGateway } from './port-context'
import { createStaticGateway } from './static-gateway'
import { createTunnelGateway } from './tunnel-gateway'

/** All gateways of a config. */
export interface Gateways {
  /** Opens all. Rejects with the first failure, after all have been tried. What is open stays as it is. */
  open(): Promise<void>
  /**
   * Opens the gateways of these ports if need be and waits for them. Rejects with `ERR_GATEWAY_NOT_READY`,
   * `ERR_GATEWAY_MISSING` (there is no gateway for a port) or `ERR_CLOSED`.
   */
  ready(ports: Iterable<number>): Promise<void>
  /** The public URL of a port; undefined when it has no gateway. Throws `ERR_GATEWAY_NOT_READY` and `ERR_CLOSED`. */
  publicUrlOf(port: number): string | undefined
  /** How each is doing by its port, in the order of the config; changes by itself. */
  readonly statuses: ReadonlyMap<number, GatewayStatus>
  /** What `${gateway:PORT…}` reads: `public_url`, `port`, `public_address` (the host of the URL), `driver`, `state`. */
  readonly context: object
  /** Ends what is starting and what is open. Never rejects; may be called again. */
  close(): Promise<void>
}

export interface GatewaysOptions {
  /** What opens tunnels, by the name in the config. */
  readonly drivers: Readonly<Record<string, TunnelDriver>>
  readonly logger: Logger
  readonly emitter: Emitter
  /** Where a port of the config is really listened on. */
  readonly localPortOf: (port: number) => number
}

/** Gives the gateways of a config. Opens nothing; those with a fixed public URL are ready. */
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
      const attempts = await Promise.allSettled([...gateways.values()].map((gateway) => gateway.ready()))
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

/** The ports of the gateways that templates read. */
export function gatewayPortsOf(templates: Iterable<Template | undefined>): ReadonlySet<number> {
  const references = [...templates].flatMap((template) => template?.references ?? [])
  const ports = references.flatMap(({ source, path: [port] }) => (source === 'gateway' ? [String(port)] : []))
  return new Set(ports.filter(isPort).map(Number))
}

function createGateway(spec: GatewaySpec, context: GatewaysOptions & StatusOutlets): Gateway {
  const { drivers, logger, localPortOf } = context
  const { port, driver, host, publicUrl } = spec
  const openWith = Object.hasOwn(drivers, driver) ? drivers[driver] : undefined
  if (publicUrl !== undefined && (driver === 'static' || openWith === undefined))
    return createStaticGateway(
      publicUrl,
      createLiveStatus({ port, driver: 'static', state: 'ready', publicUrl }, context),
    )
  const status = createLiveStatus({ port, driver, state: 'idle', publicUrl: undefined }, context)
  return createTunnelGateway(spec, status, logger, async (signal) => {
    if (openWith === undefined) throw noDriver(spec)
    return openTunnel(openWith, { port: localPortOf(port), host, options: tunnelOptionsOf(spec), logger, signal })
  })
}

function noDriver(spec: GatewaySpec): Error {
  const advice = 'open one yourself and write "driver: static" with its public_url, or give a driver in options.tunnels'
  return notReady(spec, `is not open: this version opens no ${spec.driver} tunnels by itself yet; ${advice}`)
}
