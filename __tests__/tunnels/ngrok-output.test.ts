import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { createLines } from '../../adapters/tunnels/program/child-process'
import { createNgrokOutput } from '../../adapters/tunnels/ngrok/output'

const folder = join(__dirname, '..', 'fixtures', 'tunnels')

/** What was read: `ready`, a URL, or the code of a failure. */
interface Reading {
  readonly found: readonly string[]
  readonly code: string | undefined
  readonly message: string
  readonly health: string
}

function readAll(text: string, size: number, secrets: readonly string[] = []): Reading {
  const output = createNgrokOutput(secrets)
  const found: string[] = []
  let message = ''
  const lines = createLines((line) => {
    for (const finding of [output.read(line) ?? []].flat()) {
      if (finding.kind === 'failed' && message === '') message = finding.error.message
      if (finding.kind === 'ready') found.push('ready')
      if (finding.kind === 'url') found.push(finding.publicUrl)
      if (finding.kind === 'failed') found.push(finding.error.code)
    }
  })
  const bytes = Buffer.from(text)
  for (let start = 0; start < bytes.length; start += size) lines.write(bytes.subarray(start, start + size))
  lines.end()
  const reason = output.explain()
  return { found, code: reason?.code, message: message || (reason?.message ?? ''), health: output.health() }
}

const url = 'https://abcd-12.ngrok.io'
const opened = (publicUrl: string) => [publicUrl, 'ready']
const authtoken = 'https://dashboard.ngrok.com/get-started/your-authtoken'

/** What each capture shows: what was found on the way, what explains its end, and what the message holds. */
const CAPTURES: Readonly<Record<string, Partial<Reading>>> = {
  v2_4040_in_use_json: { found: opened(url), code: undefined, health: 'up' },
  v2_bad_authtoken_logfmt: {
    found: ['ERR_GATEWAY_AUTH'],
    code: 'ERR_GATEWAY_AUTH',
    message:
      'ngrok says: The authtoken you specified does not look like a proper ngrok tunnel authtoken. Your authtoken: *** ' +
      `Instructions to install your authtoken are on your ngrok dashboard: ${authtoken} (ERR_NGROK_105). ` +
      `Take the authtoken from ${authtoken} and give it as "authtoken" or NGROK_AUTHTOKEN`,
  },
  v2_bad_authtoken_no_net: { found: ['ERR_GATEWAY_NETWORK'], code: 'ERR_GATEWAY_NETWORK', health: 'down' },
  v2_bad_flag: {
    found: [],
    code: 'ERR_GATEWAY_OPTIONS',
    message:
      'ngrok says: Incorrect Usage: flag provided but not defined: -url. This agent does not know the option: ' +
      'update it ("ngrok update"), or leave "domain" out',
  },
  v2_bindfail_json: {
    found: Array.from({ length: 4 }, () => 'ERR_GATEWAY_EXITED'),
    code: 'ERR_GATEWAY_EXITED',
    message:
      'ngrok says: The endpoint is already online (ERR_NGROK_334). Its domain is in use by another agent, or was until a ' +
      'moment ago: stop that one, or give each gateway a "domain" of its own (a free account has one)',
  },
  v2_fixed_web_addr_in_use_json: {
    found: ['ERR_GATEWAY_EXITED'],
    code: 'ERR_GATEWAY_EXITED',
    message:
      'ngrok says: listen tcp 127.0.0.1:4049: bind: address already in use. The address of its web service is taken: ' +
      'give it another as "web_addr" in the configuration of the agent, or take the line out there',
  },
  v2_no_network_json: {
    found: ['ERR_GATEWAY_NETWORK', 'ERR_GATEWAY_NETWORK'],
    code: 'ERR_GATEWAY_NETWORK',
    message:
      'ngrok reaches no server: Get "https://s3.amazonaws.com/dns.ngrok.com/tunnel.json": dial tcp: lookup ' +
      's3.amazonaws.com on 192.0.2.53:53: dial udp 192.0.2.53:53: connect: network is unreachable. ' +
      'Is the internet there, and does a firewall or proxy (http_proxy) let ngrok out?',
  },
  v2_no_network_logfmt: { found: [], code: undefined, health: 'down' },
  v2_ok_json: { found: opened(url), code: undefined, health: 'up' },
  v2_ok_logfmt: { found: [], code: undefined, health: 'down' },
  v2_session_limit_json: {
    found: Array.from({ length: 6 }, () => 'ERR_GATEWAY_EXITED'),
    code: 'ERR_GATEWAY_EXITED',
    message:
      'ngrok says: Your account is limited to 1 simultaneous ngrok agent sessions (ERR_NGROK_108). Stop another agent of ' +
      'this account (https://dashboard.ngrok.com/agents), or take a larger plan',
  },
  v2_start_none: { found: ['ERR_GATEWAY_NETWORK'], code: 'ERR_GATEWAY_NETWORK', health: 'down' },
  v2_subdomain_json: { found: opened('https://mine.ngrok.io'), code: undefined, health: 'up' },
}

