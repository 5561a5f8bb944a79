import type { Fields } from '../field/fields'
import { describeFound } from '../field/found'
import { DURATION, PORT, TEXT, word } from '../field/values'

/** The server of an ssh tunnel. */
export interface ConnectionSpec {
  readonly at: string
  readonly host: string
  readonly port: number
  /** The fingerprint that the server must show. */
  readonly hostKey: string | undefined
  /** A file; undefined is the user's own. */
  readonly knownHosts: string | undefined
  readonly keepaliveIntervalMs: number
  readonly auth: SshAuthSpec
}

/** How to log in. */
export interface SshAuthSpec {
  readonly type: 'keyfile' | 'password' | 'agent'
  /** Undefined is the user of this process. */
  readonly username: string | undefined
  /** As written; `~` is not resolved. */
  readonly keyfile: string | undefined
  readonly passphrase: string | undefined
  readonly password: string | undefined
}

const FINGERPRINT = /^SHA256:[\d+/A-Za-z]{43}=?$/
const MD5 = /^(?:MD5:)?[\da-f]{2}(?::[\da-f]{2}){15}$/i
const AUTH_TYPE = word(['keyfile', 'password', 'agent'])

/** Reads `connection` of a gateway; undefined without a host, which is reported. */
export function normalizeConnection(gateway: Fields): ConnectionSpec | undefined {
  const fields = gateway.mapping('connection')
  const host = fields?.read('host', TEXT)
  if (fields === undefined) return undefined
  const auth = normalizeAuth(fields)
  const hostKey = fields.read('host_key', TEXT)
  if (hostKey !== undefined && !FINGERPRINT.test(hostKey.trim())) fields.error('host_key', describeBadPin(hostKey))
  if (host === undefined) return undefined
  return {
    at: fields.at,
    host,
    port: fields.read('port', PORT) ?? 22,
    hostKey,
    knownHosts: fields.read('known_hosts', TEXT),
    keepaliveIntervalMs: fields.read('keepalive_interval', DURATION) ?? 15_000,
    auth,
  }
}

function describeBadPin(hostKey: string): string {
  const expected = 'expected a fingerprint such as SHA256:… with 43 characters after the colon'
  const isMd5 = MD5.test(hostKey.trim())
  const found = isMd5 ? 'an MD5 fingerprint, which can be forged' : describeFound(hostKey, [])
  const advice = 'On the server, "ssh-keygen -l -f /etc/ssh/ssh_host_ed25519_key.pub" tells it'
  return `${expected}, found ${found}. ${advice}`
}

function normalizeAuth(connection: Fields): SshAuthSpec {
  const fields = connection.mapping('auth', 'type')
  const read = (key: string): string | undefined => fields?.read(key, TEXT)
  const type = fields?.read('type', AUTH_TYPE) ?? guessType(fields)
  // What `type: keyfile` and `type: password` need has the same name as the type.
  if (type !== 'agent' && !fields?.has(type)) fields?.error(type, `missing; auth of type "${type}" needs it`)
  return {
    type,
    username: read('username'),
    keyfile: read('keyfile'),
    passphrase: read('passphrase'),
    password: read('password'),
  }
}

function guessType(fields: Fields | undefined): SshAuthSpec['type'] {
  if (fields?.has('keyfile')) return 'keyfile'
  return fields?.has('password') ? 'password' : 'agent'
}
