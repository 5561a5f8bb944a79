import { randomBytes } from 'node:crypto'
import type { Sign, SignOptions, UnsignedRequest, VerifySpec } from '../contract'
import { misconfigured } from '../errors'
import { compileWrite, toMessage, type Write } from './draft'
import { grammarOf, type SignatureForm, signedOf, withTimestampOf } from './form'
import { writeSignatureHeader } from './grammar'
import type { SignedMessage } from './message'
import { createSigner } from './secrets'
import { compileSigned } from './signed'
import type { Source } from './source'
import { writeTime } from './time'
import { needsParsedBody, placeless, sourceOf } from './verify-signature'

/** One part of a proof, as it is read by the receiver and written by the sender. */
interface Part {
  readonly source: Source
  readonly write: Write
}

/** A request on its way to be signed, and how its receiver will see it. */
interface Draft {
  readonly request: UnsignedRequest
  readonly message: SignedMessage
}

/**
 * Compiles how a sender signs in the generic form; what the config says replaces what the form says. Throws
 * `ERR_CONFIG_VALUE` for what cannot work.
 */
export function compileSignSignature(given: VerifySpec, form: SignatureForm, options: SignOptions): Sign {
  const spec = withTimestampOf(form, given)
  const signature = partOf(spec, 'signature', form.signature)
  if (signature === undefined) throw placeless(spec)
  const timestamp = partOf(spec, 'timestamp', form.timestamp)
  const id = partOf(spec, 'id', form.id)
  const signed = compileSigned(signedOf(spec, form), { idEncoding: id?.source.encoding ?? 'utf8', url: form.url }, spec)
  const signer = createSigner(spec, form, options)
  const needsBody = needsParsedBody(spec, signed)
  const unit = spec.timestampUnit ?? form.timestampUnit
  const encoding = spec.encoding ?? form.encoding

  async function draftOf(request: UnsignedRequest): Promise<Draft> {
    const message = toMessage(request, options)
    if (needsBody) await message.withBody(() => {})
    return { request, message }
  }

  /** Writes a part unless it is there already, and reads it as the receiver will. */
  async function fill(draft: Draft, { source, write }: Part, text: string): Promise<readonly [Draft, string]> {
    const found = source.read(draft.message)
    if (found !== undefined) return [draft, found]
    const next = await draftOf(write(draft.request, text))
    const written = source.read(next.message)
    if (written === undefined) throw misconfigured(spec, 'signed', `${source.name} reads nothing that could be written`)
    return [next, written]
  }

  return async (request, at) => {
    let draft = await draftOf(request)
    let time = writeTime(at, unit)
    let name = ''
    if (timestamp !== undefined) [draft, time] = await fill(draft, timestamp, time)
    if (id !== undefined) [draft, name] = await fill(draft, id, `msg_${randomBytes(12).toString('hex')}`)
    draft.message.timestamp = time
    draft.message.id = name
    const bytes = signer.sign(signed, draft.message)
    const text = (options.isForged === true ? spoil(bytes) : bytes).toString(encoding)
    const header = writeSignatureHeader({ text, key: signer.kind, timestamp: time }, grammarOf(spec, form))
    return signature.write(draft.request, header)
  }
}

function partOf(spec: VerifySpec, key: 'signature' | 'timestamp' | 'id', names?: readonly string[]): Part | undefined {
  const source = sourceOf(spec, key, names)
  const write = compileWrite(spec, key, names)
  return source && write && { source, write }
}

/** Returns the bytes with one bit changed. */
export function spoil(bytes: Buffer): Buffer {
  const spoilt = Buffer.from(bytes)
  spoilt[0] = (spoilt[0] ?? 0) ^ 1
  return spoilt
}
