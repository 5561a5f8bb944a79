import { type ClientRequest, type IncomingMessage, request as openRequest, type ServerResponse } from 'node:http'
import type { Logger } from '../../base/contracts'
import { reasonOf } from '../../base/errors'
import type { Respond } from './recorder'

/** Headers of one connection and not of the message (RFC 9110, 7.6.1), and `expect`, which a server answers by itself. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'expect',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** A request that is sent again. */
export interface Repeated {
  readonly method: string
  /** Path and query. */
  readonly target: string
  readonly rawHeaders: readonly string[]
  readonly body: Buffer
}

/** What became of a request. */
export interface Ending {
  /** The status of the answer; undefined where there was none. */
  readonly status: number | undefined
  /** One sentence for people. */
  readonly why: string
}

/** What answers the requests that come through the tunnel. */
export interface Target {
  /** Its name for people. */
  readonly name: string
  readonly respond: Respond
  /** Sends a request again; its answer goes nowhere. */
  repeat(request: Repeated): Promise<Ending>
}

/** Creates the target that answers every request with 200. */
export function createAnswering(): Target {
  const why = 'It was answered 200 by listen'
  return {
    name: 'listen',
    respond(request, response, note) {
      note(why)
      request.resume()
      request.once('end', () => response.writeHead(200, { 'content-length': 0 }).end())
    },
    repeat: async () => ({ status: 200, why }),
  }
}

/**
 * Creates the target that hands each request to the app on a port of 127.0.0.1; without its answer it answers 502. Requests
 * that are sent again are given up when the signal aborts.
 */
export function createForward(port: number, log: Logger, signal: AbortSignal): Target {
  const place = { host: '127.0.0.1', port, agent: false } as const
  const describe = (status = 502): string => `The app on port ${port} answered ${status}`
  return {
    name: `http://127.0.0.1:${port}`,
    respond(request, response, note) {
      const forwarded = openRequest({
        ...place,
        method: request.method,
        path: request.url,
        headers: [...endToEnd(request.rawHeaders), ...framingOf(request)],
      })
      forwarded.once('response', (answer) => {
        note(describe(answer.statusCode))
        passOn(answer, response)
      })
      forwarded.on('error', (error) => {
        request.unpipe(forwarded)
        request.resume() // the sender must be able to send the rest of the body, which nobody reads
        if (response.headersSent || response.destroyed) return
        note(explain(error, port))
        refuse(response, explain(error, port), log)
      })
      response.once('close', () => abandon(forwarded, response))
      request.pipe(forwarded)
    },
    repeat({ method, target, rawHeaders, body }) {
      return new Promise((resolve) => {
        const headers = [...endToEnd(rawHeaders, ['content-length']), 'Content-Length', String(body.length)]
        const repeated = openRequest({ ...place, method, path: target, headers, signal })
        repeated.once('response', (answer) => {
          answer.on('error', () => undefined)
          answer.resume()
          resolve({ status: answer.statusCode, why: describe(answer.statusCode) })
        })
        repeated.on('error', (error) => resolve({ status: undefined, why: explain(error, port) }))
        repeated.end(body)
      })
    },
  }
}

function passOn(answer: IncomingMessage, response: ServerResponse): void {
  response.sendDate = false
  response.writeHead(answer.statusCode ?? 502, answer.statusMessage, endToEnd(answer.rawHeaders))
  response.flushHeaders()
  answer.on('error', () => response.destroy())
  answer.pipe(response)
}

/** A sender that has gone wants no answer any more. */
function abandon(forwarded: ClientRequest, response: ServerResponse): void {
  if (!response.writableFinished) forwarded.destroy()
}

/** The headers of a message as they were written, name and value in turn; `more` names others that are left out. */
function endToEnd(rawHeaders: readonly string[], more: readonly string[] = []): string[] {
  const nameAt = (index: number): string => (rawHeaders[index - (index % 2)] ?? '').toLowerCase()
  const named = rawHeaders.flatMap((text, index) =>
    index % 2 === 1 && nameAt(index) === 'connection' ? text.split(',').map((name) => name.trim().toLowerCase()) : [],
  )
  const dropped = new Set([...HOP_BY_HOP, ...named, ...more])
  return rawHeaders.filter((_text, index) => !dropped.has(nameAt(index)))
}

/** Whatever had no length when it came has none when it goes on. */
function framingOf({ headers }: IncomingMessage): string[] {
  return headers['transfer-encoding'] === undefined ? [] : ['Transfer-Encoding', 'chunked']
}

function explain(error: NodeJS.ErrnoException, port: number): string {
  if (error.code === 'ECONNREFUSED') return `Nothing listens on 127.0.0.1:${port}; start the app there`
  return `The app on 127.0.0.1:${port} gave no answer: ${reasonOf(error)}`
}

function refuse(response: ServerResponse, message: string, log: Logger): void {
  log.warn({}, message)
  response.writeHead(502, { 'content-type': 'text/plain; charset=utf-8' }).end(`${message}\n`)
}
