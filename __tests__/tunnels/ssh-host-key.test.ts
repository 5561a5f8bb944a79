import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { fingerprintOf } from '../../adapters/tunnels/ssh/known-hosts'
import { openSsh } from '../../adapters/tunnels/ssh/ssh'
import { createSshRequest, failureOf } from './ssh-request'
import { createKey, createKeyFolder, createSshUser, type Sshd, type SshUser, startSshd, withoutSshd } from './use-sshd'

const describeSshd = withoutSshd === undefined ? describe : describe.skip

describeSshd(`at a real sshd${withoutSshd === undefined ? '' : ` (skipped: ${withoutSshd})`}`, () => {
  const folder = createKeyFolder()
  const knownHosts = join(folder, 'known_hosts')
  const keys = { ed25519: '', rsa: '', ecdsa: '', other: '', login: '' }
  let user: SshUser
  let running: Sshd | undefined

  beforeAll(() => {
    user = createSshUser()
    keys.login = createKey(folder, 'login')
    keys.ed25519 = createKey(folder, 'host')
    keys.other = createKey(folder, 'other')
    keys.ecdsa = createKey(folder, 'ecdsa', ['-t', 'ecdsa'])
    keys.rsa = createKey(folder, 'rsa', ['-t', 'rsa', '-b', '2048'])
  })

  afterEach(async () => {
    await running?.close()
    rmSync(knownHosts, { force: true, recursive: true })
  })

  afterAll(() => {
    user.remove()
    rmSync(folder, { recursive: true })
  })

  async function serve(hostKeys: readonly string[] = [keys.ed25519]): Promise<Sshd> {
    running = await startSshd({ hostKeys, authorized: [`${keys.login}.pub`] })
    return running
  }

  async function attempt(over: object, env: Readonly<Record<string, string>> = {}) {
    const auth = { type: 'keyfile', username: user.name, keyfile: keys.login }
    const connection = { host: '127.0.0.1', port: running?.port, auth, ...over }
    return openSsh(createSshRequest({ port: 1, remotePort: 0, connection, env: { HOME: folder, ...env } }))
  }

  async function expectOpen(over: object): Promise<void> {
    const tunnel = await attempt(over)
    await tunnel.close()
    expect(tunnel.publicUrl).toMatch(/^http:/)
  }

  function fingerprint(file: string): string {
    return fingerprintOf(Buffer.from(readFileSync(`${file}.pub`, 'utf8').split(' ')[1] ?? '', 'base64'))
  }

  function lineOf(file: string): string {
    return `[127.0.0.1]:${running?.port} ${readFileSync(`${file}.pub`, 'utf8')}`
  }

  test('a known key is accepted', async () => {
    writeFileSync(knownHosts, (await serve()).knownHosts)
    await expectOpen({ knownHosts })
    await expectOpen({ knownHosts: '~/known_hosts' })
  })

  test('an unknown one is refused, and the message tells the two ways to accept it', async () => {
    const { port } = await serve()
    const error = await failureOf(attempt({ knownHosts }))
    expect([error.code, error.message]).toEqual([
      'ERR_GATEWAY_HOST_KEY',
      `The ssh server 127.0.0.1:${port} is not known: it shows the host key ssh-ed25519 ${fingerprint(keys.ed25519)}, and there is no key ` +
        `of it in ${knownHosts}. Ask the people who run the server whether that is its key. If so, run ` +
        `"ssh-keyscan -p ${port} 127.0.0.1 >> ${knownHosts}", or write "host_key: ${fingerprint(keys.ed25519)}" into the connection`,
    ])
    await expectOpen({ knownHosts, hostKey: fingerprint(keys.ed25519) })
  })

  test('the files of the user and of the machine are read when none is named', async () => {
    const { knownHosts: lines } = await serve()
    expect(await failureOf(attempt({}))).toMatchObject({
      code: 'ERR_GATEWAY_HOST_KEY',
      message: expect.stringContaining('no key of it in ~/.ssh/known_hosts and /etc/ssh/ssh_known_hosts. Ask'),
    })
    mkdirSync(join(folder, '.ssh'))
    writeFileSync(join(folder, '.ssh', 'known_hosts'), lines)
    await expectOpen({})
  })

  test('a changed key is refused as a possible attack', async () => {
    const { port } = await serve()
    writeFileSync(knownHosts, lineOf(keys.other))
    const error = await failureOf(attempt({ knownHosts }))
    expect([error.code, error.message]).toEqual([
      'ERR_GATEWAY_HOST_KEY',
      `The ssh server 127.0.0.1:${port} shows the host key ssh-ed25519 ${fingerprint(keys.ed25519)}, which differs from the ` +
        `known one in ${knownHosts}: ssh-ed25519 ${fingerprint(keys.other)}. Somebody may be in between (an attack), or the ` +
        'server was set up again. Ask the people who run it; only if the new key is right, remove the old one: ' +
        `ssh-keygen -R "[127.0.0.1]:${port}" -f ${knownHosts}`,
    ])
  })

  test('a revoked key is refused although it is known', async () => {
    const { knownHosts: lines } = await serve()
    writeFileSync(knownHosts, `${lines}@revoked * ${readFileSync(`${keys.ed25519}.pub`, 'utf8')}`)
    expect(await failureOf(attempt({ knownHosts }))).toMatchObject({
      code: 'ERR_GATEWAY_HOST_KEY',
      message: expect.stringContaining(
        `${fingerprint(keys.ed25519)}, which ${knownHosts} marks as @revoked: somebody else may have it`,
      ),
    })
  })

  test('a server known by its RSA key is known, although it would rather show another', async () => {
    await serve([keys.ed25519, keys.rsa])
    writeFileSync(knownHosts, lineOf(keys.rsa))
    await expectOpen({ knownHosts })
  })

  test('a server known by an RSA key that it has no more is refused', async () => {
    await serve([keys.ed25519])
    writeFileSync(knownHosts, lineOf(keys.rsa))
    expect(await failureOf(attempt({ knownHosts }))).toMatchObject({
      code: 'ERR_GATEWAY_HOST_KEY',
      message: expect.stringContaining(`differs from the known one in ${knownHosts}: ssh-rsa ${fingerprint(keys.rsa)}`),
    })
  })

  test('a pinned key is accepted, with padding too, and no file is read', async () => {
    await serve()
    mkdirSync(knownHosts)
    await expectOpen({ hostKey: fingerprint(keys.ed25519), knownHosts })
    await expectOpen({ hostKey: `${fingerprint(keys.ed25519)}=`, knownHosts })
  })

  test('a key other than the pinned one is refused', async () => {
    const { port, knownHosts: lines } = await serve()
    writeFileSync(knownHosts, lines)
    const error = await failureOf(attempt({ hostKey: fingerprint(keys.other), knownHosts }))
    expect([error.code, error.message]).toEqual([
      'ERR_GATEWAY_HOST_KEY',
      `The ssh server 127.0.0.1:${port} shows the host key ssh-ed25519 ${fingerprint(keys.ed25519)}, but "host_key" says ` +
        `${fingerprint(keys.other)}. It may be another key of the same server, or somebody in between: ask the people who run the ` +
        'server which one is right',
    ])
  })

  test.each(['rsa', 'ecdsa'] as const)(
    'a pinned %s key is found behind the one that the server would show',
    async (kind) => {
      await serve([keys.ed25519, keys.ecdsa, keys.rsa])
      await expectOpen({ hostKey: fingerprint(keys[kind]) })
    },
  )

  test('a pinned key that the server has not is refused with all that it has', async () => {
    await serve([keys.ed25519, keys.ecdsa, keys.rsa])
    const { code, message } = await failureOf(attempt({ hostKey: fingerprint(keys.other) }))
    const all = `ssh-ed25519 ${fingerprint(keys.ed25519)}, ecdsa-sha2-nistp256 ${fingerprint(keys.ecdsa)}, ssh-rsa ${fingerprint(keys.rsa)}`
    expect(code).toBe('ERR_GATEWAY_HOST_KEY')
    expect(message).toContain(`shows the host keys ${all}, but "host_key" says ${fingerprint(keys.other)}.`)
  })

  test('a changed key that is known for the host on every port is removed by the name of the host', async () => {
    await serve()
    writeFileSync(knownHosts, lineOf(keys.other).replace(/^\S+/, '127.0.0.1'))
    const { message } = await failureOf(attempt({ knownHosts }))
    expect(message).toContain(`remove the old one: ssh-keygen -R "127.0.0.1" -f ${knownHosts}`)
  })

  test('a known_hosts file that cannot be read stops the attempt', async () => {
    await serve()
    mkdirSync(knownHosts)
    expect(await failureOf(attempt({ knownHosts }))).toMatchObject({
      code: 'ERR_GATEWAY_OPTIONS',
      message: `The known_hosts file ${knownHosts} cannot be read (EISDIR), so no host key can be checked`,
    })
  })
})
