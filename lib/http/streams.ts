import { isAnyArrayBuffer, isUint8Array } from 'node:util/types'
import { isMapping } from '../base/values/plain'
import { CallbackError, reasonOf } from '../base/errors'
import { giveType } from '../base/values/typed-bytes'

/** Reads a stream or blob to its end. */
export type ReadStream = (stream: Readable) => Promise<Uint8Array>

/** Streams of Node and of the web are read by their chunks; files are blobs. Memory that is no Buffer yet is read too. */
type Readable = AsyncIterable<unknown> | Blob | ArrayBufferLike | ArrayBufferView

const MAX_BYTES = 64 * 1024 ** 2
const MAX_DEPTH = 20

/**
 * Creates what reads streams, once each: the next attempt and a redirect send the same bytes again. Rejects with
 * `ERR_TEMPLATE` for a stream of more than 64 MiB, or one that breaks.
 */
export function createStreamReader(): ReadStream {
  const known = new WeakMap<object, Promise<Uint8Array>>()
  return (stream) => {
    const reading = known.get(stream) ?? readAll(stream)
    known.set(stream, reading)
    return reading
  }
}

/** Returns a body with bytes in place of its streams and blobs, a file in a field as `{filename, type, content}`. */
export async function replaceStreams(body: unknown, read: ReadStream): Promise<unknown> {
  return holdsStream(body) ? replaceIn(body, read, 'content') : body
}

/** Whether there is a stream or blob in a value; it is read as far as bodies are nested. */
export function holdsStream(value: unknown, depth = 0): boolean {
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return false
  if (isReadable(value)) return true
  return (Array.isArray(value) || isMapping(value)) && Object.values(value).some((item) => holdsStream(item, depth + 1))
}

async function replaceIn(value: unknown, read: ReadStream, key: string): Promise<unknown> {
  if (isReadable(value)) {
    const content = await read(value)
    const isFile = key !== 'content' && value instanceof File
    return isFile ? { filename: value.name, type: value.type, content } : content
  }
  if (Array.isArray(value)) return Promise.all(value.map((item) => replaceIn(item, read, key)))
  if (!isMapping(value)) return value
  const entries = Object.entries(value).map(async ([name, item]) => [name, await replaceIn(item, read, name)] as const)
  return Object.fromEntries(await Promise.all(entries))
}

function isReadable(value: unknown): value is Readable {
  if (typeof value !== 'object' || value === null || isUint8Array(value)) return false
  if (value instanceof Blob || isAnyArrayBuffer(value) || ArrayBuffer.isView(value)) return true
  return Symbol.asyncIterator in value && !Array.isArray(value)
}

async function readAll(stream: Readable): Promise<Uint8Array> {
  if (stream instanceof Blob) {
    if (stream.size > MAX_BYTES) throw tooLong()
    return giveType(Buffer.from(await stream.arrayBuffer()), stream.type === '' ? undefined : stream.type)
  }
  if (isAnyArrayBuffer(stream)) return Buffer.from(stream)
  if (ArrayBuffer.isView(stream)) return Buffer.from(stream.buffer, stream.byteOffset, stream.byteLength)
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of stream) {
      const bytes = toBytes(chunk)
      size += bytes.length
      if (size > MAX_BYTES) throw tooLong()
      chunks.push(bytes)
    }
  } catch (cause) {
    if (cause instanceof CallbackError) throw cause
    const reason = reasonOf(cause)
    throw new CallbackError('ERR_TEMPLATE', { message: `A stream in the body cannot be read: ${reason}`, cause })
  }
  return Buffer.concat(chunks, size)
}

function toBytes(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk
  if (typeof chunk === 'string') return Buffer.from(chunk)
  throw new CallbackError('ERR_TEMPLATE', { message: `A stream in the body gave a ${typeof chunk}, not text or bytes` })
}

function tooLong(): CallbackError {
  return new CallbackError('ERR_TEMPLATE', { message: 'A stream in the body is longer than 64 MiB' })
}
