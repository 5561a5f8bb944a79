import type { ServerResponse } from 'node:http'
import { ANSWER_STATUS, type AnswerCode, CallbackError, isAnswerCode } from '../errors'
import type { EndpointSpec } from '../config/normalize'
import type { Clock } from '../types'
import type { ListenerRequest, RequestScope } from './request-scope'

const RETRY_AFTER_SECONDS = 5
const DRAIN_MS = 10_000

/** Acknowledges a callback: 200 and nothing else, or what `response` says. */
export type Acknowledge = (response: ServerResponse, scope: RequestScope) => void

/** Compiles `response`. Its templates cannot make an acknowledged callback fail: what cannot be rendered throws first. */
export function compileAcknowledge(spec: EndpointSpec['response']): Acknowledge {
  if (spec === undefined) {
    return (response) => {
      response.statusCode = 200
      response.end()
    }
  }
  return (response, scope) => {
    const headers = toHeaders(spec.headers?.render(scope))
    const body = spec.body?.render(scope)
    const status = toStatus(spec.status?.render(scope))
    for (const [name, value] of headers) response.setHeader(name, value)
    if (!response.hasHeader('content-type') && body !== undefined && body !== null) {
      response.setHeader('content-type', typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json')
    }
    response.statusCode = status
    response.end(typeof body === 'string' || body === undefined || body === null ? body : JSON.stringify(body))
  }
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

/** The code under which an error is answered: its own, or `ERR_INTERNAL` for what should not have happened. */
export function toAnswerCode(error: unknown): AnswerCode {
  return error instanceof CallbackError && isAnswerCode(error.code) ? error.code : 'ERR_INTERNAL'
}

/** Answers `{"error": code}` with its status; never a message, never a stack. */
export function refuse(request: ListenerRequest, response: ServerResponse, code: AnswerCode, clock: Clock): void {
  if (response.headersSent || response.destroyed) return
  const status = ANSWER_STATUS[code]
  response.statusCode = status
  response.setHeader('content-type', 'application/json')
  if (status === 503 || status === 429) response.setHeader('retry-after', String(RETRY_AFTER_SECONDS))
  if (code === 'ERR_BODY_TIMEOUT') response.setHeader('connection', 'close')
  response.end(JSON.stringify({ error: code }))
  if (!request.complete) drain(request, clock)
}

/**
 * Lets a sender finish an upload that nobody reads, for ten seconds: closing at once would reset the connection before
 * the answer is read.
 */
function drain(request: ListenerRequest, clock: Clock): void {
  const timer = clock.setTimeout(() => request.destroy(), DRAIN_MS)
  request.once('close', () => clock.clearTimeout(timer))
  request.resume()
}
