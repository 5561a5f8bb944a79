import type { Fields } from '../field/fields'
import { readTable } from '../field/read-table'
import { field, type InputOf, orShort, required, SECRETS, type Shape, table, TEXTS } from '../field/shape'
import { LISTENER_SOURCES, SIGNED_SOURCES, textTemplate } from '../field/template-sources'
import { ANY_TEXT, DURATION, FLAG, word } from '../field/values'
import { nameType, type Variant } from '../field/variants'
import { ALGORITHMS, ENCODINGS, KEY_ENCODINGS, TIMESTAMP_UNITS } from '../../verify/contract'
import { SCHEMES, VERIFY_SCHEMES } from '../../verify/schemes'
import { STANDARD_SECRET } from '../../verify/signature/secrets'
import { VERIFY_OPTIONS, type VerifyOption } from '../../verify/options'
import type { EndpointVerify } from '../../verify/verify'

const ONE = textTemplate(LISTENER_SOURCES)

const KEYS = {
  scheme: required('scheme', word(VERIFY_SCHEMES), 'How the sender signs; every preset is data over "hmac"'),
  secrets: field('secret', SECRETS, 'The shared secret or public key; a list while rotating'),
  algorithm: field('algorithm', word(ALGORITHMS), 'Hash of the signature'),
  signature: field('signature', ONE, 'Where the signature stands, such as ${header.X-Signature}'),
  prefix: field('prefix', ANY_TEXT, 'What precedes the signature, such as "sha256="'),
  encoding: field('encoding', word(ENCODINGS), 'How the signature is written'),
  keyEncoding: field('key_encoding', word(KEY_ENCODINGS), 'How the secret is written'),
  timestamp: field('timestamp', ONE, 'Where the time of sending stands'),
  timestampUnit: field('timestamp_unit', word(TIMESTAMP_UNITS), 'How the time of sending is written'),
  id: field('id', ONE, 'Where the id of the message stands, if it is signed'),
  signed: field('signed', textTemplate(SIGNED_SOURCES), 'The text that is signed, such as "${timestamp}.${raw}"'),
  toleranceMs: field('tolerance', DURATION, 'How old or early a request may be; at least 1s'),
  topics: field('topic', TEXTS, 'sns: the ARN of the topic whose messages are believed; a list for several'),
  unsignedIds: field(
    'unsigned_ids',
    FLAG,
    'Whether identify_by, dedupe_by and item may read what the signature does not cover',
    false,
  ),
}

/** What a user writes for `verify`, unless it is just the scheme. */
export interface VerifyConfig extends InputOf<typeof KEYS> {}

const VARIANTS: readonly Variant[] = VERIFY_SCHEMES.map((scheme) => {
  const { needsSecret, listOptions } = SCHEMES[scheme]
  // A scheme that signs with such a secret, or shows any other, heeds more keys with this one.
  const heeded: readonly VerifyOption[] = listOptions({ secrets: [STANDARD_SECRET] })
  const needs = needsSecret ? [KEYS.secrets.key] : []
  const without = VERIFY_OPTIONS.filter((option) => !heeded.includes(option)).map((option) => KEYS[option].key)
  return {
    name: nameType(scheme, 'Verify'),
    tag: { key: KEYS.scheme.key, words: [scheme] },
    needs,
    without: needsSecret ? without : [...without, KEYS.secrets.key],
  }
})

/** How the sender proves itself. */
export const VERIFY: Shape<VerifyConfig | VerifyConfig['scheme']> = orShort(
  KEYS.scheme,
  table(KEYS, {}, VARIANTS),
  'a mapping with scheme and secret, or a scheme',
)

/** Reads `verify` of an endpoint; a text is its scheme. */
export function normalizeVerify(endpoint: Fields): EndpointVerify | undefined {
  const fields = endpoint.mapping('verify', KEYS.scheme.key)
  if (fields === undefined) return undefined
  refuseShortTolerance(fields)
  const spec = readTable(KEYS, fields)
  if (spec === undefined) return undefined
  const { scheme } = spec
  if (SCHEMES[scheme].needsSecret && isEmptyList(fields))
    fields.error(
      'secret',
      `missing; "${scheme}" cannot be verified without a secret: write verify: {scheme: ${scheme}, secret: "\${env.…}"}`,
    )
  return { ...spec, at: fields.at, location: fields.location, secrets: spec.secrets ?? [] }
}

function isEmptyList(fields: Fields): boolean {
  return !fields.has('secret') || fields.readList('secret', { expected: 'anything', read: () => true })?.length === 0
}

function refuseShortTolerance(fields: Fields): void {
  const toleranceMs = fields.read(KEYS.toleranceMs.key, DURATION)
  if (toleranceMs !== undefined && toleranceMs < 1000)
    fields.error('tolerance', `${toleranceMs} ms refuses every request; a bare number is milliseconds, write "5m"`)
}
