import type { Emitter } from '../events'
import type { GatewayState, GatewayStatus, Logger } from '../types'

/** Where the statuses of all gateways go. */
export interface StatusOutlets {
  readonly statuses: Map<number, GatewayStatus>
  readonly logger: Logger
  readonly emitter: Emitter
}

/** What is known in a state. */
export interface Known {
  readonly publicUrl?: string | undefined
  readonly error?: unknown
}

/** The status of one gateway. */
export interface LiveStatus {
  get(): GatewayStatus
  /** Goes to a state, of which only this is known. The event comes right after the code that runs now. */
  change(state: GatewayState, known?: Known): void
}

/** Gives the status of a gateway, which stands in the map from now on. */
export function createLiveStatus(
  { port, driver, ...first }: Pick<GatewayStatus, 'port' | 'driver' | 'state' | 'publicUrl'>,
  { statuses, logger, emitter }: StatusOutlets,
): LiveStatus {
  let status: GatewayStatus = Object.freeze({ port, driver, ...first, error: undefined })
  statuses.set(port, status)

  return {
    get: () => status,
    change(state, { publicUrl, error } = {}) {
      const next = Object.freeze({ port, driver, state, publicUrl, error })
      status = next
      statuses.set(port, next)
      if (state === 'ready') logger.info({ port, driver }, `[Gateway] Public URL: ${publicUrl}`)
      // A listener may open or close the gateway, and must find it as the event says it is.
      queueMicrotask(() => emitter.emit('gateway', () => next))
    },
  }
}
