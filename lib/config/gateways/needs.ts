import type { Fields } from '../field/fields'
import type { GatewaySpec } from '../sections/gateway'
import { RAW_TEXT } from '../field/values'

type Choice = Pick<GatewaySpec, 'driver' | 'runtime'>

/** Refuses a gateway that its driver could not open: keys that are missing, or that contradict each other. */
export function checkGatewayNeeds(fields: Fields, { driver, runtime }: Choice): void {
  if (Object.hasOwn(CHECKS, driver)) CHECKS[driver]?.(fields, runtime)
}

const CHECKS: Readonly<Record<string, (fields: Fields, runtime: Choice['runtime']) => void>> = {
  cloudflare: checkCloudflare,
  command: checkCommand,
  ssh: checkSsh,
  static: checkStatic,
}

function checkStatic(fields: Fields): void {
  if (!fields.has('public_url'))
    fields.error('public_url', 'missing; static needs public_url: the URL under which the port is reached already')
}

function checkCommand(fields: Fields, runtime: Choice['runtime']): void {
  if (!fields.has('command'))
    fields.error('command', 'missing; the driver "command" needs it: the program and its arguments, as a list')
  else if (fields.readList('command', RAW_TEXT)?.length === 0)
    fields.error('command', 'expected the program and its arguments, found an empty list')
  if (runtime === 'docker' && !fields.has('image'))
    fields.error('image', 'missing; with "runtime: docker", "command" is what runs inside the image that it names')
}

function checkSsh(fields: Fields, runtime: Choice['runtime']): void {
  if (!fields.has('connection')) fields.error('connection', 'missing; an ssh-tunnel needs the server to connect to')
  if (runtime === 'docker')
    fields.error('runtime', 'an ssh-tunnel runs inside this process, never in docker; take "runtime" away')
}

function checkCloudflare(fields: Fields): void {
  const named = TUNNEL_KEYS.filter((key) => fields.has(key))
  if (fields.has('token')) {
    const [other] = named
    if (other !== undefined)
      fields.error(other, '"token" names a tunnel already; write "token", or "tunnel" with "credentials_file"')
  } else if (named.length === 1) {
    const missing = fields.has('tunnel') ? 'credentials_file' : 'tunnel'
    const both = '"tunnel" says which tunnel to run, "credentials_file" names the JSON file that was written for it'
    fields.error(missing, `missing; ${both} by "cloudflared tunnel create"`)
  }
  checkPublicName(fields, fields.has('token') ? 'token' : named[0])
}

/** Only a named tunnel has a name of its own, and always needs it. */
function checkPublicName(fields: Fields, named: string | undefined): void {
  const key = ['public_url', 'hostname'].find((name) => fields.has(name))
  if (named === undefined && key !== undefined) {
    const advice = `add its "token", or its "tunnel" and "credentials_file"; without "${key}" the URL is made up`
    fields.error(key, `"${key}" is of a named tunnel: ${advice} by Cloudflare`)
  }
  if (named !== undefined && key === undefined)
    fields.error('hostname', `missing; a tunnel with "${named}" needs its public name, which cloudflared never prints`)
}

const TUNNEL_KEYS = ['tunnel', 'credentials_file'] as const
