import { reasonOf } from '../../base/errors'
import type { Algorithm, KeyEncoding, SignOptions, VerifySpec } from '../contract'
import type { SignatureForm } from './form'
import {
  createForger,
  createHmacKey,
  createHmacSigner,
  createPrivateSigner,
  createVerifyKey,
  decodeSecret,
  type Key,
  type SigningKey,
} from './keys'
import { misconfigured } from '../errors'

/** How a secret of Standard Webhooks begins. */
export const STANDARD_SECRET = 'whsec_'
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
  return createHmacKey(withoutPrefix(secret, encoding), encoding, algorithm)
}

function withoutPrefix(secret: string, encoding: KeyEncoding): string {
  return encoding !== 'utf8' && secret.startsWith(STANDARD_SECRET) ? secret.slice(STANDARD_SECRET.length) : secret
}

/**
 * Creates what signs as the sender does: with the private key where one is given and the config has a public one, else with
 * the first secret that is shared. Throws `ERR_CONFIG_VALUE` for a key that cannot be used, and where the private one is missing.
 */
export function createSigner(spec: VerifySpec, form: SignatureForm, options: SignOptions): SigningKey {
  const isStandard = form.keys === 'standard'
  const kind = form.keys === 'ed25519' || form.keys === 'ecdsa' ? form.keys : isStandard ? 'ed25519' : 'hmac'
  const { privateKey, isForged = false } = options
  const shared = listShared(spec, form)
  const isPublic = shared.length < spec.secrets.length || shared.length === 0
  if (kind !== 'hmac' && isPublic && privateKey !== undefined) return createOwn(spec, privateKey, kind)
  const encoding = spec.keyEncoding ?? form.keyEncoding
  const algorithm = spec.algorithm ?? form.algorithm
  const [signer] = mapSecrets({ ...spec, secrets: shared.slice(0, 1) }, (secret) =>
    createHmacSigner(isStandard ? withoutPrefix(secret, encoding) : secret, encoding, algorithm),
  )
  if (signer !== undefined) return signer
  if (isForged) return createForger(kind)
  const message =
    `"${spec.scheme}" is signed with a private key, and the config has only the public one; ` +
    'give the private key as PEM or whsk_…, for example of a key pair of your own'
  throw misconfigured(spec, 'secret', message)
}

/** Lists the secrets that sender and receiver share; the others are public keys. */
export function listShared({ secrets }: VerifySpec, { keys }: SignatureForm): readonly string[] {
  if (keys !== 'standard') return keys === 'hmac' ? secrets : []
  return secrets.filter((secret) => !secret.startsWith(STANDARD_PUBLIC_KEY))
}

function createOwn(spec: VerifySpec, privateKey: string, kind: 'ed25519' | 'ecdsa'): SigningKey {
  const isPrefixed = privateKey.startsWith(STANDARD_PRIVATE_KEY)
  try {
    return createPrivateSigner(isPrefixed ? privateKey.slice(STANDARD_PRIVATE_KEY.length) : privateKey, kind)
  } catch (error) {
    const message = `The private key cannot be used for "${spec.scheme}": ${reasonOf(error)}`
    throw misconfigured(spec, 'secret', message)
  }
}

/** Returns the bytes of the secrets for HMAC, without those that cannot be decoded. */
export function hmacSecretsOf(spec: VerifySpec, form: SignatureForm): readonly Buffer[] {
  const encoding = spec.keyEncoding ?? form.keyEncoding
  return listShared(spec, form).flatMap((secret) => {
    try {
      return decodeSecret(form.keys === 'standard' ? withoutPrefix(secret, encoding) : secret, encoding)
    } catch {
      return []
    }
  })
}
