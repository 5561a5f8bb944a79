import type { Fields } from '../field/fields'
import { isOwnDriver } from './keys'
import type { GatewaySpec } from '../sections/gateway'

/** The keys that give a tunnel a fixed name, as they are written, and what they name. */
const NAMES = {
  token: ({ token }: GatewaySpec) => token && `token ${token}`,
  tunnel: ({ tunnel }: GatewaySpec) => tunnel && `tunnel ${tunnel}`,
  hostname: ({ hostname }: GatewaySpec) => hostname && urlOf(hostname),
  domain: ({ domain }: GatewaySpec) => domain && urlOf(domain),
  public_url: ({ publicUrl }: GatewaySpec) => publicUrl,
} as const

/**
 * Refuses a fixed name that leads to several ports: callbacks for one would reach another. Takes the gateways of one
 * mapping, and those before it. What a static gateway or a driver of the app makes of a name is not known here.
 */
export function refuseSharedNames(fields: Fields, specs: readonly GatewaySpec[], before: readonly GatewaySpec[]): void {
  const [spec] = specs
  if (spec === undefined || !hasOneName(spec)) return
  const others = before.filter(hasOneName)
  for (const [key, nameOf] of Object.entries(NAMES)) {
    const name = nameOf(spec)
    if (name === undefined || !fields.has(key)) continue
    const other = others.find((one) => Object.values(NAMES).some((nameOfOther) => nameOfOther(one) === name))
    const advice = `Write one gateway per port, each with a "${key}" of its own`
    if (specs.length > 1)
      fields.error(
        key,
        `one name cannot lead to ${specs.length} ports: callbacks for one would reach another. ${advice}`,
      )
    else if (other !== undefined)
      fields.error(key, `${other.at} has the same: callbacks for one port would reach the other. ${advice}`)
  }
}

function hasOneName({ driver }: GatewaySpec): boolean {
  return driver !== 'static' && isOwnDriver(driver)
}

function urlOf(host: string): string {
  return `https://${host
    .toLowerCase()
    .replace(/^https:\/\//, '')
    .replace(/\/$/, '')}`
}
