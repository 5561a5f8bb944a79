import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { createCloudflaredOutput } from '../../adapters/tunnels/cloudflared/output'
import { createLines } from '../../adapters/tunnels/program/child-process'

const folder = join(__dirname, '..', 'fixtures', 'tunnels')
const URL_LINE = 'url https://alpha-bravo-charlie-n1.trycloudflare.com'
const LATER = { metrics: '127.0.0.1:7091' }

interface Row {
  /** What the lines tell, in their order. */
  readonly findings: readonly string[]
  readonly metrics?: string
  /** Whether the tunnel is refused in the end. */
  readonly refused?: boolean
  /** What the message of a failure says. */
  readonly says?: readonly RegExp[]
}

const OPENED: Row = { findings: [URL_LINE, 'ready'], ...LATER }
const NO_NETWORK = 'failed ERR_GATEWAY_NETWORK'
const PROXY = /without the proxy of HTTPS_PROXY/
const RATE = 'failed ERR_GATEWAY_RATE_LIMITED'

const ROWS: Readonly<Record<string, Row>> = {
  cf_api_429html: { findings: [RATE], says: [/error code: 1015/, /a named tunnel \(token/, /public_url/] },
  cf_api_500: { findings: ['failed ERR_GATEWAY_EXITED'], says: [/its answer was 500 Internal Server Error/] },
  cf_api_500json: { findings: [RATE], says: [/invalid UUID length: 0/] },
  cf_api_empty: { findings: ['failed ERR_GATEWAY_EXITED'], says: [/its answer was 200 OK, and could not be read/] },
  cf_api_hang: { findings: [NO_NETWORK], says: [/timeout awaiting response headers/, PROXY] },
  cf_api_real_no_network: { findings: [NO_NETWORK], says: [/network is unreachable/, PROXY] },
  cf_api_refused: { findings: [NO_NETWORK], says: [/connection refused/, PROXY] },
  cf_api_refused_json: { findings: [NO_NETWORK], says: [/connection refused/, PROXY] },
  cf_api_reset: { findings: [NO_NETWORK], says: [/EOF/, PROXY] },
  cf_bad_flag: { findings: ['failed ERR_GATEWAY_OPTIONS'], says: [/the flag --nope; it is too old/, /"bin"/] },
  cf_bad_url: {
    findings: [URL_LINE, 'failed ERR_GATEWAY_OPTIONS'],
    says: [/invalid URL escape "%20"\. Look at "host"/],
  },
  cf_edge_drop_recover: { findings: [URL_LINE, 'ready', 'ready'], ...LATER },
  cf_edge_none_http2: { findings: [] },
  cf_edge_none_quic_default: { findings: [URL_LINE], ...LATER },
  cf_metrics_default: { ...OPENED, metrics: '127.0.0.1:20241' },
  cf_metrics_port0: { ...OPENED, metrics: '127.0.0.1:46261' },
  cf_named_bad_token: { findings: ['failed ERR_GATEWAY_AUTH'], says: [/Copy the whole token/] },
  cf_named_token: { findings: ['ready'], ...LATER },
  cf_named_token_env_url: { findings: ['ready'], ...LATER },
  cf_named_unauthorized: {
    findings: ['failed ERR_GATEWAY_AUTH'],
    ...LATER,
    refused: true,
    says: [/refuses the tunnel \(Unauthorized: Tunnel not found\)/],
  },
  cf_origin_down: OPENED,
  cf_quick_ok_http2: OPENED,
  cf_quick_ok_json: OPENED,
  cf_quick_with_config_yml_devnull: OPENED,
  cf_sigint_before_registered: { findings: [] },
  cf_term_at_10ms: { findings: [] },
  cf_term_during_api_hang: { findings: [] },
  cf_term_during_backoff_default: {
    findings: [URL_LINE, 'failed ERR_GATEWAY_EXITED'],
    ...LATER,
    refused: true,
    says: [/deleted the quick tunnel \(Unauthorized: Tunnel not found\); another one gets another URL/],
  },
  // It was refused while it ended by a signal already.
  cf_term_during_reconnect_default_grace: OPENED,
  cf_term_during_reconnect_grace2s: OPENED,
  cf_term_twice: OPENED,
  cf_udp_blocked_default_protocol: { findings: [URL_LINE], ...LATER },
  cf_udp_blocked_protocol_auto: OPENED,
}

/** Reads a text, in pieces of so many bytes. */
function read(text: Buffer, isNamed: boolean, size = text.length) {
  const output = createCloudflaredOutput({ isNamed })
  const findings: string[] = []
  const messages: string[] = []
  const lines = createLines((line) => {
    const finding = output.read(line)
    if (finding?.kind === 'ready') findings.push('ready')
    if (finding?.kind === 'url') findings.push(`url ${finding.publicUrl}`)
    if (finding?.kind !== 'failed') return
    findings.push(`failed ${finding.error.code}`)
    messages.push(finding.error.message)
  })
  for (let at = 0; at < text.length; at += size) lines.write(text.subarray(at, at + size))
  lines.end()
  return { findings, messages, metrics: output.metricsAddress, refused: output.isRefused }
}

function readLines(lines: readonly string[], isNamed = false) {
  return read(Buffer.from(lines.join('\n')), isNamed)
}

const names = readdirSync(folder).flatMap((file) => /^cloudflared-(.*)\.meta\.json$/.exec(file)?.[1] ?? [])
const captures = names.flatMap((name) =>
  ['stderr', 'stdout', 'logfile'].flatMap((ending) => {
    const file = join(folder, `cloudflared-${name}.${ending}`)
    return existsSync(file) ? [{ name, ending, text: readFileSync(file) }] : []
  }),
)

test('every capture has a row, and every row with findings has a capture', () => {
  expect(names.toSorted()).toEqual(Object.keys(ROWS).toSorted())
  const silent = Object.keys(ROWS).filter((name) => !captures.some((capture) => capture.name === name))
  expect(silent).toEqual(['cf_edge_none_http2', 'cf_sigint_before_registered', 'cf_term_at_10ms'])
  expect(silent.flatMap((name) => ROWS[name]?.findings)).toEqual([])
})

describe('a capture tells', () => {
  test.each(captures)('$name ($ending)', ({ name, text }) => {
    const { findings, metrics, refused = false, says = [] } = ROWS[name] ?? { findings: [] }
    for (const size of [text.length, 7]) {
      const { messages, ...told } = read(text, name.startsWith('cf_named'), size)
      expect(told).toEqual({ findings, metrics, refused })
      expect(messages).toHaveLength(says.length > 0 ? 1 : 0)
      for (const pattern of says) expect(messages[0]).toMatch(pattern)
    }
  })
})

describe('a line tells', () => {
  const registered = '2026-11-23T19:17:00Z INF Registered tunnel connection connIndex=0 protocol=http2'
  const refused =
    '2026-11-23T19:17:00Z ERR Register tunnel error from server side error="Unauthorized: gone" connIndex=1'

  test('of an old version that it is connected', () => {
    const line =
      '2022-03-01T08:00:00Z INF Connection 4d1a9c1e-5bb8-4d9f-8d3e-0f6a4b7c2a11 registered connIndex=0 location=LAX'
    expect(readLines([line]).findings).toEqual(['ready'])
  })

  test.each([
    ['the address of the API', '|  https://api.trycloudflare.com                        |'],
    ['the terms of use', 'INF are subject to the Terms of Use (https://www.cloudflare.com/website-terms/), and'],
    ['a URL outside of a box', '2026-11-23T19:17:00Z INF https://one.trycloudflare.com'],
    ['a URL within a sentence of a box', '2026-11-23T19:17:00Z INF |  See https://one.trycloudflare.com            |'],
    ['JSON that is none', '{"level":"info","message":"|  https://one.trycloudflare.com'],
    ['JSON without a message', '{"level":"info"}'],
    [
      'a passing problem',
      '2026-11-23T19:17:00Z ERR Unable to establish connection with Cloudflare edge error="timeout" connIndex=0',
    ],
    ['a retry', '2026-11-23T19:17:00Z INF Retrying connection in up to 64s connIndex=0'],
    [
      'a lost connection',
      '2026-11-23T19:17:00Z ERR Connection terminated error="connection with edge closed" connIndex=0',
    ],
    [
      'an app that answers 429',
      '2026-11-23T19:17:00Z ERR Request failed error="origin said 429 Too Many Requests" event=1',
    ],
  ])('nothing: %s', (_, line) => expect(readLines([line])).toMatchObject({ findings: [], refused: false }))

  test.each([
    ['failed to unmarshal quick Tunnel: unexpected end of JSON input', 'ERR_GATEWAY_EXITED', /could not be read/],
    // Versions of 2023 told neither the answer nor its status: it was "error code: 1015".
    [
      "failed to unmarshal quick Tunnel: invalid character 'e' looking for beginning of value",
      'ERR_GATEWAY_RATE_LIMITED',
      /too many were asked for/,
    ],
    [
      'failed to read quick-tunnel response: read tcp 10.0.0.2:51000->104.16.1.1:443: connection reset by peer',
      'ERR_GATEWAY_NETWORK',
      /could not be asked.*connection reset by peer/,
    ],
    [
      'Error opening metrics server listener: listen tcp 127.0.0.1:7091: bind: address already in use',
      'ERR_GATEWAY_EXITED',
      /no port for its metrics: listen tcp .*address already in use/,
    ],
    [
      "Tunnel credentials file '/x.json' doesn't exist or is not a file",
      'ERR_GATEWAY_OPTIONS',
      /'\/x\.json'.*"credentials_file"/,
    ],
    [
      "error parsing tunnel ID: Error locating origin cert: client didn't specify origincert path",
      'ERR_GATEWAY_OPTIONS',
      /tunnel's ID/,
    ],
    ["error parsing tunnel ID: client didn't specify origincert path", 'ERR_GATEWAY_OPTIONS', /tunnel's ID/],
    [
      '"cloudflared tunnel run" requires the ID or name of the tunnel to run as the last command line argument',
      'ERR_GATEWAY_OPTIONS',
      /by its token; it is too old/,
    ],
    [
      'Incorrect Usage: flag provided but not defined: -protocol',
      'ERR_GATEWAY_OPTIONS',
      /does not know the flag --protocol/,
    ],
    [
      '{"level":"error","status_code":"429 Too Many Requests","message":"Error unmarshaling QuickTunnel response: "}',
      'ERR_GATEWAY_RATE_LIMITED',
      /429 Too Many Requests/,
    ],
  ])('a failure: %s', (line, code, says) => {
    const { findings, messages } = readLines([line])
    expect(findings).toEqual([`failed ${code}`])
    expect(messages[0]).toMatch(says)
  })

  test.each([
    ['429 Too Many Requests', 'ERR_GATEWAY_RATE_LIMITED', /too many were asked for \(.*429 Too Many Requests/],
    ['500 Internal Server Error', 'ERR_GATEWAY_EXITED', /its answer was 500 Internal Server Error/],
    ['503 Service Unavailable', 'ERR_GATEWAY_EXITED', /its answer was 503 Service Unavailable/],
  ])('of a page of several lines its status: %s', (status, code, says) => {
    const { findings, messages } = readLines([
      '2026-03-08T10:00:00Z ERR Error unmarshaling QuickTunnel response: <!DOCTYPE html>',
      '<html lang="en">',
      '<title>Sorry | error="this is no error"</title>',
      `</html> error="invalid character '<' looking for beginning of value" status_code="${status}"`,
      "failed to unmarshal quick Tunnel: invalid character '<' looking for beginning of value",
    ])
    expect(findings).toEqual([`failed ${code}`])
    expect(messages[0]).toMatch(says)
  })

  test.each([
    'status_code="429 Too Many Requests"',
    '2026-03-08T10:00:00Z ERR Request failed error="invalid" status_code="429 Too Many Requests"',
  ])('nothing by a status of something else: %s', (line) => expect(readLines([line]).findings).toEqual([]))

  test('that a quick tunnel was deleted, also when it was connected', () => {
    expect(readLines([registered, refused])).toMatchObject({
      findings: ['ready', 'failed ERR_GATEWAY_EXITED'],
      refused: true,
    })
  })

  test('that a connection of a named tunnel is refused, which is no failure when others were not', () => {
    expect(readLines([registered, refused], true)).toMatchObject({ findings: ['ready'], refused: true })
  })

  test('that it is connected again, which ends a refusal', () => {
    expect(readLines([registered, refused, registered], true)).toMatchObject({
      findings: ['ready', 'ready'],
      refused: false,
    })
  })

  test('no URL of a named tunnel', () => {
    expect(
      readLines(['INF |  https://one.trycloudflare.com  |', '|  https://one.trycloudflare.com  |'], true).findings,
    ).toEqual([])
  })
})
