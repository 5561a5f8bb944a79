import { reasonOf } from '../../base/errors'
import type { VerifySpec } from '../../config/sections/verify'
import type { SignatureScheme } from '../schemes'
import { type Algorithm, createHmacKey, createVerifyKey, decodeSecret, type Key, type KeyEncoding } from './keys'
import { misconfigured } from '../errors'

const STANDARD_SECRET = 'whsec_'
const STANDARD_PUBLIC_KEY = 'whpk_'
const STANDARD_PRIVATE_KEY = 'whsk_'

/** Makes the keys of all secrets, once. Throws `ERR_CONFIG_VALUE` for a secret that is none, without showing it. */
export function createKeys(spec: VerifySpec, scheme: SignatureScheme): readonly Key[] {
  const algorithm = spec.algorithm ?? scheme.algorithm
  const encoding = spec.keyEncoding ?? scheme.keyEncoding
  return spec.secrets.map((secret, index) => {
    try {
      if (scheme.keys === 'standard') return createStandardKey(secret, encoding, algorithm)
      if (scheme.keys === 'ed25519' || scheme.keys === 'ecdsa') return createVerifyKey(secret, encoding, scheme.keys)
      return createHmacKey(secret, encoding, algorithm)
    } catch (error) {
      throw noSecret(spec, index, error)
    }
  })
}

/** The error for a secret that cannot be used. */
export function noSecret(spec: VerifySpec, index: number, error: unknown): Error {
  const which = spec.secrets.length > 1 ? `The secret number ${index + 1}` : 'The secret'
  const reason = reasonOf(error)
  return misconfigured(spec, 'secret', `${which} cannot be used for "${spec.scheme}": ${reason}`)
}

/** Standard Webhooks tells keys by what precedes them; a secret without it counts as base64 all the same. */
function createStandardKey(secret: string, encoding: KeyEncoding, algorithm: Algorithm): Key {
  if (secret.startsWith(STANDARD_PRIVATE_KEY))
    throw new Error('it is the private key; the public one begins with whpk_')
  if (secret.startsWith(STANDARD_PUBLIC_KEY))
    return createVerifyKey(secret.slice(STANDARD_PUBLIC_KEY.length), 'base64', 'ed25519')
  const isPrefixed = encoding !== 'utf8' && secret.startsWith(STANDARD_SECRET)
  return createHmacKey(isPrefixed ? secret.slice(STANDARD_SECRET.length) : secret, encoding, algorithm)
}

/** Returns the bytes of all secrets that HMACs are made with; none for public keys and for what cannot be read. */
export function hmacSecretsOf(spec: VerifySpec, { keys, keyEncoding }: SignatureScheme): readonly Buffer[] {
  if (keys !== 'hmac' && keys !== 'standard') return []
  const encoding = spec.keyEncoding ?? keyEncoding
  return spec.secrets.flatMap((secret) => {
    const isPrefixed = keys === 'standard' && encoding !== 'utf8' && secret.startsWith(STANDARD_SECRET)
    try {
      return decodeSecret(isPrefixed ? secret.slice(STANDARD_SECRET.length) : secret, encoding)
    } catch {
      return []
    }
  })
}
