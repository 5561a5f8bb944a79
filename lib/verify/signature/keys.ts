import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  type KeyObject,
  randomBytes,
  sign,
  timingSafeEqual,
  verify,
} from 'node:crypto'
import type { Algorithm, KeyEncoding } from '../contract'
import { decodeStrictly } from './bytes'
import type { SignedMessage } from './message'
import type { Signed } from './signed'

export type KeyKind = 'hmac' | 'ed25519' | 'ecdsa'

/** A signature, decoded. */
export interface Signature {
  readonly bytes: Buffer
  /** The kind of key that it is for; any when left out. */
  readonly key: KeyKind | undefined
}

/** A secret or public key, made ready once. */
export interface Key {
  /** Whether one of the signatures is valid for the signed text. */
  readonly fits: (signed: Signed, message: SignedMessage, signatures: readonly Signature[]) => boolean
}

/** A secret or private key of a sender. */
export interface SigningKey {
  readonly kind: KeyKind
  readonly sign: (signed: Signed, message: SignedMessage) => Buffer
}

const PEM = /^\s*-----BEGIN PUBLIC KEY-----/
const PRIVATE_PEM = /^\s*-----BEGIN (?:EC )?PRIVATE KEY-----/
/** The bytes before a bare Ed25519 key in its SPKI form (RFC 8410). */
const ED25519_SPKI = Buffer.from('302a300506032b6570032100', 'hex')
/** The bytes before the 32 of a private Ed25519 key in its PKCS#8 form (RFC 8410). */
const ED25519_PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')
const ED25519_BYTES = 32
const HASHES = { ed25519: null, ecdsa: 'sha256' } as const
const SIGNATURE_BYTES = { ed25519: [64, 64], ecdsa: [8, 72] } as const

/** Compares a signature with the HMAC of a text, in constant time. */
export function isHmacOf(signature: Buffer, text: string, algorithm: Algorithm, key: KeyObject): boolean {
  const digest = createHmac(algorithm, key).update(text).digest()
  return digest.length === signature.length && timingSafeEqual(digest, signature)
}

/** Creates a key for HMAC. Throws an `Error` that says what is wrong with the secret. */
export function createHmacKey(secret: string, encoding: KeyEncoding, algorithm: Algorithm): Key {
  const key = createSecretKey(decodeSecret(secret, encoding))
  return {
    fits(signed, message, signatures) {
      const digest = signed.feed(createHmac(algorithm, key), message).digest()
      for (const { bytes, key: kind } of signatures) {
        if (kind !== undefined && kind !== 'hmac') continue
        if (bytes.length === digest.length && timingSafeEqual(bytes, digest)) return true
      }
      return false
    },
  }
}

/**
 * Creates a public key: for Ed25519 from its 32 bytes, from SPKI or PEM; for ECDSA on P-256 from SPKI or PEM. Throws an
 * `Error` that says what is wrong with it.
 */
export function createVerifyKey(secret: string, encoding: KeyEncoding, kind: 'ed25519' | 'ecdsa'): Key {
  return wrapPublicKey(
    PEM.test(secret) ? toPublicKey(secret) : readPublicKey(decodeSecret(secret, encoding), kind),
    kind,
  )
}

/** Creates a key from the 32 bytes of an Ed25519 key. Throws an `Error` for bytes that are no such key. */
export function createEd25519Key(bytes: Buffer): Key {
  return wrapPublicKey(readPublicKey(bytes, 'ed25519'), 'ed25519')
}

/** Creates what signs by HMAC. Throws an `Error` that says what is wrong with the secret. */
export function createHmacSigner(secret: string, encoding: KeyEncoding, algorithm: Algorithm): SigningKey {
  const key = createSecretKey(decodeSecret(secret, encoding))
  return { kind: 'hmac', sign: (signed, message) => signed.feed(createHmac(algorithm, key), message).digest() }
}

