import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { openCloudflared } from '../../adapters/tunnels/cloudflared/cloudflared'
import type { Tunnel } from '../../lib/base/contracts'
import { requestOf } from './cloudflared-request'
import { type FakeCloudflared, type FakeScenario, useFakeCloudflared } from './use-fake-cloudflared'

const QUICK = 'https://alpha-bravo-charlie-n1.trycloudflare.com'
const TOKEN = 'eyJhIjoiczNjcmV0In0='
const ARGUMENTS =
  'tunnel --config /dev/null --no-autoupdate --metrics 127.0.0.1:0 --grace-period 5s --protocol auto'.split(' ')
const NAMED = { token: TOKEN, hostname: 'hooks.example.com' }
const REFUSED = 'ERR Register tunnel error from server side error="Unauthorized: Tunnel not found" connIndex=0'
const CONNECTED = 'INF Registered tunnel connection connIndex=0 connection=b9c2 event=0'

const fakes: FakeCloudflared[] = []
const tunnels: Tunnel[] = []
const folders: string[] = []
const platform = process.platform

afterEach(async () => {
  Object.defineProperty(process, 'platform', { value: platform })
  for (const tunnel of tunnels.splice(0)) await tunnel.close()
  for (const fake of fakes.splice(0)) expect(await fake.dispose()).toEqual([])
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

function use(...scenarios: readonly FakeScenario[]): FakeCloudflared {
  const fake = useFakeCloudflared(...scenarios)
  fakes.push(fake)
  return fake
}

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'express-callbacks-'))
  folders.push(folder)
  return folder
}

/** Opens a tunnel, by default one that needs not settle. */
function open(fake: FakeCloudflared, options: object = { settleMs: 0 }, over: Parameters<typeof requestOf>[1] = {}) {
  const request = requestOf(options, { env: fake.env, ...over })
  const opening = openCloudflared(request).then((tunnel) => {
    tunnels.push(tunnel)
    return tunnel
  })
  opening.catch(() => undefined)
  return { request, opening }
}

async function until(condition: () => boolean): Promise<void> {
  for (const start = Date.now(); !condition(); await new Promise((resolve) => setTimeout(resolve, 5)))
    if (Date.now() - start > 4000) throw new Error(`it never came true: ${String(condition)}`)
}

