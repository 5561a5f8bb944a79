import type { ServerResponse } from 'node:http'
import { raw } from 'body-parser'
import { CallbackError, type AnswerCode } from '../errors'
import type { Clock } from '../types'
import type { ListenerRequest } from './request-scope'

/** A body as it came, or as a parser of the host app left it. */
export type ReceivedBody =
  { readonly kind: 'raw'; readonly bytes: Buffer } | { readonly kind: 'parsed'; readonly value: unknown }

export type ReadBody = (request: ListenerRequest, response: ServerResponse) => Promise<ReceivedBody>

const DEADLINE_MS = 10_000
const EMPTY = Buffer.alloc(0)

/** What body-parser calls its refusals, by the status that it gives them. */
const REFUSALS: Readonly<Record<number, { readonly code: AnswerCode; readonly reason: string }>> = {
  413: { code: 'ERR_BODY_TOO_LARGE', reason: 'the body is larger than body_limit' },
  415: { code: 'ERR_BODY_ENCODING', reason: 'the content encoding is not supported' },
  500: {
    code: 'ERR_BODY_CONSUMED',
    reason: 'somebody began to read the body; mount the callbacks before express.json()',
  },
}

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
  const parse = raw({ type: () => true, limit: limitBytes })
  return async (request, response) => {
    const kept = keptBytes(request.rawBody)
    if (kept) return { kind: 'raw', bytes: kept }
    if (request.readableEnded) {
      if (needsRaw || request.body === undefined) throw consumed(needsRaw)
      return { kind: 'parsed', value: request.body }
    }
    return await new Promise((resolve, reject) => {
      const timer = clock.setTimeout(() => reject(tooSlow()), DEADLINE_MS)
      parse(request, response, (error?: unknown) => {
        clock.clearTimeout(timer)
        if (error !== undefined) reject(toRefusal(error))
        else resolve({ kind: 'raw', bytes: Buffer.isBuffer(request.body) ? request.body : EMPTY })
      })
    })
  }
}

function keptBytes(rawBody: unknown): Buffer | undefined {
  if (Buffer.isBuffer(rawBody)) return rawBody
  return typeof rawBody === 'string' ? Buffer.from(rawBody) : undefined
}

function toRefusal(error: unknown): CallbackError {
  const status = typeof error === 'object' && error !== null && 'status' in error ? Number(error.status) : 400
  const { code, reason } = REFUSALS[status] ?? { code: 'ERR_BODY_ABORTED', reason: 'the body did not arrive whole' }
  return new CallbackError(code, { message: `The callback was refused: ${reason}`, cause: error })
}

function tooSlow(): CallbackError {
  return new CallbackError('ERR_BODY_TIMEOUT', {
    message: `The callback was refused: its body did not arrive within ${DEADLINE_MS / 1000} s`,
  })
}

function consumed(needsRaw: boolean): CallbackError {
  const need = needsRaw ? 'its signature covers the bytes as they came' : 'nothing is left to read'
  return new CallbackError('ERR_BODY_CONSUMED', {
    message: `The body was read before the callbacks saw it, and ${need}. Mount the callbacks before express.json()`,
  })
}
