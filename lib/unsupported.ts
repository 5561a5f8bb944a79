import type { Config, EndpointSpec } from './config/normalize'
import { ConfigError, type Location, type Problem } from './errors'

/** The handshakes of senders. */
const CHALLENGES: readonly string[] = ['slack', 'discord', 'zoom', 'meta', 'msgraph', 'x']

/**
 * Refuses what a config may say but this version cannot do. Whatever protects (verification, rate limits) must never
 * be passed over in silence. Throws a `ConfigError` that lists everything.
 */
export function refuseUnsupported(config: Config): void {
  const problems = [
    ...config.listeners.flatMap((listener) => [
      ...problem(listener.rateLimit !== undefined, `${listener.at}.rate_limit`, 'rate limits'),
      ...problem(listener.trustForwarded, `${listener.at}.trust_forwarded`, 'forwarded addresses'),
      ...listener.endpoints.flatMap(checkEndpoint),
    ]),
    ...problem(config.store.type !== 'memory', 'store.type', `the store "${config.store.type}"`),
  ]
  if (problems.length > 0) throw new ConfigError(problems)
}

function checkEndpoint(endpoint: EndpointSpec): readonly Problem[] {
  return [
    ...problem(endpoint.verify !== undefined, `${endpoint.at}.verify`, 'verification of senders', endpoint.location),
    ...checkChallenge(endpoint),
  ]
}

function checkChallenge({ challenge, at: endpoint, location }: EndpointSpec): readonly Problem[] {
  if (typeof challenge !== 'string' || challenge === 'slack') return []
  const at = `${endpoint}.challenge`
  const what = `the handshake ${JSON.stringify(challenge)}`
  if (CHALLENGES.includes(challenge)) return problem(true, at, what, location)
  const message = `There is no handshake ${JSON.stringify(challenge)}; there are ${CHALLENGES.join(', ')}, or false for none`
  return [{ code: 'ERR_CONFIG_VALUE', at, message, location }]
}

function problem(found: boolean, at: string, what: string, location?: Location): readonly Problem[] {
  if (!found) return []
  const message = `This version does not support ${what} yet; take it out`
  return [{ code: 'ERR_CONFIG_UNSUPPORTED', at, message, location }]
}

/** What a config says and this version does not do by itself: tunnels for which the app brings no driver. */
export function listIdle({ gateways }: Config, drivers: object): readonly Problem[] {
  const idle = gateways.filter(({ publicUrl, driver }) => publicUrl === undefined && !Object.hasOwn(drivers, driver))
  return idle.map(({ at, location, driver, port }) => {
    const message = `This version opens no ${driver} tunnels by itself yet; give port ${port} a public_url, or a driver in options.tunnels`
    return { code: 'ERR_CONFIG_UNSUPPORTED', at, location, message }
  })
}
