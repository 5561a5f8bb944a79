import { isUint8Array } from 'node:util/types'
import { describeFound } from '../config/field/found'
import { isMapping, type Mapping } from '../base/plain'
import { CallbackError } from '../base/errors'
import { hasInfinity, writeJson } from '../template/bigints'
import { toText } from '../template/convert'
import { typeOf } from '../base/typed-bytes'
import { readFilePart } from './file-part'
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
  // The boundary is known to who writes the parts, so that `fetch` must set this header.
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
