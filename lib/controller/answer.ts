import type { ServerResponse } from 'node:http'
import { ANSWER_STATUS, CallbackError, isAnswerCode } from '../base/errors'
import { RETRY_AFTER_SECONDS } from '../listener/answer'
import { writeShown } from '../base/values/shown-json'
import type { Logger } from '../base/contracts'

/** What a route answers. */
export interface Answer {
  readonly status: number
  readonly type: string
  readonly text: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Creates an answer in JSON. Throws for what JSON cannot hold. */
export function json(status: number, value: unknown): Answer {
  return { status, type: 'application/json; charset=utf-8', text: writeShown(value) }
}

/** Answers a client; does nothing when it is gone. */
export function send(response: ServerResponse, { status, type, text, headers = {} }: Answer): void {
  if (response.headersSent || response.destroyed) return
  response.statusCode = status
  response.setHeader('content-type', type)
  response.setHeader('content-length', Buffer.byteLength(text))
  response.setHeader('x-content-type-options', 'nosniff')
  response.setHeader('cache-control', 'no-store')
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  if (status === 401) response.setHeader('www-authenticate', 'Bearer')
  if (status === 503) response.setHeader('retry-after', String(RETRY_AFTER_SECONDS))
  response.end(text)
}

/** Returns the answer for an error: its code and message, but for a bug only `ERR_INTERNAL`, with a line in the log. */
export function toRefusal(error: unknown, logger: Logger): Answer {
  if (error instanceof CallbackError && isAnswerCode(error.code)) return refusal(error.code, error.message)
  logger.error({ err: error }, 'The controller could not answer a request')
  return refusal('ERR_INTERNAL', 'The controller could not answer; its log says why')
}

function refusal(code: keyof typeof ANSWER_STATUS, message: string): Answer {
  return json(ANSWER_STATUS[code], { error: { code, message } })
}