describe('a tunnel', () => {
  test('that is quick opens, and what is sent to its URL comes through', async () => {
    const app = createServer((request, response) => {
      request.on('data', (body) => response.end(`${request.method} ${request.url} ${request.headers.host} ${body}`))
    })
    await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve))
    const fake = use({ pieces: 7 })
    try {
      const { port } = app.address() as AddressInfo
      const env = { ...fake.env, TUNNEL_URL: 'http://elsewhere', NO_AUTOUPDATE: '1' }
      const { request, opening } = open(fake, { settleMs: 0 }, { port, env })
      const tunnel = await opening
      expect(tunnel).toMatchObject({ publicUrl: QUICK, isStable: false })
      const [start] = fake.starts()
      expect(start?.argv).toEqual([...ARGUMENTS, '--url', `http://127.0.0.1:${port}`])
      expect(start?.env).not.toHaveProperty('TUNNEL_URL')
      expect(start?.env).not.toHaveProperty('NO_AUTOUPDATE')
      const headers = { connection: 'close' }
      const answer = await fetch(fake.reach(`${tunnel.publicUrl}/done?x=1`), { method: 'POST', body: 'a cat', headers })
      expect(await answer.text()).toBe('POST /done?x=1 alpha-bravo-charlie-n1.trycloudflare.com a cat')
      expect(request.log.filter((line) => !line.startsWith('debug [cloudflared] '))).toEqual([])
      expect(request.clock.timers).toBe(0)
    } finally {
      app.close()
    }
  })

  test('that is quick settles for 5 seconds before it is given out', async () => {
    const { request, opening } = open(use(), {})
    await until(() => request.delays.includes(5000))
    let isOpen = false
    void opening.then(() => (isOpen = true))
    request.clock.advance(4999)
    await new Promise(setImmediate)
    expect(isOpen).toBe(false)
    request.clock.advance(1)
    expect((await opening).publicUrl).toBe(QUICK)
  })

  test('settles as long as the gateway says', async () => {
    const { request, opening } = open(use(), { settleMs: 70 })
    await until(() => request.delays.includes(70))
    request.clock.advance(70)
    await opening
    expect(request.delays).not.toContain(5000)
  })

  test('that is named has the URL of the config, is stable and needs not settle', async () => {
    const fake = use({ capture: 'cf_named_token' })
    const { request, opening } = open(fake, NAMED)
    expect(await opening).toMatchObject({ publicUrl: 'https://hooks.example.com', isStable: true })
    expect(fake.starts()[0]?.argv.slice(-3)).toEqual(['run', '--url', 'http://127.0.0.1:8090'])
    expect(request.delays).not.toContain(5000)
    expect(request.log.join('\n')).not.toContain('is not confirmed')
  })

  test('may be opened again after it was closed, with another URL', async () => {
    const fake = use()
    const first = await open(fake).opening
    await first.close()
    expect((await open(fake).opening).publicUrl).toBe('https://alpha-bravo-charlie-n2.trycloudflare.com')
  })

  test('has its token in its environment, and nowhere else', async () => {
    const fake = use({ capture: 'cf_named_token', holdAt: 'Registered' })
    const { request, opening } = open(fake, NAMED)
    const { argv, env, pid } = await fake.started()
    expect(env['TUNNEL_TOKEN']).toBe(TOKEN)
    expect(argv.join(' ')).not.toContain(TOKEN)
    await fake.tell({ say: [`ERR it echoes ${TOKEN}`], exit: 1 })
    const error: unknown = await opening.catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'ERR_GATEWAY_EXITED', message: expect.stringContaining('it echoes ***') })
    expect(request.log.join('\n')).toContain('it echoes ***')
    expect([String(error), JSON.stringify(error), request.log.join('\n')].join()).not.toContain(TOKEN)
    expect(fake.lives(pid)).toBe(false)
  })
})

describe('cloudflared that opens no tunnel', () => {
  test.each([
    ['cf_api_429html', 'ERR_GATEWAY_RATE_LIMITED', /too many were asked for/],
    ['cf_api_500json', 'ERR_GATEWAY_RATE_LIMITED', /invalid UUID length: 0/],
    ['cf_api_500', 'ERR_GATEWAY_EXITED', /500 Internal Server Error/],
    ['cf_api_refused', 'ERR_GATEWAY_NETWORK', /HTTPS_PROXY/],
    ['cf_api_real_no_network', 'ERR_GATEWAY_NETWORK', /network is unreachable/],
    ['cf_bad_url', 'ERR_GATEWAY_OPTIONS', /cannot use the address/],
    ['cf_term_during_backoff_default', 'ERR_GATEWAY_EXITED', /deleted the quick tunnel/],
  ])('%s: %s', async (capture, code, message) => {
    const { request, opening } = open(use({ capture, pieces: 7 }))
    await expect(opening).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
    expect(request.clock.timers).toBe(0)
  })

  test.each([
    ['cf_named_bad_token', /token is not valid/],
    ['cf_named_unauthorized', /refuses the tunnel/],
  ])('%s: ERR_GATEWAY_AUTH', async (capture, message) => {
    const { opening } = open(use({ capture }), NAMED)
    await expect(opening).rejects.toMatchObject({ code: 'ERR_GATEWAY_AUTH', message: expect.stringMatching(message) })
  })

  test('since it is too old for a flag says which, although it exits with 0', async () => {
    await expect(open(use({ refuses: ['protocol'] })).opening).rejects.toMatchObject({
      code: 'ERR_GATEWAY_OPTIONS',
      message: expect.stringMatching(/does not know the flag --protocol; it is too old/),
    })
  })

  test('but ends quotes what it said', async () => {
    const fake = use({ holdAt: 'Registered' })
    const { opening } = open(fake)
    await fake.tell({ say: ['ERR something new'], exit: 3 }, 1)
    await expect(opening).rejects.toMatchObject({
      code: 'ERR_GATEWAY_EXITED',
      message: expect.stringMatching(/cloudflared ended with exit code 3; its last lines: .*something new/),
    })
  })

  test('within a minute, since it finds no way to Cloudflare, is ended', async () => {
    const fake = use({ capture: 'cf_edge_none_quic_default' })
    const { request, opening } = open(fake)
    const { pid } = await fake.started()
    await until(() => request.log.some((line) => line.includes('Failed to dial a quic connection')))
    request.clock.advance(60_000)
    await expect(opening).rejects.toMatchObject({
      code: 'ERR_GATEWAY_TIMEOUT',
      message: expect.stringMatching(/cloudflared was not connected within 60 s/),
    })
    expect(fake.lives(pid)).toBe(false)
  })

  test('since it is not there says so', async () => {
    const fake = use()
    const { opening } = open(fake, { bin: join(makeFolder(), 'cloudflared') })
    await expect(opening).rejects.toMatchObject({ code: 'ERR_GATEWAY_PROGRAM' })
    expect(fake.starts()).toEqual([])
  })

  test('since it is no program of this machine says so', async () => {
    const bin = join(makeFolder(), 'cloudflared')
    writeFileSync(bin, '#!/none/of/this\n', { mode: 0o755 })
    await expect(open(use(), { bin }).opening).rejects.toMatchObject({
      code: 'ERR_GATEWAY_PROGRAM',
      message: expect.stringMatching(/^cloudflared cannot be run here: .*Is it a program for this machine/),
    })
  })
})

