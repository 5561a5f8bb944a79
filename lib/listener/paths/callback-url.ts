import type { Logger } from '../../base/contracts'
import type { ListenerSpec } from '../../config/normalize'
import { CallbackError } from '../../base/errors'
import { readLiteralPath } from '../../base/route-syntax'
import { toUrlPath } from '../../base/same-path'
import type { Endpoint } from '../endpoint'
import type { MountPath } from './mount-path'
import { type ListenerRequest, targetOf } from '../../body/request'

/** The places that requests and servers of the process have shown. */
export interface Reachable {
  /** Where the host app mounts a listener, by the port in the config. */
  readonly mounts: Map<number, LearnedMount>
  /** The real port of a listener that `listen()` opened, by the port in the config. */
  readonly ports: Map<number, number>
}

/** A mount as requests have shown it. */
export interface LearnedMount {
  /** The path of the first request. */
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

/** What of a callback URL is not known. */
export type Guess = 'port' | 'mount path'

/** Told of each URL in which something is guessed. */
export type OnGuess = (guess: Guess, endpoint: Endpoint, url: string) => void

/** The URL under which a service reaches an endpoint; `mountPath` names the mount where there are several. */
export type UrlOf = (endpoint: Endpoint, mountPath?: string) => string

/**
 * Creates the function that tells the URL of an endpoint: on the listener's `public_url`, else `options.publicUrl`, else the
 * gateway of its port, else this machine, where only local services can call. The mount path is the one that the caller names,
 * else `options.mountPath`, else the one that requests have shown. It throws `ERR_GATEWAY_NOT_READY`, and
 * `ERR_ENDPOINT_AMBIGUOUS` where the mount path differs from request to request: a ticket never has that of another request.
 * Before the first request it takes the root for the mount path, and without `options.port` the port of the listener for that
 * of the app; `onGuess` is told.
 */
export function createUrlOf(
  place: Place,
  reachable: Reachable,
  gatewayUrlOf: (port: number) => string | undefined,
  onGuess: OnGuess = () => undefined,
): UrlOf {
  /** Returns undefined as long as it is not known. */
  function mountOf({ key, listener: { port } }: Endpoint): string | undefined {
    if (reachable.ports.has(port)) return ''
    const { mountPath } = place
    if (mountPath?.hasParams) throw manyMounts(key, `options.mountPath is ${JSON.stringify(mountPath.path)}`)
    if (mountPath) return mountPath.path
    const learned = reachable.mounts.get(port)
    if (learned?.varies) throw manyMounts(key, 'its mount path has parameters, or there are several')
    return learned?.path
  }

  return (endpoint, mountPath = mountOf(endpoint)) => {
    const { listener } = endpoint
    const port = reachable.ports.get(listener.port) ?? place.port ?? listener.port
    const publicUrl = listener.publicUrl ?? place.publicUrl ?? gatewayUrlOf(listener.port)
    const path = readLiteralPath(endpoint.path) ?? endpoint.path
    const url = `${publicUrl ?? `http://localhost:${port}`}${toUrlPath((mountPath ?? '') + path)}`
    if (mountPath === undefined) onGuess('mount path', endpoint, url)
    if (publicUrl === undefined && (reachable.ports.get(listener.port) ?? place.port) === undefined)
      onGuess('port', endpoint, url)
    return url
  }
}

function manyMounts(name: string, reason: string): CallbackError {
  const advice =
    'name the mount with hooks.ticket({ mountPath: "/tenants/7/hooks" }); a component writes the whole URL, with ' +
    '?callback_id=${callback.id} at its end'
  const message = `The URL of ${name} cannot be told: ${reason}; ${advice}`
  return new CallbackError('ERR_ENDPOINT_AMBIGUOUS', { message })
}

const HOW_TO_TELL: Readonly<Record<Guess, string>> = {
  'mount path':
    'no request has shown yet where the app mounts the callbacks. If it is not the root, name it in options.mountPath, such ' +
    'as "/hooks"; "/" says that it is',
  port: 'it is the port of the listener in the config. Name that of the app in options.port, or its URL in options.publicUrl',
}

/**
 * Creates what writes each kind of guess into the log, once, as information: it may well be right. `remember` is told of the
 * guess too, for tickets that wait in vain.
 */
export function createGuessNotice(logger: Logger, remember: (endpoint: string, guess: string) => void): OnGuess {
  const said = new Set<string>()
  return (guess, { key }, url) => {
    if (said.has(`${guess} ${key}`)) return
    const message = `The ${guess} in ${url} is a guess: ${HOW_TO_TELL[guess]}`
    remember(key, message)
    if (!said.has(guess)) logger.info({ guess }, message)
    said.add(guess).add(`${guess} ${key}`)
  }
}

/**
 * Returns the callback URL that carries an id in its query. Throws `ERR_ENDPOINT_AMBIGUOUS` for a bulk callback, and for a path
 * with parameters: a ticket has no values for them.
 */
export function ticketUrl(endpoint: Endpoint, urlOf: (endpoint: Endpoint) => string, id: string): string {
  const reason = endpoint.spec.bulk
    ? 'it is a bulk callback, whose items carry their own ids'
    : readLiteralPath(endpoint.path) === undefined
      ? 'its path has parameters, for which a ticket has no values'
      : undefined
  if (reason === undefined) return `${urlOf(endpoint)}?callback_id=${id}`
  throw new CallbackError('ERR_ENDPOINT_AMBIGUOUS', { message: `There are no tickets for ${endpoint.key}: ${reason}` })
}

/**
 * Creates the function that tells the URL of a call, for schemes that sign the URL: on the listener's `public_url`, else
 * `options.publicUrl`, else the gateway of its port, else the Host of the request. It throws `ERR_GATEWAY_NOT_READY`, and
 * `ERR_REQUEST` for a Host that is no name with or without port: other characters in it could move the border between signed
 * parts.
 */
export function createCalledUrlOf(
  { publicUrl }: Pick<Place, 'publicUrl'>,
  gatewayUrlOf: (port: number) => string | undefined,
): (listener: ListenerSpec, request: ListenerRequest) => string {
  return (listener, request) => {
    const host = readHost(request)
    const told = listener.publicUrl ?? publicUrl ?? gatewayUrlOf(listener.port)
    if (told === undefined && host === undefined) throw noHost('it has none, and no "public_url" is configured')
    return `${told ?? `${protocolOf(request)}://${host}`}${targetOf(request)}`
  }
}

/** Express tells the protocol, also behind a proxy that the app trusts. */
function protocolOf(request: ListenerRequest): 'http' | 'https' {
  const told: unknown = Reflect.get(request, 'protocol')
  return told === 'https' || (told === undefined && 'encrypted' in request.socket) ? 'https' : 'http'
}

/** A name, an IPv4 address or an IPv6 address in brackets, and perhaps a port (RFC 9110, 7.2). */
const HOST = /^(?:[a-z\d._-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i
const ABSOLUTE = /^https?:\/\/([^/?#]*)/i

/** Reads the one Host of a request; that of a whole URL as the target wins (RFC 9112, 3.2.2). */
function readHost(request: ListenerRequest): string | undefined {
  const hosts = listHosts(request)
  if (hosts.length > 1) throw noHost('it has several')
  const [, authority = ''] = ABSOLUTE.exec(request.originalUrl ?? request.url ?? '') ?? []
  const [host = ''] = hosts
  if ([host, authority].some((one) => one !== '' && !HOST.test(one)))
    throw noHost('it is no name with or without a port')
  return authority || host || undefined
}

/**
 * Node keeps the first of several. Some platforms make requests of their own and fill in `headers` alone; HTTP/2 has
 * `:authority` instead.
 */
function listHosts({ headers, rawHeaders }: ListenerRequest): readonly string[] {
  const hosts = rawHeaders.filter((_text, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === 'host')
  return hosts.length > 0 ? hosts : [headers.host ?? String(headers[':authority'] ?? '')]
}

function noHost(reason: string): CallbackError {
  return new CallbackError('ERR_REQUEST', { message: `The Host header of the request cannot be used: ${reason}` })
}
