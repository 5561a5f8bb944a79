import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, describe, expect, test } from '@jest/globals'
import { listen } from '../../lib/cli/listen/listen'
import { reportError } from '../../lib/cli/report-error'
import { readArguments } from '../../lib/cli/syntax/args'
import { findChromium, useBrowser } from '../controller/use-browser'
import { useServices } from '../helpers/fake-service'
import { useCli } from './use-cli'
import { useListen } from './use-listen'

const chromium = findChromium()
const testPage = chromium === undefined ? test.skip : test
const suffix = chromium === undefined ? ' (skipped: there is no chromium; apt-get install chromium)' : ''

const browsers = useBrowser(chromium)
const cli = useCli()
const { open } = useListen(cli)
const services = useServices()
const taken: ReturnType<typeof createServer>[] = []
afterEach(async () => {
  for (const server of taken.splice(0)) await new Promise((resolve) => server.close(resolve))
})

/** A tunnel whose inspector is open. */
async function openInspected(argv: readonly string[] = [], port = '0') {
  const running = await open([...argv, '--inspect', port])
  const [, place = ''] = await running.stdout.shows(/Inspector: (http:\/\/127\.0\.0\.1:\d+)\//)
  // oxlint-disable-next-line typescript/no-explicit-any
  async function ask(path: string, method = 'GET'): Promise<{ readonly status: number; readonly body: any }> {
    const headers = { connection: 'close', 'content-type': 'application/json' }
    const answer = await fetch(place + path, { method, headers })
    return { status: answer.status, body: await answer.json() }
  }
  return { ...running, place, ask }
}

describe('the inspector of listen', () => {
  test('that cannot be opened ends the command, and leaves nothing open', async () => {
    const servers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'TCPServerWrap').length
    const before = servers()
    const { code, stderr } = await cli.run(['listen'], {
      command: async (_argv, io) => {
        const invocation = readArguments(['listen', '--inspect', '0'])
        if (invocation.kind !== 'command') throw new Error('no command')
        const options = { ...invocation.options, inspectPort: -1 }
        return listen(undefined, options, io).catch((error: unknown) => reportError(error, io, options))
      },
    })
    expect([code, stderr]).toEqual([1, expect.stringContaining('options.port should be')])
    await new Promise(setImmediate)
    expect(servers()).toBe(before)
  })

  test('is the page, with what came through the tunnel', async () => {
    const { place, ask, send, stdout } = await openInspected()
    const page = await fetch(`${place}/`, { headers: { connection: 'close' } })
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('<title>Callbacks</title>')])
    const headers = { 'content-type': 'application/json', 'X-Signature': 'proof' }
    await (await send('/done?token=s3cret', { body: '{"id":"a1"}', headers })).text()
    await stdout.shows(/POST \/done/)
    const [listed] = (await ask('/deliveries')).body.deliveries
    expect(listed).toMatchObject({
      method: 'POST',
      target: '/done?token=[redacted]',
      verdict: 'unrouted',
      reason: 'It was answered 200 by listen',
      endpoint: 'listen',
      status: 200,
      body_bytes: 11,
    })
    const whole = (await ask(`/deliveries/${listed.id}`)).body
    expect(whole).toMatchObject({ body: '{"id":"a1"}', reads: [] })
    expect(whole.headers).toContainEqual(['X-Signature', '[redacted]'])
    expect(JSON.stringify(whole)).not.toMatch(/s3cret|proof/)
  })

  test('shows the tunnel with a QR code of its URL', async () => {
    const { ask } = await openInspected()
    const [gateway] = (await ask('/gateways')).body
    expect(gateway).toMatchObject({ driver: 'cloudflare', state: 'ready', public_url: 'https://a.example' })
    const { size, rows } = (await ask(`/gateways/${gateway.port}/qr`)).body
    expect([rows.length, rows.every((row: string) => row.length === size && /^[01]+$/.test(row))]).toEqual([size, true])
    expect(await ask('/gateways/1/qr')).toMatchObject({ status: 404, body: { error: { code: 'ERR_NOT_FOUND' } } })
    expect((await ask('/health')).body).toEqual({ status: 'ok', gateways: { ready: 1, not_ready: 0 } })
  })

  test('takes the next free port, and says so in one line', async () => {
    const server = createServer()
    taken.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const { place, stdout } = await openInspected([], String(port))
    expect(Number(new URL(place).port)).toBeGreaterThan(port)
    expect(stdout.text).toContain(`Inspector: ${place}/ (port ${port} is in use)\n`)
  })

  test.each(['off', 'OFF', '70000', 'x'])('--inspect %s', async (word) => {
    if (word === 'off') return expect((await open(['--inspect', word])).stdout.text).not.toContain('Inspector')
    const { code, stderr } = await cli.run(['listen', '--inspect', word])
    expect([code, stderr]).toEqual([
      2,
      `error: --inspect must be a port (0 for any that is free) or off; found ${JSON.stringify(word)}\n`,
    ])
  })
})