describe('the name of a quick tunnel', () => {
  test('is another one: it is ended', async () => {
    const fake = use({ quicktunnel: { hostname: 'another.trycloudflare.com' } })
    const { opening } = open(fake)
    await expect(opening).rejects.toMatchObject({
      code: 'ERR_GATEWAY_EXITED',
      message: `cloudflared printed ${QUICK}, but its tunnel has the name another.trycloudflare.com; it was ended`,
    })
    expect(fake.lives((await fake.started()).pid)).toBe(false)
  })

  test.each([
    ['an old version, which cannot tell', { status: 404 }, 'its metrics answer 404'],
    ['a version that tells nothing', { hostname: '' }, 'its metrics answer 200'],
  ])('is believed of %s', async (_, quicktunnel, found) => {
    const { request, opening } = open(use({ quicktunnel }))
    expect((await opening).publicUrl).toBe(QUICK)
    expect(request.log).toContain(`debug [cloudflared] ${QUICK} is not confirmed: ${found}`)
  })

  test('is believed when nobody answers', async () => {
    const fake = use({ holdAt: 'Registered' })
    const { request, opening } = open(fake)
    await fake.tell({ say: ['INF Starting metrics server on 127.0.0.1:1/metrics'], go: true }, 1)
    expect((await opening).publicUrl).toBe(QUICK)
    expect(request.log).toContain(`debug [cloudflared] ${QUICK} is not confirmed: its metrics do not answer`)
  })
})

describe('a tunnel that is not wanted any more', () => {
  test('before it starts is not started', async () => {
    const fake = use()
    const reason = new Error('closed')
    await expect(open(fake, {}, { signal: AbortSignal.abort(reason) }).opening).rejects.toBe(reason)
    expect(fake.starts()).toEqual([])
  })

  test.each([
    ['while Cloudflare is asked', { capture: 'cf_term_during_api_hang' }],
    ['while it connects', { holdAt: 'Registered' }],
  ])('%s leaves no process', async (_, scenario) => {
    const fake = use(scenario)
    const controller = new AbortController()
    const { request, opening } = open(fake, {}, { signal: controller.signal })
    const { pid } = await fake.started()
    const reason = new Error('closed')
    controller.abort(reason)
    await expect(opening).rejects.toBe(reason)
    expect(fake.lives(pid)).toBe(false)
    expect(request.clock.timers).toBe(0)
  })

  test('while it settles leaves no process', async () => {
    const fake = use()
    const controller = new AbortController()
    const { request, opening } = open(fake, {}, { signal: controller.signal })
    await until(() => request.delays.includes(5000))
    controller.abort()
    await expect(opening).rejects.toMatchObject({ name: 'AbortError' })
    expect(fake.lives((await fake.started()).pid)).toBe(false)
    expect(request.clock.timers).toBe(0)
  })

  test('is closed by SIGTERM, whose ERR lines are no failure', async () => {
    const fake = use()
    const { request, opening } = open(fake)
    const tunnel = await opening
    await Promise.all([tunnel.close(), tunnel.close()])
    expect(fake.lives((await fake.started()).pid)).toBe(false)
    expect(request.log.join('\n')).toContain('ERR no more connections active and exiting')
    expect(await tunnel.closed).toMatchObject({
      code: 'ERR_GATEWAY_EXITED',
      message: expect.stringMatching(/^cloudflared ended with exit code 0/),
    })
  })

  test('is killed when it pays no heed to SIGTERM', async () => {
    const fake = use({ sigterm: 'ignore' })
    const { request, opening } = open(fake)
    const tunnel = await opening
    const { pid } = await fake.started()
    const closing = tunnel.close()
    await until(() => request.clock.timers > 0)
    expect(fake.lives(pid)).toBe(true)
    request.clock.advance(8000)
    await closing
    await until(() => !fake.lives(pid))
  })
})

