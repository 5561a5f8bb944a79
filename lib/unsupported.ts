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

/** What a config says and this version does not do by itself: tunnels for which the app brings no driver. */
export function listIdle({ gateways }: Config, drivers: object): readonly Problem[] {
  const idle = gateways.filter(({ publicUrl, driver }) => publicUrl === undefined && !Object.hasOwn(drivers, driver))
  return idle.map((gateway) => ({
    code: 'ERR_CONFIG_UNSUPPORTED',
    at: gateway.at,
    location: gateway.location,
    message: describeIdle(gateway, Object.keys(drivers)),
  }))
}

function describeIdle({ driver, port }: GatewaySpec, own: readonly string[]): string {
  const advice =
    `start the tunnel to port ${port} yourself and write driver: static, public_url: "https://…", ` +
    'or bring a driver in options.tunnels'
  const known: readonly string[] = TUNNEL_DRIVERS
  if (known.includes(driver) || driver === 'ssh')
    return `This version opens no ${driver} tunnels by itself yet; ${advice}`
  const nearest = findNearest(driver, [...own, ...known])
  const question = nearest === undefined ? '' : ` Did you mean "${nearest}"?`
  return `There is no driver ${JSON.stringify(driver)}.${question} Otherwise ${advice}`
}
