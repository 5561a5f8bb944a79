import { type Location, reasonOf } from '../../base/errors'
import type { Fields } from '../field/fields'
import {
  checkDriver,
  DRIVER_KEYS,
  findDriver,
  findImplied,
  GATEWAY_VARIANTS,
  HTTP_DRIVERS,
  warnOfForeignKeys,
} from '../gateways/drivers'
import { createNameCheck } from '../gateways/names'
import { type ConnectionSpec, normalizeConnection } from '../gateways/connection'
import { readPortPairs } from '../gateways/port-pairs'
import { readList, SECTIONS } from '../field/plural'
import { readTable } from '../field/read-table'
import { choice, field, type InputOf, listOf, required, type Shape, type SpecOf, table } from '../field/shape'
import { CALLED_URL, DURATION, FLAG, PORT, PUBLIC_URL, RAW_TEXT, TEXT, type Value, word } from '../field/values'

const PORT_OR_PAIR: Value<number | string> = {
  ...PORT,
  expected: 'a port, or for ssh text such as "9834:8090" or "9834:host:3000"',
  json: { anyOf: [{ type: 'number' }, { type: 'string' }] },
  exactly: () => undefined,
  read: (value) => (typeof value === 'number' || typeof value === 'string' ? value : undefined),
}

/** A driver of the package or of the app. */
const DRIVER: Value<string, string> = {
  ...TEXT,
  json: { anyOf: [{ enum: HTTP_DRIVERS, type: 'string' }, { type: 'string' }] },
  words: HTTP_DRIVERS,
}

const KEYS = {
  id: field('id', TEXT, 'Name of the gateway, for people'),
  type: field('type', word(['http-tunnel', 'ssh-tunnel']), 'Kind of tunnel (default http-tunnel)'),
  driver: field('driver', DRIVER, `What opens the tunnel: ${HTTP_DRIVERS.join(', ')}, or one of your own`),
  runtime: field('runtime', word(['native', 'docker']), 'Where the tunnel program runs', 'native'),
  image: field('image', TEXT, 'Container image, with runtime docker'),
  port: required(
    'port',
    choice([PORT_OR_PAIR, listOf(PORT_OR_PAIR)], 'a port or a list of ports'),
    'Local port to expose, or several; for ssh also "remote:local" and "remote:host:local"',
  ),
  host: field('host', TEXT, 'Local host that the port is on', '127.0.0.1'),
  publicUrl: field('public_url', CALLED_URL, 'Fixed public address'),
  bin: field('bin', TEXT, 'Path of the tunnel program'),
  ...DRIVER_KEYS,
  settleMs: field('settle', DURATION, 'How long to let a new URL settle before it is published'),
  trustForwarded: field(
    'trust_forwarded',
    FLAG,
    'Whether the sender is whom the header of the tunnel names: CF-Connecting-IP, else X-Forwarded-For',
    false,
  ),
}

/** What a user writes for one gateway. */
export interface GatewayConfig extends InputOf<typeof KEYS> {}

/** One gateway. */
export const GATEWAY: Shape<GatewayConfig> = table(KEYS, {}, GATEWAY_VARIANTS)

/** One tunnel to make: a gateway with several ports becomes several of these. */
export interface GatewaySpec extends SpecOf<typeof KEYS> {
  readonly at: string
  readonly location: Location | undefined
  readonly type: 'http-tunnel' | 'ssh-tunnel'
  /** One of the package's drivers, or one that the app adds; `ssh` for an ssh-tunnel. */
  readonly driver: string
  /** The local port, by which templates name the gateway. */
  readonly port: number
  /** ssh: the port on the server; 0 lets the server choose. */
  readonly remotePort: number | undefined
  /** Finds the URL in a line of the program's output. */
  readonly urlPattern: RegExp | undefined
  /** Finds the line that says ready. */
  readonly readyPattern: RegExp | undefined
  readonly connection: ConnectionSpec | undefined
}

const THIS_MACHINE = /^(?:localhost|127\..*|\[?::1\]?|0\.0\.0\.0)$/i

