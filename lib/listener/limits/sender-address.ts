import { isIP } from 'node:net'
import { findDriver } from '../../config/gateways/drivers'
import type { GatewaySpec, ListenerSpec } from '../../config/normalize'
import type { ListenerRequest } from '../request-scope'

/** Gives the IP address of whoever sent a request; one word for all who have none, as on a Unix socket. */
export type SenderOf = (request: ListenerRequest) => string

const NO_ADDRESS = 'unknown'
const LOOPBACK = /^(?:127\.|::1$|::ffff:127\.)/i

/**
 * Compiles whose word is taken for the sender's address on one listener: that of the proxy before it or of the tunnel to
 * its port, where the config trusts them, else the host app's (`req.ip`, after its `trust proxy`), else the socket's. A
 * tunnel ends on this machine, so that a header from elsewhere is not its own. What is no address counts as not said.
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

/** The right-most entry is of the nearest proxy; whatever stands before it, the sender may have made up. */
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
