import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname } from 'node:path'
import { afterEach, describe, expect, test } from '@jest/globals'
import { createNgrokDriver, openNgrok } from '../../adapters/tunnels/ngrok/ngrok'
import { lives, until } from './processes'
import { createFakeNgrok, type FakeNgrok, type FakeNgrokOptions } from './use-fake-ngrok'
import { usePrograms } from './use-programs'

const programs = usePrograms()
const fakes: FakeNgrok[] = []
const cleanups: (() => void | Promise<void>)[] = []
const TOKEN = '2abc_secret'

afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup()
  for (const fake of fakes.splice(0)) {
    const pids = fake.starts().map(({ pid }) => pid)
    await until(() => !pids.some(lives))
    fake.dispose()
  }
})

function useFake(options: FakeNgrokOptions = {}): FakeNgrok {
  const fake = createFakeNgrok(options)
  fakes.push(fake)
  return fake
}

/** Opens a tunnel by the agent in PATH. */
function open(fake: FakeNgrok, options: object = {}, over: object = {}) {
  return programs.open(openNgrok, { env: { ...fake.env }, options: { ...options }, ...over })
}

const withoutPackage = createNgrokDriver(() => undefined)
const ERROR = (code: string, message: string) =>
  expect.objectContaining({ code, message: expect.stringContaining(message) })

