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

/** Creates the function that hands each request to the app on a port of 127.0.0.1; without its answer it answers 502. */
export function createForward(port: number, log: Logger): Respond {
  return (request, response) => {
    const forwarded = openRequest({
      host: '127.0.0.1',
      port,
      agent: false,
      method: request.method,
      path: request.url,
      headers: [...endToEnd(request), ...framingOf(request)],
    })
    forwarded.once('response', (answer) => passOn(answer, response))
    forwarded.on('error', (error) => {
      request.unpipe(forwarded)
      request.resume() // the sender must be able to send the rest of the body, which nobody reads
      if (response.headersSent) return
      if (!response.destroyed) refuse(response, explain(error, port), log)
    })
    response.once('close', () => abandon(forwarded, response))
    request.pipe(forwarded)
  }
}

function passOn(answer: IncomingMessage, response: ServerResponse): void {
  response.sendDate = false
  response.writeHead(answer.statusCode ?? 502, answer.statusMessage, endToEnd(answer))
  response.flushHeaders()
  answer.on('error', () => response.destroy())
  answer.pipe(response)
}

/** A sender that has gone wants no answer any more. */
function abandon(forwarded: ClientRequest, response: ServerResponse): void {
  if (!response.writableFinished) forwarded.destroy()
}

/** The headers of a message as they were written, name and value in turn. */
function endToEnd({ rawHeaders, headers }: IncomingMessage): string[] {
  const named = (headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase())
  const dropped = new Set([...HOP_BY_HOP, ...named])
  return rawHeaders.filter((_text, index) => !dropped.has((rawHeaders[index - (index % 2)] ?? '').toLowerCase()))
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
