import { CallbackError, type ErrorCode } from '../../../lib/base/errors'

/** A kind of line with which cloudflared says that it cannot go on. */
interface Failure {
  readonly pattern: RegExp
  readonly code: ErrorCode
  /** Writes the message; `found` is what the pattern caught. */
  readonly message: (found: string) => string
}

function rateLimited(found: string): string {
  const advice = 'a named tunnel (token, or tunnel and credentials_file) or a public_url of your own'
  return `Cloudflare gives no quick tunnel now: too many were asked for (${found}). Wait, or use what has no such limit: ${advice}`
}

/** The first that fits a line counts. Each comes from its output or its source. */
const FAILURES: readonly Failure[] = [
  {
    // The status of an answer in JSON is lost on the way; then only the missing id of the tunnel tells the failure.
    pattern: /quick ?Tunnel (?:response|ID): .*?(error code: 1015|status_code="429[^"]*|invalid UUID length: 0)/i,
    code: 'ERR_GATEWAY_RATE_LIMITED',
    message: rateLimited,
  },
  {
    pattern: /^Error unmarshaling QuickTunnel response: .*status_code="([^"]*)"/,
    code: 'ERR_GATEWAY_EXITED',
    message: (found) => `Cloudflare gave no quick tunnel: its answer was ${found}, and could not be read`,
  },
  {
    // Versions of 2023 say no more; the "e" begins "error code: 1015", which is no JSON.
    pattern: /^failed to unmarshal quick Tunnel: (invalid character 'e' .*)/,
    code: 'ERR_GATEWAY_RATE_LIMITED',
    message: rateLimited,
  },
  {
    pattern: /^failed to unmarshal quick Tunnel: (.*)/,
    code: 'ERR_GATEWAY_EXITED',
    message: (found) => `Cloudflare gave no quick tunnel: its answer could not be read: ${found}`,
  },
  {
    pattern: /^failed to (?:request quick Tunnel|read quick-tunnel response): (.*)/,
    code: 'ERR_GATEWAY_NETWORK',
    message: (found) =>
      `Cloudflare could not be asked for a quick tunnel: ${found}. Look at the network and its DNS; ` +
      'cloudflared sends this request without the proxy of HTTPS_PROXY',
  },
  {
    pattern: /^Provided Tunnel token is not valid/,
    code: 'ERR_GATEWAY_AUTH',
    message: () =>
      'cloudflared says that the token is not valid. Copy the whole token of the tunnel, the long text that ' +
      'begins with "eyJ", from the Cloudflare dashboard into "token"',
  },
  {
    pattern: /flag provided but not defined: -+(\S+)/,
    code: 'ERR_GATEWAY_OPTIONS',
    message: (found) =>
      `this cloudflared does not know the flag --${found}; it is too old. Install a new one, or name another by "bin"`,
  },
  {
    // Before March 2022 it knew no tokens.
    pattern: /requires the ID or name of the tunnel to run/,
    code: 'ERR_GATEWAY_OPTIONS',
    message: () => 'this cloudflared cannot run a tunnel by its token; it is too old. Install a new one',
  },
  {
    pattern: /^Error validating origin URL: (.*)/,
    code: 'ERR_GATEWAY_OPTIONS',
    message: (found) => `cloudflared cannot use the address of the port: ${found}. Look at "host" and "port"`,
  },
  {
    pattern: /^Error opening metrics server listener: (.*)/,
    code: 'ERR_GATEWAY_EXITED',
    message: (found) => `cloudflared got no port for its metrics: ${found}`,
  },
  {
    pattern: /(Tunnel credentials file .*doesn't exist or is not a file)/i,
    code: 'ERR_GATEWAY_OPTIONS',
    message: (found) => `${found}. Look at "credentials_file"`,
  },
  {
    pattern: /(didn't specify origincert path|is neither the ID nor the name of any of your tunnels)/i,
    code: 'ERR_GATEWAY_OPTIONS',
    message: (found) =>
      `cloudflared cannot find the tunnel by its name (${found}). Write the tunnel's ID for "tunnel": ` +
      'the name of its credentials file without ".json"',
  },
]

/** A line may quote long texts of others, and some patterns go back over them. */
const MAX_TEXT = 2000

/**
 * Returns the error that a line of cloudflared means; undefined for a line that tells no failure, or one that passes.
 */
export function explainLine(text: string): CallbackError | undefined {
  const start = text.slice(0, MAX_TEXT)
  for (const { pattern, code, message } of FAILURES) {
    const match = pattern.exec(start)
    if (match) return new CallbackError(code, { message: message(match[1] ?? '') })
  }
  return undefined
}

/**
 * The error of a tunnel that Cloudflare does not let connect. A quick one was deleted, and another takes its place;
 * with a named one nothing changes by itself.
 */
export function refusedByEdge(text: string, isNamed: boolean): CallbackError {
  const reason = /error="([^"]*)"/.exec(text)?.[1] ?? text
  if (!isNamed) {
    const message = `Cloudflare has deleted the quick tunnel (${reason}); another one gets another URL`
    return new CallbackError('ERR_GATEWAY_EXITED', { message })
  }
  const advice = 'Was it deleted, or its token renewed? Look at the dashboard'
  const message = `Cloudflare refuses the tunnel (${reason}). ${advice}`
  return new CallbackError('ERR_GATEWAY_AUTH', { message })
}
