import { isMapping } from '../../base/values/plain'
import { type Challenge, type ChallengeAnswer, echo, EMPTY_ANSWER } from './answer'
import { isJsonType } from '../../body/content'
import type { ListenerRequest } from '../../body/request'

const HANDSHAKE_KEYS: ReadonlySet<string> = new Set(['type', 'challenge', 'token'])
const SSL_CHECK = /(?:^|&)ssl_check=1(?:&|$)/

/**
 * Slack's handshakes: `url_verification` (docs.slack.dev/reference/events/url_verification), once the sender is
 * verified, and the unsigned form `ssl_check=1`, which is answered before that.
 */
export function compileSlack(): Challenge {
  return {
    beforeVerify: readSslCheck,
    // An unverified sender may write the form in a way that the first look does not recognise.
    afterVerify: (request, body) => (isSslCheck(request, body) ? EMPTY_ANSWER : readUrlVerification(request, body)),
  }
}

/**
 * The handshake of an endpoint without `verify` and `challenge`, as in a first try with Slack: a `url_verification` that
 * holds nothing else, so that no callback is taken for a handshake.
 */
export function compileBareSlack(): Challenge {
  return {
    afterVerify(request, body) {
      const isBare = isMapping(body) && Object.keys(body).every((key) => HANDSHAKE_KEYS.has(key))
      return isBare ? readUrlVerification(request, body) : undefined
    },
  }
}

function readUrlVerification(request: ListenerRequest, body: unknown): ChallengeAnswer | undefined {
  if (!isMapping(body) || !('type' in body) || body.type !== 'url_verification') return undefined
  const isSent = 'challenge' in body && isJsonType(request.headers['content-type'])
  return isSent ? echo(body.challenge) : undefined
}

/** The rest of an unsigned form with `ssl_check=1` is dropped. The search in bytes costs least. */
function readSslCheck(request: ListenerRequest, raw: Buffer | string | undefined): ChallengeAnswer | undefined {
  if (raw === undefined || !raw.includes('ssl_check=1') || !isFormType(request)) return undefined
  return SSL_CHECK.test(raw.toString('latin1')) ? EMPTY_ANSWER : undefined
}

function isSslCheck(request: ListenerRequest, body: unknown): boolean {
  if (!isMapping(body) || !('ssl_check' in body) || isJsonType(request.headers['content-type'])) return false
  const values: readonly unknown[] = Array.isArray(body.ssl_check) ? body.ssl_check : [body.ssl_check]
  return values.includes('1')
}

function isFormType({ headers }: ListenerRequest): boolean {
  const [type = ''] = (headers['content-type'] ?? '').split(';')
  return type.trim().toLowerCase() === 'application/x-www-form-urlencoded'
}
