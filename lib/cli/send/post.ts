import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { buffer } from 'node:stream/consumers'
import { CallbackError } from '../../base/errors'
import { explainFailure, findCode } from '../../http/network-reason'

/** One call of an endpoint. */
export interface Call {
  readonly url: URL
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** The option that names another URL. */
  readonly option: '--to' | '--url'
  /** Default: a minute, longer than any endpoint holds a request. */
  readonly timeoutMs?: number
}

/** The answer to a call. */
export interface Answer {
  readonly status: number
  readonly body: Buffer
}

const TIMEOUT_MS = 60_000

/** Calls an endpoint once; redirects are not followed. Rejects with `ERR_HTTP_NETWORK` and `ERR_HTTP_TIMEOUT`. */
export async function post({ url, method, headers, body, option, timeoutMs = TIMEOUT_MS }: Call): Promise<Answer> {
  const send = url.protocol === 'https:' ? requestHttps : requestHttp
  try {
    return await new Promise<Answer>((resolve, reject) => {
      const sent = send(url, { method, headers, agent: false, timeout: timeoutMs }, (response) => {
        buffer(response).then((bytes) => resolve({ status: response.statusCode ?? 0, body: bytes }), reject)
      })
      sent.on('timeout', () => sent.destroy(late(url, timeoutMs)))
      sent.on('error', reject)
      sent.end(body)
    })
  } catch (error) {
    throw error instanceof CallbackError ? error : explain(error, url, option)
  }
}

function late({ origin }: URL, timeoutMs: number): CallbackError {
  return new CallbackError('ERR_HTTP_TIMEOUT', { message: `${origin} gave no answer within ${timeoutMs / 1000} s` })
}

function explain(error: unknown, { origin }: URL, option: Call['option']): CallbackError {
  const message =
    findCode(error) === 'ECONNREFUSED'
      ? `Nothing listens on ${origin}; start the app there, or "express-callbacks up", or name the URL with ${option}`
      : `${origin} could not be called: ${explainFailure(error)}`
  return new CallbackError('ERR_HTTP_NETWORK', { message, cause: error })
}
