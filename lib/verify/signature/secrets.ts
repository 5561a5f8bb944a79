import { reasonOf } from '../../base/errors'
import type { VerifySpec, Algorithm, KeyEncoding } from '../contract'
import { createHmacKey, createVerifyKey, decodeSecret, type Key } from './keys'
import type { SignatureForm } from './form'
import { misconfigured } from '../errors'

const STANDARD_SECRET = 'whsec_'
const STANDARD_PUBLIC_KEY = 'whpk_'
const STANDARD_PRIVATE_KEY = 'whsk_'

/** Creates the keys of all secrets, once. Throws `ERR_CONFIG_VALUE` for a secret that cannot be used, without showing it. */
export function createKeys(spec: VerifySpec, form: SignatureForm): readonly Key[] {
  const algorithm = spec.algorithm ?? form.algorithm
  const encoding = spec.keyEncoding ?? form.keyEncoding
  return mapSecrets(spec, (secret) => {
    if (form.keys === 'standard') return createStandardKey(secret, encoding, algorithm)
    if (form.keys === 'ed25519' || form.keys === 'ecdsa') return createVerifyKey(secret, encoding, form.keys)
    return createHmacKey(secret, encoding, algorithm)
  })
}

/** Makes something of each secret. Throws `ERR_CONFIG_VALUE` for a secret of which `make` throws, without showing it. */
export function mapSecrets<T>(spec: VerifySpec, make: (secret: string) => T): readonly T[] {
  return spec.secrets.map((secret, index) => {
    try {
      return make(secret)
    } catch (error) {
      throw noSecret(spec, index, error)
    }
  })
}

function noSecret(spec: VerifySpec, index: number, error: unknown): Error {
  const which = spec.secrets.length > 1 ? `The secret number ${index + 1}` : 'The secret'
  const reason = reasonOf(error)
  return misconfigured(spec, 'secret', `${which} cannot be used for "${spec.scheme}": ${reason}`)
}

/** Standard Webhooks tells keys by their prefix; a secret without prefix counts as base64, too. */
function createStandardKey(secret: string, encoding: KeyEncoding, algorithm: Algorithm): Key {
  if (secret.startsWith(STANDARD_PRIVATE_KEY))
    throw new Error('it is the private key; the public one begins with whpk_')
  if (secret.startsWith(STANDARD_PUBLIC_KEY))
    return createVerifyKey(secret.slice(STANDARD_PUBLIC_KEY.length), 'base64', 'ed25519')
  const isPrefixed = encoding !== 'utf8' && secret.startsWith(STANDARD_SECRET)
  return createHmacKey(isPrefixed ? secret.slice(STANDARD_SECRET.length) : secret, encoding, algorithm)
}

/** Returns the bytes of all secrets for HMAC; none for public keys and for secrets that cannot be decoded. */
export function hmacSecretsOf(spec: VerifySpec, { keys, keyEncoding }: SignatureForm): readonly Buffer[] {
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
