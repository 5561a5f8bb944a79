import type { Config, EndpointSpec } from './config/normalize'
import { ConfigError, type Problem } from './errors'

/**
 * Refuses what a config may say but this version cannot do. Whatever protects (verification, rate limits) must never
 * be passed over in silence. Throws a `ConfigError` that lists everything.
 */
export function refuseUnsupported(config: Config): void {
  const problems = [
    ...config.listeners.flatMap((listener) => [
      ...problem(listener.kind === 'trigger', `${listener.at}.type`, '"http-trigger" listeners'),
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
    ...problem(endpoint.verify !== undefined, `${endpoint.at}.verify`, 'verification of senders'),
    ...problem(typeof endpoint.challenge === 'string', `${endpoint.at}.challenge`, 'handshakes'),
  ]
}

function problem(found: boolean, at: string, what: string): readonly Problem[] {
  if (!found) return []
  return [{ code: 'ERR_CONFIG_UNSUPPORTED', at, message: `This version does not support ${what} yet; take it out` }]
}
