import { readFileSync } from 'node:fs'
import { CallbackError } from '../../../lib/base/errors'
import type { TunnelRequest } from '../../../lib/base/contracts'
import {
  findKnownKeys,
  fingerprintOf,
  judgeHostKey,
  type KnownKeys,
  keyTypeOf,
  keyTypesAfter,
  orderKeyTypes,
  parseKnownHosts,
} from './known-hosts'
import { badOptions, readText, resolveFile } from '../options'
import { readErrorParts } from './error-parts'
import type { SshServer } from './server'

/** Knows which host keys a server may show. */
export interface HostKeyCheck {
  /** The types of keys to ask for, in this order; undefined leaves it to ssh2. */
  readonly keyTypes: readonly string[] | undefined
  /** Returns the types to ask for on another connection after a refused key; undefined when there are none. */
  readonly nextTypes?: () => readonly string[] | undefined
  /** Returns `ERR_GATEWAY_HOST_KEY` for a key that must not be accepted. */
  readonly check: (key: Buffer) => CallbackError | undefined
}

const USER_FILE = '~/.ssh/known_hosts'
const SYSTEM_FILE = '/etc/ssh/ssh_known_hosts'

/**
 * Reads which host keys are good: the pinned `hostKey`, else those of the known_hosts files. Throws
 * `ERR_GATEWAY_OPTIONS` for a file that cannot be read; a file that does not exist counts as empty.
 */
export function createHostKeyCheck(server: SshServer, env: TunnelRequest['env']): HostKeyCheck {
  const pin = readText(server.options, 'hostKey')
  if (pin !== undefined) return createPinCheck(server, pin)
  const named = readText(server.options, 'knownHosts')
  const files = named === undefined ? [USER_FILE, SYSTEM_FILE] : [named]
  const lines = files.flatMap((file) => parseKnownHosts(readKnownHosts(file, env)))
  const known = findKnownKeys(lines, server.host, server.port)

  return {
    keyTypes: orderKeyTypes(known),
    check(key) {
      const verdict = judgeHostKey(known, key)
      if (verdict === 'known') return undefined
      return new CallbackError('ERR_GATEWAY_HOST_KEY', { message: DESCRIBE[verdict](server, key, files, known) })
    },
  }
}

function createPinCheck({ name }: SshServer, written: string): HostKeyCheck {
  const expected = written.trim().replace('=', '')
  const shown: Buffer[] = []
  return {
    keyTypes: undefined,
    nextTypes() {
      const last = shown.at(-1)
      const types = last === undefined ? [] : keyTypesAfter(last)
      return types.length === 0 ? undefined : types
    },
    check(key) {
      if (fingerprintOf(key) === expected) return undefined
      shown.push(key)
      const keys = `host key${shown.length === 1 ? '' : 's'} ${shown.map(describeKey).join(', ')}`
      const message =
        `The ssh server ${name} shows the ${keys}, but "host_key" says ${expected}. It may be ` +
        `another key of the same server, or somebody in between: ask the people who run the server which one is right`
      return new CallbackError('ERR_GATEWAY_HOST_KEY', { message })
    },
  }
}

function readKnownHosts(file: string, env: TunnelRequest['env']): string {
  try {
    return readFileSync(resolveFile(file, env), 'utf8')
  } catch (error) {
    const { code } = readErrorParts(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return ''
    throw badOptions(`The known_hosts file ${file} cannot be read (${String(code)}), so no host key can be checked`)
  }
}

function describeUnknown({ name, host, port }: SshServer, key: Buffer, files: readonly string[]): string {
  const scan = `ssh-keyscan${port === 22 ? '' : ` -p ${port}`} ${host} >> ${files[0]}`
  return (
    `The ssh server ${name} is not known: it shows the host key ${describeKey(key)}, and there is no key ` +
    `of it in ${files.join(' and ')}. Ask the people who run the server whether that is its key. If so, run "${scan}", ` +
    `or write "host_key: ${fingerprintOf(key)}" into the connection`
  )
}

function describeChanged(
  server: SshServer,
  key: Buffer,
  files: readonly string[],
  { name, trusted }: KnownKeys,
): string {
  const remove = `ssh-keygen -R "${name}" -f ${files[0]}`
  return (
    `The ssh server ${server.name} shows the host key ${describeKey(key)}, which differs from the known one in ` +
    `${files.join(' and ')}: ${trusted.map(describeKey).join(', ')}. Somebody may be in between (an attack), or the ` +
    `server was set up again. Ask the people who run it; only if the new key is right, remove the old one: ${remove}`
  )
}

function describeRevoked({ name }: SshServer, key: Buffer, files: readonly string[]): string {
  const where = files.join(' and ')
  return `The ssh server ${name} shows the host key ${describeKey(key)}, which ${where} marks as @revoked: somebody else may have it`
}

const DESCRIBE = { unknown: describeUnknown, changed: describeChanged, revoked: describeRevoked } as const

function describeKey(key: Buffer): string {
  return `${keyTypeOf(key)} ${fingerprintOf(key)}`
}
