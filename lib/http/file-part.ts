import { isUint8Array } from 'node:util/types'
import { isMapping } from '../base/plain'
import { CallbackError } from '../base/errors'
import { toText } from '../template/convert'
import { typeOf } from '../base/typed-bytes'

/** A part of a multipart form that is a file. */
export interface FilePart {
  readonly filename: string
  /** Empty for unknown. */
  readonly type: string
  readonly content: Uint8Array | string
}

/** The shape in which listeners give the files of a form (see `listener/multipart.ts`). */
const KEYS: ReadonlySet<string> = new Set(['filename', 'type', 'size', 'content'])

/**
 * Reads the value of a form field as a file: bytes, under the name of the field, or `{filename, type, content}` with a
 * content of text or bytes. Undefined for any other value. Throws `ERR_TEMPLATE` for a file without content.
 */
export function readFilePart(field: string, value: unknown): FilePart | undefined {
  if (isUint8Array(value)) return { filename: field, type: typeOf(value) ?? '', content: value }
  if (!isMapping(value) || !Object.hasOwn(value, 'filename') || !Object.hasOwn(value, 'content')) return undefined
  if (!Object.keys(value).every((key) => KEYS.has(key))) return undefined
  const { filename, type, size, content } = value
  if (content === null || content === undefined) {
    const message = `The file in the field "${field}" has no content; give it text or bytes`
    throw new CallbackError('ERR_TEMPLATE', { message })
  }
  const bytes = isUint8Array(content) ? content : (decodeReceived(content, size) ?? toText(content))
  const known = isUint8Array(bytes) ? typeOf(bytes) : undefined
  return { filename: toText(filename) || field, type: toText(type) || (known ?? ''), content: bytes }
}

/** A part that a listener received has its content in base64, and says how many bytes that are. */
function decodeReceived(content: unknown, size: unknown): Buffer | undefined {
  if (typeof content !== 'string' || typeof size !== 'number') return undefined
  const bytes = Buffer.from(content, 'base64')
  return bytes.length === size && bytes.toString('base64') === content ? bytes : undefined
}
