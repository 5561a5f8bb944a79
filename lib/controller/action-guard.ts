import type { ControllerSpec } from '../config/normalize'
import { isLoopback } from '../config/sections/controller'
import { CallbackError } from '../base/errors'
import type { Guard } from './guards'
/** Proxies say by one of these that somebody else asks. */
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via', 'cf-connecting-ip', 'true-client-ip'] as const

/**
 * Requires of a request that ends, starts or repeats something that it comes with the token of `controller.auth`, or from
 * this machine itself; and never from the page of another origin. Throws `ERR_FORBIDDEN`.
 */
export function createActionGuard(auth: ControllerSpec['auth']): Guard {
  return ({ headers, socket }) => {
    const { origin, host = '' } = headers
    const site = headers['sec-fetch-site']
    const isForeign = site !== undefined && site !== 'same-origin' && site !== 'none'
    if (isForeign || (origin !== undefined && hostOf(origin) !== host.toLowerCase()))
      throw forbidden('a page of another origin asks for it')
    // The token was asked for already.
    if (auth !== undefined) return
    const proxy = FORWARDED.find((name) => headers[name] !== undefined)
    if (proxy !== undefined) throw forbidden(`it comes through a proxy (${proxy}), so that nobody knows from whom`)
    if (!isLoopback(socket.remoteAddress ?? '')) throw forbidden('it comes from another machine')
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
