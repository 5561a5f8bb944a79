import type { Fields } from '../field/fields'
import { TEXT } from '../field/values'
import { findDriver } from './drivers'

/** A gateway whose tunnel may have a fixed name. */
interface Named {
  readonly at: string
  readonly port: number
  readonly driver: string
  readonly publicUrl: string | undefined
}

/** Refuses a fixed name of the gateways of one mapping that leads to several ports. */
export type RefuseSharedNames = (fields: Fields, specs: readonly Named[]) => void

/**
 * Creates what refuses a fixed name that leads to several ports: callbacks for one would reach another. It is called for
 * each mapping in turn. What a static gateway or a driver of the app makes of a name is not known here.
 */
export function createNameCheck(): RefuseSharedNames {
  const owners = new Map<string, string>()
  return (fields, specs) => {
    const [spec] = specs
    const names = spec === undefined ? [] : listNames(fields, spec)
    for (const [key, name] of names) {
      const other = owners.get(name)
      const advice = `Write one gateway per port, each with a "${key}" of its own`
      if (specs.length > 1)
        fields.error(
          key,
          `one name cannot lead to ${specs.length} ports: callbacks for one would reach another. ${advice}`,
        )
      else if (other !== undefined)
        fields.error(key, `${other} has the same: callbacks for one port would reach the other. ${advice}`)
    }
    for (const [, name] of names) if (!owners.has(name)) owners.set(name, spec?.at ?? '')
  }
}

/** Lists the fixed names of a tunnel with the keys that give them. */
function listNames(fields: Fields, { driver, publicUrl }: Named): readonly (readonly [key: string, name: string])[] {
  const entry = findDriver(driver)
  if (entry === undefined || entry.isOpenAlready) return []
  const named = Object.entries(entry.names ?? {}).flatMap(([key, kind]) => {
    const value = fields.read(key, TEXT)
    return value === undefined ? [] : [[key, kind === 'host' ? urlOf(value) : `${key} ${value}`] as const]
  })
  return publicUrl === undefined ? named : [...named, ['public_url', publicUrl]]
}

function urlOf(host: string): string {
  return `https://${host
    .toLowerCase()
    .replace(/^https:\/\//, '')
    .replace(/\/$/, '')}`
}
