import type { ListenerSpec } from '../config/normalize'
import type { NormalizedOptions } from '../options'
import type { Endpoint } from './endpoint'

/** What the requests and servers of the process have shown of where it can be reached. */
export interface Reachable {
  /** The path under which the host app mounts a listener, by the port in the config. */
  readonly mountPaths: Map<number, string>
  /** The real port of a listener that `listen()` opened, by the port in the config. */
  readonly ports: Map<number, number>
}

/**
 * Gives the URL under which a service reaches an endpoint: on the listener's `public_url`, else `options.publicUrl`,
 * else this machine, where only services that run on it can call.
 */
export function createUrlOf(
  listeners: readonly ListenerSpec[],
  options: Pick<NormalizedOptions, 'mountPath' | 'publicUrl' | 'port'>,
  reachable: Reachable,
): (endpoint: Endpoint) => string {
  return (endpoint) => {
    const listener = listeners.find(({ endpoints }) => endpoints.includes(endpoint.spec))
    const standalone = reachable.ports.get(endpoint.port)
    const port = standalone ?? options.port ?? endpoint.port
    const origin = listener?.publicUrl ?? options.publicUrl ?? `http://localhost:${port}`
    const mountPath =
      standalone === undefined ? (options.mountPath ?? reachable.mountPaths.get(endpoint.port) ?? '') : ''
    return `${origin}${mountPath}${endpoint.path}`
  }
}
