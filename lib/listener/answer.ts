import { type ServerResponse, validateHeaderName, validateHeaderValue } from 'node:http'
import { ANSWER_STATUS, type AnswerCode, CallbackError, isAnswerCode } from '../base/errors'
import { writeJson } from '../template/bigints'
import type { EndpointSpec } from '../config/normalize'
import type { Clock } from '../base/contracts'
import type { ListenerRequest } from '../body/request'
import type { RequestScope } from './request-scope'

/** When a sender that is refused for now may try again. */
export const RETRY_AFTER_SECONDS = 5
const DRAIN_MS = 10_000

/** Acknowledges a callback: 200 and nothing else, or what `response` says. Never throws. */
export type Acknowledge = (response: ServerResponse, scope: RequestScope) => void

interface RenderedResponse {
  readonly status: number
  readonly headers: readonly (readonly [string, string])[]
  readonly body: string | undefined
}

const PLAIN: RenderedResponse = { status: 200, headers: [], body: undefined }

/**
 * Compiles `response`. When it cannot be rendered for a callback, that callback has been delivered anyway: the sender is
 * answered 200, since it need not send it again, and `onBroken` is told.
 */
export function compileAcknowledge(spec: EndpointSpec['response'], onBroken: (error: unknown) => void): Acknowledge {
  if (spec === undefined) return (response) => respond(response, PLAIN)
  return (response, scope) => {
    let rendered = PLAIN
    try {
      rendered = renderResponse(spec, scope)
    } catch (error) {
      onBroken(error)
    }
    respond(response, rendered)
  }
}

/**
 * Ends the connection with the answer when the callbacks are being closed: Node counts a connection as idle only once it is
 * answered, and a server that was closed before waits for the keep-alive of its clients. HTTP/2 has no such header.
 */
export function leaveConnection(request: ListenerRequest, response: ServerResponse): void {
  if (request.httpVersionMajor === 1 && !response.headersSent) response.setHeader('connection', 'close')
}

/** Does nothing when the host app (a timeout of its own) has answered already. */
function respond(response: ServerResponse, { status, headers, body }: RenderedResponse): void {
  if (response.headersSent) return
  for (const [name, value] of headers) response.setHeader(name, value)
  response.statusCode = status
  response.end(body)
}

/** Throws for a template that fails and for a header that HTTP does not allow, before anything is written. */
function renderResponse(spec: NonNullable<EndpointSpec['response']>, scope: RequestScope): RenderedResponse {
  const headers = toHeaders(spec.headers?.render(scope))
  for (const [name, value] of headers) {
    validateHeaderName(name)
    validateHeaderValue(name, value)
  }
  const status = toStatus(spec.status?.render(scope))
  const body = spec.body?.render(scope)
  if (body === undefined || body === null) return { status, headers, body: undefined }
  const [type, text] =
    typeof body === 'string' ? ['text/plain; charset=utf-8', body] : ['application/json', writeJson(body)]
  const hasType = headers.some(([name]) => name.toLowerCase() === 'content-type')
  return { status, headers: hasType ? headers : [...headers, ['content-type', type]], body: text }
}

function toHeaders(value: unknown): [string, string][] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, text]) =>
    text === null || text === undefined ? [] : [[name, String(text)]],
  )
}

function toStatus(value: unknown): number {
  const status = value === undefined || value === null ? 200 : Number(value)
  return Number.isInteger(status) && status >= 200 && status <= 599 ? status : 200
}

/** Returns the code that answers an error: its own, or `ERR_INTERNAL` for an error that should not have happened. */
export function toAnswerCode(error: unknown): AnswerCode {
  return error instanceof CallbackError && isAnswerCode(error.code) ? error.code : 'ERR_INTERNAL'
}

/**
 * Answers `{"error": code}` with its status; never a message, never a stack. A sender that may try again is told when: after
 * the Retry-After that the answer has already, or after five seconds.
 */
export function refuse(request: ListenerRequest, response: ServerResponse, code: AnswerCode, clock: Clock): void {
  if (response.headersSent || response.destroyed) return
  const status = ANSWER_STATUS[code]
  response.statusCode = status
  response.setHeader('content-type', 'application/json')
  if ((status === 503 || status === 429) && !response.hasHeader('retry-after'))
    response.setHeader('retry-after', String(RETRY_AFTER_SECONDS))
  const isSlow = code === 'ERR_BODY_TIMEOUT'
  if (isSlow) response.setHeader('connection', 'close')
  response.end(JSON.stringify({ error: code }))
  if (!request.complete && !isSlow) drain(request, clock)
}

/**
 * Lets a sender finish an upload that is not read, for ten seconds: to close at once would reset the connection before the
 * answer is read. An answered request emits no "close" when its connection ends; its socket does.
 */
function drain(request: ListenerRequest, clock: Clock): void {
  const { socket } = request
  const timer = clock.setTimeout(() => request.destroy(), DRAIN_MS)
  const stop = (): void => {
    clock.clearTimeout(timer)
    request.off('close', stop)
    socket.off('close', stop)
  }
  request.once('close', stop)
  socket.once('close', stop)
  request.resume()
}
