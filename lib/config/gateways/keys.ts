import type { Fields } from '../field/fields'
import type { GatewaySpec } from '../sections/gateway'
import { TEXT } from '../field/values'
import { TUNNEL_DRIVERS } from '../field/words'

/** Which driver reads a key; what is not here, all do. */
const OWNERS: Readonly<Record<string, string>> = {
  authtoken: 'ngrok',
  domain: 'ngrok',
  token: 'cloudflare',
  tunnel: 'cloudflare',
  credentials_file: 'cloudflare',
  hostname: 'cloudflare',
  install: 'cloudflare',
  command: 'command',
  url_pattern: 'command',
  ready_pattern: 'command',
  connection: 'ssh',
}

const DRIVERS: ReadonlySet<string> = new Set([...TUNNEL_DRIVERS, 'ssh'])

/** Whether a driver comes with the package. What an app adds may read any key as it likes. */
export function isOwnDriver(driver: string): boolean {
  return DRIVERS.has(driver)
}

type Choice = Pick<GatewaySpec, 'driver' | 'runtime'>

/** Warns of keys that the driver of a gateway does not read. */
export function warnOfForeignKeys(fields: Fields, { driver, runtime }: Choice): void {
  if (!isOwnDriver(driver)) return
  for (const [key, owner] of Object.entries(OWNERS)) {
    if (owner !== driver && fields.has(key))
      fields.warn(key, `"${key}" has no effect: it is of ${describe(owner)}, and this is ${describe(driver)}`)
  }
  const named = fields.read('driver', TEXT)
  if (driver === 'ssh' && named !== undefined && named !== 'ssh')
    fields.warn('driver', `"driver" has no effect: this is ${describe('ssh')}, and ${named} opens http-tunnels`)
  if (fields.has('image') && runtime !== 'docker')
    fields.warn('image', '"image" has no effect without "runtime: docker"')
}

function describe(driver: string): string {
  return driver === 'ssh' ? 'an ssh-tunnel' : `the driver ${driver}`
}
