import { generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { openCloudflared } from '../../adapters/tunnels/cloudflared/cloudflared'
import { openCommand } from '../../adapters/tunnels/command'
import { openNgrok } from '../../adapters/tunnels/ngrok/ngrok'
import { openSsh } from '../../adapters/tunnels/ssh/ssh'
import { findFreePorts } from '../helpers/free-ports'
import { usePrograms } from '../tunnels/use-programs'
import { useCanaries } from './canaries'

const canaries = useCanaries()
const { write, open, createFolder } = usePrograms()

/** Writes all that it was given, as debugging output does, in lines of each kind that a program has. */
const CHATTY = `
for value in "$TUNNEL_TOKEN" "$NGROK_AUTHTOKEN" "$API_TOKEN" "$DATABASE_URL"; do
  echo "plain $value"
  echo "Error validating origin URL: $value" >&2
  echo "{\\"lvl\\":\\"eror\\",\\"msg\\":\\"$value\\",\\"err\\":\\"authentication failed: Your authtoken: $value\\"}"
done`

function plantEnv() {
  const inUrl = encodeURIComponent(canaries.plant('url'))
  return { API_TOKEN: plain('env'), DATABASE_URL: `postgres://user:${inUrl}@host/db` }
}

/** Programs cut what they print, and shells what they are given: without a space or a quote. */
function plain(name: string): string {
  return canaries.plant(name).replace(/ .*$/, '')
}

describe('a program that writes its environment: no line, error or event holds', () => {
  test.each([
    ['the token of cloudflared', openCloudflared, () => ({ token: plain('token'), hostname: 'a.example' })],
    ['the authtoken of ngrok', openNgrok, () => ({ authtoken: plain('authtoken') })],
    ['variables that are named like secrets, by a command', openCommand, () => ({})],
  ] as const)('%s', async (_name, driver, optionsOf) => {
    for (const end of ['exit 1', 'exit 127']) {
      const bin = write(`${CHATTY}\n${end}`, driver === openNgrok ? 'ngrok' : 'program')
      const options = { bin, command: [bin], ...optionsOf() }
      const attempt = open(driver, {
        options,
        env: { PATH: process.env['PATH'], ...plantEnv() },
        logger: canaries.logger,
      })
      const error = await attempt.tunnel.catch((reason: unknown) => reason)
      expect(error).toMatchObject({ code: expect.stringMatching(/^ERR_GATEWAY_/) })
      canaries.see('error', error)
    }
    expect(canaries.seen('log debug').join()).toContain('plain [redacted]')
  })

  test('but a public URL that holds a short or a harmless one is read as it stands', async () => {
    const bin = write('echo "https://secret-name.example"; sleep 60')
    const env = { PATH: process.env['PATH'], FAKE_KEY: 'secret-name' }
    const { tunnel } = open(openCommand, { options: { command: [bin] }, env, logger: canaries.logger })
    expect((await tunnel).publicUrl).toBe('https://secret-name.example')
    expect(canaries.seen('log debug').join()).toContain('https://[redacted].example')
    await (await tunnel).close()
  })
})

describe('ssh: no error holds', () => {
  test('the password', async () => {
    const [port] = await findFreePorts(1)
    const auth = { type: 'password', username: 'me', password: canaries.plant('password') }
    const options = {
      connection: {
        host: '127.0.0.1',
        port,
        host_key: `SHA256:${'a'.repeat(43)}`,
        hostKey: `SHA256:${'a'.repeat(43)}`,
        keepaliveIntervalMs: 15_000,
        auth,
      },
    }
    const error = await open(openSsh, { options, logger: canaries.logger }).tunnel.catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'ERR_GATEWAY_NETWORK' })
    canaries.see('error', error)
  })

  test('a passphrase that is wrong', async () => {
    const cipher = { cipher: 'aes-256-cbc', passphrase: 'another' }
    const { privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs1', format: 'pem', ...cipher },
    })
    const keyfile = join(createFolder(), 'key')
    writeFileSync(keyfile, privateKey)
    const auth = { type: 'keyfile', username: 'me', keyfile, passphrase: canaries.plant('passphrase') }
    const options = {
      connection: {
        host: '127.0.0.1',
        port: 1,
        keepaliveIntervalMs: 15_000,
        hostKey: `SHA256:${'a'.repeat(43)}`,
        auth,
      },
    }
    const error = await open(openSsh, { options, logger: canaries.logger }).tunnel.catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'ERR_GATEWAY_AUTH', message: expect.stringContaining('does not open') })
    canaries.see('error', error)
  })
})