describe('what a real agent wrote is read', () => {
  test('and none of it is left out', () => {
    const files = readdirSync(folder).filter((file) => /^ngrok-.*\.stdout$/.test(file))
    expect(files.map((file) => file.slice('ngrok-'.length, -'.stdout'.length)).toSorted()).toEqual(
      Object.keys(CAPTURES).toSorted(),
    )
  })

  const rows = Object.entries(CAPTURES).flatMap(([name, expected]) => [
    [name, 'whole', 1 << 20, expected] as const,
    [name, 'in pieces of 7 bytes', 7, expected] as const,
  ])
  test.each(rows)('%s, %s', (name, _, size, expected) => {
    const reading = readAll(readFileSync(join(folder, `ngrok-${name}.stdout`), 'utf8'), size)
    expect(reading).toMatchObject(expected)
    expect(reading.code).toBe(expected.code)
    expect(JSON.stringify(reading)).not.toContain('2abc_fake')
  })
})

const entry = (msg: string, more: object = {}): string => JSON.stringify({ lvl: 'info', msg, ...more })
const failing = (msg: string, err: string): string => entry(msg, { lvl: 'eror', err })

const STARTED = [
  entry('starting web service', { obj: 'web', addr: '127.0.0.1:4040', allow_hosts: null }),
  entry('client session established'),
  entry('tunnel session started'),
  entry('started tunnel', {
    name: 'command_line',
    addr: { Scheme: 'http', Host: '127.0.0.1:9700' },
    url: 'https://94b1.ngrok-free.app',
  }),
]

