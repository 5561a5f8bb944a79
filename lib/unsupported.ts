import type { Config, EndpointSpec } from './config/normalize'
import { ConfigError, type Location, type Problem } from './errors'

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
    ...problem(endpoint.verify !== undefined, `${endpoint.at}.verify`, 'verification of senders', endpoint.location),
    ...problem(typeof endpoint.challenge === 'string', `${endpoint.at}.challenge`, 'handshakes', endpoint.location),
  ]
}

function problem(found: boolean, at: string, what: string, location?: Location): readonly Problem[] {
  if (!found) return []
  const message = `This version does not support ${what} yet; take it out`
  return [{ code: 'ERR_CONFIG_UNSUPPORTED', at, message, location }]
}

/** What a config may say and this version checks but does not run. */
export function listIdle(config: Config): readonly Problem[] {
  const tunnel = config.gateways.find(({ publicUrl }) => publicUrl === undefined)
  const starter = config.listeners.flatMap(({ endpoints }) => endpoints).find(({ workflow }) => workflow)
  return [
    ...idle(tunnel?.at, 'tunnels are not opened'),
    ...idle([...config.workflows.values()][0]?.at, 'workflows are not run'),
    ...idle(starter && `${starter.at}.workflow`, 'no workflow is started'),
    ...idle(config.controller && 'controller', 'the controller is not served'),
  ]
}

function idle(at: string | undefined, what: string): readonly Problem[] {
  return at === undefined
    ? []
    : [{ code: 'ERR_CONFIG_UNSUPPORTED', at, message: `Checked, but ${what} by this version` }]
}
