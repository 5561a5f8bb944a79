import { readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { CallbackError } from '../../../lib/base/errors'
import type { TunnelRequest } from '../../../lib/base/contracts'
import { badOptions, readMapping, readText, required, resolveFile } from '../options'
import { readErrorParts } from './error-parts'
import type { AuthMethod, Prompt, SshLibrary } from './library'
import type { SshServer } from './server'

/** How to log in to a server. */
export interface SshLogin {
  readonly username: string
  /** What is tried, in this order. */
  readonly methods: readonly AuthMethod[]
  /** How messages call it: `the key ~/.ssh/id_ed25519`. */
  readonly label: string
  /** What to do when the server refuses it. */
  readonly advice: string
}

type Env = TunnelRequest['env']

/**
 * Reads how to log in: by key file, password or ssh-agent. Throws `ERR_GATEWAY_AUTH` for a passphrase that is missing
 * or wrong and for a missing agent, `ERR_GATEWAY_OPTIONS` for a file that cannot be read or is no private key.
 */
export function createSshLogin({ options }: SshServer, env: Env, library: Pick<SshLibrary, 'utils'>): SshLogin {
  const auth = readMapping(options, 'auth')
  const username = readText(auth, 'username') ?? currentUser()
  const type = readText(auth, 'type')
  if (type === 'keyfile') return loginByKey(username, auth, env, library)
  if (type === 'password') return loginByPassword(username, required(readText(auth, 'password'), 'password'))
  return loginByAgent(username, env)
}

function loginByKey(
  username: string,
  auth: TunnelRequest['options'],
  env: Env,
  library: Pick<SshLibrary, 'utils'>,
): SshLogin {
  const file = required(readText(auth, 'keyfile'), 'keyfile')
  const key = parsePrivateKey(file, readKeyFile(file, env), readText(auth, 'passphrase'), library)
  return {
    username,
    methods: [
      { type: 'none', username },
      { type: 'publickey', username, key },
    ],
    label: `the key ${file}`,
    advice: `Check the user, and that ~/.ssh/authorized_keys of that user on the server holds the public half of the key`,
  }
}

function loginByPassword(username: string, password: string): SshLogin {
  return {
    username,
    methods: [
      { type: 'none', username },
      { type: 'password', username, password },
      { type: 'keyboard-interactive', username, prompt: createPrompt(password) },
    ],
    label: 'a password',
    advice: 'Check user and password; a server that asks for more than a password needs a key',
  }
}

function loginByAgent(username: string, env: Env): SshLogin {
  const agent = env['SSH_AUTH_SOCK'] || (process.platform === 'win32' ? WINDOWS_AGENT : undefined)
  if (agent === undefined) {
    const message =
      'auth of type "agent" needs a running ssh-agent, but SSH_AUTH_SOCK is not set: start it by ' +
      `"eval $(ssh-agent)" and "ssh-add", or name a "keyfile"`
    throw new CallbackError('ERR_GATEWAY_AUTH', { message })
  }
  return {
    username,
    methods: [
      { type: 'none', username },
      { type: 'agent', username, agent },
    ],
    label: 'the keys of ssh-agent',
    advice: 'Check the user, and by "ssh-add -l" that the agent holds the right key; or name a "keyfile"',
  }
}

const WINDOWS_AGENT = String.raw`\\.\pipe\openssh-ssh-agent`

/**
 * Answers the first hidden question. Another one asks for a second factor or a new password, which the config has not.
 */
function createPrompt(password: string): Prompt {
  let isAnswered = false
  return (_name, _instructions, _language, questions, answer) => {
    answer(
      questions.map(({ echo }) => {
        if (echo === true || isAnswered) return ''
        isAnswered = true
        return password
      }),
    )
  }
}

function currentUser(): string {
  try {
    return userInfo().username
  } catch (cause) {
    // A container may run as a number that has no name.
    const message = 'The user of this process has no name; write "username" into auth of the connection'
    throw new CallbackError('ERR_GATEWAY_OPTIONS', { message, cause })
  }
}

function readKeyFile(file: string, env: Env): string {
  try {
    return readFileSync(resolveFile(file, env), 'utf8')
  } catch (error) {
    const { code } = readErrorParts(error)
    const reason = code === 'ENOENT' ? 'is not there' : `cannot be read (${code})`
    throw badOptions(`The keyfile ${file} ${reason}; "keyfile" is the path of a private key`)
  }
}

function parsePrivateKey(
  file: string,
  text: string,
  passphrase: string | undefined,
  { utils }: Pick<SshLibrary, 'utils'>,
): unknown {
  const key = attempt(() => utils.parseKey(text, passphrase))
  if (isPrivate(key)) return key
  if (isKey(key)) throw badOptions(`The keyfile ${file} holds a public key; name the private one, without ".pub"`)
  const { message } = readErrorParts(key)
  const isEncrypted = /encrypted|passphrase|decrypt/i.test(message) || /^(?:DEK-Info|Encryption):/m.test(text)
  if (isEncrypted && passphrase === undefined)
    throw refused(`The keyfile ${file} is encrypted; write its "passphrase" into auth, or use an ssh-agent`)
  if (isEncrypted) throw refused(`The passphrase does not open the keyfile ${file}`)
  throw badOptions(
    `The keyfile ${file} holds no private key that can be read (${message}). ` +
      `"ssh-keygen -p -f ${file}" rewrites other formats as an OpenSSH key`,
  )
}

/** Returns the first key, or the error that was thrown. */
function attempt(parse: () => unknown): unknown {
  try {
    const parsed = parse()
    return Array.isArray(parsed) ? parsed[0] : parsed
  } catch (error) {
    return error
  }
}

function isKey(value: unknown): value is { isPrivateKey: () => boolean } {
  return (
    typeof value === 'object' && value !== null && 'isPrivateKey' in value && typeof value.isPrivateKey === 'function'
  )
}

function isPrivate(value: unknown): boolean {
  return isKey(value) && value.isPrivateKey()
}

function refused(message: string): CallbackError {
  return new CallbackError('ERR_GATEWAY_AUTH', { message })
}