describe('an agent of version 3', () => {
  test('tells the address as an object', () => {
    expect(readAll(STARTED.join('\n'), 7)).toMatchObject({ found: opened('https://94b1.ngrok-free.app'), health: 'up' })
  })

  test('that has started a tunnel is up, whatever it said of its session before', () => {
    const lines = [entry('session made'), entry('started tunnel', { url: 'https://94b1.ngrok-free.app' })]
    expect(readAll(lines.join('\n'), 7)).toMatchObject({ found: opened('https://94b1.ngrok-free.app'), health: 'up' })
  })

  test('that tells an http URL alone tells none', () => {
    const lines = [entry('started tunnel', { url: 'http://94b1.ngrok-free.app', addr: 'https://127.0.0.1:1' })]
    expect(readAll(lines.join('\n'), 7).found).toEqual([])
  })

  test.each([
    [
      'ERROR:  authentication failed: Usage of ngrok requires a verified account and authtoken.\nERROR:  \nERROR:  ERR_NGROK_4018\n',
      'ERR_GATEWAY_AUTH',
      'Usage of ngrok requires a verified account and authtoken (ERR_NGROK_4018). Take the authtoken from',
    ],
    [
      'ERROR:  authentication failed: Your ngrok-agent version "2.3.41" is too old.\nERROR:  ERR_NGROK_121\n',
      'ERR_GATEWAY_PROGRAM',
      '"2.3.41" is too old (ERR_NGROK_121). Update it: "ngrok update"',
    ],
    [
      'ERROR:  authentication failed: Your account is limited to 1 simultaneous ngrok agent sessions.\nERROR:  ERR_NGROK_108\n',
      'ERR_GATEWAY_EXITED',
      '(ERR_NGROK_108). Stop another agent',
    ],
    [
      'ERROR:  failed to start tunnel: Your account may not run more than 3 endpoints.\nERROR:  ERR_NGROK_18021\n',
      'ERR_GATEWAY_EXITED',
      '(ERR_NGROK_18021). Stop another agent',
    ],
    [
      'ERROR:  failed to start tunnel: This domain is reserved for another account.\nERROR:  ERR_NGROK_320\n',
      'ERR_GATEWAY_OPTIONS',
      '(ERR_NGROK_320). Reserve the "domain"',
    ],
    [
      'ERROR:  Too many requests.\nERROR:  ERR_NGROK_2017\n',
      'ERR_GATEWAY_RATE_LIMITED',
      '(ERR_NGROK_2017). The gateway waits',
    ],
    ['ERROR:  failed to fetch: 429\n', 'ERR_GATEWAY_RATE_LIMITED', 'failed to fetch: 429. The gateway waits'],
    [
      'ERROR:  unknown flag: --url\n',
      'ERR_GATEWAY_OPTIONS',
      'unknown flag: --url. This agent does not know the option',
    ],
    [
      'ERROR:  What nobody expected, a reset.\nERROR:  ERR_NGROK_9999\n',
      'ERR_GATEWAY_EXITED',
      'ngrok says: What nobody expected, a reset (ERR_NGROK_9999)',
    ],
    ['ERROR:  authentication failed: not you\n', 'ERR_GATEWAY_AUTH', 'authentication failed: not you. Take'],
  ])('that ends with %j is %s', (text, code, message) => {
    const reading = readAll(text, 7)
    expect(reading.code).toBe(code)
    expect(reading.message).toContain(message)
  })

  test('that is refused fails at once, without the token', () => {
    const error =
      'authentication failed: it is invalid.\nYour authtoken: 2own_secret\nIt was reset.\r\n\r\nERR_NGROK_107\r\n'
    const { found, message } = readAll(failing('failed to reconnect session', error), 7)
    expect(found).toEqual(['ERR_GATEWAY_AUTH'])
    expect(message).toContain('it is invalid. Your authtoken: *** It was reset (ERR_NGROK_107). Take')
    expect(message).not.toContain('2own_secret')
  })

  test('tells nothing of what stood before its last error', () => {
    const text =
      'Unable to find image locally\nStatus: Downloaded\nERROR:  authentication failed: no.\nERROR:  ERR_NGROK_4018'
    expect(readAll(text, 7).message).toMatch(/^ngrok says: authentication failed: no \(ERR_NGROK_4018\)\. /)
  })

  test('does not tell a secret, wherever it repeats it', () => {
    expect(readAll('ERROR:  token 2known is bad\nERROR:  ERR_NGROK_105', 7, ['2known']).message).not.toContain('2known')
  })

  test('is down between a lost session and the next, and no loss is a failure', () => {
    const lost = failing('session closed, starting reconnect loop', 'session closed')
    const retries = Array.from({ length: 9 }, () => failing('failed to reconnect session', 'dial tcp: i/o timeout'))
    const down = readAll([...STARTED, lost, ...retries].join('\n'), 7)
    expect(down).toMatchObject({
      found: opened('https://94b1.ngrok-free.app'),
      health: 'down',
      code: 'ERR_GATEWAY_NETWORK',
    })
    const again = readAll([...STARTED, lost, ...retries, entry('client session established')].join('\n'), 7)
    expect(again).toMatchObject({ health: 'up', code: undefined })
  })

  test('may write what is no log', () => {
    const text = ['{broken', '[1]', '{"msg": 7, "url": {}}', '{}', 'lvl=info msg="no url"', ''].join('\n')
    expect(readAll(text, 7).found).toEqual([])
  })
})
