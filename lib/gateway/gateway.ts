import type { GatewaySpec } from '../config/normalize'
import { CallbackError } from '../errors'
import type { GatewayStatus } from '../types'

/** What owns the public URL of one port. */
export interface Gateway {
  readonly port: number
  /** Gives its status; another object after every change. */
  status(): GatewayStatus
  /** Opens it if need be; whoever calls meanwhile shares the attempt. Rejects with `ERR_GATEWAY_NOT_READY` or `ERR_CLOSED`. */
  ready(): Promise<void>
  /** Gives its public URL. Throws `ERR_GATEWAY_NOT_READY` or `ERR_CLOSED`. */
  publicUrl(): string
  /** Gives up what it holds. Never rejects; may be called again. */
  close(): Promise<void>
}

/** The error of a gateway whose public URL cannot be had. */
export function notReady({ at, location, port }: GatewaySpec, reason: string, cause?: unknown): CallbackError {
  const message = `The gateway of port ${port} ${reason}`
  return new CallbackError('ERR_GATEWAY_NOT_READY', { at, location, message, cause })
}

/** The error of whoever asks for a gateway after the end. */
export function gatewaysClosed(): CallbackError {
  return new CallbackError('ERR_CLOSED', { message: 'The gateways are closed; there is no public URL any more' })
}

/** What an error of any kind says. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
