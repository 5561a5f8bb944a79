import type { Config } from '../../config/normalize'
import type { LearnedMount, Place, Reachable } from '../../listener/paths/callback-url'
import { createMountPath, type MountPath } from '../../listener/paths/mount-path'
import { compileStrip } from '../../base/same-path'
import type { GatewayStatus } from '../../base/contracts'

/** Where the endpoints can be reached, as far as it is known by now. */
export interface PublicPlaces {
  /** Public URLs: those of gateways, and those that are configured. */
  urls(): readonly string[]
  /** The local ports of listeners, gateways and the host app. */
  ports(): ReadonlySet<number>
  /** The paths under which the host app mounts the callbacks, as far as they are known. */
  mounts(): readonly MountPath[]
  /** Whether they may be mounted elsewhere, too: no request has come yet, or each request has a path of its own. */
  mayBeElsewhere(): boolean
}

/** Finds where the callbacks can be reached: by the config and the options, and by the requests and servers so far. */
export function findPlaces(
  { listeners, gateways }: Config,
  { publicUrl, mountPath, port: appPort }: Place,
  reachable: Reachable,
  statuses: ReadonlyMap<number, GatewayStatus>,
): PublicPlaces {
  const fixed = (): readonly LearnedMount[] => [...reachable.mounts.values()].filter(({ varies }) => !varies)
  return {
    urls() {
      const known = [publicUrl, ...[...listeners, ...gateways, ...statuses.values()].map((one) => one.publicUrl)]
      return known.filter((url) => url !== undefined)
    },
    ports() {
      const written = [...listeners, ...gateways].map(({ port }) => port)
      return new Set([...written, ...reachable.ports.values(), ...(appPort === undefined ? [] : [appPort])])
    },
    mounts: () => [...(mountPath ? [mountPath] : []), ...fixed().map(({ path }) => createMountPath(path))],
    mayBeElsewhere() {
      const { mounts, ports } = reachable
      if (mountPath !== undefined) return false
      return (mounts.size === 0 && ports.size === 0) || [...mounts.values()].some(({ varies }) => varies)
    },
  }
}

/**
 * Lists the paths of an endpoint that a URL may lead to: its own path, and the rest of it below public URLs and mounts.
 * As long as the callbacks may be mounted anywhere, each end of the path of a URL of ours counts.
 */
export function listPaths(url: URL, places: PublicPlaces): readonly string[] {
  const { pathname: path } = url
  if (places.mayBeElsewhere() && isOurs(url, places)) return listEnds(path)
  const origins = ['', ...places.urls().map((one) => new URL(one).pathname)]
  const belowOrigins = origins.flatMap((prefix) => compileStrip(prefix)(path) ?? [])
  const belowMounts = belowOrigins.flatMap((below) =>
    places.mounts().flatMap((mount) => mount.strip(below)?.rest ?? []),
  )
  return [...new Set([path, ...belowOrigins, ...belowMounts])]
}

/** Lists the paths that a foreign URL would have if the callbacks were mounted there; none once the mounts are known. */
export function guessPaths(url: URL, places: PublicPlaces): readonly string[] {
  return places.mayBeElsewhere() && !isOurs(url, places) ? listEnds(url.pathname) : []
}

/** No mount path and path have more parts together. */
const MAX_ENDS = 100

/** The longest first. */
function listEnds(path: string): readonly string[] {
  return [...path.matchAll(/\//g)].slice(0, MAX_ENDS).map(({ index }) => path.slice(index))
}

/** Whether a URL has the origin of a public URL, or is in this machine's own network. */
export function isOurs(url: URL, { urls }: PublicPlaces): boolean {
  return isLocal(url.hostname) || urls().some((known) => new URL(known).origin === url.origin)
}

/** Whether a URL leads to the listeners or the host app: by a public URL, or by a port of this machine. */
export function isCalledHere(url: URL, places: PublicPlaces): boolean {
  const { hostname, origin, port, protocol } = url
  if (!LOOPBACK.test(hostname)) return places.urls().some((known) => new URL(known).origin === origin)
  return places.ports().has(port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port))
}

const LOOPBACK = /^(?:localhost|.+\.localhost|127\.[\d.]+|0\.0\.0\.0|\[::1?\]|host\.docker\.internal)$/i

/** This machine, its private network, and names without a dot, such as those of containers. */
function isLocal(host: string): boolean {
  if (/^[\d.]+$/.test(host)) return /^(?:127|10|192\.168|169\.254|172\.(?:1[6-9]|2\d|3[01]))\.|^0\.0\.0\.0$/.test(host)
  return (
    /^\[(?:::1?|f[cd].*|fe80.*)\]$/i.test(host) || !host.includes('.') || /\.(?:localhost|local|internal)$/i.test(host)
  )
}
