import { parseTemplate } from '../../template/parse'
import type { Params } from '../../base/route-syntax'
import { grammarOf, type SignatureForm, signedOf, withTimestampOf } from './form'
import { decodeStrictly } from './bytes'
import { parseSignatureHeader } from './grammar'
import type { Key, Signature } from './keys'
import { SignedMessage } from './message'
import { createPublishedKeys } from './published-keys'
import { createKeys } from './secrets'
import { compileSigned, type Signed } from './signed'
import { headerSource, plainPath, readsBody, type Source, templateSource } from './source'
import { compileTimeCheck } from './time'
import type { Verify, VerifyContext, VerifySpec } from '../contract'
import { misconfigured, unverified } from '../errors'
import type { VerifyOption } from '../options'

/** The parts of a proof that are read before anything is calculated. */
interface Reading {
  /** Where signatures stand; one is enough. */
  readonly signatures: readonly Source[]
  /** Undefined where the timestamp stands in the signature header, or nowhere. */
  readonly timestamp: Source | undefined
  readonly id: Source | undefined
  readonly checkTime: ((timestamp: string) => void) | undefined
}

const NO_PARAMS: Params = {}
/** The sources that need the parsed body. */
const BODY = ['body', 'item']

/**
 * Compiles a signature of the generic form; what the config says replaces what the form says. Cheap checks
 * come first; then all secrets are tried with all signatures. Throws `ERR_CONFIG_VALUE` for what cannot work.
 */
export function compileSignature(given: VerifySpec, form: SignatureForm, context: VerifyContext): Verify {
  const spec = withTimestampOf(form, given)
  const reading = compileReading(spec, form, context)
  const signed = compileSigned(
    signedOf(spec, form),
    { idEncoding: reading.id?.encoding ?? 'utf8', url: form.url },
    spec,
  )
  checkSigned(spec, reading, signed)
  const grammar = grammarOf(spec, form)
  const encoding = spec.encoding ?? form.encoding

  function readSignatures(message: SignedMessage): readonly Signature[] {
    const written = reading.signatures.flatMap((source) => source.read(message) ?? [])
    if (written.length === 0) {
      const places = reading.signatures.map(({ name }) => name).join(' or ')
      throw unverified(`it has no signature: ${places} is missing`)
    }
    const headers = written.map((text) => parseSignatureHeader(text, grammar))
    readRest(message, reading, headers[0]?.timestamp)
    const signatures = headers
      .flatMap((header) => header.signatures)
      .flatMap(({ text, key }) => {
        const bytes = decodeStrictly(text, encoding)
        return bytes === undefined ? [] : [{ bytes, key }]
      })
    if (signatures.length === 0) throw unverified(`its signature is not written as ${encoding}`)
    return signatures
  }

  const check = compileCheck(spec, form, context, signed, readSignatures)
  const needsBody = needsParsedBody(spec, signed)
  return (request, raw, params = NO_PARAMS) => {
    const message = new SignedMessage(request, raw, params, context)
    return needsBody ? message.withBody(() => check(message)) : check(message)
  }
}

/** Whether a proof can only be read, or written, once the body is parsed. */
export function needsParsedBody({ signature, timestamp, id }: VerifySpec, { sources }: Signed): boolean {
  return readsBody([signature, timestamp, id]) || BODY.some((name) => sources.has(name))
}

/** Compiles the check of a signature with all keys. */
function compileCheck(
  spec: VerifySpec,
  form: SignatureForm,
  context: VerifyContext,
  signed: Signed,
  readSignatures: (message: SignedMessage) => readonly Signature[],
): (message: SignedMessage) => void | Promise<void> {
  if (typeof form.keys === 'object') {
    const published = createPublishedKeys(form.keys.jwks, context)
    return async (message) => {
      const signatures = readSignatures(message)
      const isFitting = (keys: readonly Key[]): boolean => keys.some((key) => key.fits(signed, message, signatures))
      if (!(await published.some(isFitting))) throw unverified('no published key fits its signature')
    }
  }
  const keys = createKeys(spec, form)
  return (message) => {
    const signatures = readSignatures(message)
    if (!keys.some((key) => key.fits(signed, message, signatures))) throw unverified('no secret fits its signature')
  }
}

