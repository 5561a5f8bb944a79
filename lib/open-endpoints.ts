import type { Config } from './config/normalize'
import type { Problem } from './errors'
import type { Endpoint } from './listener/endpoint'

/** How many endpoints the warning names. */
const NAMED = 3

/**
 * Warns once of the endpoints that take callbacks from anyone and have a public URL: of the listener, of the app
 * (`publicUrl`), or of a gateway.
 */
export function listOpenEndpoints(
  { listeners, gateways }: Config,
  endpoints: readonly Endpoint[],
  publicUrl: string | undefined,
): readonly Problem[] {
  const ports = new Set(gateways.filter((gateway) => !isLocal(gateway.publicUrl)).map(({ port }) => port))
  const isPublic = ({ port, spec }: Endpoint): boolean => {
    const own = listeners.find((one) => one.endpoints.includes(spec))?.publicUrl ?? publicUrl
    return own === undefined ? ports.has(port) : !isLocal(own)
  }
  const open = endpoints.filter((endpoint) => endpoint.spec.verify === undefined && isPublic(endpoint))
  const [first] = open
  if (first === undefined) return []
  const names = open.slice(0, NAMED).map(({ key }) => key)
  const more = open.length > NAMED ? ` and ${open.length - NAMED} more` : ''
  const message =
    `whoever knows the public URL can send callbacks to ${names.join(', ')}${more}, in anyone's name; ` +
    'add "verify", or take tickets alone (their ids cannot be guessed)'
  return [{ code: 'ERR_UNVERIFIED', at: first.spec.at, location: first.spec.location, message }]
}

/** Only this machine reaches it; a tunnel whose URL is not known yet is for everyone. */
function isLocal(url: string | undefined): boolean {
  return url !== undefined && /^(?:localhost|127\..*|\[::1\])$/.test(new URL(url).hostname)
}