describe('what was seen is sent again to the app', () => {
  test('by the page, with the same bytes and headers', async () => {
    const app = await services.open(() => ({ status: 202 }))
    const { ask, send, stdout } = await openInspected([new URL(app.origin).port])
    const body = Buffer.from([0, 255, 13, 10, 200])
    await (await send('/a%20b?x=1', { body, headers: { 'X-Twice': '1', 'X-Signature': 'proof' } })).text()
    const first = await app.received()
    await stdout.shows(/POST \/a%20b/)
    const [{ id, reason }] = (await ask('/deliveries')).body.deliveries
    expect(reason).toBe(`The app on port ${new URL(app.origin).port} answered 202`)
    const replayed = await ask(`/deliveries/${id}/replay`, 'POST')
    expect(replayed).toMatchObject({ status: 200, body: { replay_of: id, status: 202 } })
    const second = await app.received()
    expect([second.url, second.raw]).toEqual([first.url, body])
    expect(second.headers).toMatchObject({ 'x-twice': '1', 'x-signature': 'proof', host: first.headers.host })
    await stdout.shows(/POST \/a%20b\?x=1 202 \d+ms replayed: The app on port \d+ answered 202\n/)
  })

  test('by r and Enter', async () => {
    const app = await services.open(() => ({ status: 500 }))
    const { send, stdout, type } = await openInspected([new URL(app.origin).port])
    type('r')
    await stdout.shows(/warn {2}No request came yet that could be sent again/)
    await (await send('/done', { body: 'hi' })).text()
    await app.received()
    await stdout.shows(/POST \/done 500/)
    type('x')
    type(' R ')
    expect((await app.received()).raw.toString()).toBe('hi')
    await stdout.shows(/POST \/done 500 \d+ms replayed: /)
  })

  test.each<readonly [string, RequestListener]>([
    ['does not answer', () => undefined],
    ['does not end its answer', (_request, response) => response.write('one')],
  ])('which ends with the command when the app %s', async (_, hang) => {
    const answer: RequestListener = (_request, response) => response.end()
    const app = createServer((request, response) => answers.shift()?.(request, response))
    const answers = [answer, hang]
    taken.push(app.listen(0, '127.0.0.1'))
    await once(app, 'listening')
    const { send, stdout, type, interrupt, code } = await openInspected([String((app.address() as AddressInfo).port)])
    await (await send('/done', { body: 'hi' })).text()
    await stdout.shows(/POST \/done 200/)
    const repeated = new Promise<Socket>((resolve) => app.once('request', ({ socket }) => resolve(socket)))
    type('r')
    const socket = await repeated
    const gone = new Promise((resolve) => socket.once('close', resolve))
    interrupt()
    expect(await code).toBe(0)
    await gone
  })

  test('an app that is gone is named, and no other origin may ask', async () => {
    const app = await services.open(() => ({ status: 200 }))
    const { port } = new URL(app.origin)
    const { ask, send, stdout, place } = await openInspected([port])
    await (await send('/done', { body: 'hi' })).text()
    await stdout.shows(/POST \/done 200/)
    const [{ id }] = (await ask('/deliveries')).body.deliveries
    const headers = { connection: 'close', 'content-type': 'application/json', origin: 'https://evil.example' }
    const forbidden = await fetch(`${place}/deliveries/${id}/replay`, { method: 'POST', headers })
    expect([forbidden.status, await forbidden.json()]).toMatchObject([403, { error: { code: 'ERR_FORBIDDEN' } }])
    expect((await ask('/deliveries')).body.deliveries).toHaveLength(1)
  })

  testPage(`in a browser, which has no view of waits and tasks${suffix}`, async () => {
    const app = await services.open(() => ({ status: 200 }))
    const { place, send } = await openInspected([new URL(app.origin).port])
    const { page } = await browsers.open(`${place}/`)
    await page.getByText('live', { exact: true }).waitFor()
    await (await send('/done', { body: '{"id":"a1"}' })).text()
    await app.received()
    const row = page.locator('#list-deliveries tbody tr').filter({ hasText: 'POST /done' })
    await row.filter({ hasText: 'passed on' }).click()
    await page.getByText('"id": "a1"').waitFor()
    expect((await page.getByRole('tab').allTextContents()).map((text) => text.trim())).toEqual([
      'Deliveries',
      'Gateways',
    ])
    await page.keyboard.press('r')
    await page.getByRole('dialog').waitFor()
    await page.keyboard.press('Enter')
    expect((await app.received()).raw.toString()).toBe('{"id":"a1"}')
    await page.getByText('Replayed: passed on.').waitFor()
  })
})
