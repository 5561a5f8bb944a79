import { isUint8Array } from 'node:util/types'
import { describeFound } from '../config/field/found'
import { isMapping, type Mapping } from '../base/values/plain'
import { CallbackError } from '../base/errors'
import { hasInfinity, writeJson } from '../template/bigints'
import { toText } from '../template/convert'
import { typeOf } from '../base/values/typed-bytes'
import { formEntries, writeForm } from './form-entries'
import type { HttpRequest } from './request/request'

/** A body as `fetch` takes it, and the headers that fit it. */
export interface WrittenBody {
  readonly body: string | Uint8Array | FormData | null
  readonly headers: Readonly<Record<string, string>>
}

const FORM = 'application/x-www-form-urlencoded'
const MULTIPART = 'multipart/form-data'
/** What `JSON.stringify` makes of bytes, which no API takes. */
const HAS_BYTES = /"type":"Buffer"|"0":/

/**
 * Writes the body of a request: bytes and text as they stand, a mapping as the form that its content type names, all
 * else as JSON. Throws `ERR_TEMPLATE` for what cannot be written.
 */
export function writeBody({ body, headers }: Pick<HttpRequest, 'body' | 'headers'>): WrittenBody {
  if (body === undefined || body === null) return { body: null, headers }
  if (isUint8Array(body)) return { body, headers: withType(headers, typeOf(body)) }
  if (typeof body === 'string') return { body, headers: withType(headers, 'text/plain;charset=utf-8') }
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase()
  if (type === FORM) return { body: writeForm(expectMapping(body, type)), headers }
  // `fetch` writes the parts and knows their boundary, so it must set this header.
  if (type === MULTIPART) return { body: writeMultipart(expectMapping(body, type)), headers: without(headers) }
  return { body: toJson(body), headers: withType(headers, 'application/json') }
}

function withType(headers: WrittenBody['headers'], type: string | undefined): WrittenBody['headers'] {
  return type !== undefined && headers['content-type'] === undefined ? { ...headers, 'content-type': type } : headers
}

function without(headers: WrittenBody['headers']): WrittenBody['headers'] {
  const { 'content-type': _dropped, ...others } = headers
  return others
}

function expectMapping(body: unknown, type: string): Mapping {
  if (isMapping(body)) return body
  const message = `A body of type ${type} must be a mapping or text, found ${describeFound(body, [])}`
  throw new CallbackError('ERR_TEMPLATE', { message })
}

function writeMultipart(fields: Mapping): FormData {
  const form = new FormData()
  for (const [name, value] of formEntries(fields)) {
    const file = readFilePart(name, value)
    if (file) form.append(name, new Blob([file.content], { type: file.type }), file.filename)
    else form.append(name, toText(value))
  }
  return form
}

/** A part of a multipart form that is a file. */
interface FilePart {
  readonly filename: string
  /** Empty for unknown. */
  readonly type: string
  readonly content: Uint8Array | string
}

/** The shape in which listeners give the files of a form (see `body/multipart.ts`). */
const FILE_KEYS: ReadonlySet<string> = new Set(['filename', 'type', 'size', 'content'])

/**
 * Reads the value of a form field as a file: bytes, under the name of the field, or `{filename, type, content}` with a
 * content of text or bytes. Undefined for any other value. Throws `ERR_TEMPLATE` for a file without content.
 */
function readFilePart(field: string, value: unknown): FilePart | undefined {
  if (isUint8Array(value)) return { filename: field, type: typeOf(value) ?? '', content: value }
  if (!isMapping(value) || !Object.hasOwn(value, 'filename') || !Object.hasOwn(value, 'content')) return undefined
  if (!Object.keys(value).every((key) => FILE_KEYS.has(key))) return undefined
  const { filename, type, size, content } = value
  if (content === null || content === undefined) {
    const message = `The file in the field "${field}" has no content; give it text or bytes`
    throw new CallbackError('ERR_TEMPLATE', { message })
  }
  const bytes = isUint8Array(content) ? content : (decodeReceived(content, size) ?? toText(content))
  const known = isUint8Array(bytes) ? typeOf(bytes) : undefined
  return { filename: toText(filename) || field, type: toText(type) || (known ?? ''), content: bytes }
}

/** A part that a listener received has its content in base64, and its number of bytes as `size`. */
function decodeReceived(content: unknown, size: unknown): Buffer | undefined {
  if (typeof content !== 'string' || typeof size !== 'number') return undefined
  const bytes = Buffer.from(content, 'base64')
  return bytes.length === size && bytes.toString('base64') === content ? bytes : undefined
}

function toJson(body: unknown): string {
  let text: string | undefined
  try {
    text = writeJson(body)
    if (text !== undefined && HAS_BYTES.test(text)) text = writeJson(bytesAsText(body))
  } catch (cause) {
    throw new CallbackError('ERR_TEMPLATE', { message: 'The body cannot be written as JSON', cause })
  }
  if (text?.includes('null') && hasInfinity(body)) {
    const message = 'The body cannot be written as JSON: it holds a number that is not finite; give it as text'
    throw new CallbackError('ERR_TEMPLATE', { message })
  }
  if (text !== undefined) return text
  throw new CallbackError('ERR_TEMPLATE', { message: `A ${typeof body} cannot be sent as a body` })
}

/** Returns the value with bytes as base64. */
function bytesAsText(value: unknown): unknown {
  if (isUint8Array(value)) return Buffer.from(value).toString('base64')
  if (Array.isArray(value)) return value.map(bytesAsText)
  if (!isMapping(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, bytesAsText(item)]))
}
