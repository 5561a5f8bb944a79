import { codeOf } from '../base/errors'

/** What the codes of Node, of its TLS and of its `fetch` (undici) mean, in plain words. */
const REASONS: readonly (readonly [RegExp, string])[] = [
  [/^ECONNREFUSED$/, 'nothing listens there'],
  [/^ENOTFOUND$/, 'the name cannot be resolved'],
  [/^EAI_/, 'the name cannot be resolved at the moment'],
  [/^(?:ECONNRESET|EPIPE|ECONNABORTED|UND_ERR_SOCKET)$/, 'the connection broke'],
  [/^(?:EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|EADDRNOTAVAIL)$/, 'the host cannot be reached'],
  [/^(?:ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT)$/, 'no connection could be made in time'],
  [/^UND_ERR_(?:HEADERS|BODY)_TIMEOUT$/, 'nothing came for longer than fetch waits'],
  [/^UND_ERR_HEADERS_OVERFLOW$/, 'the headers of the answer are too large'],
  [/^CERT_HAS_EXPIRED$/, 'its certificate has expired'],
  [/ALTNAME/, 'its certificate is for another name'],
  [/SELF_SIGNED/, 'its certificate is self-signed'],
  [/CERT|UNABLE_TO_VERIFY/, 'its certificate is not trusted'],
  [/^(?:EPROTO|ERR_SSL_)/, 'no secure connection could be made'],
  [/^HPE_/, 'what it sent is no HTTP answer'],
]

/** The messages of fetch itself, which have no code. */
const MESSAGES: ReadonlyMap<string, string> = new Map([
  ['redirect count exceeded', 'it redirects without end'],
  ['bad port', 'fetch refuses to call this port'],
])

const MAX_DEPTH = 10

/** Returns the code of an error, or of its cause. */
export function findCode(error: unknown): string | undefined {
  return causesOf(error)
    .map(codeOf)
    .find((code) => code !== undefined)
}

const UNREACHED =
  /^(?:ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_.*|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT|UND_ERR_SOCKET)$/

/** Whether no connection was made, or it broke. */
export function isUnreached(error: unknown): boolean {
  return UNREACHED.test(findCode(error) ?? '')
}

/** Explains in plain words why a request failed, with the code in brackets. */
export function explainFailure(error: unknown): string {
  const code = findCode(error)
  const known = code === undefined ? undefined : REASONS.find(([pattern]) => pattern.test(code))?.[1]
  const [message = 'no reason was given'] = causesOf(error)
    .map(messageOf)
    .filter((text) => text !== undefined && text !== '')
    .toReversed()
  const reason = known ?? MESSAGES.get(message) ?? message
  return code === undefined ? reason : `${reason} (${code})`
}

/** An error and what it was caused by, outermost first. Where several addresses were tried, the first one counts. */
function causesOf(error: unknown): readonly object[] {
  const causes: object[] = []
  let current = error
  while (typeof current === 'object' && current !== null && causes.length < MAX_DEPTH) {
    causes.push(current)
    const several: unknown = Reflect.get(current, 'errors')
    current = Reflect.get(current, 'cause') ?? (Array.isArray(several) ? several[0] : undefined)
  }
  return causes
}

function messageOf(error: object): string | undefined {
  const value: unknown = Reflect.get(error, 'message')
  return typeof value === 'string' ? value : undefined
}
