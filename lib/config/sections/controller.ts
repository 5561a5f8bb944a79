import type { Fields } from '../field/fields'
import type { ListenerSpec } from './listener'
import { readBasePath } from '../checks/route-path'
import { LISTENER_PORT, TEXT } from '../field/values'

/** The HTTP API over tasks, as `listen()` serves it. */
export interface ControllerSpec {
  readonly at: string
  readonly type: 'http-server'
  readonly host: string
  /** 0 asks for any that is free. */
  readonly port: number
  /** Empty, or with a leading and without a trailing slash. */
  readonly basePath: string
  /** Files of certificate and private key. */
  readonly ssl: { readonly cert: string; readonly key: string } | undefined
  readonly auth: { readonly type: 'bearer'; readonly token: string } | undefined
}

const ANY_ADDRESS: ReadonlySet<string> = new Set(['0.0.0.0', '::', '[::]'])
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|::1|\[::1\])$/i

/** Whether a host can be reached from this machine alone. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host)
}

/** Reads the controller, which needs a port beside those of the listeners; undefined when the config has none. */
export function normalizeController(root: Fields, listeners: readonly ListenerSpec[]): ControllerSpec | undefined {
  const fields = root.mapping('controller')
  if (fields === undefined) return undefined
  const host = fields.read('host', TEXT) ?? '127.0.0.1'
  const token = fields.mapping('auth')?.read('token', TEXT)
  if (!isLoopback(host) && !fields.has('auth'))
    fields.warn(
      'host',
      `whoever reaches "${host}" can start and cancel tasks; add auth: {type: bearer, token: "\${env.…}"}`,
    )
  const port = fields.read('port', LISTENER_PORT) ?? 8080
  refuseSharedPort(fields, host, port, listeners)
  return {
    at: fields.at,
    type: 'http-server',
    host,
    port,
    basePath: readBasePath(fields),
    ssl: readSsl(fields),
    auth: token === undefined ? undefined : { type: 'bearer', token },
  }
}

function refuseSharedPort(fields: Fields, host: string, port: number, listeners: readonly ListenerSpec[]): void {
  const other = listeners.find((listener) => port !== 0 && listener.port === port && overlap(listener.host, host))
  if (other !== undefined)
    fields.error(
      'port',
      `port ${port} is that of ${other.at} too; give the controller another port, such as ${port + 1}`,
    )
}

function overlap(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase() || ANY_ADDRESS.has(one) || ANY_ADDRESS.has(other)
}

function readSsl(controller: Fields): ControllerSpec['ssl'] {
  const fields = controller.mapping('ssl')
  const cert = fields?.read('cert', TEXT)
  const key = fields?.read('key', TEXT)
  return cert === undefined || key === undefined ? undefined : { cert, key }
}
