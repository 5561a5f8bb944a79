import type { VerifySpec } from '../config/sections/verify'
import type { VerifyScheme } from '../config/field/words'
import { toHubspotUrl } from './hubspot'
import type { Encoding } from './signature/bytes'
import type { Grammar } from './signature/grammar'
import type { Algorithm, KeyEncoding } from './signature/keys'
import type { TimestampUnit } from './signature/time'

/** How a sender signs: the generic form, over which every preset is data. Names are those of headers, in lower case. */
export interface SignatureScheme {
  /** What the secrets are; `standard` tells by their `whsec_` and `whpk_`, `published` are fetched from the sender. */
  readonly keys: 'hmac' | 'ed25519' | 'ecdsa' | 'standard' | 'published'
  readonly algorithm: Algorithm
  /** The headers that may hold the signature; none where the config must say it. */
  readonly signature: readonly string[]
  readonly grammar: Grammar
  readonly encoding: Encoding
  readonly keyEncoding: KeyEncoding
  /** The headers with the time of sending, unless it stands among the pairs of the signature. */
  readonly timestamp?: readonly string[]
  readonly timestampUnit: TimestampUnit
  readonly id?: readonly string[]
  /** A template; `sha256` is the hash of the body in hex. */
  readonly signed: string
  /** How the sender writes the URL that it signs; as it was called, when left out. */
  readonly url?: (url: string) => string
  readonly toleranceMs: number
}

/** What the proof of a scheme covers that is not in the generic form; nothing else of a request. */
interface OwnCoverage {
  /** The sender shows its secret: only those who know it can write a request. */
  readonly all?: boolean
  readonly body?: boolean
  /** With its query. */
  readonly url?: boolean
  /** Paths of the body, or of each item where each has a proof of its own. */
  readonly fields?: readonly string[]
  readonly eachItem?: boolean
  /** The key that an item may still be wrapped in. */
  readonly wrapper?: string
}

/** The schemes that have code of their own. */
export type OwnScheme = 'token' | 'basic' | 'gitlab' | 'twilio' | 'adyen' | 'sns'

/**
 * The schemes that have code of their own, and what they cover; that of the others follows from `signed`. GitLab is one
 * of the generic form where it signs.
 */
