import type { GatewaySpec } from '../config/normalize'
import { CallbackError, type ErrorCode, hasCode, reasonOf } from '../base/errors'
import type { GatewayStatus } from '../base/contracts'

/** What owns the public URL of one port. */
export interface Gateway {
  /** Returns its status; another object after every change. */
  status(): GatewayStatus
  /** Opens it if need be and waits until it is ready or has failed. Rejects with why it failed, or `ERR_CLOSED`. */
  open(): Promise<void>
  /** The same, but waits no longer than 30 s: then it rejects with `ERR_GATEWAY_NOT_READY`. */
  ready(): Promise<void>
  /** Returns its public URL. Throws why there is none: `ERR_GATEWAY_*` or `ERR_CLOSED`. */
  publicUrl(): string
  /** Closes what it holds. Never rejects; may be called again. */
  close(): Promise<void>
}

/** Creates the error of a gateway that has no public URL. */
export function notReady(spec: GatewaySpec, reason: string, cause?: unknown): CallbackError {
  return gatewayError('ERR_GATEWAY_NOT_READY', spec, reason, cause)
}

/** Creates the error of a gateway that has no tunnel, with the code of the driver's error, if that has one. */
export function noTunnel(spec: GatewaySpec, what: string, cause: unknown): CallbackError {
  if (hasCode(cause, 'ERR_GATEWAY_NOT_READY')) return cause
  const hasOwn = cause instanceof CallbackError && cause.code.startsWith('ERR_GATEWAY_')
  const code = hasOwn ? cause.code : 'ERR_GATEWAY_NOT_READY'
  return gatewayError(code, spec, `${what}: ${reasonOf(cause)}`, cause)
}

function gatewayError(code: ErrorCode, { at, location, port }: GatewaySpec, reason: string, cause: unknown) {
  return new CallbackError(code, { at, location, message: `The gateway of port ${port} ${reason}`, cause })
}

/** Creates the error for a gateway that is asked for after the end. */
export function gatewaysClosed(): CallbackError {
  return new CallbackError('ERR_CLOSED', { message: 'The gateways are closed; there is no public URL any more' })
}
