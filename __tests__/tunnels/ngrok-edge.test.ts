import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { createNgrokDriver, openNgrok } from '../../adapters/tunnels/ngrok/ngrok'
import { findNgrokPackage, type NgrokPackage } from '../../adapters/tunnels/ngrok/package'
import { findFreePorts } from '../helpers/free-ports'
import { createNgrokEdge, type NgrokEdge } from './ngrok-edge'
import { createEdgeCertificate, type EdgeCertificate } from './ngrok-edge-certificate'
import { until } from './processes'
import { usePrograms } from './use-programs'

const programs = usePrograms()
const folder = mkdtempSync(join(tmpdir(), 'express-callbacks-edge-'))
const TOKEN = '2abc_fake'
const REFUSED = `The authtoken you specified does not look like a proper ngrok tunnel authtoken.\nYour authtoken: ${TOKEN}\r\n\r\nERR_NGROK_105\r\n`
const ONLINE = 'The endpoint is already online.\r\n\r\nERR_NGROK_334\r\n'
const ERROR = (code: string, message: string) =>
  expect.objectContaining({ code, message: expect.stringContaining(message) })

async function closedPort(): Promise<number> {
  const [free = 1] = await findFreePorts(1)
  return free
}

let certificate: EdgeCertificate
let edge: NgrokEdge
let app: Server
let port: number

beforeAll(() => {
  certificate = createEdgeCertificate(folder)
})
afterAll(() => rmSync(folder, { recursive: true }))

beforeEach(async () => {
  edge = await createNgrokEdge(certificate)
  app = createServer((incoming, outgoing) => {
    let body = ''
    incoming.on('data', (chunk) => (body += String(chunk)))
    incoming.on('end', () => outgoing.end(`${incoming.method} ${incoming.url} ${incoming.headers.host} ${body}`))
  })
  await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve))
  port = (app.address() as AddressInfo).port
})
afterEach(async () => {
  await edge.close()
  app.closeAllConnections()
  await new Promise((resolve) => app.close(resolve))
})

const agent: string | null = require('@expo/ngrok-bin')
const withAgent = agent === null ? describe.skip : describe
const why = agent === null ? ' (skipped: @expo/ngrok-bin has none for this platform)' : ''

withAgent(`a real agent${why}`, () => {
  /** Its update check goes to a port of this machine where nothing listens, instead of the internet. */
  const env = { PATH: process.env['PATH'], HOME: folder, HTTPS_PROXY: 'http://127.0.0.1:1' }

  function open(options: object = {}, address = edge.address) {
    const config = join(programs.createFolder(), 'ngrok.yml')
    writeFileSync(
      config,
      `authtoken: ${TOKEN}\nserver_addr: ${address}\nroot_cas: ${certificate.caFile}\nweb_addr: false\n`,
    )
    const bin = programs.write(`[ "$1" = version ] || set -- "$@" --config '${config}'\nexec '${agent}' "$@"`)
    return programs.open(openNgrok, { env, port, options: { bin, ...options } })
  }

  test('opens a tunnel, carries requests, and is stopped', async () => {
    const { tunnel } = open()
    const { publicUrl, isStable, check, close, closed } = await tunnel
    expect({ publicUrl, isStable }).toEqual({ publicUrl: 'https://abcd-1.ngrok.io', isStable: false })
    expect(await check?.()).toBe('up')
    expect(await edge.fetch('abcd-1.ngrok.io', '/done?id=1', '{"status":"ok"}')).toEqual({
      status: 200,
      body: 'POST /done?id=1 abcd-1.ngrok.io {"status":"ok"}',
    })
    await close()
    await until(() => edge.hosts.length === 0)
    expect(await closed).toEqual(ERROR('ERR_GATEWAY_EXITED', 'ngrok ended with exit code 0'))
  })

  test('gets the domain that the gateway has', async () => {
    const tunnel = await open({ domain: 'mine.ngrok.io' }).tunnel
    expect(tunnel).toMatchObject({ publicUrl: 'https://mine.ngrok.io', isStable: true })
    expect(edge.calls.find(({ kind }) => kind === 'bind')?.body).toMatchObject({ Opts: { Hostname: 'mine.ngrok.io' } })
  })

  test('survives a lost session under the same URL', async () => {
    const attempt = open()
    const tunnel = await attempt.tunnel
    edge.drop()
    await attempt.wrote('starting reconnect loop')
    const sessions = () => attempt.lines.filter((line) => line.includes('client session established')).length
    await until(() => sessions() === 2)
    expect(await tunnel.check?.()).toBe('up')
    expect((await edge.fetch('abcd-1.ngrok.io', '/again')).body).toBe('POST /again abcd-1.ngrok.io ')
    expect(attempt.urls).toEqual([])
  })

  test('is refused for a bad token, which shows nowhere', async () => {
    edge.refuse('auth', REFUSED)
    const { tunnel, lines } = open()
    await expect(tunnel).rejects.toEqual(ERROR('ERR_GATEWAY_AUTH', '(ERR_NGROK_105). Take the authtoken from'))
    const error: unknown = await tunnel.catch((reason: unknown) => reason)
    expect(lines.join('\n')).toContain('Your authtoken: ***')
    expect([String(error), ...lines].join('\n')).not.toContain(TOKEN)
  })

  test('is told when its address is online already', async () => {
    edge.refuse('bind', ONLINE)
    await expect(open().tunnel).rejects.toEqual(
      ERROR('ERR_GATEWAY_EXITED', 'already online (ERR_NGROK_334). Its domain'),
    )
  })

  test('that reaches no server is given up once it has tried every way', async () => {
    const { tunnel, lines } = open({}, `127.0.0.1:${await closedPort()}`)
    await expect(tunnel).rejects.toEqual(ERROR('ERR_GATEWAY_NETWORK', 'ngrok reaches no server: '))
    expect(lines.filter((line) => line.includes('failed to reconnect session')).length).toBeGreaterThanOrEqual(4)
  }, 20_000)

  test('that is not wanted any more is stopped', async () => {
    const attempt = open({}, `127.0.0.1:${await closedPort()}`)
    await attempt.wrote('failed to reconnect session')
    attempt.abort(new Error('enough'))
    await expect(attempt.tunnel).rejects.toThrow('enough')
  })
})

