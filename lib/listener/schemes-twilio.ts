import { isUtf8 } from 'node:buffer'
import { createHash, createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto'
import type { VerifySpec } from '../config/normalize-verify'
import { parseForm } from './form'
import { splitUrl } from './request-scope'
import { decodeStrictly } from './signature-bytes'
import { decodeSecret } from './signature-keys'
import { SignedMessage } from './signature-message'
import { noSecret } from './signature-secrets'
import { readHeader } from './signature-source'
import type { Verify, VerifyContext } from './verify-context'
import { unverified } from './verify-errors'
import { refuseOptions } from './verify-options'

const HEADER = 'x-twilio-signature'
const FORM = /^\s*application\/x-www-form-urlencoded\s*(?:;|$)/i
const URL_PARTS = /^(https?):\/\/([^/?#]*)(.*)$/is
const PORT = /:\d*$/
const USER = /^.*@/

/**
 * Twilio signs its URL and, behind it, the names and values of a form, sorted; any other body by its hash in the query
 * (https://www.twilio.com/docs/usage/webhooks/webhooks-security). As in its own library, the URL may be signed with or
 * without port; with user and password, where Twilio calls with them. Where a name ends and its value begins is not part of what Twilio signs.
 */
export function compileTwilio(spec: VerifySpec, context: VerifyContext): Verify {
  refuseOptions(spec, [])
  const keys = spec.secrets.map((secret, index) => {
    try {
      return createSecretKey(decodeSecret(secret, 'utf8'))
    } catch (error) {
      throw noSecret(spec, index, error)
    }
  })
  return (request, raw, params = {}) => {
    const written = readHeader(request, HEADER)
    if (written === undefined) throw unverified(`it has no signature: the header "${HEADER}" is missing`)
    const signature = decodeStrictly(written, 'base64')
    if (signature === undefined) throw unverified('its signature is not written as base64')
    const message = new SignedMessage(request, raw, params, context)
    const { url } = message
    const fields = readFields(url, message)
    const texts = variantsOf(url).map((variant) => variant + fields)
    if (!keys.some((key) => texts.some((text) => fits(key, text, signature))))
      throw unverified('no secret fits its signature; Twilio signs the public URL, so check "public_url" too')
  }
}

function fits(key: KeyObject, text: string, signature: Buffer): boolean {
  const digest = createHmac('sha1', key).update(text).digest()
  return digest.length === signature.length && timingSafeEqual(digest, signature)
}

/** Gives what of the body is signed behind the URL; a body that is not signed at all is refused. */
function readFields(url: string, message: SignedMessage): string {
  const { raw, request } = message
  const { bodySHA256: hash } = parseForm(splitUrl(url).query)
  if (hash !== undefined) {
    if (!isHashOf(raw, hash)) throw unverified('its body is not the one whose hash stands in its URL')
    return ''
  }
  if (raw.length === 0) return ''
  if (!FORM.test(request.headers['content-type'] ?? ''))
    throw unverified('its body is neither a form nor signed by "bodySHA256"')
  if (!isUtf8(raw)) throw unverified('its form is not valid UTF-8')
  // As the endpoint reads it: in another charset, or as another kind of body, it would hold something else.
  const { body } = message
  if (typeof body !== 'object' || body === null) throw unverified('its body is no form')
  return Object.entries(body)
    .sort(([one], [other]) => byText(one, other))
    .map(describeField)
    .join('')
}

function isHashOf(raw: Buffer, hash: unknown): boolean {
  const wanted = typeof hash === 'string' ? decodeStrictly(hash, 'hex') : undefined
  const found = createHash('sha256').update(raw).digest()
  return wanted?.length === found.length && timingSafeEqual(wanted, found)
}

/** By code units, in no language's order. */
function byText(one: string, other: string): number {
  return one < other ? -1 : 1
}

function describeField([name, value]: readonly [string, unknown]): string {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (!values.every((one) => typeof one === 'string')) throw unverified('its body is no form')
  const texts = [...new Set(values)].sort(byText)
  return texts.map((text) => name + text).join('')
}

/**
 * The ways in which Twilio may have written the URL: without port, with it, each without user and password too, and all of
 * them with a quote that is encoded.
 */
function variantsOf(url: string): readonly string[] {
  const [, protocol = '', authority = '', rest = ''] = URL_PARTS.exec(url) ?? []
  const standard = protocol.toLowerCase() === 'https' ? ':443' : ':80'
  const bare = authority.replace(PORT, '')
  const [port = standard] = PORT.exec(authority) ?? []
  const rests = rest.includes("'") ? [rest, rest.replaceAll("'", '%27')] : [rest]
  const hosts = [...new Set([bare, bare.replace(USER, '')])].flatMap((host) => [host, host + port])
  return rests.flatMap((end) => hosts.map((host) => `${protocol}://${host}${end}`))
}