/** Lists the keys of `verify` that a form heeds. */
export function listFormOptions({ keys, grammar }: SignatureForm): readonly VerifyOption[] {
  return [
    ...(keys === 'hmac' || keys === 'standard' ? (['algorithm'] as const) : []),
    ...(typeof keys === 'object' ? [] : (['keyEncoding'] as const)),
    ...(grammar.kind === 'plain' ? (['prefix'] as const) : []),
    ...(['signature', 'encoding', 'timestamp', 'timestampUnit', 'id', 'signed', 'toleranceMs'] as const),
  ]
}

function compileReading(spec: VerifySpec, form: SignatureForm, { clock }: VerifyContext): Reading {
  const signature = sourceOf(spec, 'signature', form.signature)
  if (signature === undefined) throw placeless(spec)
  const timestamp = sourceOf(spec, 'timestamp', form.timestamp)
  const hasTime = timestamp !== undefined || (form.grammar.kind === 'pairs' && form.grammar.timestamp !== undefined)
  if (!hasTime && (spec.toleranceMs ?? spec.timestampUnit) !== undefined) {
    const message = `"${spec.scheme}" signs no time of sending that could be checked; say with "timestamp" where one stands`
    throw misconfigured(spec, spec.toleranceMs === undefined ? 'timestamp_unit' : 'tolerance', message)
  }
  const unit = spec.timestampUnit ?? form.timestampUnit
  const toleranceMs = spec.toleranceMs ?? form.toleranceMs
  const checkTime = hasTime ? compileTimeCheck(unit, toleranceMs, clock) : undefined
  const others = spec.signature === undefined ? (form.otherSignatures ?? []) : []
  const signatures = [signature, ...others.map((name) => headerSource([name]))]
  return { signatures, timestamp, id: sourceOf(spec, 'id', form.id), checkTime }
}

/** Creates the error for a `verify` that does not say where the signature stands. */
export function placeless(spec: VerifySpec): Error {
  const message = `"${spec.scheme}" must be told where the signature stands, as in \${header.X-Signature}`
  return misconfigured(spec, 'signature', message)
}

/** Compiles the place of a part of the proof: that of the config, else one of these headers; undefined for none. */
export function sourceOf(
  spec: VerifySpec,
  key: 'signature' | 'timestamp' | 'id',
  names: readonly string[] = [],
): Source | undefined {
  const template = spec[key]
  if (template !== undefined) return templateSource(template, key, spec)
  return names.length > 0 ? headerSource(names) : undefined
}

/** Somebody who replays a request can replace a timestamp that is not signed; an id without a place signs nothing. */
function checkSigned(spec: VerifySpec, reading: Reading, { placeholders, sources }: Signed): void {
  const hasTime = reading.checkTime !== undefined
  if (hasTime && !placeholders.some((text) => isTimestamp(text, spec)) && !isInSignedBody(spec, sources)) {
    const message = 'The timestamp must be part of what is signed, as in signed: "${timestamp}.${raw}"'
    throw misconfigured(spec, spec.signed === undefined ? 'timestamp' : 'signed', message)
  }
  const given = { timestamp: hasTime, id: reading.id !== undefined }
  for (const source of ['timestamp', 'id'] as const) {
    if (sources.has(source) && !given[source])
      throw misconfigured(spec, 'signed', `"signed" reads \${${source}}; say with "${source}" where it stands`)
  }
}

/** A timestamp that stands in the body is signed with it. */
function isInSignedBody({ timestamp }: VerifySpec, sources: Signed['sources']): boolean {
  if (timestamp === undefined || !(sources.has('raw') || sources.has('sha256'))) return false
  return timestamp.references.length > 0 && timestamp.references.every(({ source }) => source === 'body')
}

/** `${timestamp as boolean}` would sign another text than the one that is checked; the template of `timestamp` itself does not. */
function isTimestamp(placeholder: string, spec: VerifySpec): boolean {
  const path = plainPath(parseTemplate(placeholder))
  if (path?.source === 'timestamp' && path.key === undefined) return true
  return placeholder === String(spec.timestamp?.source)
}

function readRest(message: SignedMessage, reading: Reading, inHeader: string | undefined): void {
  const { timestamp, id, checkTime } = reading
  if (checkTime !== undefined) {
    const found = timestamp === undefined ? inHeader : timestamp.read(message)
    if (found === undefined)
      throw unverified(`it has no timestamp: ${timestamp?.name ?? 'in the signature it'} is missing`)
    checkTime(found)
    message.timestamp = found
  }
  if (id === undefined) return
  const found = id.read(message)
  if (found === undefined) throw unverified(`it has no id: ${id.name} is missing`)
  message.id = found
}
