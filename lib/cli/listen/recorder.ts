import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { listenOn } from '../../app/servers'
import type { Clock } from '../../base/contracts'
import { elapsedOf } from '../../base/timers'

/** Answers a request whose body is not read yet. */
export type Respond = (request: IncomingMessage, response: ServerResponse) => void

/** A request that was answered or broken off. */
export interface Exchange {
  readonly method: string
  /** Path and query, as received. */
  readonly url: string
  /** Undefined when there was no answer. */
  readonly status: number | undefined
  /** Whether the answer got out. */
  readonly isAnswered: boolean
  /** How long it took. */
  readonly ms: number
  readonly contentType: string | undefined
  readonly contentEncoding: string | undefined
  /** How long the body was. */
  readonly bytes: number
  /** The first 2 kB of the body. */
  readonly beginning: Buffer
}

/** A server on a free port of 127.0.0.1. */
export interface Recorder {
  readonly port: number
  /** Breaks off requests in flight: once the tunnel is closed, no answer gets back. */
  close(): Promise<void>
}

export interface RecorderOptions {
  readonly respond: Respond
  /** Told of every request when it is over. */
  readonly show: (exchange: Exchange) => void
  readonly clock: Clock
}

/** How much of a body is kept. */
const KEPT_BYTES = 2048

/** Opens a server that records every request and has `respond` answer it. */
export async function openRecorder({ respond, show, clock }: RecorderOptions): Promise<Recorder> {
  const elapsed = elapsedOf(clock)
  const server = createServer((request, response) => {
    const start = elapsed()
    const body = keepBeginning(request)
    // A broken connection is reported by `close`.
    request.on('error', () => undefined)
    response.on('error', () => undefined)
    response.once('close', () => {
      const { method = '', url = '', headers } = request
      const status = response.headersSent ? response.statusCode : undefined
      const [contentType, contentEncoding] = [headers['content-type'], headers['content-encoding']]
      const timing = { isAnswered: response.writableFinished, ms: Math.round(elapsed() - start) }
      show({ method, url, status, ...timing, contentType, contentEncoding, ...body() })
    })
    respond(request, response)
  })
  const { port } = await listenOn({ server, host: '127.0.0.1', port: 0 })
  return {
    port,
    async close() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
    },
  }
}

function keepBeginning(request: IncomingMessage): () => Pick<Exchange, 'bytes' | 'beginning'> {
  const chunks: Buffer[] = []
  let bytes = 0
  request.on('data', (chunk: Buffer) => {
    if (bytes < KEPT_BYTES) chunks.push(chunk.subarray(0, KEPT_BYTES - bytes))
    bytes += chunk.length
  })
  // With a listener alone the body would flow before `respond` reads it.
  request.pause()
  return () => ({ bytes, beginning: Buffer.concat(chunks) })
}
