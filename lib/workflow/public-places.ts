import type { Logger } from '../types'
import type { CallbackUrl, FindCallbackUrls } from './callback-urls'

/** Where the endpoints can be reached, as far as it is known by now. */
export interface PublicPlaces {
  /** Public URLs: those of gateways, and those that are configured. */
  urls(): readonly string[]
  /** The paths under which the host app mounts the callbacks; empty while nobody knows. */
  mountPaths(): readonly string[]
}

/**
 * The paths of an endpoint that a URL may stand for: its own path, and what is left of it below public URLs and mounts.
 * Until a request has shown where the callbacks are mounted it may be anywhere, so each of its ends counts, the longest
 * first: a wait too many can be seen, and one too few would pass an answer off as the result.
 */
export function listPaths(path: string, { urls, mountPaths }: PublicPlaces): readonly string[] {
  const mounts = mountPaths()
  if (mounts.length === 0) return listEnds(path)
  const ofUrls = ['', ...urls().map((url) => new URL(url).pathname.replace(/\/$/, ''))]
  const prefixes = ofUrls.flatMap((prefix) => ['', ...mounts].map((mount) => prefix + mount))
  const below = prefixes.filter((prefix) => path.toLowerCase().startsWith(`${prefix.toLowerCase()}/`))
  return [path, ...below.map((prefix) => path.slice(prefix.length))]
}

function listEnds(path: string): readonly string[] {
  return [...path.matchAll(/\//g)].map(({ index }) => path.slice(index))
}

/**
 * Gives a finder that says once of each origin when it is neither a public URL nor local: the callback is waited for
 * all the same, but the config does not say how it gets here.
 */
export function warnOfForeignOrigins(find: FindCallbackUrls, { urls }: PublicPlaces, logger: Logger): FindCallbackUrls {
  const said = new Set<string>()

  function check({ endpoint, url }: CallbackUrl): void {
    const { origin } = url
    if (said.has(origin) || isLocal(url.hostname) || urls().some((known) => new URL(known).origin === origin)) return
    said.add(origin)
    const advice = `if it leads here, say so with "public_url: ${origin}" on the listener`
    logger.info(
      { endpoint: endpoint.key, origin },
      `Waiting for a callback to ${origin}, which no gateway has; ${advice}`,
    )
  }

  return (request) => {
    const found = find(request)
    for (const one of found) check(one)
    return found
  }
}

/** This machine, its private network, and names without a dot, such as those of containers. */
function isLocal(host: string): boolean {
  if (/^[\d.]+$/.test(host)) return /^(?:127|10|192\.168|169\.254|172\.(?:1[6-9]|2\d|3[01]))\.|^0\.0\.0\.0$/.test(host)
  return (
    /^\[(?:::1?|f[cd].*|fe80.*)\]$/i.test(host) || !host.includes('.') || /\.(?:localhost|local|internal)$/i.test(host)
  )
}
