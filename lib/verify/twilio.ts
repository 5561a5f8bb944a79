import { isUtf8 } from 'node:buffer'
import { createHash, createHmac, createSecretKey, timingSafeEqual } from 'node:crypto'
import { isFormType } from '../body/content'
import { parseForm } from '../body/form'
import { splitUrl } from '../body/request'
import { decodeStrictly } from './signature/bytes'
import { toMessage, withHeader } from './signature/draft'
import { decodeSecret, isHmacOf } from './signature/keys'
import { SignedMessage } from './signature/message'
import { mapSecrets } from './signature/secrets'
import { spoil } from './signature/sign-signature'
import { readHeader } from './signature/source'
import type { Sign, SignOptions, UnsignedRequest, Verify, VerifyContext, VerifySpec } from './contract'
import { unverified } from './errors'

const HEADER = 'x-twilio-signature'
const URL_PARTS = /^(https?):\/\/([^/?#]*)(.*)$/is
const PORT = /:\d*$/
/** Twilio sends less than a hundred; many more would hold the event loop. */
const MAX_FIELDS = 2000
const USER = /^.*@/

/**
 * Twilio signs its URL and, behind it, the names and values of a form, sorted; any other body by its hash in the query
 * (https://www.twilio.com/docs/usage/webhooks/webhooks-security). As in its own library, the URL may be signed with or
 * without port, and with user and password where Twilio calls with them. Twilio does not sign the border between a name and
 * its value.
 */
export function compileTwilio(spec: VerifySpec, context: VerifyContext): Verify {
  const keys = mapSecrets(spec, (secret) => createSecretKey(decodeSecret(secret, 'utf8')))

  function check(message: SignedMessage, signature: Buffer, fields: string): void {
    const texts = variantsOf(message.url).map((variant) => variant + fields)
    if (!keys.some((key) => texts.some((text) => isHmacOf(signature, text, 'sha1', key))))
      throw unverified('no secret fits its signature; Twilio signs the public URL, so check "public_url" too')
  }

  return (request, raw, params = {}) => {
    const written = readHeader(request, HEADER)
    if (written === undefined) throw unverified(`it has no signature: the header "${HEADER}" is missing`)
    const signature = decodeStrictly(written, 'base64')
    if (signature === undefined) throw unverified('its signature is not written as base64')
    const message = new SignedMessage(request, raw, params, context)
    if (!isFormSigned(message)) return check(message, signature, '')
    return message.withBody(() => check(message, signature, writeFields(message.body)))
  }
}

/** Compiles how Twilio signs, with the first secret: a body that is no form by a hash that it adds to the query. */
export function compileSignTwilio(spec: VerifySpec, options: SignOptions): Sign {
  const [key] = mapSecrets(spec, (secret) => createSecretKey(decodeSecret(secret, 'utf8')))
  return async (given) => {
    const request = withHash(given)
    const message = toMessage(request, options)
    let text = message.url
    if (isFormSigned(message)) await message.withBody(() => void (text += writeFields(message.body)))
    const bytes = createHmac('sha1', key ?? '')
      .update(text)
      .digest()
    return withHeader(request, HEADER, (options.isForged === true ? spoil(bytes) : bytes).toString('base64'))
  }
}

function withHash(request: UnsignedRequest): UnsignedRequest {
  const { headers, target, body } = request
  if (body.length === 0 || isFormType(headers['content-type']) || /[?&]bodySHA256=/.test(target)) return request
  const hash = createHash('sha256').update(body).digest('hex')
  return { ...request, target: `${target}${target.includes('?') ? '&' : '?'}bodySHA256=${hash}` }
}

/** Whether the fields of a form are signed behind the URL, rather than a hash or nothing. Throws for a body that is not signed. */
function isFormSigned({ raw, request, url }: SignedMessage): boolean {
  const { bodySHA256: hash } = parseForm(splitUrl(url).query)
  if (hash !== undefined) {
    if (!isHashOf(raw, hash)) throw unverified('its body is not the one whose hash stands in its URL')
    return false
  }
  if (raw.length === 0) return false
  if (!isFormType(request.headers['content-type']))
    throw unverified('its body is neither a form nor signed by "bodySHA256"')
  if (!isUtf8(raw)) throw unverified('its form is not valid UTF-8')
  if (hasMore(raw, '&', MAX_FIELDS)) throw tooMany()
  return true
}

function tooMany(): Error {
  return unverified(`its form has more than ${MAX_FIELDS} fields`)
}

/** Whether a text occurs more often than `max` times. */
function hasMore(raw: Buffer, text: string, max: number): boolean {
  let count = 0
  for (let at = raw.indexOf(text); at >= 0 && count <= max; at = raw.indexOf(text, at + 1)) count += 1
  return count > max
}

/** Writes the fields as the endpoint reads them: another charset or content type would find other values in the same bytes. */
function writeFields(body: unknown): string {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw unverified('its body is no form')
  const fields = Object.entries(body)
  if (fields.length > MAX_FIELDS) throw tooMany()
  return fields
    .sort(([one], [other]) => byText(one, other))
    .map(describeField)
    .join('')
}

function isHashOf(raw: Buffer, hash: unknown): boolean {
  const wanted = typeof hash === 'string' ? decodeStrictly(hash, 'hex') : undefined
  const found = createHash('sha256').update(raw).digest()
  return wanted?.length === found.length && timingSafeEqual(wanted, found)
}

/** Compares by code units, in the order of no language. */
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
 * Lists the URLs that Twilio may have signed: without and with port, each also without user and password, and all of them
 * also with an encoded quote.
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
