import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { findFreePorts } from '../helpers/free-ports'
import { signalTree } from '../helpers/process-tree'

const SSHD = '/usr/sbin/sshd'
const SSH_AGENT = '/usr/bin/ssh-agent'
const SSH_ADD = '/usr/bin/ssh-add'
/** Where the program is that makes keys. */
export const SSH_KEYGEN = '/usr/bin/ssh-keygen'

const isMissing = (file: string): boolean => !existsSync(file)
/** Why no keys can be made here; undefined when they can. */
export const withoutKeygen = [SSH_KEYGEN].find(isMissing)?.concat(' is not installed')
/** Why no real sshd can be started here; undefined when it can. */
export const withoutSshd = withoutKeygen ?? [SSHD, SSH_AGENT, SSH_ADD].find(isMissing)?.concat(' is not installed')
/** Why no user with a password can be made here; undefined when one can. */
export const withoutPassword = withoutSshd ?? (process.getuid?.() === 0 ? undefined : 'it takes root to add a user')
/** Why sshd cannot ask for a password by PAM; undefined when it can. */
export const withoutPam = withoutPassword ?? (existsSync('/etc/pam.d/sshd') ? undefined : 'PAM is not set up for sshd')

/** A user of this machine. */
export interface SshUser {
  readonly name: string
  /** Undefined when the tests are not run by root: then it is the user of the tests, who has a key alone. */
  readonly password: string | undefined
  remove(): void
}

/** Gives a user who may log in; call `remove` in the end. */
export function createSshUser(): SshUser {
  if (withoutPassword !== undefined) return { name: userInfo().username, password: undefined, remove: () => undefined }
  const name = `ecb-test-${process.pid}`
  const password = `pass ${process.pid}$word`
  spawnSync('/usr/sbin/userdel', ['-f', name])
  execFileSync('/usr/sbin/useradd', ['--no-create-home', '--home-dir', '/nonexistent', '--shell', '/bin/sh', name])
  execFileSync('/usr/sbin/chpasswd', { input: `${name}:${password}\n` })
  return { name, password, remove: () => void execFileSync('/usr/sbin/userdel', ['-f', name], { stdio: 'ignore' }) }
}

/** Gives a temporary folder; everybody may enter it, since sshd reads authorized keys as the user. */
export function createKeyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'express-callbacks-'))
  chmodSync(folder, 0o755)
  return folder
}

/** Makes a key pair by ssh-keygen and gives the path of its private half; that of the public one ends in `.pub`. */
export function createKey(folder: string, name: string, options: readonly string[] = ['-t', 'ed25519']): string {
  const file = join(folder, name)
  const passphrase = options.includes('-N') ? [] : ['-N', '']
  execFileSync(SSH_KEYGEN, ['-q', ...options, ...passphrase, '-C', name, '-f', file])
  return file
}

export interface SshdOptions {
  /** The files of private keys. */
  readonly hostKeys: readonly string[]
  /** The files of public keys that may log in. */
  readonly authorized?: readonly string[]
  readonly config?: readonly string[]
  /** Default: a free one. */
  readonly port?: number
}

/** An sshd of the tests' own. */
export interface Sshd {
  readonly port: number
  /** Its lines of a known_hosts file. */
  readonly knownHosts: string
  /** Its log up to now. */
  log(): string
  /** Sends a signal to it and to everything that it started. */
  signal(name: NodeJS.Signals): void
  /** Resolves when it and everything that it started is gone. */
  close(): Promise<void>
}

/** Starts sshd on the loopback address and waits until it listens. */
export async function startSshd({ hostKeys, authorized = [], config = [], port }: SshdOptions): Promise<Sshd> {
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
  const folder = createKeyFolder()
  const listenOn = port ?? (await findFreePorts(1))[0] ?? 0
  const keys = join(folder, 'authorized_keys')
  writeFileSync(keys, authorized.map((file) => readFileSync(file, 'utf8')).join(''), { mode: 0o644 })
  const lines = [
    ...config,
    'ListenAddress 127.0.0.1',
    'AddressFamily inet',
    'PidFile none',
    'StrictModes no',
    'UsePAM no',
    'KbdInteractiveAuthentication no',
    `AuthorizedKeysFile ${keys}`,
    ...hostKeys.map((file) => `HostKey ${file}`),
  ]
  const file = join(folder, 'sshd_config')
  writeFileSync(file, `${lines.join('\n')}\n`)
  const daemon = spawn(SSHD, ['-D', '-e', '-f', file, '-p', String(listenOn)], { stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = once(daemon, 'close')
  const log: string[] = []
  await new Promise<void>((resolve, reject) => {
    const output = createInterface({ input: daemon.stderr })
    output.on('line', (line) => {
      log.push(line)
      if (line.includes('Server listening on')) resolve()
    })
    daemon.once('error', reject)
    daemon.once('exit', () => reject(new Error(`sshd ended: ${log.join('\n')}`)))
  })
  return {
    port: listenOn,
    knownHosts: hostKeys.map((key) => `[127.0.0.1]:${listenOn} ${readFileSync(`${key}.pub`, 'utf8')}`).join(''),
    log: () => log.join('\n'),
    signal: (name) => signalTree(daemon, name),
    async close() {
      signalTree(daemon, 'SIGKILL')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** An ssh-agent of the tests' own. */
export interface SshAgent {
  readonly socket: string
  add(file: string): void
  close(): Promise<void>
}

/** Starts an empty ssh-agent. */
export async function startSshAgent(folder: string): Promise<SshAgent> {
  const socket = join(folder, 'agent.sock')
  const agent = spawn(SSH_AGENT, ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'ignore'] })
  const ended = once(agent, 'close')
  await once(agent.stdout, 'data')
  return {
    socket,
    add: (file) => void execFileSync(SSH_ADD, ['-q', file], { env: { SSH_AUTH_SOCK: socket }, stdio: 'ignore' }),
    async close() {
      agent.kill()
      await ended
    },
  }
}
