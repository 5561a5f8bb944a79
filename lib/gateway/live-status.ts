import type { Emitter } from '../base/events'
import { withoutUser } from '../base/secrets/mask'
import type { GatewayState, GatewayStatus, Logger } from '../base/contracts'

/** Where the statuses of all gateways go. */
export interface StatusOutlets {
  readonly statuses: Map<number, GatewayStatus>
  readonly logger: Logger
  readonly emitter: Emitter
  /** Told when a port has a new public URL: callbacks to the previous one no longer arrive. */
  readonly onUrlChange: (port: number, previousUrl: string) => void
}

/** Where a port is reached. */
export interface PublicPlace {
  readonly publicUrl: string
  /** `host:port`; default: that of the URL. */
  readonly publicAddress?: string | undefined
}

/** What is known in a state; nothing of it is kept from the state before. */
export interface Known {
  readonly place?: PublicPlace | undefined
  readonly error?: unknown
}

/** The status of one gateway. */
export interface LiveStatus {
  get(): GatewayStatus
  /** Where the port is reached now; undefined while nobody knows. */
  place(): PublicPlace | undefined
  /** The public URL now, or else the last one. */
  lastUrl(): string | undefined
  /** Goes to a state. The event comes right after the code that runs now. */
  change(state: GatewayState, known?: Known): void
  /** Resolves to the status after the next change, even when more changes follow. */
  next(): Promise<GatewayStatus>
}

/** Creates the status of a gateway, keeps it in the map, and logs its public URLs. */
export function createLiveStatus(
  { port, driver, state: first, place: firstPlace }: Pick<GatewayStatus, 'port' | 'driver' | 'state'> & Known,
  { statuses, logger, emitter, onUrlChange }: StatusOutlets,
): LiveStatus {
  let place = firstPlace
  let lastUrl: string | undefined
  let previousUrl: string | undefined
  let status = create(first, undefined)
  let waiting: ((status: GatewayStatus) => void)[] = []
  statuses.set(port, status)

  function create(state: GatewayState, error: unknown): GatewayStatus {
    const publicUrl = place && withoutUser(place.publicUrl)
    const publicAddress = place?.publicAddress ?? (publicUrl === undefined ? undefined : new URL(publicUrl).host)
    return Object.freeze({ port, driver, state, publicUrl, publicAddress, previousUrl, error })
  }

  function publish(publicUrl: string): void {
    const before = lastUrl
    lastUrl = publicUrl
    if (before !== undefined) previousUrl = before
    logger.info({ port, driver }, `[Gateway] Public URL: ${withoutUser(publicUrl)}`)
    if (before !== undefined) onUrlChange(port, before)
  }

  return {
    get: () => status,
    place: () => place,
    lastUrl: () => lastUrl,
    change(state, { place: now, error } = {}) {
      place = now
      if (place !== undefined && place.publicUrl !== lastUrl && state !== 'closed') publish(place.publicUrl)
      else if (state === 'ready') logger.info({ port, driver }, `[Gateway] Connected again: ${lastUrl}`)
      const next = create(state, error)
      status = next
      statuses.set(port, next)
      for (const resolve of waiting.splice(0)) resolve(next)
      // A handler may open or close the gateway, and must find it in the state that the event names.
      queueMicrotask(() => emitter.emit('gateway', () => next))
    },
    next: () => new Promise((resolve) => void waiting.push(resolve)),
  }
}