describe('an agent', () => {
  test('opens a tunnel, through which requests reach the port, and closes it', async () => {
    const app = createServer((incoming, outgoing) => {
      incoming.resume().on('end', () => outgoing.end(JSON.stringify([incoming.method, incoming.url, incoming.headers])))
    })
    await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve))
    cleanups.push(() => void app.close())
    const { port } = app.address() as AddressInfo
    const fake = useFake()
    const tunnel = await open(fake, {}, { port }).tunnel
    expect(tunnel).toMatchObject({ publicUrl: 'https://abc123.ngrok.io', isStable: false })
    expect(await tunnel.check?.()).toBe('up')
    const answer = await fake.fetch(`${tunnel.publicUrl}/done?id=1`, { method: 'POST', body: '{}' })
    expect(answer.status).toBe(200)
    expect(JSON.parse(answer.body)).toMatchObject([
      'POST',
      '/done?id=1',
      { host: 'abc123.ngrok.io', 'x-forwarded-proto': 'https' },
    ])
    const { pid, argv } = await fake.started()
    expect(argv).toEqual(['http', `127.0.0.1:${port}`, '--log', 'stdout', '--log-format', 'json'])
    await Promise.all([tunnel.close(), tunnel.close()])
    expect(lives(pid)).toBe(false)
    expect(await tunnel.closed).toEqual(ERROR('ERR_GATEWAY_EXITED', 'ngrok ended with exit code 0'))
  })

  test('is reached by an IPv6 address too', async () => {
    const fake = useFake()
    await open(fake, {}, { host: '::1', port: 9 }).tunnel
    expect((await fake.started()).argv.slice(0, 2)).toEqual(['http', '[::1]:9'])
  })

  test.each([
    ['2.3.41', ['--hostname', 'mine.ngrok.app']],
    ['3.3.1', ['--domain', 'mine.ngrok.app']],
    ['3.14.9', ['--domain', 'mine.ngrok.app']],
    ['3.15.0', ['--url', 'https://mine.ngrok.app']],
    ['3.30.0', ['--url', 'https://mine.ngrok.app']],
    ['4.0.0', ['--url', 'https://mine.ngrok.app']],
    ['unknown', ['--url', 'https://mine.ngrok.app']],
  ])('of version %s is asked for a domain by %j', async (version, expected) => {
    const fake = useFake({ version })
    const tunnel = await open(fake, { domain: 'mine.ngrok.app' }).tunnel
    expect(tunnel).toMatchObject({ publicUrl: 'https://mine.ngrok.app', isStable: true })
    const [asked, started] = fake.starts()
    expect(asked?.argv).toEqual(['version'])
    expect(started?.argv.slice(2, 4)).toEqual(expected)
  })

  test('is asked for the domain of a public URL that is known beforehand', async () => {
    const fake = useFake()
    const tunnel = await open(fake, { publicUrl: 'https://mine.ngrok.app' }).tunnel
    expect(tunnel.isStable).toBe(true)
    expect(fake.starts().at(-1)?.argv).toContain('https://mine.ngrok.app')
  })

  test('is asked for a domain that was written as an URL', async () => {
    const fake = useFake()
    await open(fake, { domain: 'https://mine.ngrok.app/' }).tunnel
    expect((await fake.started()).argv).toContain('https://mine.ngrok.app')
  })

  test('is not asked for its version without a domain', async () => {
    const fake = useFake()
    await open(fake).tunnel
    expect(fake.starts()).toHaveLength(1)
  })

  test.each([
    ['the gateway', { authtoken: TOKEN }, { NGROK_AUTHTOKEN: 'another' }],
    ['NGROK_AUTHTOKEN', {}, { NGROK_AUTHTOKEN: TOKEN }],
  ])('gets the authtoken of %s by its environment, and with it its home folder', async (_, options, env) => {
    const fake = useFake()
    await open(fake, { ...options, domain: 'mine.ngrok.app' }, { env: { ...fake.env, ...env } }).tunnel
    for (const start of fake.starts()) {
      expect(start.env).toMatchObject({ NGROK_AUTHTOKEN: TOKEN, HOME: fake.env['HOME'] })
      expect(start.argv.join(' ')).not.toContain(TOKEN)
    }
  })

  test('without an authtoken uses its own configuration', async () => {
    const fake = useFake()
    await open(fake).tunnel
    expect((await fake.started()).env).not.toHaveProperty('NGROK_AUTHTOKEN')
  })

  test.each([
    ['that we gave', { authtoken: TOKEN }, TOKEN],
    ['of its own configuration', {}, '2abc_own'],
  ])('whose token is refused tells no token %s', async (_, options, token) => {
    const attempt = open(useFake({ scenario: 'v3_bad_token' }), options)
    await expect(attempt.tunnel).rejects.toEqual(ERROR('ERR_GATEWAY_AUTH', 'it is invalid. Your authtoken: ***'))
    const error: unknown = await attempt.tunnel.catch((reason: unknown) => reason)
    await attempt.wrote('ERR_NGROK_107')
    expect([String(error), JSON.stringify(error), ...attempt.lines].join('\n')).not.toContain(token)
  })

  test.each([
    [
      'v3_no_token',
      'ERR_GATEWAY_AUTH',
      'Usage of ngrok requires a verified account and authtoken (ERR_NGROK_4018). Take',
    ],
    ['v3_exit', 'ERR_GATEWAY_EXITED', 'ngrok says: panic: oh'],
    ['v3_old', 'ERR_GATEWAY_OPTIONS', 'unknown flag: --url. This agent does not know the option'],
    ['v2_bad_flag', 'ERR_GATEWAY_OPTIONS', 'flag provided but not defined: -url. This agent'],
    ['v2_session_limit_json', 'ERR_GATEWAY_EXITED', '(ERR_NGROK_108). Stop another agent'],
    ['v2_bindfail_json', 'ERR_GATEWAY_EXITED', '(ERR_NGROK_334). Its domain is in use'],
    ['v2_fixed_web_addr_in_use_json', 'ERR_GATEWAY_EXITED', 'give it another as "web_addr"'],
    ['v2_no_network_json', 'ERR_GATEWAY_NETWORK', 'ngrok reaches no server: Get "https://s3.amazonaws.com'],
    ['v2_bad_authtoken_logfmt', 'ERR_GATEWAY_AUTH', '(ERR_NGROK_105). Take the authtoken'],
  ])('that does as in %s is %s', async (scenario, code, message) => {
    await expect(open(useFake({ scenario })).tunnel).rejects.toEqual(ERROR(code, message))
  })

  test('of version 2 tells the http URL first, and the https URL is taken', async () => {
    const tunnel = await open(useFake({ scenario: 'v2_ok_json' })).tunnel
    expect(tunnel.publicUrl).toBe('https://abcd-12.ngrok.io')
  })

  test('that loses its session is down until it has the next, and its URL stays', async () => {
    const fake = useFake()
    const attempt = open(fake)
    const tunnel = await attempt.tunnel
    fake.drop()
    await attempt.wrote('starting reconnect loop')
    expect(await tunnel.check?.()).toBe('down')
    const established = () => attempt.lines.filter((line) => line.includes('client session established')).length
    fake.restore()
    await until(() => established() === 2)
    expect(await tunnel.check?.()).toBe('up')
    expect(attempt.urls).toEqual([])
  })

  test('may be down for ten minutes, unless another in its place would have the same URL', async () => {
    expect((await open(useFake()).tunnel).maxDownMs).toBe(600_000)
    expect((await open(useFake(), { domain: 'mine.ngrok.app' }).tunnel).maxDownMs).toBeUndefined()
  })

  test('settles as long as the gateway says', async () => {
    const attempt = open(useFake(), { settleMs: 70_000 })
    await attempt.wrote('started tunnel')
    let isOpen = false
    void attempt.tunnel.then(() => (isOpen = true))
    await new Promise((resolve) => setImmediate(resolve))
    attempt.clock.advance(69_999)
    await new Promise((resolve) => setImmediate(resolve))
    expect(isOpen).toBe(false)
    attempt.clock.advance(1)
    await attempt.tunnel
  })

  test('that ends by itself ends the tunnel', async () => {
    const fake = useFake()
    const tunnel = await open(fake).tunnel
    process.kill((await fake.started()).pid, 'SIGKILL')
    expect(await tunnel.closed).toEqual(ERROR('ERR_GATEWAY_EXITED', 'ngrok ended by SIGKILL'))
  })

  test('that opens nothing is ended after a minute', async () => {
    const fake = useFake({ scenario: 'v3_silent' })
    const attempt = open(fake)
    await attempt.wrote('starting web service')
    attempt.clock.advance(60_000)
    await expect(attempt.tunnel).rejects.toEqual(ERROR('ERR_GATEWAY_TIMEOUT', 'ngrok told no public URL within 60 s'))
    expect(lives((await fake.started()).pid)).toBe(false)
  })

  test('is ended when the tunnel is not wanted any more', async () => {
    const fake = useFake({ scenario: 'v3_silent' })
    const attempt = open(fake)
    await attempt.wrote('starting web service')
    attempt.abort(new Error('enough'))
    await expect(attempt.tunnel).rejects.toThrow('enough')
    expect(lives((await fake.started()).pid)).toBe(false)
  })

  test('that does not tell its version is ended when the tunnel is not wanted any more', async () => {
    const bin = programs.write('echo $$; while :; do sleep 0.05; done')
    const attempt = programs.open(openNgrok, { options: { bin, domain: 'mine.ngrok.app' } })
    attempt.abort(new Error('enough'))
    await expect(attempt.tunnel).rejects.toThrow('enough')
  })

  test('that does not tell its version within ten seconds is taken for a new one', async () => {
    const slow = 'echo > "$0.asked"; while :; do sleep 0.05; done'
    const bin = programs.write(`[ "$1" = http ] || { ${slow}; }\necho "$@" > "$0.args"; exit 3`)
    const attempt = programs.open(openNgrok, { options: { bin, domain: 'mine.ngrok.app' } })
    await until(() => existsSync(`${bin}.asked`))
    attempt.clock.advance(10_000)
    await expect(attempt.tunnel).rejects.toMatchObject({ code: 'ERR_GATEWAY_EXITED' })
    expect(readFileSync(`${bin}.args`, 'utf8')).toContain('--url https://mine.ngrok.app')
  })

  test('that is opened again may have another URL, and has another edge', async () => {
    const fake = useFake({ publicUrl: 'https://abc{run}.ngrok.io' })
    const first = await open(fake).tunnel
    const edge = await fake.edge()
    await first.close()
    const second = await open(fake).tunnel
    expect([first.publicUrl, second.publicUrl]).toEqual(['https://abc1.ngrok.io', 'https://abc2.ngrok.io'])
    expect(await fake.edge()).not.toBe(edge)
  })

  test('that pays no heed to SIGTERM is killed', async () => {
    const fake = useFake({ ignoresSigterm: true })
    const attempt = open(fake)
    const tunnel = await attempt.tunnel
    const { pid } = await fake.started()
    const closing = tunnel.close()
    await until(() => attempt.clock.timers > 0)
    expect(lives(pid)).toBe(true)
    attempt.clock.advance(8000)
    await closing
    await until(() => !lives(pid))
  })

  describe('as a container', () => {
    function openContainer(options: object) {
      const script = '[ "$1" = run ] || exit 0; echo "$@" >> "$0.args"; echo "$NGROK_AUTHTOKEN"; exit 125'
      const docker = programs.write(script, 'docker')
      const env = { PATH: `${dirname(docker)}:${process.env['PATH']}` }
      const attempt = programs.open(openNgrok, { env, options: { runtime: 'docker', ...options } })
      return { attempt, readArgs: () => readFileSync(`${docker}.args`, 'utf8').trim() }
    }

    test('gets what the program gets, and its token by name', async () => {
      const { attempt, readArgs } = openContainer({ authtoken: TOKEN })
      await expect(attempt.tunnel).rejects.toMatchObject({ code: 'ERR_GATEWAY_EXITED' })
      expect(readArgs()).toMatch(
        /^run --rm .*--env NGROK_AUTHTOKEN ngrok\/ngrok:latest http 127\.0\.0\.1:8090 --log stdout --log-format json$/,
      )
      expect(attempt.lines).toContain('[ngrok] ***')
      expect(attempt.lines.join('\n')).not.toContain(TOKEN)
    })

    test.each([
      [undefined, '--url https://mine.ngrok.app'],
      ['ngrok/ngrok:3', '--url https://mine.ngrok.app'],
      ['ngrok/ngrok:3.10.0-alpine', '--domain mine.ngrok.app'],
      ['ngrok/ngrok:2', '--hostname mine.ngrok.app'],
      ['localhost:5000/ngrok', '--url https://mine.ngrok.app'],
    ])(
      'of the image %s is asked for a domain by %s, without being started for its version',
      async (image, expected) => {
        const { attempt, readArgs } = openContainer({ domain: 'mine.ngrok.app', image })
        await expect(attempt.tunnel).rejects.toMatchObject({ code: 'ERR_GATEWAY_EXITED' })
        expect(readArgs().split('\n')).toEqual([expect.stringContaining(` http 127.0.0.1:8090 ${expected} --log`)])
      },
    )
  })
})

