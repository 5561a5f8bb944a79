import { findNearest } from './config/nearest'
import type { Config, EndpointSpec, GatewaySpec, ListenerSpec } from './config/normalize'
import { TUNNEL_DRIVERS } from './config/words'
import { ConfigError, type Location, type Problem } from './errors'

/** The handshakes of senders. */
const CHALLENGES: readonly string[] = ['slack', 'discord', 'zoom', 'meta', 'msgraph', 'x']

/**
 * Refuses what a config may say but this version cannot do. Whatever protects (verification, rate limits) must never
 * be passed over in silence. Throws a `ConfigError` that lists everything.
 */
export function refuseUnsupported(config: Config): void {
  const problems = [
    ...config.listeners.flatMap(checkListener),
    ...config.gateways.flatMap(checkGateway),
    ...problem(config.store.type !== 'memory', 'store.type', `the store "${config.store.type}"`, config.store.location),
  ]
  if (problems.length > 0) throw new ConfigError(problems)
}

function checkListener({ at, rateLimit, trustForwarded, locations, endpoints }: ListenerSpec): readonly Problem[] {
  return [
    ...problem(rateLimit !== undefined, `${at}.rate_limit`, 'rate limits', locations.rateLimit),
    ...problem(trustForwarded, `${at}.trust_forwarded`, 'forwarded addresses', locations.trustForwarded),
    ...endpoints.flatMap(checkEndpoint),
  ]
}

function checkGateway({ at, trustForwarded, location }: GatewaySpec): readonly Problem[] {
  return problem(trustForwarded, `${at}.trust_forwarded`, 'forwarded addresses', location)
}

function checkEndpoint(endpoint: EndpointSpec): readonly Problem[] {
  const { at, verify } = endpoint
  return [
    ...problem(verify !== undefined, `${at}.verify`, 'verification of senders', verify?.location),
    ...checkChallenge(endpoint),
  ]
}

function checkChallenge({ challenge, at: endpoint, challengeLocation: location }: EndpointSpec): readonly Problem[] {
  if (typeof challenge !== 'string' || challenge === 'slack') return []
  const at = `${endpoint}.challenge`
  const what = `the handshake ${JSON.stringify(challenge)}`
  if (CHALLENGES.includes(challenge)) return problem(true, at, what, location)
  const message = `There is no handshake ${JSON.stringify(challenge)}; there are ${CHALLENGES.join(', ')}, or false for none`
  return [{ code: 'ERR_CONFIG_VALUE', at, message, location }]
}

function problem(found: boolean, at: string, what: string, location: Location | undefined): readonly Problem[] {
  if (!found) return []
  const message = `This version does not support ${what} yet; take it out`
  return [{ code: 'ERR_CONFIG_UNSUPPORTED', at, message, location }]
}

/** The gateways for which there is no driver, neither one of the package nor one that the app brings. */
export function listDriverless({ gateways }: Config, own: object): readonly Problem[] {
  const known: readonly string[] = [...new Set([...Object.keys(own), ...TUNNEL_DRIVERS, 'ssh'])]
  const driverless = gateways.filter(({ driver }) => !known.includes(driver))
  return driverless.map(({ at, location, driver }) => {
    const nearest = findNearest(driver, known)
    const advice = nearest === undefined ? `there are ${known.join(', ')}.` : `did you mean "${nearest}"?`
    const message = `There is no driver ${JSON.stringify(driver)}: ${advice} Bring your own in options.tunnels`
    return { code: 'ERR_GATEWAY_OPTIONS', at: `${at}.driver`, location, message }
  })
}