describe('an open tunnel', () => {
  test('that ends by itself says why', async () => {
    const fake = use()
    const tunnel = await open(fake).opening
    await fake.tell({ say: ['ERR out of luck'], exit: 1 })
    expect(await tunnel.closed).toMatchObject({
      code: 'ERR_GATEWAY_EXITED',
      message: expect.stringMatching(/exit code 1; .*out of luck/),
    })
  })

  test('is up, is down while its connection is lost or it does not answer, and is up again', async () => {
    const fake = use()
    const { request, opening } = open(fake)
    const tunnel = await opening
    expect(await tunnel.check?.()).toBe('up')
    await fake.tell({ say: ['ERR Connection terminated error="connection with edge closed" connIndex=0'] })
    expect(await tunnel.check?.()).toBe('down')
    await fake.tell({ say: [CONNECTED] })
    expect(await tunnel.check?.()).toBe('up')
    await fake.tell({ ready: 'hang' })
    const checking = tunnel.check?.()
    await until(() => request.clock.timers > 0)
    request.clock.advance(2000)
    expect(await checking).toBe('down')
    expect(request.clock.timers).toBe(0)
    await tunnel.close()
    expect(await tunnel.check?.()).toBe('down')
  })

  test('that is named is gone when all its connections are refused, until it is connected again', async () => {
    const fake = use({ capture: 'cf_named_token' })
    const { request, opening } = open(fake, NAMED)
    const tunnel = await opening
    const isLogged = (count: number) => (): boolean =>
      request.log.filter((line) => line.includes(REFUSED)).length === count
    await fake.tell({ say: [REFUSED] })
    await until(isLogged(1))
    expect(await tunnel.check?.()).toBe('up')
    await fake.tell({ say: ['ERR Connection terminated connIndex=0'] })
    expect(await tunnel.check?.()).toBe('gone')
    await fake.tell({ say: [CONNECTED, 'ERR Connection terminated connIndex=0', 'last'] })
    await until(() => request.log.at(-1)?.endsWith('last') === true)
    expect(await tunnel.check?.()).toBe('down')
  })

  test('is asked by no fetch that the app around us has replaced', async () => {
    const replaced = jest.spyOn(globalThis, 'fetch').mockRejectedValue(new Error('no request may leave'))
    try {
      const { request, opening } = open(use())
      const tunnel = await opening
      expect(await tunnel.check?.()).toBe('up')
      expect(request.log.join('\n')).not.toContain('is not confirmed')
      expect(replaced).not.toHaveBeenCalled()
    } finally {
      replaced.mockRestore()
    }
  })

  test('that exits with 127 has ended, and is no program that cannot be run', async () => {
    const fake = use()
    const tunnel = await open(fake).opening
    await fake.tell({ exit: 127 })
    expect(await tunnel.closed).toMatchObject({ code: 'ERR_GATEWAY_EXITED' })
  })

  test('that is quick and was deleted ends, so that another takes its place', async () => {
    const fake = use()
    const tunnel = await open(fake).opening
    await fake.tell({ say: [REFUSED] })
    expect(await tunnel.closed).toMatchObject({
      code: 'ERR_GATEWAY_EXITED',
      message: expect.stringMatching(/deleted the quick tunnel/),
    })
    expect(fake.lives((await fake.started()).pid)).toBe(false)
  })
})