/** Reads all gateways, one for each port, and warns of those that lead to no listener of the config. */
export function normalizeGateways(root: Fields, listenerPorts: ReadonlySet<number>): readonly GatewaySpec[] {
  const gateways: GatewaySpec[] = []
  const refuseSharedNames = createNameCheck()
  for (const fields of readList(root, SECTIONS.gateways)) {
    const specs = normalizeGateway(fields)
    refuseSharedNames(fields, specs)
    for (const spec of specs) {
      const other = gateways.find(({ port }) => port === spec.port)
      if (other !== undefined) {
        fields.error('port', `port ${spec.port} has a gateway already (${other.at}); a port has one`)
        continue
      }
      if (isTunnel(spec)) warnIfUnused(fields, spec, listenerPorts)
      gateways.push(spec)
    }
  }
  return gateways
}

function normalizeGateway(fields: Fields): readonly GatewaySpec[] {
  const looksSsh = fields.has('connection') || fields.read('driver', TEXT) === 'ssh'
  const spec = readTable(KEYS, fields)
  const type = spec.type ?? (looksSsh ? 'ssh-tunnel' : 'http-tunnel')
  const isSsh = type === 'ssh-tunnel'
  const shared = {
    ...spec,
    at: fields.at,
    location: fields.location,
    type,
    driver: isSsh ? 'ssh' : readDriver(fields),
    urlPattern: readPattern(fields, KEYS.urlPattern.key),
    readyPattern: readPattern(fields, KEYS.readyPattern.key),
    connection: normalizeConnection(fields),
  } as const
  refuseUser(fields, shared)
  checkDriver(fields, shared)
  warnOfForeignKeys(fields, shared)
  warnOfForeignDriver(fields, isSsh)
  return readPortPairs(fields, isSsh).map((pair) => ({ ...shared, ...pair, host: pair.host ?? spec.host }))
}

/** Programs that open tunnels print their URL. */
function refuseUser(fields: Fields, spec: Pick<GatewaySpec, 'driver' | 'publicUrl'>): void {
  if (!isTunnel(spec) || spec.publicUrl === undefined || PUBLIC_URL.read(spec.publicUrl) !== undefined) return
  fields.error('public_url', 'a tunnel has no user and password; write them in "public_url" of the listener')
}

/** Without any listener, the gateway is for the host app; a listener on port 0 has any port. */
function warnIfUnused(fields: Fields, { port, host }: GatewaySpec, listenerPorts: ReadonlySet<number>): void {
  if (listenerPorts.size === 0 || listenerPorts.has(port) || listenerPorts.has(0) || !THIS_MACHINE.test(host)) return
  const there = `there ${listenerPorts.size === 1 ? 'is' : 'are'} ${[...listenerPorts].join(', ')}`
  fields.warn('port', `no listener has the port ${port}, to which this gateway leads; ${there}`, 'ERR_GATEWAY_PORT')
}

/** A driver that is not named is known by what it alone needs. */
function readDriver(fields: Fields): string {
  const driver = fields.read('driver', TEXT) ?? findImplied(fields)
  if (driver === undefined)
    fields.error('driver', `missing; expected ${HTTP_DRIVERS.slice(0, -1).join(', ')} or ${HTTP_DRIVERS.at(-1)}`)
  return driver ?? ''
}

function warnOfForeignDriver(fields: Fields, isSsh: boolean): void {
  const named = fields.read('driver', TEXT)
  if (isSsh && named !== undefined && named !== 'ssh')
    fields.warn('driver', `"driver" has no effect: this is an ssh-tunnel, and ${named} opens http-tunnels`)
}

/** Whether a gateway has a tunnel, rather than being reached already. */
export function isTunnel({ driver }: Pick<GatewaySpec, 'driver'>): boolean {
  return findDriver(driver)?.isOpenAlready !== true
}

function readPattern(fields: Fields, key: string): RegExp | undefined {
  const pattern = fields.read(key, RAW_TEXT)
  if (pattern === undefined) return undefined
  try {
    return new RegExp(pattern)
  } catch (error) {
    fields.error(key, `not a regular expression: ${reasonOf(error)}`)
    return undefined
  }
}
