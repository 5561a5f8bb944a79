import { compileTemplate } from '../../template/compile'
import type { Algorithm, Encoding, KeyEncoding, TimestampUnit, VerifySpec } from '../contract'
import type { Grammar } from './grammar'

/** How a sender signs: the generic form, in which most schemes are data. Names of headers are in lower case. */
export interface SignatureForm {
  /**
   * What the secrets are. With `standard`, a public key begins with `whpk_`, any other secret is for HMAC. A sender that
   * publishes its keys has the URL of a JWKS in place of secrets.
   */
  readonly keys: 'hmac' | 'ed25519' | 'ecdsa' | 'standard' | { readonly jwks: string }
  readonly algorithm: Algorithm
  /** The headers that may hold the signature; none where the config must say it. */
  readonly signature: readonly string[]
  /** Headers with signatures by further keys of the sender, of which one is enough. */
  readonly otherSignatures?: readonly string[]
  readonly grammar: Grammar
  readonly encoding: Encoding
  readonly keyEncoding: KeyEncoding
  /** The headers with the time of sending, unless it stands among the pairs of the signature. */
  readonly timestamp?: readonly string[]
  /** The template of the time of sending, where it stands in the signed body. */
  readonly timestampField?: string
  readonly timestampUnit: TimestampUnit
  readonly id?: readonly string[]
  /** A template; `sha256` is the hash of the body in hex. */
  readonly signed: string
  /** How the sender writes the URL that it signs; as it was called, when left out. */
  readonly url?: (url: string) => string
  readonly toleranceMs: number
}

/** An HMAC of the body (RFC 2104); the other forms change some of it. */
export const HMAC: SignatureForm = {
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

/** An Ed25519 signature of the body (RFC 8032), its key as hex. */
export const ED25519: SignatureForm = { ...HMAC, keys: 'ed25519', keyEncoding: 'hex' }

/** Standard Webhooks (github.com/standard-webhooks/standard-webhooks), with the headers of Svix, from which it comes. */
export const STANDARD: SignatureForm = {
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

/** Returns the `verify` of an endpoint with the timestamp that the form reads in the body, unless the config names another. */
export function withTimestampOf(form: SignatureForm, spec: VerifySpec): VerifySpec {
  const { timestampField } = form
  if (timestampField === undefined || spec.timestamp !== undefined) return spec
  return { ...spec, timestamp: compileTemplate(timestampField, { at: `${spec.at}.timestamp` }) }
}

/** Returns the template of what is signed: that of the config, else that of the form. */
export function signedOf(spec: VerifySpec, form: SignatureForm): string {
  return spec.signed === undefined ? form.signed : String(spec.signed.source)
}

/** Returns the grammar of the signature header: that of the form, unless the config gives a prefix. */
export function grammarOf({ prefix }: VerifySpec, form: SignatureForm): Grammar {
  return prefix === undefined ? form.grammar : { kind: 'plain', prefix }
}
