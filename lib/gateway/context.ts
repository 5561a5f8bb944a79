import type { GatewaySpec } from '../config/normalize'
import { CallbackError } from '../errors'

/**
 * Gives what `${gateway:PORT…}` reads from. A port whose public URL is not known is an error, never empty text: a
 * callback URL without its beginning would be sent to the service and the callback lost.
 */
export function createGatewayContext(gateways: readonly GatewaySpec[]): object {
  return new Proxy(Object.freeze({}), {
    has: (_target, key) => isPort(key),
    get: (_target, key) => (isPort(key) ? readGateway(gateways, Number(key)) : undefined),
  })
}

/** The public URL of a port. Throws `ERR_GATEWAY_NOT_READY` when it has a gateway that is not open. */
export function publicUrlOf(gateways: readonly GatewaySpec[], port: number): string | undefined {
  const gateway = gateways.find((spec) => spec.port === port)
  if (gateway === undefined || gateway.publicUrl !== undefined) return gateway?.publicUrl
  throw new CallbackError('ERR_GATEWAY_NOT_READY', {
    at: gateway.at,
    message: `The gateway of port ${port} is not open: this version opens no tunnels yet. Give it a public_url`,
  })
}

function readGateway(gateways: readonly GatewaySpec[], port: number): object {
  const publicUrl = publicUrlOf(gateways, port)
  if (publicUrl !== undefined) return { public_url: publicUrl, port, driver: 'static', state: 'ready' }
  throw new CallbackError('ERR_GATEWAY_MISSING', {
    message: `There is no gateway for port ${port}; add one to "gateway" in the config, or write a public URL`,
  })
}

function isPort(key: string | symbol): key is string {
  return typeof key === 'string' && /^\d+$/.test(key)
}
