import type { Config } from '../config/normalize'
import type { Problem } from '../base/errors'
import { coverageOf, warnOfVerify } from '../verify/verify'
import type { Endpoint } from '../listener/endpoint'
import { listUncoveredReads } from '../verify/proof-reads'

/** How many endpoints the warning names. */
const NAMED = 3

/**
 * Warns once of the endpoints that take callbacks from anyone and have a public URL: of the listener, of the app
 * (`publicUrl`), or of a gateway.
 */
export function listOpenEndpoints(
  { gateways }: Config,
  endpoints: readonly Endpoint[],
  publicUrl: string | undefined,
): readonly Problem[] {
  const ports = new Set(gateways.filter((gateway) => !isLocal(gateway.publicUrl)).map(({ port }) => port))
  const isPublic = ({ listener }: Endpoint): boolean => {
    const own = listener.publicUrl ?? publicUrl
    return own === undefined ? ports.has(listener.port) : !isLocal(own)
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

/** Warns of what an endpoint reads for a result, and of what the proof of its sender does not cover. */
export function listUnsignedReads(_config: Config, endpoints: readonly Endpoint[]): readonly Problem[] {
  return endpoints.flatMap(({ spec }) => listUncoveredReads(spec))
}

/**
 * Warns of the endpoints that verify a URL whose origin nobody has told: it is then what the request says it is, so
 * that a callback that was signed for another server is believed here, too.
 */
export function listUntoldUrls(
  { gateways }: Config,
  endpoints: readonly Endpoint[],
  publicUrl: string | undefined,
): readonly Problem[] {
  if (publicUrl !== undefined) return []
  const ports = new Set(gateways.map(({ port }) => port))
  return endpoints.flatMap(({ key, listener, spec: { verify } }) => {
    const isTold = listener.publicUrl !== undefined || ports.has(listener.port)
    if (verify === undefined || isTold || !coverageOf(verify).url) return []
    const message =
      `${key} verifies the URL that its sender signs, but knows it only from the header Host, which anybody can ` +
      'write: a callback that was signed for another server would be believed; give the listener its "public_url"'
    return [{ code: 'ERR_UNVERIFIED', at: verify.at, location: verify.location, message }]
  })
}

/** Warns of a `verify` that lets more senders in than its author may think. */
export function listAnyTopics(_config: Config, endpoints: readonly Endpoint[]): readonly Problem[] {
  return endpoints.flatMap(({ key, spec: { verify } }) => {
    const warning = verify && warnOfVerify(verify)
    if (verify === undefined || warning === undefined) return []
    return [{ code: 'ERR_UNVERIFIED', at: verify.at, location: verify.location, message: `${key} ${warning}` }]
  })
}

/** Only this machine reaches it; a tunnel whose URL is not known yet is for everyone. */
function isLocal(url: string | undefined): boolean {
  return url !== undefined && /^(?:localhost|127\..*|\[::1\])$/.test(new URL(url).hostname)
}
