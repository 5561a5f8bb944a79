import type { Fields } from '../field/fields'
import type { ListenerSpec } from './listener'
import { readLiteralPath } from '../../base/route-syntax'
import { readBasePath } from '../checks/route-path'
import { readTable } from '../field/read-table'
import { byHand, field, type InputOf, required, type Shape, type SpecOf, table } from '../field/shape'
import { ANY_TEXT, LISTENER_PORT, SECRET, TEXT, word } from '../field/values'
import { CONTROLLER_KEYS, CONTROLLER_REFUSALS } from '../foreign-keys'

const SSL = {
  cert: required('cert', TEXT, 'Certificate file'),
  key: required('key', TEXT, 'Private key file'),
}

const AUTH = {
  type: field('type', word(['bearer']), 'Kind of authentication', 'bearer'),
  token: required('token', SECRET, 'Token that a request must carry'),
}

const KEYS = {
  type: field('type', word(['http-server']), 'Kind of controller', 'http-server'),
  host: field('host', TEXT, 'Address to listen on', '127.0.0.1'),
  port: field('port', LISTENER_PORT, 'Port to listen on, 0 for any that is free', 8080),
  basePath: byHand('base_path', ANY_TEXT, 'Path before every route'),
  ssl: field('ssl', table(SSL), 'Serves HTTPS'),
  auth: field('auth', table(AUTH), 'Who may call the controller'),
  ...CONTROLLER_KEYS,
}

/** What a user writes for the controller. */
export interface ControllerConfig extends InputOf<typeof KEYS> {}

/** The controller: the HTTP API over tasks. */
export const CONTROLLER: Shape<ControllerConfig> = table(KEYS, CONTROLLER_REFUSALS)

/** The HTTP API over tasks, as `listen()` serves it. */
export interface ControllerSpec extends SpecOf<typeof KEYS> {
  readonly at: string
  /** Empty, or with a leading and without a trailing slash. */
  readonly basePath: string
}

const ANY_ADDRESS: ReadonlySet<string> = new Set(['0.0.0.0', '::', '[::]'])
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|::1|\[::1\])$/i

/** Whether a host can be reached from this machine alone. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host)
}

/** Whether a server that listens on a host listens on every address of this machine. */
export function isAnyAddress(host: string): boolean {
  return ANY_ADDRESS.has(host)
}

/** Reads the controller, which needs a port beside those of the listeners; undefined when the config has none. */
export function normalizeController(root: Fields, listeners: readonly ListenerSpec[]): ControllerSpec | undefined {
  const fields = root.mapping('controller')
  if (fields === undefined) return undefined
  const spec = { ...readTable(KEYS, fields), at: fields.at, basePath: readLiteralBase(fields) }
  if (!isLoopback(spec.host) && !fields.has('auth'))
    fields.warn(
      'host',
      `anybody who reaches "${spec.host}" can start and cancel tasks; add auth: {type: bearer, token: "\${env.…}"}`,
    )
  refuseSharedPort(fields, spec, listeners)
  return spec
}

function readLiteralBase(fields: Fields): string {
  const basePath = readBasePath(fields)
  const literal = readLiteralPath(basePath)
  if (literal === undefined)
    fields.error('base_path', `the controller has one path, without parameters; found "${basePath}"`)
  return literal === undefined || literal === '/' ? '' : literal
}

function refuseSharedPort(fields: Fields, { host, port }: ControllerSpec, listeners: readonly ListenerSpec[]): void {
  const other = listeners.find((listener) => port !== 0 && listener.port === port && overlap(listener.host, host))
  if (other !== undefined)
    fields.error(
      'port',
      `port ${port} is that of ${other.at} too; give the controller another port, such as ${port + 1}`,
    )
}

function overlap(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase() || isAnyAddress(one) || isAnyAddress(other)
}
