import { createHash } from 'node:crypto'
import type { HttpClientSpec } from '../../config/normalize'
import { CallbackError } from '../../base/errors'
import type { Clock } from '../../base/contracts'
import { withinLimit } from '../../base/timers'
import { type Call, earliest } from '../call'
import type { HttpAnswer, SendRequest } from '../../http/client'
import type { HttpRequest } from '../../http/request/request'
import { createPace } from './pace'

/** Sends the request of a call, once for each attempt: the answer is remembered. */
export type SendForCall = (request: HttpRequest, call: Call) => Promise<HttpAnswer>

/** Compiles the sending of a component's own request: within the limit of the attempt, with its `Idempotency-Key`. */
export function compileSending(spec: HttpClientSpec, clock: Clock, send: SendRequest): SendForCall {
  return (request, call) =>
    call.run.step(`${call.name}/send`, async () => {
      const timeoutMs = Math.max(earliest(call.deadline) - clock.now(), 1)
      const headers = spec.idempotency ? { 'idempotency-key': keyOf(call), ...request.headers } : request.headers
      return send({ ...request, headers }, { timeoutMs, signal: call.signal, trace: call.run.traceOf?.(call.name) })
    })
}

/**
 * Returns the `Idempotency-Key` of a job in its task: the same for all attempts, in any process, so that the service can
 * tell a repeated request. It has the form of a UUID (RFC 9562, version 8), since some services take nothing else.
 */
function keyOf({ path, scope }: Pick<Call, 'path' | 'scope'>): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([scope.context.task_id, path]))
    .digest('hex')
  const variant = ((Number.parseInt(hash.charAt(16), 16) & 0x3) | 0x8).toString(16)
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-${variant}${hash.slice(17, 20)}-${hash.slice(20, 32)}`
}

/** Creates what sends all requests of a component, at the pace of `rate_limit` and each no longer than one may take. */
export function createPacedSend(spec: HttpClientSpec, clock: Clock, send: SendRequest): SendRequest {
  const pace = createPace(spec.rateLimit, clock)
  return async (request, { timeoutMs, signal, trace }) => {
    const start = clock.now()
    const tooLate = (): Error => heldBack(spec, timeoutMs)
    if (spec.rateLimit) await withinLimit({ clock, limitMs: timeoutMs, signal, tooLate }, pace)
    const leftMs = Math.max(timeoutMs - (clock.now() - start), 1)
    return send(request, { timeoutMs: Math.min(spec.requestTimeoutMs, leftMs), signal, trace })
  }
}

function heldBack({ at }: HttpClientSpec, leftMs: number): CallbackError {
  const message = `rate_limit held the request back for the ${leftMs} ms that were left; it was not sent`
  return new CallbackError('ERR_HTTP_TIMEOUT', { at: `${at}.rate_limit`, message })
}
