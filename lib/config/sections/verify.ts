import type { Template } from '../../template/compile'
import type { Fields } from '../field/fields'
import { LISTENER_SOURCES, SIGNED_SOURCES } from '../field/template-sources'
import { ANY_TEXT, DURATION, FLAG, TEXT, word } from '../field/values'
import { ALGORITHMS, ENCODINGS, KEY_ENCODINGS, TIMESTAMP_UNITS } from '../../verify/contract'
import { SCHEMES, VERIFY_SCHEMES } from '../../verify/schemes'
import type { EndpointVerify } from '../../verify/verify'

const SCHEME = word(VERIFY_SCHEMES)
const ALGORITHM = word(ALGORITHMS)
const ENCODING = word(ENCODINGS)
const KEY_ENCODING = word(KEY_ENCODINGS)
const TIMESTAMP_UNIT = word(TIMESTAMP_UNITS)

/** Reads `verify` of an endpoint; a text is its scheme. */
export function normalizeVerify(endpoint: Fields): EndpointVerify | undefined {
  const fields = endpoint.mapping('verify', 'scheme')
  if (fields === undefined) return undefined
  const read = (key: string): Template | undefined => fields.template(key, LISTENER_SOURCES)
  const scheme = fields.read('scheme', SCHEME)
  const spec = {
    at: fields.at,
    location: fields.location,
    secrets: fields.readList('secret', TEXT) ?? [],
    algorithm: fields.read('algorithm', ALGORITHM),
    signature: read('signature'),
    prefix: fields.read('prefix', ANY_TEXT),
    encoding: fields.read('encoding', ENCODING),
    keyEncoding: fields.read('key_encoding', KEY_ENCODING),
    timestamp: read('timestamp'),
    timestampUnit: fields.read('timestamp_unit', TIMESTAMP_UNIT),
    id: read('id'),
    signed: fields.template('signed', SIGNED_SOURCES),
    topics: fields.readList('topic', TEXT),
    toleranceMs: readTolerance(fields),
    unsignedIds: fields.read('unsigned_ids', FLAG) ?? false,
  }
  if (scheme === undefined) return undefined
  if (SCHEMES[scheme].needsSecret && isEmptyList(fields))
    fields.error(
      'secret',
      `missing; "${scheme}" cannot be verified without a secret: write verify: {scheme: ${scheme}, secret: "\${env.…}"}`,
    )
  return { ...spec, scheme }
}

function isEmptyList(fields: Fields): boolean {
  return !fields.has('secret') || fields.readList('secret', { expected: 'anything', read: () => true })?.length === 0
}

function readTolerance(fields: Fields): number | undefined {
  const toleranceMs = fields.read('tolerance', DURATION)
  if (toleranceMs !== undefined && toleranceMs < 1000)
    fields.error('tolerance', `${toleranceMs} ms refuses every request; a bare number is milliseconds, write "5m"`)
  return toleranceMs
}
