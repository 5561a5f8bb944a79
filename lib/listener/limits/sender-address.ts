import { isIP } from 'node:net'
import { findDriver } from '../../config/gateways/drivers'
import type { GatewaySpec, ListenerSpec } from '../../config/normalize'
import type { ListenerRequest } from '../../body/request'

/** Returns the IP address of the sender of a request; one word for all requests without address, as on a Unix socket. */
export type SenderOf = (request: ListenerRequest) => string

const NO_ADDRESS = 'unknown'
const LOOPBACK = /^(?:127\.|::1$|::ffff:127\.)/i

/**
 * Compiles the reader of the sender's address on one listener: from the proxy before it or the tunnel to its port, where the
 * config trusts them, else from the host app (`req.ip`, after its `trust proxy`), else from the socket. A tunnel ends on this
 * machine, so its header is believed only from here. A text that is no address counts as missing.
 */
export function compileSenderOf(
  { port, trustForwarded }: Pick<ListenerSpec, 'port' | 'trustForwarded'>,
  gateways: readonly Pick<GatewaySpec, 'port' | 'driver' | 'trustForwarded'>[],
): SenderOf {
  const tunnel = gateways.find((gateway) => gateway.port === port && gateway.trustForwarded)
  const tunnelHeader = findDriver(tunnel?.driver ?? '')?.addressHeader ?? 'x-forwarded-for'
  return (request) => {
    const { headers, socket } = request
    const direct = socket.remoteAddress
    const forwarded = trustForwarded ? readLast(headers['x-forwarded-for']) : undefined
    const tunneled = tunnel && LOOPBACK.test(direct ?? '') ? readLast(headers[tunnelHeader]) : undefined
    return forwarded ?? tunneled ?? readAddress(Reflect.get(request, 'ip')) ?? readAddress(direct) ?? NO_ADDRESS
  }
}

/** The right-most entry is from the nearest proxy; the sender may have invented the entries before it. */
function readLast(header: string | readonly string[] | undefined): string | undefined {
  const value = typeof header === 'string' ? header : header?.at(-1)
  return readAddress(value?.slice(value.lastIndexOf(',') + 1).trim())
}

/** Reads an address, which some proxies write with a port; a zone, which is any text, is no part of it. */
function readAddress(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  const address = value.replace(/^\[(.*)\](?::\d+)?$|^([\d.]+):\d+$/, '$1$2').replace(/%.*$/s, '')
  return isIP(address) === 0 ? undefined : address
}
