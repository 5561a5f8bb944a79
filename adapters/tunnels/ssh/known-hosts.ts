import { createHash, createHmac } from 'node:crypto'

/** One line of a known_hosts file: hosts, and a key of theirs. */
export interface KnownHost {
  /** Undefined for a plain line. Keys that sign other keys (`cert-authority`) are no host keys. */
  readonly marker: 'revoked' | 'cert-authority' | undefined
  /** Patterns with commas between them, or one hashed name. */
  readonly hosts: string
  readonly key: Buffer
}

/** What is known of one server. */
export interface KnownKeys {
  /** The name under which they stand: that of the host, or of its port. */
  readonly name: string
  /** Its keys. */
  readonly trusted: readonly Buffer[]
  /** Keys that it must never show. */
  readonly revoked: readonly Buffer[]
}

/** How a shown key compares with what is known; `changed` is any key of a server of which others are known. */
export type HostKeyVerdict = 'known' | 'unknown' | 'changed' | 'revoked'

/** The types of host keys that ssh2 reads, best first; an RSA key signs in three ways. */
const KEY_TYPES: readonly string[] = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
  'ssh-rsa',
]
const DEFAULT_PORT = 22

/** Reads a known_hosts file (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). Lines of another form are skipped. */
export function parseKnownHosts(text: string): readonly KnownHost[] {
  return text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map(parseLine)
    .filter((line) => line !== undefined)
}

/**
 * Finds the keys of a server. A server on another port than 22 is written `[host]:port`; without such a line the keys
 * of the bare host count, as they do for ssh(1). A key that is revoked for the host is revoked for all of its ports.
 */
export function findKnownKeys(lines: readonly KnownHost[], host: string, port: number): KnownKeys {
  const names = namesOf(host, port)
  const plain = lines.filter(({ marker }) => marker === undefined)
  const revoked = lines.filter(
    ({ marker, hosts }) => marker === 'revoked' && names.some((name) => matches(hosts, name)),
  )
  const byName = names.map((name) => ({ name, found: plain.filter(({ hosts }) => matches(hosts, name)) }))
  const { name, found: trusted } = byName.find(({ found }) => found.length > 0) ?? {
    name: knownName(host, port),
    found: [],
  }
  return { name, trusted: trusted.map(({ key }) => key), revoked: revoked.map(({ key }) => key) }
}

/** The name by which known_hosts files call a server: `host`, or `[host]:port`. */
export function knownName(host: string, port: number): string {
  return port === DEFAULT_PORT ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`
}

/** Compares a shown key with what is known. */
export function judgeHostKey({ trusted, revoked }: KnownKeys, key: Buffer): HostKeyVerdict {
  if (revoked.some((other) => other.equals(key))) return 'revoked'
  if (trusted.some((other) => other.equals(key))) return 'known'
  return trusted.length === 0 ? 'unknown' : 'changed'
}

/**
 * The types of host keys to ask a server for, in this order. The known types come first: a server shows only one key,
 * and with a key of another type a known server would look changed. Undefined when no type is known.
 */
export function orderKeyTypes({ trusted }: KnownKeys): readonly string[] | undefined {
  const known = new Set(trusted.map(keyTypeOf))
  const isKnown = (type: string): boolean => known.has(type.startsWith('rsa-') ? 'ssh-rsa' : type)
  const first = KEY_TYPES.filter(isKnown)
  return first.length === 0 ? undefined : [...first, ...KEY_TYPES.filter((type) => !isKnown(type))]
}

/**
 * The types of host keys that a server may have besides the key that it has shown. A server shows the first key of the
 * list that it has, so only the types behind it are left; empty when there are none.
 */
export function keyTypesAfter(key: Buffer): readonly string[] {
  const shown = keyTypeOf(key)
  const isSameKind = (type: string): boolean => type === shown || (isEcdsa(type) && isEcdsa(shown))
  const last = KEY_TYPES.findLastIndex(isSameKind)
  return last < 0 ? [] : KEY_TYPES.slice(last + 1)
}

/** The fingerprint as OpenSSH writes it: `SHA256:` and base64 without padding. */
export function fingerprintOf(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replaceAll('=', '')}`
}

/** The type that stands at the start of a key: `ssh-ed25519`; empty when there is none. */
export function keyTypeOf(key: Buffer): string {
  const end = key.length < 4 ? Infinity : 4 + key.readUInt32BE(0)
  return end > key.length ? '' : key.toString('latin1', 4, end)
}

function isEcdsa(type: string): boolean {
  return type.startsWith('ecdsa-')
}

function parseLine(line: string): KnownHost | undefined {
  const words = line.trim().split(/[ \t]+/)
  if (words[0] === '' || words[0]?.startsWith('#')) return undefined
  const mark = words[0]?.startsWith('@') ? words.shift() : undefined
  const marker = mark === '@revoked' ? 'revoked' : mark === '@cert-authority' ? 'cert-authority' : undefined
  if (mark !== undefined && marker === undefined) return undefined
  const [hosts, type, encoded] = words
  if (hosts === undefined || type === undefined || encoded === undefined) return undefined
  const key = Buffer.from(encoded, 'base64')
  return keyTypeOf(key) === type ? { marker, hosts, key } : undefined
}

function namesOf(host: string, port: number): readonly string[] {
  const name = knownName(host, port)
  return port === DEFAULT_PORT ? [name] : [name, host.toLowerCase()]
}

function matches(hosts: string, name: string): boolean {
  if (hosts.startsWith('|')) return isHashOf(hosts, name)
  const patterns = hosts.toLowerCase().split(',')
  if (patterns.some((pattern) => pattern.startsWith('!') && fits(pattern.slice(1), name))) return false
  return patterns.some((pattern) => fits(pattern, name))
}

function fits(pattern: string, name: string): boolean {
  const source = pattern.replaceAll(/[$()*+.?[\\\]^{|}]/g, (sign) => WILD[sign] ?? `\\${sign}`)
  return new RegExp(`^${source}$`).test(name)
}

const WILD: Readonly<Record<string, string>> = { '*': '.*', '?': '.' }

/** A hashed name is `|1|salt|hmac-sha1 of the name`, both in base64. */
function isHashOf(hashed: string, name: string): boolean {
  const [, version, salt, hash] = hashed.split('|')
  if (version !== '1' || salt === undefined || hash === undefined) return false
  return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === hash
}
