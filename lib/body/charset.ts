import { isUtf8 } from 'node:buffer'
import { TextDecoder } from 'node:util'
import { CallbackError } from '../base/errors'
import { malformed } from './errors'

const BYTE_ORDER_MARK = '\uFEFF'
const LATIN = 'windows-1252'
/** The characters of windows-1252 from 0x80, where Latin-1 has control characters; `TextDecoder` of Node 20 does not know them. */
const LATIN_EXTRAS =
  '\u20AC\x81\u201A\u0192\u201E\u2026\u2020\u2021\u02C6\u2030\u0160\u2039\u0152\x8D\u017D\x8F' +
  '\x90\u2018\u2019\u201C\u201D\u2022\u2013\u2014\u02DC\u2122\u0161\u203A\u0153\x9D\u017E\u0178'

/** Whether a name is the name of a charset that can be read (https://encoding.spec.whatwg.org). */
export function isCharset(name: string): boolean {
  return nameOf(name) !== undefined
}

/** Whether bytes are read as UTF-8: it is their charset, and the default. */
export function isUtf8Name(charset: string | undefined): boolean {
  return charset === undefined || charset === 'utf-8' || charset === 'utf8'
}

/**
 * Decodes bytes; a text was decoded before, by the host app. Throws `ERR_BODY_MALFORMED` for bytes that are not of the
 * charset, and `ERR_BODY_ENCODING` for an unknown charset.
 */
export function decode(bytes: Buffer | string, charset: string | undefined): string {
  if (typeof bytes === 'string') return bytes
  if (isUtf8Name(charset)) {
    if (!isUtf8(bytes)) throw malformed('it is not valid UTF-8')
    const text = bytes.toString()
    return text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text
  }
  if (nameOf(charset ?? '') === LATIN) return decodeLatin(bytes)
  const decoder = createDecoder(bytes, charset ?? '')
  try {
    return decoder.decode(bytes)
  } catch (error) {
    throw malformed(`it is not valid ${charset}`, error)
  }
}

/**
 * Returns the charset of a signed body: UTF-8 where the bytes are UTF-8, whatever the label says, else Latin-1 where the label
 * says so. Few senders sign the label, so a changed label must not make another text of the same bytes.
 * Throws `ERR_BODY_ENCODING` for other charsets.
 */
export function signedCharset(bytes: Buffer | string, charset: string | undefined): string | undefined {
  if (typeof bytes === 'string' || isUtf8Name(charset) || isUtf8(bytes)) return undefined
  const name = nameOf(charset ?? '')
  if (name === LATIN) return name
  if (name === undefined) throw unknownCharset(charset ?? '')
  const message = `The body's charset "${charset}" is not signed; where a sender is verified, only UTF-8 and Latin-1 are read`
  throw new CallbackError('ERR_BODY_ENCODING', { message })
}

/** Returns a decoder of a part of a form, which never throws. Throws `ERR_BODY_ENCODING` for a charset that is not known. */
export function createPartDecoder(charset: string): (bytes: Buffer) => string {
  const name = nameOf(charset)
  if (name === undefined) throw unknownCharset(charset)
  if (name === LATIN) return decodeLatin
  const decoder = new TextDecoder(name)
  return (bytes) => decoder.decode(bytes)
}

/** Decodes a part of a signed form by its bytes alone: as UTF-8, or as Latin-1 where it is no UTF-8. */
export function decodeSignedPart(bytes: Buffer): string {
  return isUtf8(bytes) ? bytes.toString() : decodeLatin(bytes)
}

function decodeLatin(bytes: Buffer): string {
  // oxlint-disable-next-line no-control-regex -- the bytes that differ
  return bytes
    .toString('latin1')
    .replace(/[\x80-\x9f]/g, (letter) => LATIN_EXTRAS[letter.charCodeAt(0) - 0x80] ?? letter)
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

function nameOf(charset: string): string | undefined {
  try {
    return new TextDecoder(charset).encoding
  } catch {
    return undefined
  }
}

function unknownCharset(charset: string): CallbackError {
  return new CallbackError('ERR_BODY_ENCODING', { message: `The body's charset "${charset}" is not known` })
}
