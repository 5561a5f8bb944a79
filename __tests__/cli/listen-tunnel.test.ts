import { connect } from 'node:net'
import { describe, expect, test } from '@jest/globals'
import { CallbackError, type ErrorCode } from '../../lib/base/errors'
import { createFakeDriver } from '../gateway/fake-tunnels'
import { useServices } from '../helpers/fake-service'
import { head, openRawSocket } from '../helpers/raw-socket'
import { useCli } from './use-cli'
import { starting, useListen } from './use-listen'

const services = useServices()
const { start, open } = useListen(useCli())

describe('the tunnel', () => {
  test('that cannot be opened is one line, and exit code 1', async () => {
    const { fake, code, stderr, stdout } = start()
    await starting(fake)
    fake.last.fail(new CallbackError('ERR_GATEWAY_PROGRAM', { message: 'There is no tool; install it' }))
    expect(await code).toBe(1)
    expect(stderr.text).toBe(
      'error: There is no tunnel: There is no tool; install it. Here, without a config: install it, name it by ' +
        'CLOUDFLARED_BIN, or use --driver ngrok\n',
    )
    expect(stdout.lines.filter((line) => !line.includes('[Gateway] Opening'))).toEqual([])
  })

  test('that is lost for good ends the command with 1', async () => {
    const running = await open()
    running.fake.last.end(new CallbackError('ERR_GATEWAY_EXITED', { message: 'It ended' }))
    await running.stdout.shows(/warn {2}The tunnel was lost: It ended; trying again/)
    running.clock.advance(60_000)
    await starting(running.fake, 2)
    running.fake.last.fail(new CallbackError('ERR_GATEWAY_AUTH', { message: 'The account was closed' }))
    expect(await running.code).toBe(1)
    expect(running.stderr.text).toBe('error: There is no tunnel: The account was closed\n')
    expect(running.since().join('\n')).not.toContain('error')
  })

  test('with another URL is told', async () => {
    const running = await open()
    running.fake.last.request.onPublicUrl('https://b.example')
    await running.stdout.shows(
      /No callback to https:\/\/a\.example arrives any more\. Give the service https:\/\/b\.example,/,
    )
  })

  test('is closed by Ctrl-C, and what is in work is broken off', async () => {
    const app = await services.open(() => undefined)
    const running = await open([new URL(app.origin).port])
    const socket = await openRawSocket(running.origin)
    socket.send(head('POST /', { 'Content-Length': 0 }))
    await app.received()
    running.interrupt()
    expect(await running.code).toBe(0)
    await socket.closed()
    expect(running.stdout.text).toContain('info  Stopping.\n')
    expect(running.fake.last.closes).toBe(1)
    expect(running.stderr.text).toBe('')
    const refused = connect(running.fake.last.request.port, '127.0.0.1')
    expect(await new Promise((resolve) => refused.once('error', resolve))).toMatchObject({ code: 'ECONNREFUSED' })
  })

  test('is given up by Ctrl-C while it starts', async () => {
    const { fake, code, interrupt, stderr } = start()
    await starting(fake)
    interrupt()
    expect(await code).toBe(0)
    expect(fake.last.request.signal.aborted).toBe(true)
    expect(stderr.text).toBe('')
  })

  test('that closes slowly is cut off by a second Ctrl-C, with 130', async () => {
    const { fake, code, interrupt, stdout } = start([], createFakeDriver(false))
    await starting(fake)
    interrupt()
    await stdout.shows(/info {2}Stopping\.\n/)
    interrupt()
    expect(await code).toBe(130)
    expect(stdout.lines.at(-1)).toMatch(/warn {2}Interrupted again\. Cut off: the tunnel, which was still closing$/)
  })
})

describe('what is said of the tunnel', () => {
  test.each([
    [[], /^\S+ info {2}\[Gateway\] Opening a tunnel by cloudflare/],
    [['3000', '--driver', 'ngrok'], /^\S+ info {2}\[Gateway\] Opening a tunnel to port 3000 by ngrok/],
  ])('begins at once, with no port of the command itself (%j)', async (argv, line) => {
    const { fake, stdout } = start(argv)
    await starting(fake)
    expect(stdout.lines[0]).toMatch(line)
    expect(stdout.text).not.toContain(String(fake.last.request.port))
  })

  test.each(['pretty', 'json'])('names neither gateway nor port in a warning (%s)', async (format) => {
    const { fake, stdout } = start(['--log-format', format])
    await starting(fake)
    fake.last.fail(new CallbackError('ERR_GATEWAY_NETWORK', { message: 'No network' }))
    await stdout.shows(/The tunnel could not be opened: No network; trying again in \d+\.\d s(?:"|\n)/)
    expect(stdout.text).not.toContain(String(fake.last.request.port))
    expect(stdout.text).not.toContain('The gateway')
  })

  test('names no port where the tunnel cannot be closed', async () => {
    const { fake, stdout, interrupt, code } = start()
    await starting(fake)
    fake.last.open('https://a.example', { close: () => Promise.reject(new Error('stuck')) })
    await stdout.shows(/Give the service/)
    interrupt()
    expect(await code).toBe(0)
    expect(stdout.lines.at(-1)).toMatch(/error The tunnel could not be closed: stuck$/)
  })

  test('tells once, beside the warning, that the keys it names are of a config', async () => {
    const { fake, stdout, clock } = start()
    for (const count of [1, 2]) {
      await starting(fake, count)
      const message = 'Too many. Use a named tunnel (token, or tunnel and credentials_file)'
      fake.last.fail(new CallbackError('ERR_GATEWAY_RATE_LIMITED', { message }))
      await stdout.shows(new RegExp(`(?:Too many[^\\n]*\\n[^]*){${count}}`))
      clock.advance(600_000)
    }
    const [first, second] = stdout.lines.filter((line) => line.includes('Too many'))
    expect(first).toMatch(
      /\d s\. A key such as "credentials_file" belongs in a callbacks\.yml, for "express-callbacks up"$/,
    )
    expect(second).toMatch(/; trying again in \d+\.\d s$/)
  })

  test.each<[string, ErrorCode, string, string]>([
    [
      'ngrok',
      'ERR_GATEWAY_PROGRAM',
      'No ngrok.',
      'No ngrok. Here, without a config: install it, name it by NGROK_BIN and set NGROK_AUTHTOKEN, or use --driver cloudflare',
    ],
    [
      'cloudflare',
      'ERR_GATEWAY_OPTIONS',
      'It is too old. Install a new one, or name another by "bin"',
      'It is too old. Install a new one, or name another by "bin". A key such as "bin" belongs in a callbacks.yml, for "express-callbacks up"; here it is CLOUDFLARED_BIN',
    ],
    [
      'cloudflare',
      'ERR_GATEWAY_PROGRAM',
      'Write "install: true" or "runtime: docker"',
      'Write "install: true" or "runtime: docker". Here, without a config: install it, name it by CLOUDFLARED_BIN, or use --driver ngrok',
    ],
    ['ngrok', 'ERR_GATEWAY_AUTH', 'The account was closed.', 'The account was closed.'],
  ])('with %s and %s goes on with what helps here', async (driver, code, message, expected) => {
    const running = start(['--driver', driver])
    await starting(running.fake)
    running.fake.last.fail(new CallbackError(code, { message }))
    expect(await running.code).toBe(1)
    expect(running.stderr.text).toBe(`error: There is no tunnel: ${expected}\n`)
  })
})
