import { isUtf8 } from 'node:buffer'
import { MAX_JSON_DEPTH } from '../template/json-depth'
import { isMalformed, malformed, tooDeep } from './errors'
import { createPartDecoder, decode, decodeSignedPart, isUtf8Name, signedCharset } from './charset'
import { readForm } from './form'
import { isLinesName, parseJson, parseJsonLines } from './json-text'
import { parseMultipart, signedContentType } from './multipart'

/** A content type, read leniently: senders write `application/json; utf-8` too. */
interface ContentType {
  readonly type: string
  readonly charset: string | undefined
}

export interface ReadOptions {
  /**
   * Whether a signature covers the bytes, and not their label. The bytes alone then decide how they are read, as far as
   * bytes can, and no label finds other fields in them. Default false.
   */
  readonly isSigned?: boolean
}

const FORM = 'application/x-www-form-urlencoded'
/** The characters that every encoder of forms escapes; JSON, XML and most prose hold some of them. */
const NO_FORM = /[\s"<>{}]|[^!-~]/
const LINE_END = /\r?\n$/

/**
 * Reads a body. A whole JSON object or list in UTF-8 is read as JSON, whatever its content type says; any other body by
 * its content type: JSON, lines of JSON, forms, multipart fields, text, XML as text; other bytes stay a Buffer, and
 * an empty body is null. A long body is read in turns, and returned as a promise. Throws or rejects with
 * `ERR_BODY_MALFORMED`, `ERR_BODY_DEPTH` and `ERR_BODY_ENCODING`.
 */
export function parseContent(content: Buffer | string, header: string | undefined, options: ReadOptions = {}): unknown {
  if (content.length === 0) return null
  const label = parseContentType(header)
  const { isSigned = false } = options
  // One line is a list as well as many lines; a signed object stays an object under any label.
  const isJson = isJsonName(label.type)
  const json = isLinesName(label.type) && !isSigned ? undefined : findJson(content)
  if (json === undefined) return readLabelled(content, label, header, options)
  const orElse = (error: unknown): unknown => {
    if (isJson || !isMalformed(error)) throw error
    return readLabelled(content, label, header, options)
  }
  try {
    const value = parseJson(json)
    return value instanceof Promise ? value.catch(orElse) : value
  } catch (error) {
    return orElse(error)
  }
}

/** Whether a content type says that a body is a percent-encoded form. */
export function isFormType(header: string | undefined): boolean {
  return parseContentType(header).type === FORM
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
    .map((parameter) => /^\s*charset\s*=\s*["']?([^"'\s]+)["']?\s*$/i.exec(parameter)?.[1])
    .find(Boolean)
  return { type: type.trim().toLowerCase(), charset: charset?.toLowerCase() }
}

/** Returns the text of a body that is UTF-8 and begins and ends as a JSON object or list; undefined for any other. */
function findJson(content: Buffer | string): string | undefined {
  const all = Buffer.isBuffer(content) ? content : Buffer.from(content)
  const bytes = all[0] === 0xef && all[1] === 0xbb && all[2] === 0xbf ? all.subarray(3) : all
  let from = 0
  let last = bytes.length - 1
  while (from < last && isBlank(bytes[from])) from += 1
  while (from < last && isBlank(bytes[last])) last -= 1
  const isEnclosed = (bytes[from] === 0x7b && bytes[last] === 0x7d) || (bytes[from] === 0x5b && bytes[last] === 0x5d)
  return isEnclosed && isUtf8(bytes) ? bytes.toString() : undefined
}

function isBlank(code: number | undefined): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
}

/** Reads a body that is no JSON object or list in UTF-8. */
function readLabelled(
  content: Buffer | string,
  { type, charset }: ContentType,
  header: string | undefined,
  { isSigned = false }: ReadOptions,
): unknown {
  if (type === FORM) return readBodyForm(content, charset, isSigned)
  if (type === 'multipart/form-data') return readMultipart(Buffer.from(content), header ?? '', isSigned)
  const isText = isJsonName(type) || isLinesName(type)
  if (!isText && Buffer.isBuffer(content) && charset === undefined && !isUtf8(content)) return content
  const text = decode(content, isSigned ? signedCharset(content, charset) : charset)
  if (isJsonName(type)) return parseJson(text)
  if (isLinesName(type)) return parseJsonLines(text)
  return Buffer.isBuffer(content) && isUtf8Name(charset) ? text : parseText(text)
}

/** Some senders label JSON as plain text; text that only looks like JSON stays text. */
function parseText(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return text
  const orElse = (error: unknown): unknown => {
    if (!isMalformed(error)) throw error
    return text
  }
  try {
    const value = parseJson(text)
    return value instanceof Promise ? value.catch(orElse) : value
  } catch (error) {
    return orElse(error)
  }
}

function readBodyForm(content: Buffer | string, charset: string | undefined, isSigned: boolean): unknown {
  if (isSigned) {
    const text = content.toString('latin1')
    if (NO_FORM.test(text.replace(LINE_END, ''))) throw malformed('it is no form, though its content type says so')
    return readForm(text, { bytes: 'latin1', decode: decodeSignedPart })
  }
  // A charset with two bytes for each character writes `&` and `=` in other bytes.
  if (typeof content === 'string' || charset === undefined || isUtf8Name(charset) || charset.startsWith('utf-16'))
    return readForm(decode(content, charset))
  return readForm(content.toString('latin1'), { bytes: 'latin1', decode: createPartDecoder(charset) })
}

async function readMultipart(bytes: Buffer, contentType: string, isSigned: boolean): Promise<unknown> {
  try {
    return await parseMultipart(bytes, isSigned ? signedContentType(bytes) : contentType)
  } catch (error) {
    throw malformed('it is not a valid multipart form', error)
  }
}

/** Returns a value that the host app parsed. Throws `ERR_BODY_DEPTH` as for one that is parsed here. */
export function checkDepth(value: unknown): unknown {
  if (exceedsDepth(value, MAX_JSON_DEPTH)) throw tooDeep()
  return value
}

function exceedsDepth(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return depth === 0 || Object.values(value).some((item) => exceedsDepth(item, depth - 1))
}
