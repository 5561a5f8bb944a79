import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { userInfo } from 'node:os'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { openSsh } from '../../adapters/tunnels/ssh/ssh'
import { createSshLogin, type SshLogin } from '../../adapters/tunnels/ssh/auth'
import type { SshLibrary } from '../../adapters/tunnels/ssh/library'
import { readSshServer } from '../../adapters/tunnels/ssh/server'
import type { CallbackError } from '../../lib/base/errors'
import { createSshRequest, failureOf } from './ssh-request'
import {
  createKey,
  createKeyFolder,
  createSshUser,
  type SshAgent,
  type Sshd,
  type SshUser,
  startSshAgent,
  startSshd,
  withoutKeygen,
  withoutPam,
  withoutPassword,
  withoutSshd,
} from './use-sshd'

const ssh2: SshLibrary = require('ssh2')
const PASSPHRASE = 'correct horse'

function loginOf(auth: object, env: Readonly<Record<string, string | undefined>> = {}): SshLogin {
  return createSshLogin(readSshServer(createSshRequest({ port: 1, connection: { host: 'h', auth } })), env, ssh2)
}

async function loginFailure(
  auth: object,
  env: Readonly<Record<string, string | undefined>> = {},
): Promise<CallbackError> {
  return failureOf(Promise.resolve().then(() => loginOf(auth, env) as never))
}

function titled(title: string, without: string | undefined): string {
  return without === undefined ? title : `${title} (skipped: ${without})`
}

describe('a login', () => {
  test('is that of the user of this process when none is named', () => {
    const auth = { type: 'password', password: 'x' }
    expect(loginOf(auth).username).toBe(userInfo().username)
    expect(loginOf({ ...auth, username: 'deploy' }).username).toBe('deploy')
  })

  test('by agent needs SSH_AUTH_SOCK', async () => {
    for (const env of [{}, { SSH_AUTH_SOCK: '' }])
      expect(await loginFailure({ type: 'agent' }, env)).toMatchObject({
        code: 'ERR_GATEWAY_AUTH',
        message: expect.stringContaining('SSH_AUTH_SOCK is not set'),
      })
  })

  test.each([
    [{ type: 'keyfile', keyfile: '/nonexistent/id' }, 'The keyfile /nonexistent/id is not there'],
    [{ type: 'keyfile', keyfile: '~/id' }, 'The keyfile ~/id is not there'],
    [{ type: 'keyfile', keyfile: '/' }, 'The keyfile / cannot be read (EISDIR)'],
  ])('by %j is refused before anything is sent', async (auth, message) => {
    const error = await loginFailure(auth, { HOME: '/nonexistent' })
    expect(error).toMatchObject({ code: 'ERR_GATEWAY_OPTIONS', message: expect.stringContaining(message) })
  })
})

const describeKeys = withoutKeygen === undefined ? describe : describe.skip

