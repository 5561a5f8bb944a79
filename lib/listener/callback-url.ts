import type { ListenerSpec } from '../config/normalize'
import type { Endpoint } from './endpoint'
import type { ListenerRequest } from './request-scope'

/** What the requests and servers of the process have shown of where it can be reached. */
export interface Reachable {
  /** The path under which the host app mounts a listener, by the port in the config. */
  readonly mountPaths: Map<number, string>
  /** The real port of a listener that `listen()` opened, by the port in the config. */
  readonly ports: Map<number, number>
}

/** Where the host app says that it can be reached. */
export interface Place {
  readonly mountPath: string | undefined
  readonly publicUrl: string | undefined
  readonly port: number | undefined
}

/**
 * Gives the URL under which a service reaches an endpoint: on the listener's `public_url`, else `options.publicUrl`,
 * else the gateway of its port, else this machine, where only services that run on it can call. Throws
 * `ERR_GATEWAY_NOT_READY`.
 */
export function createUrlOf(
  listeners: readonly ListenerSpec[],
  place: Place,
  reachable: Reachable,
  gatewayUrlOf: (port: number) => string | undefined,
): (endpoint: Endpoint) => string {
  return (endpoint) => {
    const listener = listeners.find(({ endpoints }) => endpoints.includes(endpoint.spec))
    const standalone = reachable.ports.get(endpoint.port)
    const port = standalone ?? place.port ?? endpoint.port
    const publicUrl = listener?.publicUrl ?? place.publicUrl ?? gatewayUrlOf(endpoint.port)
    const mountPath = standalone === undefined ? (place.mountPath ?? reachable.mountPaths.get(endpoint.port) ?? '') : ''
    return `${publicUrl ?? `http://localhost:${port}`}${mountPath}${endpoint.path}`
  }
}

/**
 * Gives the URL under which a sender called, for schemes that sign it: on the listener's `public_url`, else
 * `options.publicUrl`, else the gateway of its port, else what the request itself says. Throws `ERR_GATEWAY_NOT_READY`.
 */
export function createCalledUrlOf(
  { publicUrl }: Pick<Place, 'publicUrl'>,
  gatewayUrlOf: (port: number) => string | undefined,
): (listener: ListenerSpec, request: ListenerRequest) => string {
  return (listener, request) => {
    const origin = listener.publicUrl ?? publicUrl ?? gatewayUrlOf(listener.port) ?? originOf(request)
    return `${origin}${request.originalUrl ?? request.url ?? '/'}`
  }
}

/** Express tells the protocol, also of a proxy that the app trusts. */
function originOf(request: ListenerRequest): string {
  const told: unknown = Reflect.get(request, 'protocol')
  const isSecure = told === 'https' || (told === undefined && 'encrypted' in request.socket)
  return `${isSecure ? 'https' : 'http'}://${request.headers.host ?? 'localhost'}`
}
