import type { GatewayStatus } from '../../base/contracts'
import { isAnyAddress, isLoopback } from '../../config/sections/controller'
import { toLocalHost } from '../../base/values/local-host'
import type { ListenerRequest } from '../../body/request'

/** A server of the controller's own. */
export interface ControllerPlace {
  readonly scheme: 'http' | 'https'
  /** The host that it listens on, without brackets. */
  readonly host: string
  /** The port in the config, by which a gateway names it. */
  readonly configPort: number
  readonly port: number
  readonly basePath: string
}

/** Knows where the controller shows how a task is doing. */
export interface StatusUrls {
  /** Takes note of the path under which the host app has mounted the controller; empty for its root. */
  noteMount(path: string): void
  /** Takes note of the server that the controller has for itself; undefined when that is closed. */
  noteServer(place: ControllerPlace | undefined): void
  /**
   * Returns where the sender of a request reaches a task: a path on the server that it has called, or a URL; undefined where no
   * controller is known that it can reach.
   */
  of(task: string, request: ListenerRequest): string | undefined
}

export interface StatusUrlsOptions {
  /** Where the host app says that it can be reached. */
  readonly publicUrl: string | undefined
  readonly gateways: { readonly statuses: ReadonlyMap<number, GatewayStatus> }
}

/** Creates the URLs of a controller that is not served yet. */
export function createStatusUrls({ publicUrl, gateways }: StatusUrlsOptions): StatusUrls {
  let mount: string | undefined
  let server: ControllerPlace | undefined

  const publicUrls = (): readonly string[] =>
    [publicUrl, ...[...gateways.statuses.values()].map((one) => one.publicUrl)].filter((url) => url !== undefined)

  /** A proxy may take the path of a public URL off. */
  function mountedBase(path: string, called: string | undefined): string {
    const prefix = publicUrl !== undefined && called === new URL(publicUrl).hostname ? new URL(publicUrl).pathname : '/'
    return prefix.replace(/\/+$/, '') + path
  }

  function serverBase({ scheme, host, configPort, port, basePath }: ControllerPlace, called: string | undefined) {
    const tunnel = gateways.statuses.get(configPort)?.publicUrl
    if (tunnel !== undefined) return `${tunnel.replace(/\/+$/, '')}${basePath}`
    const isNear = called !== undefined && isLoopback(called)
    if (isLoopback(host) && !isNear) return undefined
    // The public host of a gateway leads to the port of the gateway alone.
    const isTunnelled = publicUrls().some((url) => new URL(url).hostname === called)
    if (isAnyAddress(host) && (called === undefined || isTunnelled)) return undefined
    const name = toLocalHost(isAnyAddress(host) && called !== undefined ? called : host)
    return `${scheme}://${name}:${port}${basePath}`
  }

  function baseFor(request: ListenerRequest): string | undefined {
    const called = hostnameOf(request)
    // A server of the listener's own has no routes of the host app.
    if (mount !== undefined && typeof request.baseUrl === 'string') return mountedBase(mount, called)
    const own = server && serverBase(server, called)
    if (own !== undefined || mount === undefined || publicUrl === undefined) return own
    return `${publicUrl.replace(/\/+$/, '')}${mount}`
  }

  return {
    noteMount(path) {
      mount = path
    },
    noteServer(place) {
      server = place
    },
    of(task, request) {
      const base = baseFor(request)
      return base === undefined ? undefined : `${base}/tasks/${encodeURIComponent(task)}`
    },
  }
}

/** Returns the host that a request names, without its port; Express heeds what its proxies say. */
function hostnameOf(request: ListenerRequest): string | undefined {
  const told: unknown = Reflect.get(request, 'hostname')
  const { host, ':authority': authority } = request.headers
  const written = typeof told === 'string' ? told : (host ?? authority)
  if (written === undefined || !/^[\w.:[\]-]+$/.test(String(written))) return undefined
  try {
    return new URL(`http://${String(written)}`).hostname
  } catch {
    return undefined
  }
}