describeKeys(titled('a keyfile', withoutKeygen), () => {
  const folder = createKeyFolder()

  afterAll(() => rmSync(folder, { recursive: true }))

  test.each([
    ['ed25519', ['-t', 'ed25519']],
    ['ecdsa', ['-t', 'ecdsa']],
    ['rsa', ['-t', 'rsa', '-b', '2048']],
    ['pem', ['-t', 'rsa', '-b', '2048', '-m', 'PEM']],
  ])('of the kind %s is read, plain and encrypted', async (kind, options) => {
    const file = createKey(folder, `${kind}-plain`, options)
    const encrypted = createKey(folder, `${kind}-encrypted`, [...options, '-N', PASSPHRASE])
    expect(loginOf({ type: 'keyfile', keyfile: file }).methods).toHaveLength(2)
    expect(loginOf({ type: 'keyfile', keyfile: encrypted, passphrase: PASSPHRASE }).methods).toHaveLength(2)
    expect(await loginFailure({ type: 'keyfile', keyfile: encrypted })).toMatchObject({
      code: 'ERR_GATEWAY_AUTH',
      message: `The keyfile ${encrypted} is encrypted; write its "passphrase" into auth, or use an ssh-agent`,
    })
    expect(await loginFailure({ type: 'keyfile', keyfile: encrypted, passphrase: 'wrong one' })).toMatchObject({
      code: 'ERR_GATEWAY_AUTH',
      message: `The passphrase does not open the keyfile ${encrypted}`,
    })
  })

  test('in the home folder is found by ~', () => {
    createKey(folder, 'home')
    expect(loginOf({ type: 'keyfile', keyfile: '~/home' }, { HOME: folder })).toMatchObject({ label: 'the key ~/home' })
  })

  test('that is none is refused without a word of what it holds', async () => {
    const publicKey = `${createKey(folder, 'public')}.pub`
    const other = createKey(folder, 'pkcs8', ['-t', 'ecdsa', '-m', 'PKCS8'])
    const text = join(folder, 'text')
    writeFileSync(text, 's3cret words\n')
    const errors = await Promise.all(
      [publicKey, other, text].map((keyfile) => loginFailure({ type: 'keyfile', keyfile, passphrase: 'x' })),
    )
    expect(errors.map(({ code, message }) => [code, message])).toEqual([
      ['ERR_GATEWAY_OPTIONS', `The keyfile ${publicKey} holds a public key; name the private one, without ".pub"`],
      ...[other, text].map((file) => [
        'ERR_GATEWAY_OPTIONS',
        `The keyfile ${file} holds no private key that can be read (Unsupported key format). ` +
          `"ssh-keygen -p -f ${file}" rewrites other formats as an OpenSSH key`,
      ]),
    ])
  })
})

const describeSshd = withoutSshd === undefined ? describe : describe.skip