/**
 * Creates what signs with a private key: PEM, or the base64 of Standard Webhooks without its `whsk_`, whose first 32 bytes
 * are the key of Ed25519. Throws an `Error` that says what is wrong with the key.
 */
export function createPrivateSigner(privateKey: string, kind: 'ed25519' | 'ecdsa'): SigningKey {
  const key = toPrivateKey(privateKey)
  checkKind(key, kind)
  return { kind, sign: (signed, message) => sign(HASHES[kind], signed.join(message), key) }
}

/** Creates what signs without any key; nobody believes it. */
export function createForger(kind: KeyKind): SigningKey {
  return { kind, sign: () => randomBytes(64) }
}

function toPrivateKey(key: string): KeyObject {
  const bytes = PRIVATE_PEM.test(key) ? undefined : decodeStrictly(key.trim(), 'base64')
  const seed = bytes?.subarray(0, ED25519_BYTES)
  try {
    if (seed === undefined) return createPrivateKey(key)
    return createPrivateKey({ key: Buffer.concat([ED25519_PKCS8, seed]), format: 'der', type: 'pkcs8' })
  } catch {
    throw new Error('it cannot be read as a private key; it must be PEM, or whsk_… of Standard Webhooks')
  }
}

function checkKind(key: KeyObject, kind: 'ed25519' | 'ecdsa'): void {
  const found = key.asymmetricKeyType === 'ec' ? key.asymmetricKeyDetails?.namedCurve : key.asymmetricKeyType
  const wanted = kind === 'ecdsa' ? 'prime256v1' : kind
  if (found !== wanted) throw new Error(`it is a key for ${found}, not for ${wanted}`)
}

function wrapPublicKey(key: KeyObject, kind: 'ed25519' | 'ecdsa'): Key {
  checkKind(key, kind)
  if (kind === 'ed25519' && isWeak(key)) throw new Error('it is a key under which anybody can sign')
  const [min, max] = SIGNATURE_BYTES[kind]
  return {
    fits(signed, message, signatures) {
      const fitting = signatures.filter(({ bytes, key: meant }) => {
        return (meant === undefined || meant === kind) && bytes.length >= min && bytes.length <= max
      })
      if (fitting.length === 0) return false
      const content = signed.join(message)
      return fitting.some(({ bytes }) => verify(HASHES[kind], content, key, bytes))
    },
  }
}

function readPublicKey(bytes: Buffer, kind: 'ed25519' | 'ecdsa'): KeyObject {
  const isBare = kind === 'ed25519' && bytes.length === ED25519_BYTES
  return toPublicKey(isBare ? Buffer.concat([ED25519_SPKI, bytes]) : bytes)
}

/** The points 0 and 1, which keys of zeros stand for, have signatures that need no private key. */
function isWeak(key: KeyObject): boolean {
  const bytes = key.export({ format: 'der', type: 'spki' }).subarray(-ED25519_BYTES)
  return (bytes[0] ?? 0) <= 1 && bytes.subarray(1).every((byte) => byte === 0)
}

function toPublicKey(key: string | Buffer): KeyObject {
  try {
    return createPublicKey(typeof key === 'string' ? key : { key, format: 'der', type: 'spki' })
  } catch {
    // The reason of OpenSSL helps nobody, and no part of a key may reach the log.
    throw new Error('it cannot be read as a public key')
  }
}

/** Decodes a secret. Throws an `Error` for an empty secret, and for one of zeros, which HMAC treats as an empty one. */
export function decodeSecret(secret: string, encoding: KeyEncoding): Buffer {
  if (!/[^\s\0]/.test(secret)) throw new Error('it is empty')
  const bytes = encoding === 'utf8' ? Buffer.from(secret) : decodeStrictly(secret.trim(), encoding)
  if (bytes === undefined) throw new Error(`it is not ${encoding}`)
  if (bytes.every((byte) => byte === 0)) throw new Error('it is nothing but zeros')
  return bytes
}
