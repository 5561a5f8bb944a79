import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate, inflateRaw, type InputType, type ZlibOptions } from 'node:zlib'
import { CallbackError, codeOf } from '../base/errors'
import { isCharset } from './charset'

/** Undoes one encoding; rejects for bytes of another encoding, and for more bytes than the limit. */
type Undo = (bytes: Buffer, limitBytes: number) => Promise<Buffer>

const MAX_ENCODINGS = 4
const NOTHING_DONE: ReadonlySet<string> = new Set(['', 'identity', 'none'])
const undoGzip = limited(gunzip)
const undoZlib = limited(inflate)
const undoRaw = limited(inflateRaw)
const undoBrotli = limited(brotliDecompress)
const UNDO: ReadonlyMap<string, Undo> = new Map([
  ['gzip', undoGzip],
  ['x-gzip', undoGzip],
  ['deflate', undoDeflate],
  ['x-deflate', undoDeflate],
  ['br', undoBrotli],
])

/** Undoes the encodings of a body; rejects with `ERR_BODY_TOO_LARGE` and `ERR_BODY_ABORTED`. */
export type Unpack = (bytes: Buffer) => Promise<Buffer>

/**
 * Compiles the undoing of a `Content-Encoding` (RFC 9110, 8.4) from the last to the first, each to at most `limitBytes`;
 * undefined where there is nothing to undo. `identity`, `none` and names of charsets are no encodings. Throws
 * `ERR_BODY_ENCODING` for an unknown encoding, and for more than four.
 */
export function compileUnpack(header: string, limitBytes: number): Unpack | undefined {
  const names = encodingsOf(header)
  if (names.length > MAX_ENCODINGS) throw unsupported(`it has more than ${MAX_ENCODINGS}`)
  const undos = names.toReversed().map((name) => UNDO.get(name) ?? refuse(name))
  if (undos.length === 0) return undefined
  return async (bytes) => {
    let content = bytes
    for (const undo of undos) content = content.length === 0 ? content : await undo(content, limitBytes)
    return content
  }
}

/** Returns the encodings that a `Content-Encoding` names, in the order in which they were done. */
export function encodingsOf(header: string): readonly string[] {
  return header
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => !NOTHING_DONE.has(name) && !isCharset(name))
}

/** `deflate` has a head of two bytes; some senders leave it out. */
function undoDeflate(bytes: Buffer, limitBytes: number): Promise<Buffer> {
  const hasHead = ((bytes[0] ?? 0) & 0x0f) === 8
  return hasHead ? undoZlib(bytes, limitBytes) : undoRaw(bytes, limitBytes)
}

type Inflate = (bytes: InputType, options: ZlibOptions, done: (error: Error | null, result: Buffer) => void) => void

function limited(undo: Inflate): Undo {
  const inflateAll = promisify<InputType, ZlibOptions, Buffer>(undo)
  return async (bytes, limitBytes) => {
    try {
      return await inflateAll(bytes, { maxOutputLength: limitBytes })
    } catch (error) {
      throw toRefusal(error)
    }
  }
}

function toRefusal(error: unknown): CallbackError {
  const code = codeOf(error)
  if (code === 'ERR_BUFFER_TOO_LARGE')
    return new CallbackError('ERR_BODY_TOO_LARGE', {
      message: 'The callback was refused: its body exceeds body_limit once it is unpacked',
    })
  return new CallbackError('ERR_BODY_ABORTED', {
    message: 'The callback was refused: its body is not whole, or not packed as its content encoding says',
    cause: error,
  })
}

function refuse(name: string): never {
  throw unsupported(`${JSON.stringify(name.slice(0, 40))} is not known; gzip, deflate and br are`)
}

function unsupported(reason: string): CallbackError {
  return new CallbackError('ERR_BODY_ENCODING', {
    message: `The callback was refused: its content encoding is not supported, ${reason}`,
  })
}
