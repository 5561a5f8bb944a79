import { findNearest } from '../base/nearest'
import type { Config } from '../config/normalize'
import { TUNNEL_DRIVERS } from '../config/field/words'
import type { Problem } from '../base/errors'

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
