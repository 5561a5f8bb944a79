import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { type ControllerSpec, isLoopback } from '../config/sections/controller'
import { CallbackError } from '../base/errors'
/** Throws for a request that must not be answered. */
export type Guard = (request: IncomingMessage) => void

/**
 * Requires `Authorization: Bearer <token>` where the config has a token. Digests of equal length are compared, so that
 * the time of an answer tells nothing about the token. Throws `ERR_UNAUTHORIZED`.
 */
export function createTokenGuard(auth: ControllerSpec['auth']): Guard {
  if (auth === undefined) return () => undefined
  const expected = digest(auth.token)
  return ({ headers }) => {
    const { authorization = '' } = headers
    const [scheme] = /^bearer +/i.exec(authorization) ?? []
    const token = scheme === undefined ? undefined : authorization.slice(scheme.length).trim()
    if (token !== undefined && timingSafeEqual(digest(token), expected)) return
    const found = headers.authorization === undefined ? 'it has no such header' : 'it has another one'
    const message = `The request must carry "Authorization: Bearer" with the token of controller.auth; ${found}`
    throw new CallbackError('ERR_UNAUTHORIZED', { message })
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

const HOST_HEADER = /^(\[[^\]]*\]|[^:]*)(?::\d*)?$/

/**
 * Requires a local name in the Host header of a server that only this machine reaches: a web page whose own name was
 * pointed at 127.0.0.1 (DNS rebinding) could talk to it otherwise. Throws `ERR_HOST`.
 */
export function createHostGuard({ host }: ControllerSpec): Guard {
  if (!isLoopback(host)) return () => undefined
  return ({ headers, rawHeaders }) => {
    const [, name = ''] = HOST_HEADER.exec(headers.host ?? '') ?? []
    const isLocal = isLoopback(name) || name.toLowerCase() === host.toLowerCase()
    // Node takes the first of several (RFC 9112, 3.2 refuses them all), and something in between may have taken another.
    if (isLocal && rawHeaders.filter((text, index) => index % 2 === 0 && /^host$/i.test(text)).length === 1) return
    throw new CallbackError('ERR_HOST', {
      message: `The controller listens on ${host} alone and answers only to local names, not to the Host ${JSON.stringify(headers.host ?? '')}`,
    })
  }
}