describe('the real package @ngrok/ngrok', () => {
  // Jest loads a module again for each test file, and this one wraps a class that all loads in a process share: loaded
  // twice, it calls itself for ever. So no other test file may load it.
  const real = require('@ngrok/ngrok')

  /** The package, led to the stand-in. */
  function packageFor(address: string): NgrokPackage {
    class SessionBuilder extends real.SessionBuilder {
      constructor() {
        super()
        this['serverAddr'](address)
        this['caCert'](readFileSync(certificate.caFile))
      }
    }
    return { SessionBuilder: SessionBuilder as unknown as NgrokPackage['SessionBuilder'] }
  }

  function open(over: object = {}, options: object = {}, address = edge.address) {
    const driver = createNgrokDriver(() => packageFor(address))
    return programs.open(driver, { env: {}, port, options: { authtoken: TOKEN, ...options }, ...over })
  }

  test('opens a tunnel, carries requests, and is closed', async () => {
    const tunnel = await open().tunnel
    expect(tunnel).toMatchObject({ publicUrl: 'https://abcd-1.ngrok.io', isStable: false })
    expect(await edge.fetch('abcd-1.ngrok.io', '/done?id=1', '{"status":"ok"}')).toEqual({
      status: 200,
      body: 'POST /done?id=1 abcd-1.ngrok.io {"status":"ok"}',
    })
    expect(edge.calls[0]?.body).toMatchObject({ Extra: { AuthToken: TOKEN } })
    await tunnel.close()
    await tunnel.close()
    await until(() => edge.hosts.length === 0)
  })

  test('that loses its session ends its tunnel, and the next has the same URL', async () => {
    const first = await open().tunnel
    edge.drop()
    expect(await first.closed).toEqual(ERROR('ERR_GATEWAY_NETWORK', 'The session with ngrok was lost: '))
    await first.close()
    const second = await open({ previousUrl: first.publicUrl }).tunnel
    expect(second.publicUrl).toBe(first.publicUrl)
    expect((await edge.fetch('abcd-1.ngrok.io', '/again')).body).toBe('POST /again abcd-1.ngrok.io ')
  })

  test('has another URL when the one before is refused', async () => {
    const taken = (body: Readonly<Record<string, unknown>>) =>
      JSON.stringify(body).includes('old.ngrok.app') ? ONLINE : undefined
    edge.refuse('bind', taken)
    const { clock, tunnel } = open({ previousUrl: 'https://old.ngrok.app' })
    for (let refusals = 1; refusals < 3; refusals += 1) {
      await until(() => clock.timers > 1)
      clock.advance(2000)
    }
    const { publicUrl } = await tunnel
    expect(publicUrl).toMatch(/^https:\/\/abcd-\d\.ngrok\.io$/)
    await expect(open({}, { domain: 'old.ngrok.app' }).tunnel).rejects.toEqual(
      ERROR('ERR_GATEWAY_EXITED', 'already online (ERR_NGROK_334). Its domain'),
    )
  })

  test('gets the domain that the gateway has', async () => {
    const tunnel = await open({}, { domain: 'mine.ngrok.app' }).tunnel
    expect(tunnel).toMatchObject({ publicUrl: 'https://mine.ngrok.app', isStable: true })
  })

  test('carries the requests of two gateways at once', async () => {
    const tunnels = await Promise.all([open().tunnel, open().tunnel])
    const hosts = tunnels.map(({ publicUrl }) => new URL(publicUrl).host)
    expect(new Set(hosts).size).toBe(2)
    const answers = await Promise.all(hosts.map((host) => edge.fetch(host, '/both')))
    expect(answers.map(({ body }) => body)).toEqual(hosts.map((host) => `POST /both ${host} `))
  })

  test('is refused for a bad token, which shows nowhere', async () => {
    edge.refuse('auth', REFUSED)
    const { tunnel, lines } = open()
    await expect(tunnel).rejects.toEqual(ERROR('ERR_GATEWAY_AUTH', 'Your authtoken: *** (ERR_NGROK_105). Take'))
    const error: unknown = await tunnel.catch((reason: unknown) => reason)
    expect([String(error), JSON.stringify(error), ...lines].join('\n')).not.toContain(TOKEN)
  })

  test('that reaches no server says so', async () => {
    const { tunnel } = open({}, {}, `127.0.0.1:${await closedPort()}`)
    await expect(tunnel).rejects.toEqual(
      ERROR('ERR_GATEWAY_NETWORK', 'failed to establish tcp connection. Is the internet'),
    )
  })

  test('is found where it is installed', () => {
    expect(findNgrokPackage()).toBe(real)
  })

  test('that is not wanted any more asks for no address', async () => {
    let abort = (): void => undefined
    edge.refuse('auth', () => {
      abort()
      return undefined
    })
    const attempt = open()
    abort = () => attempt.abort(new Error('enough'))
    await expect(attempt.tunnel).rejects.toThrow('enough')
    edge.refuse('auth', undefined)
    await open().tunnel
    expect(edge.calls.filter(({ kind }) => kind === 'bind')).toHaveLength(1)
  })
})
