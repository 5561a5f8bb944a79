import { dirname } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { openCommand } from '../../adapters/tunnels/command'
import type { TunnelRequest } from '../../lib/base/contracts'
import { until } from './processes'
import { STAY, usePrograms } from './use-programs'

const programs = usePrograms()

function open(script: string, options: TunnelRequest['options'] = {}, request: Partial<TunnelRequest> = {}) {
  const command = [programs.write(script), '-x', '{host}:{port}', 'http://{host}:{port}/$&']
  return programs.open(openCommand, { options: { command, ...options }, ...request })
}

const say = (...lines: readonly string[]): string =>
  [...lines.map((line) => `printf '%s\\n' '${line.replaceAll("'", `'\\''`)}' >&2`), STAY].join('\n')

describe('the program', () => {
  test('is told host and port in every argument', async () => {
    const { lines, wrote } = open(`echo "$@"; echo end; ${STAY}`, {}, { port: 1234, host: '127.0.0.2' })
    await wrote('end')
    expect(lines[0]).toBe('[program] -x 127.0.0.2:1234 http://127.0.0.2:1234/$&')
  })

  test('is found in PATH', async () => {
    const folder = dirname(programs.write(say('https://a.example'), 'mine'))
    const env = { PATH: `${folder}:${process.env['PATH']}` }
    const { tunnel } = programs.open(openCommand, { env, options: { command: ['mine'] } })
    expect(await tunnel).toMatchObject({ publicUrl: 'https://a.example' })
  })

  test.each([
    ['no-such-tool', 'It is not in PATH'],
    ['/no/such/tool', 'There is no such file that can be run'],
    ['~/no-such-tool', 'There is no such file that can be run'],
  ])('%s is missing', async (program, reason) => {
    const { tunnel } = programs.open(openCommand, { options: { command: [program] } })
    const message = `The program "${program}" cannot be started. ${reason}; install it, or write its path`
    await expect(tunnel).rejects.toMatchObject({ code: 'ERR_GATEWAY_PROGRAM', message })
  })

  test('as a container is called inside by its argv', async () => {
    const docker = programs.write(`[ "$1" = run ] || exit 0\necho "$@"\n${say('https://a.example')}`, 'docker')
    const { tunnel, lines } = programs.open(openCommand, {
      env: { PATH: `${dirname(docker)}:${process.env['PATH']}` },
      options: { command: ['tool', '{port}'], runtime: 'docker', image: 'own/tool' },
    })
    await tunnel
    expect(lines[0]).toMatch(/^\[tool\] run .* own\/tool tool 8090$/)
  })
})

describe('without url_pattern', () => {
  test.each([
    ['Forwarding HTTP traffic from https://x.serveousercontent.com', 'https://x.serveousercontent.com'],
    ['|  https://a-b.example/  |', 'https://a-b.example/'],
    ['(see "http://a.example:8080").', 'http://a.example:8080'],
    ['from http://localhost:8090 to https://b.example.', 'https://b.example'],
    ['https://1.2.3.4', 'https://1.2.3.4'],
    ['https://100.63.0.1', 'https://100.63.0.1'],
    ['Opening https://a.example…', 'https://a.example'],
    ['https://a.example→http://localhost:8090', 'https://a.example'],
    ['“https://a.example” is «https://b.example»', 'https://a.example'],
    ['{"url":"https://j.example","addr":"http://127.0.0.1:8090"}', 'https://j.example'],
  ])('the URL is found in: %s', async (line, publicUrl) => {
    const { tunnel } = open(say(line))
    const opened = await tunnel
    expect(opened).toMatchObject({ publicUrl })
    expect(opened.isStable ?? false).toBe(false)
  })

  test('pages, local addresses and what is no URL are passed over', async () => {
    const noise = [
      'docs: https://help.example/start, https://help.example/?q=1 and https://help.example/#a',
      'http://localhost:4040 http://127.0.0.1:4040 http://[::1]:1 http://0.0.0.0 http://10.0.0.1 http://192.168.1.2',
      'http://100.64.0.1 http://100.101.102.103:8080 http://100.127.255.255 http://172.31.0.1',
      'https://user@host.example https://nodots http://box.local http://[fe80::1] https://',
      'ftp://a.example a.example',
    ]
    const { tunnel } = open(say(...noise, 'https://found.example'))
    expect(await tunnel).toMatchObject({ publicUrl: 'https://found.example' })
  })

  test('what comes later changes nothing, since a caller may have written it', async () => {
    const { tunnel, urls, wrote } = open(say('https://a.example', 'GET / Referer: https://evil.example', 'end'))
    expect(await tunnel).toMatchObject({ publicUrl: 'https://a.example' })
    await wrote('end')
    expect(urls).toEqual([])
  })
})

describe('url_pattern', () => {
  test.each([
    ['a group named url', /(\w+) at (?<url>\S+)$/, 'https://b.example/base'],
    ['the first group', /at (\S+)$/, 'https://b.example/base'],
    ['the whole match', /https:\S+base$/, 'https://b.example/base'],
    ['a pattern that keeps its place', /at (\S+)$/g, 'https://b.example/base'],
    ['a sticky one', /open at (\S+)$/y, 'https://b.example/base'],
  ])('reads %s', async (_what, urlPattern, publicUrl) => {
    const { tunnel } = open(say('see https://help.example', 'open at https://b.example/base'), { urlPattern })
    expect(await tunnel).toMatchObject({ publicUrl })
  })

  test.each([
    ['a.example', 'https://a.example'],
    ['a.example:443', 'https://a.example:443'],
    ['bore.pub:12345', 'http://bore.pub:12345'],
    ['a.example/base', 'https://a.example/base'],
    ['[2001:db8::1]:80', 'http://[2001:db8::1]:80'],
  ])('a name without scheme gets one: %s', async (text, publicUrl) => {
    const { tunnel } = open(say(`at ${text}`), { urlPattern: /at (\S+)/ })
    expect(await tunnel).toMatchObject({ publicUrl })
  })

  test.each(['nothing', '12345', 'ftp://a.example', 'https://'])('that finds %j is refused', async (text) => {
    const { tunnel } = open(say(`at ${text}`), { urlPattern: /at (\S+)/ })
    await expect(tunnel).rejects.toMatchObject({
      code: 'ERR_GATEWAY_OPTIONS',
      message: expect.stringContaining(`url_pattern finds ${JSON.stringify(text)}`),
    })
  })

  test('tells new URLs of an open tunnel, and passes over what is none then', async () => {
    const later = ['at https://a.example', 'at nothing', 'at https://b.example', 'end']
    const script = `${say('at https://a.example').replace(STAY, 'sleep 0.2')}\n${say(...later)}`
    const { tunnel, urls, wrote } = open(script, { urlPattern: /^at (\S+)/ })
    await tunnel
    await wrote('end')
    expect(urls).toEqual(['https://b.example'])
  })
})

describe('ready', () => {
  test('is the line of ready_pattern, not the URL', async () => {
    const { tunnel, clock, wrote } = open(say('https://a.example', 'waiting'), { readyPattern: /^connected$/ })
    await wrote('waiting')
    clock.advance(60_000)
    await expect(tunnel).rejects.toMatchObject({
      code: 'ERR_GATEWAY_TIMEOUT',
      message: expect.stringMatching(/^program was not connected within 60 s; .*waiting/),
    })
  })

  test('may stand in the same line as the URL', async () => {
    const { tunnel } = open(say('connected: https://a.example'), { readyPattern: /connected/g })
    expect(await tunnel).toMatchObject({ publicUrl: 'https://a.example' })
  })

  test('is followed by the time to settle', async () => {
    const { tunnel, clock, wrote } = open(say('https://a.example'), { settleMs: 3000 })
    await wrote('a.example')
    await until(() => clock.timers > 0)
    await new Promise(setImmediate)
    clock.advance(3000)
    expect(await tunnel).toMatchObject({ publicUrl: 'https://a.example' })
  })

  test('is, with a fixed URL and no pattern, a program that has lived for a second', async () => {
    const { tunnel, clock } = open(say('https://other.example'), { publicUrl: 'https://fixed.example' })
    await until(() => clock.timers > 0)
    await new Promise(setImmediate)
    clock.advance(1000)
    expect(await tunnel).toMatchObject({ publicUrl: 'https://fixed.example', isStable: true })
  })

  test('is not a program that has ended before', async () => {
    const { tunnel } = open('echo no login >&2; exit 255', { publicUrl: 'https://fixed.example' })
    await expect(tunnel).rejects.toMatchObject({
      code: 'ERR_GATEWAY_EXITED',
      message: 'program ended with exit code 255; its last lines: no login',
    })
  })
})

describe('recipes of the README', () => {
  test.each([
    [
      'ssh -R with a reverse proxy before it',
      ['Allocated port 42129 for remote forward to 127.0.0.1:8090'],
      { publicUrl: 'https://hooks.example', readyPattern: /Allocated port/ },
      'https://hooks.example',
    ],
    [
      'localhost.run',
      [
        'To set up and manage custom domains go to https://admin.localhost.run/',
        'ab12.lhr.life tunneled with tls termination, https://ab12.lhr.life',
      ],
      { urlPattern: /tunneled with tls termination, (https:\S+)/ },
      'https://ab12.lhr.life',
    ],
    [
      'bore',
      [
        '\u001B[2mINFO\u001B[0m bore_cli::client: connected to server remote_port=12345',
        'INFO listening at bore.pub:12345',
      ],
      { urlPattern: /listening at (\S+)/ },
      'http://bore.pub:12345',
    ],
    [
      'tailscale funnel',
      ['Available on the internet:', 'https://box.tail1234.ts.net/', '|-- proxy http://127.0.0.1:8090'],
      { publicUrl: 'https://box.tail1234.ts.net', readyPattern: /Available on the internet/ },
      'https://box.tail1234.ts.net',
    ],
  ])('%s', async (_name, lines, options, publicUrl) => {
    const { tunnel } = open(say(...lines), options)
    expect(await tunnel).toMatchObject({ publicUrl })
  })
})
