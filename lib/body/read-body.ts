import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import type { Clock } from '../base/contracts'
import { aborted, consumed, tooLarge, tooSlow } from './errors'
import { createPackedReader } from './packed'
import type { ListenerRequest } from './request'
import { compileUnpack } from './unpack'

/** A body as it came, or as a parser of the host app left it. */
export type ReceivedBody =
  { readonly kind: 'raw'; readonly content: Buffer | string } | { readonly kind: 'parsed'; readonly value: unknown }

export type ReadBody = (request: ListenerRequest, response: ServerResponse) => Promise<ReceivedBody>

/** How long a body may take to arrive. */
const DEADLINE_MS = 10_000
const EMPTY = Buffer.alloc(0)

/**
 * Creates a reader of request bodies of at most `limitBytes` once unpacked. It waits 10 seconds at most, honours `rawBody`,
 * and takes the body that the host app has parsed unless the raw bytes are needed. Throws `ERR_BODY_*`.
 */
export function createBodyReader(options: {
  readonly limitBytes: number
  readonly needsRaw: boolean
  readonly clock: Clock
}): ReadBody {
  const { limitBytes, needsRaw, clock } = options
  const readPacked = createPackedReader(limitBytes, DEADLINE_MS, clock)

  return async (request, response) => {
    const { headers, rawBody } = request
    if (isKept(rawBody)) return { kind: 'raw', content: rawBody }
    if (request.readableEnded && (hasLength(headers) || request.readableDidRead || request.body !== undefined))
      return takeParsed(request, needsRaw)
    if (Number(headers['content-length']) > limitBytes) throw tooLarge()
    const encoding = headers['content-encoding']
    const packed = encoding === undefined || !hasLength(headers) ? undefined : readPacked(encoding, request, response)
    if (packed) return { kind: 'raw', content: await packed }
    const unpack = encoding === undefined ? undefined : compileUnpack(encoding, limitBytes)
    // A body in the same packet as its head is there a moment later; if another reader listens, it would take the body meanwhile.
    if (!request.readableFlowing) await Promise.resolve()
    if (isEmpty(request, headers)) return { kind: 'raw', content: EMPTY }
    const content = takeWhole(request, headers) ?? (await readPlain(request, limitBytes, clock))
    return { kind: 'raw', content: unpack ? await unpack(content) : content }
  }
}

function takeParsed({ body }: ListenerRequest, needsRaw: boolean): ReceivedBody {
  if (Buffer.isBuffer(body) || (isKept(body) && !needsRaw)) return { kind: 'raw', content: body }
  if (needsRaw || body === undefined) throw consumed(needsRaw)
  return { kind: 'parsed', value: body }
}

/** A body that was read but not parsed: by a platform that keeps `rawBody`, or by `raw()` or `text()` of the host. */
function isKept(body: unknown): body is Buffer | string {
  return Buffer.isBuffer(body) || typeof body === 'string'
}

function hasLength(headers: IncomingHttpHeaders): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length']) > 0
}

/**
 * Whether a request has no body. A request without a length may have a body: HTTP/2 needs no length, and a proxy or the host
 * app may have removed the header. Such a request is empty when it has ended without a byte.
 */
function isEmpty(request: ListenerRequest, headers: IncomingHttpHeaders): boolean {
  if (hasLength(headers)) return false
  if (headers['content-length'] !== undefined || request.readableEnded) return true
  return request.complete && request.readableLength === 0 && !request.destroyed && !request.aborted
}

/** Takes a body that has arrived as a whole: four listeners and a timer would cost more than all later work on it. */
function takeWhole(request: ListenerRequest, headers: IncomingHttpHeaders): Buffer | undefined {
  if (headers['transfer-encoding'] !== undefined || request.readableLength !== Number(headers['content-length']))
    return undefined
  if (request.readableFlowing || request.readableEncoding !== null) return undefined
  const content: Buffer = request.read()
  // The server waits for the end of the request.
  request.resume()
  return content
}

/**
 * Reads a body as it arrives. body-parser could do it, but reads a body that is too large to its end before it refuses, and
 * costs more than all later work on a small callback.
 */
function readPlain(request: ListenerRequest, limitBytes: number, clock: Clock): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (request.destroyed) return reject(aborted())
    if (request.readableDidRead || request.readableEncoding !== null) return reject(consumed(false))
    const chunks: Buffer[] = []
    let size = 0
    let stopped = false
    const timer = clock.setTimeout(() => stop(() => tooSlow(DEADLINE_MS)), DEADLINE_MS)
    function stop(refuse?: () => Error): void {
      if (stopped) return
      stopped = true
      clock.clearTimeout(timer)
      if (refuse) return reject(refuse())
      const [only] = chunks
      resolve(only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks, size))
    }
    request.on('data', (chunk: Buffer) => {
      if (stopped) return
      chunks.push(chunk)
      size += chunk.length
      if (size > limitBytes) stop(tooLarge)
    })
    // HTTP/2 also emits "end" for a request that was broken off.
    request.on('end', () => stop(request.aborted ? aborted : undefined))
    request.on('close', () => stop(aborted))
    request.on('error', () => stop(aborted))
  })
}
