import type { ListenerSpec } from '../config/normalize'
import { CallbackError } from '../errors'
import { readLiteralPath } from '../route-syntax'
import { toUrlPath } from '../same-path'
import type { Endpoint } from './endpoint'
import type { MountPath } from './mount-path'
import type { ListenerRequest } from './request-scope'

/** What the requests and servers of the process have shown of where it can be reached. */
export interface Reachable {
  /** Where the host app mounts a listener, by the port in the config. */
  readonly mounts: Map<number, LearnedMount>
  /** The real port of a listener that `listen()` opened, by the port in the config. */
  readonly ports: Map<number, number>
}

/** What requests have shown of a mount. */
export interface LearnedMount {
  /** That of the first request. */
  readonly path: string
  /** Whether the path differs from request to request, or may, since it has parameters. */
  readonly varies: boolean
}

/** Where the host app says that it can be reached. */
export interface Place {
  readonly mountPath: MountPath | undefined
  readonly publicUrl: string | undefined
  readonly port: number | undefined
}

/** The URL under which a service reaches an endpoint; `mountPath` names the mount where there are several. */
export type UrlOf = (endpoint: Endpoint, mountPath?: string) => string

/**
 * Creates what tells the URL of an endpoint: on the listener's `public_url`, else `options.publicUrl`, else the gateway
 * of its port, else this machine, where only services that run on it can call. The mount path is the one that the caller
 * names, else `options.mountPath`, else what requests have shown. Throws `ERR_GATEWAY_NOT_READY`, and
 * `ERR_ENDPOINT_AMBIGUOUS` where the mount path differs from request to request: it is never that of another request.
 */
export function createUrlOf(
  listeners: readonly ListenerSpec[],
  place: Place,
  reachable: Reachable,
  gatewayUrlOf: (port: number) => string | undefined,
): UrlOf {
  function mountOf({ key, port }: Endpoint): string {
    if (reachable.ports.has(port)) return ''
    const { mountPath } = place
    if (mountPath?.hasParams) throw manyMounts(key, `options.mountPath is ${JSON.stringify(mountPath.path)}`)
    if (mountPath) return mountPath.path
    const learned = reachable.mounts.get(port)
    if (learned?.varies) throw manyMounts(key, 'its mount path has parameters, or there are several')
    return learned?.path ?? ''
  }

  return (endpoint, mountPath = mountOf(endpoint)) => {
    const listener = listeners.find(({ endpoints }) => endpoints.includes(endpoint.spec))
    const port = reachable.ports.get(endpoint.port) ?? place.port ?? endpoint.port
    const publicUrl = listener?.publicUrl ?? place.publicUrl ?? gatewayUrlOf(endpoint.port)
    const path = readLiteralPath(endpoint.path) ?? endpoint.path
    return `${publicUrl ?? `http://localhost:${port}`}${toUrlPath(mountPath + path)}`
  }
}

function manyMounts(name: string, reason: string): CallbackError {
  const advice =
    'name the mount with hooks.ticket({ mountPath: "/tenants/7/hooks" }); a component writes the whole URL, with ' +
    '?callback_id=${callback.id} at its end'
  const message = `The URL of ${name} cannot be told: ${reason}; ${advice}`
  return new CallbackError('ERR_ENDPOINT_AMBIGUOUS', { message })
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
