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
 * Gives a reader for request bodies of at most `limitBytes` once unpacked. It waits 10 seconds at most, honours
 * `rawBody`, and takes what the host app has parsed unless the raw bytes are needed. Throws `ERR_BODY_*`.
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
    // A body that comes in one packet with its head is there a moment later. Who else listens would take it meanwhile.
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
 * Whether a request has no body. Without a length there may be one all the same: HTTP/2 needs none, and a proxy or the
 * host app may have taken the header away. Then the request is empty when it has come to its end with nothing in it.
 */
function isEmpty(request: ListenerRequest, headers: IncomingHttpHeaders): boolean {
  if (hasLength(headers)) return false
  if (headers['content-length'] !== undefined || request.readableEnded) return true
  return request.complete && request.readableLength === 0 && !request.destroyed && !request.aborted
}

/** Takes a body that has come to its end: four listeners and a timer would cost more than all that is done with it. */
function takeWhole(request: ListenerRequest, headers: IncomingHttpHeaders): Buffer | undefined {
  if (headers['transfer-encoding'] !== undefined || request.readableLength !== Number(headers['content-length']))
    return undefined
  if (request.readableFlowing || request.readableEncoding !== null) return undefined
  const content: Buffer = request.read()
  // Goes on to the end, which the server waits for.
  request.resume()
  return content
}

/**
 * Reads a body as it comes. body-parser would do, but it reads a body that is too large to its end before it says so,
 * and it costs more than all that is done with a small callback afterwards.
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
    // HTTP/2 ends a request that was broken off, too.
    request.on('end', () => stop(request.aborted ? aborted : undefined))
    request.on('close', () => stop(aborted))
    request.on('error', () => stop(aborted))
  })
}
