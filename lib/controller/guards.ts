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
    // Node reads bytes as Latin-1, which browsers send; other clients send UTF-8.
    const spellings = token === undefined ? [] : [token, Buffer.from(token, 'latin1')]
    if (spellings.some((one) => timingSafeEqual(digest(one), expected))) return
    const found = headers.authorization === undefined ? 'it has no such header' : 'it has another one'
    const message = `The request must carry "Authorization: Bearer" with the token of controller.auth; ${found}`
    throw new CallbackError('ERR_UNAUTHORIZED', { message })
  }
}

function digest(token: string | Buffer): Buffer {
  return createHash('sha256').update(token).digest()
}

const HOST_HEADER = /^(\[[^\]]*\]|[^:]*)(?::\d*)?$/

/**
 * Requires a local name in the Host header of a server that only this machine reaches: a web page whose own name was
 * pointed at 127.0.0.1 (DNS rebinding) could talk to it otherwise. Throws `ERR_HOST`.
 */
export function createHostGuard({ host }: Pick<ControllerSpec, 'host'>): Guard {
  if (!isLoopback(host)) return () => undefined
  return ({ headers, rawHeaders }) => {
    const [, name = ''] = HOST_HEADER.exec(headers.host ?? '') ?? []
    const isLocal = isLoopback(name) || name.toLowerCase() === host.toLowerCase()
    // Node takes the first of several (RFC 9112, 3.2 refuses them all), and a proxy may have taken another.
    if (isLocal && rawHeaders.filter((text, index) => index % 2 === 0 && /^host$/i.test(text)).length === 1) return
    throw new CallbackError('ERR_HOST', {
      message: `The controller listens on ${host} alone and answers only to local names, not to the Host ${JSON.stringify(headers.host ?? '')}`,
    })
  }
}

/** Headers that proxies add. */
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via', 'cf-connecting-ip', 'true-client-ip'] as const

/**
 * Requires of a request that ends, starts or repeats something that it comes with the token of `controller.auth`, or from
 * this machine itself; and never from the page of another origin. Throws `ERR_FORBIDDEN`.
 */
export function createActionGuard(auth: ControllerSpec['auth']): Guard {
  return ({ headers, socket }) => {
    const { origin, host = '' } = headers
    const site = headers['sec-fetch-site']
    // A browser says itself whether the page is its own, also where a proxy has put another Host in. No page can write that header.
    const isElsewhere = origin !== undefined && hostOf(origin) !== host.toLowerCase()
    const isForeign = site !== undefined && site !== 'none'
    if (site !== 'same-origin' && (isForeign || isElsewhere)) throw forbidden('a page of another origin asks for it')
    // The token was asked for already.
    if (auth !== undefined) return
    const proxy = FORWARDED.find((name) => headers[name] !== undefined)
    if (proxy !== undefined) throw forbidden(`it comes through a proxy (${proxy}), so that nobody knows from whom`)
    // A server that listens on :: sees IPv4 addresses as ::ffff:127.0.0.1 (RFC 4291, 2.5.5.2).
    const { remoteAddress = '' } = socket
    if (!isLoopback(remoteAddress.replace(/^::ffff:/i, ''))) throw forbidden('it comes from another machine')
    if (!isLoopback(host.replace(/:\d*$/, '')))
      throw forbidden(`its Host ${JSON.stringify(host)} is no name of this machine`)
  }
}

function hostOf(origin: string): string {
  return URL.canParse(origin) ? new URL(origin).host : ''
}

function forbidden(reason: string): CallbackError {
  const advice = 'Set controller: {auth: {type: bearer, token: …}} and send the token, or ask from this machine'
  return new CallbackError('ERR_FORBIDDEN', { message: `The controller refuses to do this: ${reason}. ${advice}` })
}
