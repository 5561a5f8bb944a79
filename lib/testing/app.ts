import { once } from 'node:events'
import { createServer, request as requestHttp, type RequestListener, type Server } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { IncomingHttpHeaders } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { clearTimeout, setTimeout } from 'node:timers'
import { CallbackError, reasonOf } from '../base/errors'

/** What can be called: an Express app or `callbacks()` itself, a server, or the URL of one that runs. */
export type TestedApp = RequestListener | Server | URL | string

/** An app that can be reached. */
export interface Reached {
  readonly url: URL
  close(): Promise<void>
}

/** One request as it is written. */
export interface WrittenCall {
  readonly url: URL
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  readonly timeoutMs: number
}

/** The answer to a request. */
export interface WrittenAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** Makes an app reachable: on a free port of this machine, unless it listens already. */
export async function reach(app: TestedApp): Promise<Reached> {
  if (typeof app === 'string' || app instanceof URL) return { url: new URL(app), close: async () => undefined }
  if (typeof app !== 'function' && app.listening) return { url: urlOf(app), close: async () => undefined }
  const server = typeof app === 'function' ? createServer(app) : app
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: urlOf(server),
    async close() {
      await new Promise((resolve) => {
        server.close(resolve)
        server.closeAllConnections()
      })
    },
  }
}

function urlOf(server: Server): URL {
  const address = server.address()
  if (address === null || typeof address === 'string')
    throw new CallbackError('ERR_LISTEN', {
      message: `A server of a test must listen on a port, not on ${String(address)}`,
    })
  const isWild = address.address === '::' || address.address === '0.0.0.0'
  const host = isWild ? '127.0.0.1' : address.family === 'IPv6' ? `[${address.address}]` : address.address
  return new URL(`${'setSecureContext' in server ? 'https' : 'http'}://${host}:${address.port}`)
}

/** Sends a request on a connection of its own. Rejects with `ERR_HTTP_NETWORK`, and with `ERR_HTTP_TIMEOUT` without an answer. */
export async function call({ url, method, headers, body, timeoutMs }: WrittenCall): Promise<WrittenAnswer> {
  const send = url.protocol === 'https:' ? requestHttps : requestHttp
  let limit: NodeJS.Timeout | undefined
  try {
    return await new Promise<WrittenAnswer>((resolve, reject) => {
      const sent = send(url, { method, headers, agent: false }, (response) => {
        const { statusCode: status = 0 } = response
        buffer(response).then((bytes) => resolve({ status, headers: response.headers, body: bytes }), reject)
      })
      sent.on('error', reject)
      limit = setTimeout(() => sent.destroy(tooLate(method, url, timeoutMs)), timeoutMs)
      sent.end(body)
    })
  } catch (error) {
    if (error instanceof CallbackError) throw error
    const message = `${method} ${url.origin}${url.pathname} failed: ${reasonOf(error)}`
    throw new CallbackError('ERR_HTTP_NETWORK', { message, cause: error })
  } finally {
    clearTimeout(limit)
  }
}

function tooLate(method: string, { pathname }: URL, timeoutMs: number): CallbackError {
  const advice = 'Express 4 does not see that an async route has failed: catch the error and call next(error)'
  const message = `${method} ${pathname} was not answered within ${timeoutMs} ms of real time. ${advice}`
  return new CallbackError('ERR_HTTP_TIMEOUT', { message })
}
