import { isUtf8 } from 'node:buffer'
import { TextDecoder } from 'node:util'
import { CallbackError } from '../errors'
import { parseJson as parseExact } from '../template/exact-json'
import { isTooDeep, MAX_JSON_DEPTH } from '../template/json-depth'
import { parseForm } from './form'
import { parseMultipart } from './multipart'

const BYTE_ORDER_MARK = '\uFEFF'

/** What a content type says, read leniently: senders write `application/json; utf-8` too. */
interface ContentType {
  readonly type: string
  readonly charset: string | undefined
}

/**
 * Reads a body by its content type: JSON of any shape, forms, multipart fields, text (JSON in it is read as JSON), XML
 * as text; what is no text stays a Buffer, and an empty body is null. Throws `ERR_BODY_MALFORMED`, `ERR_BODY_DEPTH`
 * and `ERR_BODY_ENCODING`. A multipart form comes as a promise.
 */
export function parseContent(content: Buffer | string, header: string | undefined, bodyExpected: boolean): unknown {
  const { type, charset } = parseContentType(header)
  const isJson = isJsonName(type)
  if (content.length === 0) {
    if (isJson && bodyExpected) throw malformed('the content type says JSON, but the body is empty')
    return null
  }
  if (isJson) return parseJson(decode(content, charset))
  if (type === 'application/x-www-form-urlencoded') return parseForm(decode(content, charset))
  if (type === 'multipart/form-data') return readMultipart(Buffer.from(content), header ?? '')
  if (Buffer.isBuffer(content) && charset === undefined && !isUtf8(content)) return content
  return parseText(decode(content, charset))
}

/** Whether a content type says JSON, as `application/json` or `+json`. */
export function isJsonType(header: string | undefined): boolean {
  return isJsonName(parseContentType(header).type)
}

function isJsonName(type: string): boolean {
  return type === 'application/json' || type.endsWith('+json')
}

function parseContentType(header: string | undefined): ContentType {
  const [type = '', ...parameters] = (header ?? '').split(';')
  const charset = parameters
    .map((parameter) => /^\s*charset\s*=\s*"?([^"\s]+)"?\s*$/i.exec(parameter)?.[1])
    .find(Boolean)
  return { type: type.trim().toLowerCase(), charset: charset?.toLowerCase() }
}

/** A text was decoded already, by whoever read it. */
function decode(bytes: Buffer | string, charset = 'utf-8'): string {
  if (typeof bytes === 'string') return bytes
  if (charset === 'utf-8' || charset === 'utf8') {
    if (!isUtf8(bytes)) throw malformed('it is not valid UTF-8')
    const text = bytes.toString()
    return text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text
  }
  const decoder = createDecoder(bytes, charset)
  try {
    return decoder.decode(bytes)
  } catch (error) {
    throw malformed(`it is not valid ${charset}`, error)
  }
}

/** Without a byte order, UTF-16 follows its mark (RFC 2781); `TextDecoder` always takes it for little-endian. */
function createDecoder(bytes: Buffer, charset: string): TextDecoder {
  const bigEndian = charset === 'utf-16' && bytes[0] === 0xfe && bytes[1] === 0xff
  try {
    return new TextDecoder(bigEndian ? 'utf-16be' : charset, { fatal: true })
  } catch {
    throw unknownCharset(charset)
  }
}

/** Gives a value that the host app parsed. Throws `ERR_BODY_DEPTH` as for one that is parsed here. */
export function checkDepth(value: unknown): unknown {
  if (exceedsDepth(value, MAX_JSON_DEPTH)) throw tooDeep()
  return value
}

function exceedsDepth(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return depth === 0 || Object.values(value).some((item) => exceedsDepth(item, depth - 1))
}

function parseJson(text: string): unknown {
  if (isTooDeep(text)) throw tooDeep()
  try {
    return parseExact(text)
  } catch {
    // Without the cause, which quotes the body.
    throw malformed('it is not valid JSON')
  }
}

/** Some senders (Amazon SNS) label JSON as plain text; what only looks like JSON stays text. */
function parseText(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return text
  try {
    return parseJson(text)
  } catch (error) {
    if (error instanceof CallbackError && error.code === 'ERR_BODY_DEPTH') throw error
    return text
  }
}

async function readMultipart(bytes: Buffer, contentType: string): Promise<unknown> {
  try {
    return await parseMultipart(bytes, contentType)
  } catch (error) {
    throw malformed('it is not a valid multipart form', error)
  }
}

function tooDeep(): CallbackError {
  return new CallbackError('ERR_BODY_DEPTH', { message: `The body is nested deeper than ${MAX_JSON_DEPTH}` })
}

function malformed(reason: string, cause?: unknown): CallbackError {
  return new CallbackError('ERR_BODY_MALFORMED', { message: `The body cannot be read: ${reason}`, cause })
}

function unknownCharset(charset: string): CallbackError {
  return new CallbackError('ERR_BODY_ENCODING', { message: `The body's charset "${charset}" is not known` })
}
