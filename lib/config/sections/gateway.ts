import { type Location, reasonOf } from '../../base/errors'
import type { Fields } from '../field/fields'
import { findDriver, findImplied, HTTP_DRIVERS, warnOfForeignKeys } from '../gateways/drivers'
import { createNameCheck } from '../gateways/names'
import { type ConnectionSpec, normalizeConnection } from './connection'
import { readPortPairs } from '../gateways/port-pairs'
import { readList, SECTIONS } from '../schema/sections'
import { DURATION, FLAG, CALLED_URL, PUBLIC_URL, RAW_TEXT, TEXT, word } from '../field/values'

/** One tunnel to make: a gateway with several ports becomes several of these. */
export interface GatewaySpec {
  readonly at: string
  readonly location: Location | undefined
  readonly type: 'http-tunnel' | 'ssh-tunnel'
  /** One of the package's drivers, or one that the app adds; `ssh` for an ssh-tunnel. */
  readonly driver: string
  readonly runtime: 'native' | 'docker'
  readonly image: string | undefined
  /** The local port, by which templates name the gateway. */
  readonly port: number
  /** Where the local port is. */
  readonly host: string
  /** ssh: the port on the server; 0 lets the server choose. */
  readonly remotePort: number | undefined
  readonly publicUrl: string | undefined
  readonly bin: string | undefined
  readonly install: boolean
  readonly authtoken: string | undefined
  readonly domain: string | undefined
  readonly token: string | undefined
  readonly tunnel: string | undefined
  readonly credentialsFile: string | undefined
  readonly hostname: string | undefined
  /** How long a new URL settles before it is published; undefined is the driver's own. */
  readonly settleMs: number | undefined
  /** The program and its arguments, in which `{port}` stands for the port. */
  readonly command: readonly string[] | undefined
  /** Finds the URL in a line of the program's output. */
  readonly urlPattern: RegExp | undefined
  /** Finds the line that says ready. */
  readonly readyPattern: RegExp | undefined
  /** Whether the sender's address that the tunnel tells in a header is believed. */
  readonly trustForwarded: boolean
  readonly connection: ConnectionSpec | undefined
}

const TYPE = word(['http-tunnel', 'ssh-tunnel'])
const RUNTIME = word(['native', 'docker'])
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
  const type = fields.read('type', TYPE) ?? (looksSsh ? 'ssh-tunnel' : 'http-tunnel')
  const isSsh = type === 'ssh-tunnel'
  const connection = normalizeConnection(fields)
  const shared = {
    at: fields.at,
    location: fields.location,
    type,
    driver: isSsh ? 'ssh' : readDriver(fields),
    runtime: fields.read('runtime', RUNTIME) ?? 'native',
    image: fields.read('image', TEXT),
    publicUrl: fields.read('public_url', CALLED_URL),
    bin: fields.read('bin', TEXT),
    install: fields.read('install', FLAG) ?? false,
    authtoken: fields.read('authtoken', TEXT),
    domain: fields.read('domain', TEXT),
    token: fields.read('token', TEXT),
    tunnel: fields.read('tunnel', TEXT),
    credentialsFile: fields.read('credentials_file', TEXT),
    hostname: fields.read('hostname', TEXT),
    settleMs: fields.read('settle', DURATION),
    command: fields.readList('command', RAW_TEXT),
    urlPattern: readPattern(fields, 'url_pattern'),
    readyPattern: readPattern(fields, 'ready_pattern'),
    trustForwarded: fields.read('trust_forwarded', FLAG) ?? false,
    connection,
  } as const
  refuseUser(fields, shared)
  findDriver(shared.driver)?.check?.(fields, shared)
  warnOfForeignKeys(fields, shared)
  warnOfForeignDriver(fields, isSsh)
  const host = fields.read('host', TEXT) ?? '127.0.0.1'
  return readPortPairs(fields, isSsh).map((pair) => ({ ...shared, ...pair, host: pair.host ?? host }))
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
