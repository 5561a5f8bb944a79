import { findNearest } from './config/nearest'
import type { Config } from './config/normalize'
import { TUNNEL_DRIVERS } from './config/words'
import { ConfigError, type Location, type Problem } from './errors'

/**
 * Refuses what a config may say but this version cannot do, which must never be passed over in silence. Throws a
 * `ConfigError` that lists everything.
 */
export function refuseUnsupported(config: Config): void {
  const problems = [
    ...problem(config.store.type !== 'memory', 'store.type', `the store "${config.store.type}"`, config.store.location),
  ]
  if (problems.length > 0) throw new ConfigError(problems)
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
