import { malformed } from './errors'
import { createTurn } from '../base/turns'
import { setOwn } from '../base/values/plain'

type Fields = Record<string, string | string[]>

/** How the parts of a form become text: the encoding of its characters to bytes, and the decoding of those bytes. */
export interface FormCharset {
  readonly bytes: 'latin1' | 'utf8'
  readonly decode: (bytes: Buffer) => string
}

/** The longest text in characters that is read in one go: that takes 25 ms at most, even for hostile text. */
const SHORT = 96 * 1024
const LOOK_EVERY = 256
/** More names and values than any form has; many more would hold up other work in spite of the turns. */
const MAX_PAIRS = 250_000
const UTF8: FormCharset = { bytes: 'utf8', decode: (bytes) => bytes.toString() }

/**
 * Reads a form or a query. A name that is there several times holds a list, and nothing is dropped, since body and headers
 * are limited. Broken escapes stay as they are; bytes that are no UTF-8 become U+FFFD.
 */
export function parseForm(text: string): Readonly<Record<string, unknown>> {
  const fields: Fields = {}
  for (let from = 0; from < text.length;) from = readPair(text, from, fields, UTF8)
  return fields
}

/**
 * Reads the form of a body as `parseForm` does; a long form is read in turns, and returned as a promise.
 * Rejects with `ERR_BODY_MALFORMED` for a long form of more than 250,000 fields.
 */
export function readForm(text: string, charset = UTF8): unknown {
  const fields: Fields = {}
  if (text.length > SHORT) return readInTurns(text, fields, charset)
  for (let from = 0; from < text.length;) from = readPair(text, from, fields, charset)
  return fields
}

async function readInTurns(text: string, fields: Fields, charset: FormCharset): Promise<Fields> {
  const turn = createTurn()
  let count = 0
  for (let from = 0; from < text.length;) {
    from = readPair(text, from, fields, charset)
    count += 1
    if (count > MAX_PAIRS) throw malformed(`its form has more than ${MAX_PAIRS} fields`)
    if (count % LOOK_EVERY === 0 && turn.isOver()) await turn.next()
  }
  return fields
}

/** Adds the pair that begins at `from`, and returns where the next one begins. */
function readPair(text: string, from: number, fields: Fields, charset: FormCharset): number {
  const found = text.indexOf('&', from)
  const end = found < 0 ? text.length : found
  if (end === from) return end + 1
  const pair = text.slice(from, end)
  const equals = pair.indexOf('=')
  const name = unescape(equals < 0 ? pair : pair.slice(0, equals), charset)
  const value = equals < 0 ? '' : unescape(pair.slice(equals + 1), charset)
  const before = Object.hasOwn(fields, name) ? fields[name] : undefined
  if (Array.isArray(before)) before.push(value)
  else if (before !== undefined) fields[name] = [before, value]
  else setOwn(fields, name, value)
  return end + 1
}

function unescape(part: string, { bytes: encoding, decode }: FormCharset): string {
  if (part === '') return ''
  if (encoding === 'utf8' && !part.includes('%') && !part.includes('+')) return part
  const bytes = Buffer.from(part, encoding)
  let length = 0
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes[index]
    const high = byte === 0x25 ? digitOf(bytes[index + 1]) : -1
    const low = high < 0 ? -1 : digitOf(bytes[index + 2])
    if (low >= 0) index += 2
    bytes[length] = low >= 0 ? high * 16 + low : byte === 0x2b ? 0x20 : (byte ?? 0)
    length += 1
  }
  return decode(bytes.subarray(0, length))
}

/** The value of a hexadecimal digit; -1 for any other byte. */
function digitOf(byte = 0): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const letter = byte | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}