describeSshd(titled('at a real sshd', withoutSshd), () => {
  const folder = createKeyFolder()
  const agents: SshAgent[] = []
  const running: Sshd[] = []
  let user: SshUser
  let key: string
  let hostKey: string

  beforeAll(() => {
    user = createSshUser()
    key = createKey(folder, 'login')
    hostKey = createKey(folder, 'host')
  })

  afterEach(async () => {
    for (const agent of agents.splice(0)) await agent.close()
    for (const sshd of running.splice(0)) await sshd.close()
  })

  afterAll(() => {
    user.remove()
    rmSync(folder, { recursive: true })
  })

  async function serve(config: readonly string[] = [], authorized: readonly string[] = [`${key}.pub`]) {
    const sshd = await startSshd({ hostKeys: [hostKey], authorized, config })
    running.push(sshd)
    const knownHosts = join(folder, 'known_hosts')
    writeFileSync(knownHosts, sshd.knownHosts)
    return (auth: object, env: Readonly<Record<string, string | undefined>> = {}) => {
      const login = { username: user.name, ...auth }
      const connection = { host: '127.0.0.1', port: sshd.port, knownHosts, auth: login }
      return openSsh(createSshRequest({ port: 1, remotePort: 0, connection, env }))
    }
  }

  async function startAgent(...files: readonly string[]): Promise<SshAgent> {
    const agent = await startSshAgent(folder)
    agents.push(agent)
    for (const file of files) agent.add(file)
    return agent
  }

  test.each([
    ['ed25519', ['-t', 'ed25519'], undefined],
    ['ecdsa', ['-t', 'ecdsa'], undefined],
    ['rsa', ['-t', 'rsa', '-b', '2048'], undefined],
    ['PEM', ['-t', 'rsa', '-b', '2048', '-m', 'PEM'], undefined],
    ['encrypted', ['-t', 'ed25519', '-N', PASSPHRASE], PASSPHRASE],
    ['encrypted PEM', ['-t', 'rsa', '-b', '2048', '-m', 'PEM', '-N', PASSPHRASE], PASSPHRASE],
  ])('a key opens a tunnel: %s', async (kind, options, passphrase) => {
    const keyfile = createKey(folder, `key-${kind.replaceAll(' ', '-')}`, options)
    const openWith = await serve(['PasswordAuthentication no'], [`${keyfile}.pub`])
    const tunnel = await openWith({ type: 'keyfile', keyfile, passphrase })
    expect(tunnel.publicUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    await tunnel.close()
  })

  test('a key that the server does not know is refused', async () => {
    const keyfile = createKey(folder, 'stranger')
    const openWith = await serve(['PasswordAuthentication no'])
    expect(await failureOf(openWith({ type: 'keyfile', keyfile }))).toMatchObject({
      code: 'ERR_GATEWAY_AUTH',
      message:
        `The ssh server 127.0.0.1:${running[0]?.port} refused the user "${user.name}" with the key ${keyfile}; it accepts ` +
        'publickey. Check the user, and that ~/.ssh/authorized_keys of that user on the server holds the public half of the key',
    })
  })

  test('an ssh-agent opens a tunnel, with the right key behind a wrong one', async () => {
    const agent = await startAgent(createKey(folder, 'wrong'), key)
    const openWith = await serve(['PasswordAuthentication no'])
    const tunnel = await openWith({ type: 'agent' }, { SSH_AUTH_SOCK: agent.socket })
    await tunnel.close()
    expect(tunnel.publicUrl).toMatch(/^http:/)
  })

  test('an ssh-agent without a key is refused', async () => {
    const agent = await startAgent()
    const openWith = await serve(['PasswordAuthentication no'])
    expect(await failureOf(openWith({ type: 'agent' }, { SSH_AUTH_SOCK: agent.socket }))).toMatchObject({
      code: 'ERR_GATEWAY_AUTH',
      message: expect.stringContaining(
        'with the keys of ssh-agent; it accepts publickey. Check the user, and by "ssh-add -l"',
      ),
    })
  })

  test('an ssh-agent that is gone is named', async () => {
    const openWith = await serve()
    const env = { SSH_AUTH_SOCK: join(folder, 'nobody.sock') }
    expect(await failureOf(openWith({ type: 'agent' }, env))).toMatchObject({
      code: 'ERR_GATEWAY_AUTH',
      message: expect.stringContaining('(Failed to connect to agent)'),
    })
  })

  test('an ssh-agent with too many keys is told so', async () => {
    const agent = await startAgent(createKey(folder, 'many-1'), createKey(folder, 'many-2'), key)
    const openWith = await serve(['MaxAuthTries 2'])
    expect(await failureOf(openWith({ type: 'agent' }, { SSH_AUTH_SOCK: agent.socket }))).toMatchObject({
      code: 'ERR_GATEWAY_AUTH',
      message: expect.stringContaining('shown too many keys'),
    })
  })

  const testPassword = withoutPassword === undefined ? test : test.skip
  const testPam = withoutPam === undefined ? test : test.skip

  testPassword(titled('a password opens a tunnel', withoutPassword), async () => {
    const openWith = await serve(['PasswordAuthentication yes'])
    const tunnel = await openWith({ type: 'password', password: user.password })
    await tunnel.close()
    expect(tunnel.publicUrl).toMatch(/^http:/)
  })

  testPassword.each([
    ['a wrong password', undefined, 'not it'],
    ['a wrong user', 'ecb-nobody', undefined],
  ])(titled('%s is refused, with no word of the password', withoutPassword), async (_what, username, password) => {
    const openWith = await serve(['PasswordAuthentication yes'])
    const auth = { type: 'password', password: password ?? user.password, username: username ?? user.name }
    const { code, message } = await failureOf(openWith(auth))
    expect(code).toBe('ERR_GATEWAY_AUTH')
    expect(message).toContain(`refused the user "${username ?? user.name}" with a password`)
    expect(message).not.toContain(auth.password)
  })

  testPam(titled('a password answers the questions of PAM', withoutPam), async () => {
    const openWith = await serve(['PasswordAuthentication no', 'KbdInteractiveAuthentication yes', 'UsePAM yes'])
    const tunnel = await openWith({ type: 'password', password: user.password })
    await tunnel.close()
    expect(running[0]?.log()).toContain(`Accepted keyboard-interactive/pam for ${user.name}`)
    expect(await failureOf(openWith({ type: 'password', password: 'not it' }))).toMatchObject({
      code: 'ERR_GATEWAY_AUTH',
      message: expect.stringContaining('it accepts publickey, keyboard-interactive'),
    })
  })
})
