import type { Fields } from '../field/fields'
import { type GatewaySpec, isTunnel } from '../sections/gateway'
import type { ListenerSpec } from '../sections/listener'
import { readList, SECTIONS } from '../field/plural'

/**
 * Warns of a `rate_limit` that all senders share: requests through a tunnel have the address of this machine, unless the
 * header of the tunnel is trusted. A fixed public URL may lead to no tunnel.
 */
export function warnOfSharedSenders(
  root: Fields,
  listeners: readonly ListenerSpec[],
  gateways: readonly GatewaySpec[],
): void {
  for (const [index, fields] of readList(root, SECTIONS.listeners).entries()) {
    const listener = listeners[index]
    if (listener?.rateLimit === undefined || listener.trustForwarded) continue
    const tunnel = gateways.find((gateway) => gateway.port === listener.port && isTunnel(gateway))
    if (tunnel === undefined || tunnel.trustForwarded) continue
    const message =
      `all senders that come through the tunnel of port ${tunnel.port} share one address, and so this limit; ` +
      `add "trust_forwarded: true" to ${tunnel.at}, so that each has its own`
    fields.warn('rate_limit', message, 'ERR_RATE_LIMITED')
  }
}