describe('runtime: docker', () => {
  /** Makes a docker that runs the fake for the image, and remembers what it was called with. */
  function useDocker(fake: FakeCloudflared): Readonly<Record<string, string>> {
    const folder = makeFolder()
    const script = `#!/bin/sh
[ "$1" = run ] || exit 0
while [ "$1" != cloudflare/cloudflared:latest ]; do shift; done
shift
exec '${fake.bin}' "$@"
`
    writeFileSync(join(folder, 'docker'), script, { mode: 0o755 })
    return { ...fake.env, PATH: `${folder}:${fake.env['PATH']}`, CLOUDFLARED_BIN: '/none' }
  }

  test('opens a tunnel as a program of this machine does', async () => {
    Object.defineProperty(process, 'platform', { value: 'linux' })
    const fake = use()
    const { opening } = open(fake, { runtime: 'docker', settleMs: 0 }, { env: useDocker(fake) })
    const tunnel = await opening
    expect(tunnel.publicUrl).toBe(QUICK)
    expect(await tunnel.check?.()).toBe('up')
    await fake.tell({ ready: 503 })
    expect(await tunnel.check?.()).toBe('down')
  })

  test('knows by the output alone how it is, where the metrics cannot be reached', async () => {
    Object.defineProperty(process, 'platform', { value: 'darwin' })
    const fake = use({ quicktunnel: { hostname: 'another.trycloudflare.com' } }, { capture: 'cf_named_token' })
    const env = useDocker(fake)
    const quick = await open(fake, { runtime: 'docker', settleMs: 0 }, { env }).opening
    expect([quick.publicUrl, fake.starts()[0]?.argv.at(-1)]).toEqual([QUICK, 'http://host.docker.internal:8090'])
    await fake.tell({ ready: 503 })
    expect(await quick.check?.()).toBe('up')
    const { request, opening } = open(fake, { ...NAMED, runtime: 'docker' }, { env })
    const named = await opening
    await fake.tell({ say: [REFUSED] })
    await until(() => request.log.some((line) => line.includes(REFUSED)))
    expect(await named.check?.()).toBe('gone')
  })

  test('says when docker does not run', async () => {
    const folder = makeFolder()
    const script =
      '#!/bin/sh\necho "Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?" >&2\nexit 1\n'
    writeFileSync(join(folder, 'docker'), script, { mode: 0o755 })
    const { opening } = open(use(), { runtime: 'docker' }, { env: { PATH: folder } })
    await expect(opening).rejects.toMatchObject({
      code: 'ERR_GATEWAY_PROGRAM',
      message: expect.stringContaining('cannot be used: it does not run: Cannot connect'),
    })
  })
})

const real = process.env['CLOUDFLARED_BIN']
const testReal = real === undefined ? test.skip : test
const whichReal = real ?? 'skipped: set CLOUDFLARED_BIN to a cloudflared'

testReal(
  `a real cloudflared tells its version and opens a tunnel, or says why it cannot (${whichReal})`,
  async () => {
    const bin = real ?? ''
    expect(execFileSync(bin, ['--version'], { encoding: 'utf8' })).toMatch(/^cloudflared version \d{4}\./)
    const env = { PATH: process.env['PATH'], HOME: makeFolder() }
    const clock = { now: Date.now, setTimeout, clearTimeout: (timer: unknown) => clearTimeout(timer as NodeJS.Timeout) }
    const request = { ...requestOf({ bin, settleMs: 0 }, { env }), clock }
    const result: unknown = await openCloudflared(request).then(
      async (tunnel) => {
        expect(tunnel.publicUrl).toMatch(/^https:\/\/(?!api\.)[a-z\d-]+\.trycloudflare\.com$/)
        expect(await tunnel.check?.()).toBe('up')
        await tunnel.close()
        return 'opened'
      },
      (error: unknown) => error,
    )
    if (result !== 'opened')
      expect(result).toMatchObject({ code: expect.stringMatching(/^ERR_GATEWAY_(?:NETWORK|RATE_LIMITED|TIMEOUT)$/) })
  },
  90_000,
)
