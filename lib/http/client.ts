import { CallbackError, type ImmediateAnswer } from '../base/errors'
import type { Clock, Logger } from '../base/contracts'
import type { RequestTrace } from '../base/run'
import { withinLimit } from '../base/timers'
import { type Content, parseAnswer, readContent } from './answer'
import { readHeaders } from './answer-headers'
import { writeBody } from './body'
import { bodyError, type Exchange, networkError, statusError, timeoutError } from './error'
import type { HttpRequest } from './request/request'
import { findCode } from './network-reason'
import { type Fetch, fetchFollowing, type OnStripped } from './redirects'
import { createStreamReader, replaceStreams } from './streams'

/** What ends a request before its answer does. */
export interface SendLimits {
  /** For headers and body together. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
  /** Records the request; undefined without tracing. */
  readonly trace?: RequestTrace | undefined
}

/** What a service answered. */
export type HttpAnswer = ImmediateAnswer

/**
 * Sends; rejects with `ERR_HTTP_STATUS` (400 and more), `ERR_HTTP_NETWORK`, `ERR_HTTP_TIMEOUT`, `ERR_HTTP_BODY`, with
 * `ERR_TEMPLATE` for a body that cannot be written, and with the signal's reason when that aborts.
 */
export type SendRequest = (request: HttpRequest, limits: SendLimits) => Promise<HttpAnswer>

const MAX_BODY_BYTES = 64 * 1024 ** 2

export interface HttpClientOptions {
  readonly fetch: Fetch
  readonly clock: Clock
  /** Secrets that no message may show, besides those of the request itself. */
  readonly secrets?: readonly string[]
  /** Advice for a URL that cannot be reached, if there is any. */
  readonly advise?: Exchange['advise']
  /** Told once of each component whose credentials were kept from another origin. */
  readonly logger?: Pick<Logger, 'warn'> | undefined
}

/** Creates what sends requests. Redirects are followed; connections are kept and used again by `fetch`. */
export function createHttpClient({ fetch, clock, secrets = [], logger, advise }: HttpClientOptions): SendRequest {
  const context = { fetch, secrets, onStripped: createNotice(logger) }
  const readStream = createStreamReader()
  const send: SendRequest = async (given, limits) => {
    const work = async (signal: AbortSignal): Promise<HttpAnswer> => {
      const request = { ...given, body: await replaceStreams(given.body, readStream) }
      const exchange = { request, secrets, advise }
      const written = writeBody(request)
      const response = await call(() => fetchFollowing(request, written, context, signal), exchange)
      if (response.status >= 400) throw await statusError(exchange, response)
      return readAnswer(exchange, response)
    }
    const tooLate = (): CallbackError => timeoutError({ request: given, secrets, advise }, limits.timeoutMs)
    return withinLimit({ clock, limitMs: limits.timeoutMs, signal: limits.signal, tooLate }, work)
  }
  return (given, limits) =>
    limits.trace === undefined
      ? send(given, limits)
      : limits.trace.send(given, (headers) => send(withTrace(given, headers), limits))
}

/** Names the span of a request in its headers, unless the config names one. */
function withTrace(request: HttpRequest, headers: HttpRequest['headers']): HttpRequest {
  const isNamed = request.headers['traceparent'] !== undefined
  return isNamed ? request : { ...request, headers: { ...headers, ...request.headers } }
}

async function call(send: () => Promise<Response>, exchange: Exchange): Promise<Response> {
  try {
    return await send()
  } catch (error) {
    throw error instanceof CallbackError ? error : networkError(exchange, error)
  }
}

function createNotice(logger: HttpClientOptions['logger']): OnStripped {
  const told = new Set<string>()
  return ({ at, homes: [home] }, { origin }, dropped) => {
    if (told.has(at)) return
    told.add(at)
    const from = home === undefined ? 'whose origin is not in the config' : `another origin than ${home}`
    const advice = 'If it may have them, write that origin in base_url or endpoint'
    logger?.warn({ at, origin }, `${at} asks ${origin}, ${from}: sent without ${dropped.join(', ')}. ${advice}`)
  }
}

async function readAnswer(exchange: Exchange, response: Response): Promise<HttpAnswer> {
  const headers = readHeaders(response)
  const { bytes, isWhole } = await readBytes(exchange, response)
  if (!isWhole) throw bodyError(exchange, response, { reason: 'its body is larger than 64 MiB' })
  try {
    return { status: response.status, headers, body: await parseAnswer(bytes, headers) }
  } catch (cause) {
    if (!(cause instanceof CallbackError)) throw cause
    throw bodyError(exchange, response, { reason: lowerFirst(cause.message), cause, bytes })
  }
}

async function readBytes(exchange: Exchange, response: Response): Promise<Content> {
  try {
    return await readContent(response, MAX_BODY_BYTES)
  } catch (cause) {
    if (!isBrokenPacking(cause)) throw networkError(exchange, cause)
    throw bodyError(exchange, response, { reason: 'its body cannot be unpacked', cause })
  }
}

/** Codes of zlib, and of the brotli in it. */
function isBrokenPacking(error: unknown): boolean {
  return /^(?:Z_|ERR__ERROR_FORMAT|ERR_BROTLI)/.test(findCode(error) ?? '')
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