describe('the agent is taken', () => {
  test('from "bin" before NGROK_BIN and PATH', async () => {
    const [named, other] = [useFake(), useFake()]
    await open(named, { bin: named.bin }, { env: { ...named.env, NGROK_BIN: other.bin, PATH: other.env['PATH'] } })
      .tunnel
    expect([named.starts().length, other.starts().length]).toEqual([1, 0])
  })

  test('from NGROK_BIN before PATH', async () => {
    const fake = useFake({ publicUrl: 'https://named.ngrok.io' })
    const other = programs.write('exit 9', 'ngrok')
    const PATH = `${dirname(other)}:${fake.env['PATH']}`
    expect((await open(fake, {}, { env: { ...fake.env, NGROK_BIN: fake.bin, PATH } }).tunnel).publicUrl).toBe(
      'https://named.ngrok.io',
    )
  })

  test.each([
    ['"bin"', { bin: '/missing/ngrok' }, {}],
    ['NGROK_BIN', {}, { NGROK_BIN: '/missing/ngrok' }],
  ])('from nowhere else when %s leads nowhere', async (key, options, env) => {
    const fake = useFake()
    await expect(open(fake, options, { env: { ...fake.env, ...env } }).tunnel).rejects.toEqual(
      ERROR('ERR_GATEWAY_PROGRAM', `${key} names "/missing/ngrok", which is no program that can be run. Correct it`),
    )
    expect(fake.starts()).toEqual([])
  })

  test('from nowhere: the message tells both ways', async () => {
    const folder = programs.createFolder()
    await expect(programs.open(withoutPackage, { env: { PATH: folder } }).tunnel).rejects.toEqual(
      ERROR(
        'ERR_GATEWAY_PROGRAM',
        'Either: npm install @ngrok/ngrok; or install the agent (https://ngrok.com/download)',
      ),
    )
  })
})
