import type { Fields } from '../field/fields'
import { describeFound } from '../field/found'
import { readTable } from '../field/read-table'
import { byHand, field, orShort, required, type SpecOf, table } from '../field/shape'
import { DURATION, PORT, SECRET, TEXT, word } from '../field/values'

const AUTH = {
  type: field('type', word(['keyfile', 'password', 'agent']), 'How to log in (default: by what is given, else agent)'),
  username: field('username', TEXT, 'User of the SSH server'),
  keyfile: field('keyfile', TEXT, 'Private key file; ~ is the home folder'),
  passphrase: field('passphrase', SECRET, 'Passphrase of the key file'),
  password: field('password', SECRET, 'Password'),
}

const KEYS = {
  host: required('host', TEXT, 'SSH server'),
  port: field('port', PORT, 'Port of the SSH server', 22),
  hostKey: field('host_key', TEXT, 'Fingerprint that the server must show, such as SHA256:…'),
  knownHosts: field('known_hosts', TEXT, 'File of known hosts (default ~/.ssh/known_hosts)'),
  keepaliveIntervalMs: field('keepalive_interval', DURATION, 'How often to ask whether the server is alive', '15s'),
  auth: byHand(
    'auth',
    orShort(AUTH.type, table(AUTH), 'a mapping, or one of keyfile, password, agent'),
    'How to log in',
  ),
}

/** The server of an ssh tunnel. */
export const CONNECTION = table(KEYS)

/** The server of an ssh tunnel; without known_hosts, the file of the user counts. */
export interface ConnectionSpec extends SpecOf<typeof KEYS> {
  readonly at: string
  readonly auth: SshAuthSpec
}

/** How to log in; without a username, as the user of this process. */
export interface SshAuthSpec extends SpecOf<typeof AUTH> {
  readonly type: 'keyfile' | 'password' | 'agent'
}

const FINGERPRINT = /^SHA256:[\d+/A-Za-z]{43}=?$/
const MD5 = /^(?:MD5:)?[\da-f]{2}(?::[\da-f]{2}){15}$/i

/** Reads `connection` of a gateway; undefined without a host, which is reported. */
export function normalizeConnection(gateway: Fields): ConnectionSpec | undefined {
  const fields = gateway.mapping('connection')
  if (fields === undefined) return undefined
  const auth = normalizeAuth(fields)
  const hostKey = fields.read(KEYS.hostKey.key, TEXT)
  if (hostKey !== undefined && !FINGERPRINT.test(hostKey.trim())) fields.error('host_key', describeBadPin(hostKey))
  const spec = readTable(KEYS, fields)
  return spec && { ...spec, at: fields.at, auth }
}

function describeBadPin(hostKey: string): string {
  const expected = 'expected a fingerprint such as SHA256:… with 43 characters after the colon'
  const isMd5 = MD5.test(hostKey.trim())
  const found = isMd5 ? 'an MD5 fingerprint, which can be forged' : describeFound(hostKey, [])
  const advice = 'On the server, "ssh-keygen -l -f /etc/ssh/ssh_host_ed25519_key.pub" tells it'
  return `${expected}, found ${found}. ${advice}`
}

function normalizeAuth(connection: Fields): SshAuthSpec {
  const fields = connection.mapping('auth', AUTH.type.key)
  const spec = readTable(AUTH, fields ?? connection.only([]))
  const type = spec.type ?? guessType(fields)
  // What `type: keyfile` and `type: password` need has the same name as the type.
  if (type !== 'agent' && !fields?.has(type)) fields?.error(type, `missing; auth of type "${type}" needs it`)
  return { ...spec, type }
}

function guessType(fields: Fields | undefined): SshAuthSpec['type'] {
  if (fields?.has('keyfile')) return 'keyfile'
  return fields?.has('password') ? 'password' : 'agent'
}