export const OWN_SCHEMES: Readonly<Record<OwnScheme, OwnCoverage>> = {
  token: { all: true },
  basic: { all: true },
  gitlab: { all: true },
  twilio: { body: true, url: true },
  // In the order in which they are signed, as are those of `adyen`.
  sns: { fields: ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'] },
  adyen: {
    eachItem: true,
    wrapper: 'NotificationRequestItem',
    fields: [
      'pspReference',
      'originalReference',
      'merchantAccountCode',
      'merchantReference',
      'amount.value',
      'amount.currency',
      'eventCode',
      'success',
    ],
  },
}

/** The schemes that sign in the generic form. */
export type SigningScheme = Exclude<VerifyScheme, OwnScheme>

/** Whether a scheme has code of its own. */
export function isOwnScheme(scheme: VerifyScheme): scheme is OwnScheme {
  return Object.hasOwn(OWN_SCHEMES, scheme)
}

const HMAC: SignatureScheme = {
  keys: 'hmac',
  algorithm: 'sha256',
  signature: [],
  grammar: { kind: 'plain', prefix: '' },
  encoding: 'hex',
  keyEncoding: 'utf8',
  timestampUnit: 's',
  signed: '${raw}',
  toleranceMs: 300_000,
}

const ED25519: SignatureScheme = { ...HMAC, keys: 'ed25519', keyEncoding: 'hex' }

/** https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries */
const GITHUB: SignatureScheme = {
  ...HMAC,
  signature: ['x-hub-signature-256'],
  grammar: { kind: 'plain', prefix: 'sha256=' },
}

/** https://docs.stripe.com/webhooks#verify-manually */
const STRIPE: SignatureScheme = {
  ...HMAC,
  signature: ['stripe-signature'],
  grammar: { kind: 'pairs', separator: ',', timestamp: 't', signature: 'v1' },
  signed: '${timestamp}.${raw}',
}

/** https://docs.slack.dev/authentication/verifying-requests-from-slack */
const SLACK: SignatureScheme = {
  ...HMAC,
  signature: ['x-slack-signature'],
  grammar: { kind: 'plain', prefix: 'v0=' },
  timestamp: ['x-slack-request-timestamp'],
  signed: 'v0:${timestamp}:${raw}',
}

/** https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
const STANDARD: SignatureScheme = {
  ...HMAC,
  keys: 'standard',
  signature: ['webhook-signature', 'svix-signature'],
  grammar: {
    kind: 'versions',
    keys: new Map([
      ['v1', 'hmac'],
      ['v1a', 'ed25519'],
    ]),
  },
  encoding: 'base64',
  keyEncoding: 'base64',
  timestamp: ['webhook-timestamp', 'svix-timestamp'],
  id: ['webhook-id', 'svix-id'],
  signed: '${id}.${timestamp}.${raw}',
}

/** How each sender signs, from the pages that are linked or from its own library. */
export const SCHEMES: Readonly<Record<SigningScheme, SignatureScheme>> = {
  hmac: HMAC,
  ed25519: ED25519,
  'standard-webhooks': STANDARD,
  svix: STANDARD,
  replicate: STANDARD,
  openai: STANDARD,
  github: GITHUB,
  stripe: STRIPE,
  slack: SLACK,
  shopify: { ...HMAC, signature: ['x-shopify-hmac-sha256'], encoding: 'base64' },
  discord: {
    ...ED25519,
    signature: ['x-signature-ed25519'],
    timestamp: ['x-signature-timestamp'],
    signed: '${timestamp}${raw}',
  },
  fal: {
    ...ED25519,
    keys: 'published',
    signature: ['x-fal-webhook-signature'],
    timestamp: ['x-fal-webhook-timestamp'],
    signed: '${header.x-fal-webhook-request-id}\n${header.x-fal-webhook-user-id}\n${timestamp}\n${sha256}',
  },
  meta: GITHUB,
  zoom: { ...SLACK, signature: ['x-zm-signature'], timestamp: ['x-zm-request-timestamp'] },
  mux: { ...STRIPE, signature: ['mux-signature'] },
  paddle: {
    ...HMAC,
    signature: ['paddle-signature'],
    grammar: { kind: 'pairs', separator: ';', timestamp: 'ts', signature: 'h1' },
    signed: '${timestamp}:${raw}',
    toleranceMs: 5000,
  },
  sendgrid: {
    ...HMAC,
    keys: 'ecdsa',
    signature: ['x-twilio-email-event-webhook-signature'],
    encoding: 'base64',
    keyEncoding: 'base64',
    timestamp: ['x-twilio-email-event-webhook-timestamp'],
    signed: '${timestamp}${raw}',
  },
  line: { ...HMAC, signature: ['x-line-signature'], encoding: 'base64' },
  bitbucket: { ...GITHUB, signature: ['x-hub-signature'] },
  razorpay: { ...HMAC, signature: ['x-razorpay-signature'] },
  sanity: { ...STRIPE, signature: ['sanity-webhook-signature'], encoding: 'base64url', timestampUnit: 'ms' },
  square: {
    ...HMAC,
    signature: ['x-square-hmacsha256-signature'],
    encoding: 'base64',
    signed: '${url}${raw}',
  },
  /** https://developers.hubspot.com/docs/apps/legacy-apps/authentication/validating-requests */
  hubspot: {
    ...HMAC,
    signature: ['x-hubspot-signature-v3'],
    encoding: 'base64',
    timestamp: ['x-hubspot-request-timestamp'],
    timestampUnit: 'ms',
    signed: '${method}${url}${raw}${timestamp}',
    url: toHubspotUrl,
  },
}

/** The template of what is signed: that of the config, else that of the scheme. */
export function signedOf(spec: Pick<VerifySpec, 'signed'>, scheme: SignatureScheme): string {
  return spec.signed === undefined ? scheme.signed : String(spec.signed.source)
}
