import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { listenOn } from '../../app/servers'
import type { Clock } from '../../base/contracts'
import { elapsedOf } from '../../base/timers'

/** Answers a request whose body is not read yet, and notes in one sentence what became of it. */
export type Respond = (request: IncomingMessage, response: ServerResponse, note: (why: string) => void) => void

/** A request that was answered or broken off. */
export interface Exchange {
  readonly method: string
  /** Path and query, as received. */
  readonly url: string
  readonly rawHeaders: readonly string[]
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
  /** The whole body; undefined when it was cut off, or is larger than 5 MB. */
  readonly body: Buffer | undefined
  /** What became of it, where that was noted. */
  readonly why: string | undefined
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

/** How much of a body is shown. */
const SHOWN_BYTES = 2048
/** The largest body that is kept to be sent again. */
const KEPT_BYTES = 5 * 1024 ** 2

/** Opens a server that records every request and has `respond` answer it. */
export async function openRecorder({ respond, show, clock }: RecorderOptions): Promise<Recorder> {
  const elapsed = elapsedOf(clock)
  const server = createServer((request, response) => {
    const start = elapsed()
    const body = keepBody(request)
    let why: string | undefined
    // A broken connection is reported by `close`.
    request.on('error', () => undefined)
    response.on('error', () => undefined)
    response.once('close', () => {
      const { method = '', url = '', headers, rawHeaders } = request
      const status = response.headersSent ? response.statusCode : undefined
      const [contentType, contentEncoding] = [headers['content-type'], headers['content-encoding']]
      const timing = { isAnswered: response.writableFinished, ms: Math.round(elapsed() - start) }
      show({ method, url, rawHeaders, status, ...timing, contentType, contentEncoding, ...body(), why })
    })
    respond(request, response, (text) => (why = text))
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

function keepBody(request: IncomingMessage): () => Pick<Exchange, 'bytes' | 'beginning' | 'body'> {
  const chunks: Buffer[] = []
  let [bytes, kept] = [0, 0]
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (kept >= KEPT_BYTES) return
    chunks.push(chunk)
    kept += chunk.length
  })
  // With a listener alone the body would flow before `respond` reads it.
  request.pause()
  return () => {
    const whole = Buffer.concat(chunks)
    const body = request.complete && bytes === whole.length ? whole : undefined
    return { bytes, beginning: whole.subarray(0, SHOWN_BYTES), body }
  }
}
