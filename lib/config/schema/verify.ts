import { choice, field, type InputOf, oneOrMore, orShort, required, type Shape, table } from '../field/shape'
import { LISTENER_SOURCES, SIGNED_SOURCES, textTemplate } from '../field/template-sources'
import { ANY_TEXT, COUNT, DURATION, FLAG, OFF, TEXT, word } from '../field/values'
import { ALGORITHMS, ENCODINGS, KEY_ENCODINGS, TIMESTAMP_UNITS } from '../../verify/contract'
import { VERIFY_SCHEMES } from '../../verify/schemes'

const TEXTS = oneOrMore(TEXT, 'text or a list of texts')
const ONE = textTemplate(LISTENER_SOURCES)

const VERIFY_KEYS = {
  scheme: required('scheme', word(VERIFY_SCHEMES), 'How the sender signs; every preset is data over "hmac"'),
  secrets: field('secret', TEXTS, 'The shared secret or public key; a list while rotating'),
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
export interface VerifyConfig extends InputOf<typeof VERIFY_KEYS> {}

/** How the sender proves itself. */
export const VERIFY: Shape<VerifyConfig | VerifyConfig['scheme']> = orShort(
  VERIFY_KEYS.scheme,
  table(VERIFY_KEYS),
  'a mapping with scheme and secret, or a scheme',
)

const CHALLENGE_KEYS = {
  type: field('type', TEXT, 'The handshake (default: that of the scheme of verify)'),
  origins: field(
    'origin',
    TEXTS,
    'cloudevents: who may send, as in WebHook-Request-Origin; a list for several (default: anyone)',
  ),
  rate: field('rate', COUNT, 'cloudevents: how many events a minute are taken (default: any number)'),
  tokens: field('token', TEXTS, 'meta: the Verify Token of the App Dashboard; a list while it is replaced'),
}

/** The handshake of the sender. */
export const CHALLENGE = choice(
  [OFF, TEXT, table(CHALLENGE_KEYS)],
  'the name of a handshake, a mapping with type and token, or false',
)
