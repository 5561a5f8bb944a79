import { createHash, timingSafeEqual } from 'node:crypto'
import { decodeStrictly } from './signature/bytes'
import { compileWrite, withHeader } from './signature/draft'
import { decodeSecret } from './signature/keys'
import { SignedMessage } from './signature/message'
import { mapSecrets } from './signature/secrets'
import { headerSource, readHeader, readsBody, templateSource } from './signature/source'
import type { Sign, SignOptions, Verify, VerifyContext, VerifySpec } from './contract'
import { unverified } from './errors'

const AUTHORIZATION = 'authorization'
const MAX_LENGTH = 8192
const BEARER = /^Bearer +/i
const BASIC = /^Basic +/i

/**
 * Compiles the check of a secret in each request: in `signature`, by default in this header. Without `prefix`, a `Bearer`
 * before the secret is optional, in the request and in the config.
 */
export function compileToken(spec: VerifySpec, context: VerifyContext, header = AUTHORIZATION): Verify {
  const source = spec.signature ? templateSource(spec.signature, 'signature', spec) : headerSource([header])
  const isSecret = compileSecrets(spec)
  const needsBody = readsBody([spec.signature])

  function check(message: SignedMessage): void {
    const written = source.read(message)
    if (written === undefined) throw unverified(`it has no token: ${source.name} is missing`)
    const tokens =
      spec.prefix === undefined ? [written.replace(BEARER, ''), written] : [withoutPrefix(written, spec.prefix)]
    if (!tokens.some((token) => isSecret(Buffer.from(token, source.encoding))))
      throw unverified('its token is no secret of the endpoint')
  }

  return (request, raw, params = {}) => {
    const message = new SignedMessage(request, raw, params, context)
    return needsBody ? message.withBody(() => check(message)) : check(message)
  }
}

/** Compiles how a sender shows the first secret where the endpoint reads it: by default in this header; in Authorization, behind `Bearer`. */
export function compileShowToken(spec: VerifySpec, { isForged }: SignOptions, header = AUTHORIZATION): Sign {
  const write = compileWrite(spec, 'signature', [header])
  const isHeader =
    spec.signature === undefined || templateSource(spec.signature, 'signature', spec).encoding === 'latin1'
  const prefix = spec.prefix ?? (spec.signature === undefined && header === AUTHORIZATION ? 'Bearer ' : '')
  const token = prefix + shownSecret(spec, isForged)
  const text = isHeader ? Buffer.from(token).toString('latin1') : token
  return async (request) => write?.(request, text) ?? request
}

/** Compiles how a sender shows user and password (RFC 7617). */
export function compileShowBasic(spec: VerifySpec, { isForged }: SignOptions): Sign {
  const credentials = `Basic ${Buffer.from(shownSecret(spec, isForged)).toString('base64')}`
  return async (request) => withHeader(request, 'authorization', credentials)
}

/** Returns the first secret; a forged one is longer. */
export function shownSecret({ secrets: [secret = ''] }: VerifySpec, isForged = false): string {
  return isForged ? `${secret}-forged` : secret
}

function withoutPrefix(written: string, prefix: string): string {
  if (!written.startsWith(prefix)) throw unverified(`its token does not begin with "${prefix}"`)
  return written.slice(prefix.length)
}

/** Compiles the check of user and password (RFC 7617); the secret is `user:password`. */
export function compileBasic(spec: VerifySpec): Verify {
  mapSecrets(spec, (secret) => {
    if (!secret.includes(':')) throw new Error('it is not written as user:password')
  })
  const isSecret = compileSecrets(spec)
  return (request) => {
    const written = readHeader(request, 'authorization')
    if (written === undefined) throw unverified('it has no user and password: the header "authorization" is missing')
    const [scheme] = BASIC.exec(written) ?? []
    if (scheme === undefined) throw unverified('its header "authorization" does not begin with "Basic"')
    const credentials = written.length > MAX_LENGTH ? undefined : decodeStrictly(written.slice(scheme.length), 'base64')
    if (credentials === undefined) throw unverified('its user and password are not written as base64')
    if (!isSecret(credentials)) throw unverified('its user and password are not those of the endpoint')
  }
}

/** Compiles the comparison with all secrets, in a time that tells nothing of them: all hashes have one length. */
export function compileSecrets(spec: VerifySpec): (token: Buffer) => boolean {
  const hashes = mapSecrets(spec, (secret) => hash(decodeSecret(secret, 'utf8')))
  return (token) => {
    if (token.length === 0 || token.length > MAX_LENGTH) return false
    const found = hash(token)
    return hashes.filter((known) => timingSafeEqual(known, found)).length > 0
  }
}

function hash(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest()
}
