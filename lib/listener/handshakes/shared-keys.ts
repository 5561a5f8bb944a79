import { createHash } from 'node:crypto'
import type { ListenerSpec } from '../../config/normalize'
import type { EndpointSpec } from '../../config/sections/endpoint'
import type { Problem } from '../../base/errors'
import { refusesTokens, signingKeyOf } from './handshakes'
import type { VerifySpec } from '../../verify/contract'
import { SCHEMES } from '../../verify/schemes'
import { signedOf } from '../../verify/signature/form'
import { hmacSecretsOf } from '../../verify/signature/secrets'
import { parseSigned } from '../../verify/signature/signed-parts'

/** The characters of the tokens that a handshake signs for a sender; it signs no text with other characters. */
const SIGNED_BY_HANDSHAKE = /^[\w-]*$/

/**
 * Finds a secret with which one endpoint answers handshakes (x, zoom: the HMAC of a token) while another endpoint believes
 * HMACs of texts that could be such a token: the handshake would sign forged callbacks for that endpoint. Keys are compared as
 * HMAC uses them, however they are written. A scheme is safe when its signed text always holds a character that no token has,
 * such as the `:` of Slack and Zoom, the `.` of Stripe and Standard Webhooks, or a URL; another algorithm is safe, too.
 */
export function checkSharedKeys(listeners: readonly ListenerSpec[]): readonly Problem[] {
  const endpoints = listeners.flatMap((listener) => listener.endpoints)
  return endpoints.flatMap((signer) => {
    const key = signingKeyOf(signer)
    const canonical = key && toHmacKey(key)
    const victim = canonical && endpoints.find((one) => believedKeysOf(one).some((other) => canonical.equals(other)))
    return victim === undefined ? [] : [shared(signer, victim)]
  })
}

/** Lists the keys whose HMACs of a token an endpoint would believe. */
function believedKeysOf(spec: EndpointSpec): readonly Buffer[] {
  const { verify } = spec
  const form = verify && SCHEMES[verify.scheme].form
  if (verify === undefined || form === undefined || refusesTokens(spec)) return []
  const isSafe = (verify.algorithm ?? form.algorithm) !== 'sha256' || !mayBeToken(signedOf(verify, form), verify)
  return isSafe ? [] : hmacSecretsOf(verify, form).map(toHmacKey)
}

function mayBeToken(signed: string, { timestamp }: VerifySpec): boolean {
  const parts = parseSigned(signed, timestamp && String(timestamp.source))
  return parts.every(({ holds, text }) => (holds === 'literal' ? SIGNED_BY_HANDSHAKE.test(text) : holds !== 'url'))
}

const BLOCK_BYTES = 64

/** HMAC fills a short key up with zeros and takes the hash of a long one (RFC 2104). */
function toHmacKey(key: Buffer): Buffer {
  const short = key.length > BLOCK_BYTES ? createHash('sha256').update(key).digest() : key
  return Buffer.concat([short, Buffer.alloc(BLOCK_BYTES - short.length)])
}

function shared(signer: EndpointSpec, endpoint: EndpointSpec): Problem {
  const own = endpoint === signer
  const message =
    `The secret of ${signer.at} signs what a handshake asks for, and ${own ? 'the same endpoint' : endpoint.at} believes what it signs: ` +
    `with the answer to a handshake, ${own ? 'its own' : "that endpoint's"} callbacks could be forged. ` +
    (own ? 'Sign more than the body, as Zoom does: scheme "zoom"' : 'Give each endpoint a secret of its own')
  return {
    code: 'ERR_CONFIG_VALUE',
    at: `${signer.at}.verify.secret`,
    location: signer.verify?.location ?? signer.location,
    message,
  }
}
