import { CallbackError } from '../base/errors'
import type { Outcome } from '../base/contracts'
import { Fifo } from './collections/fifo'
import { Timed, type TimerWheel } from './collections/timer-wheel'

/** The limits of `store.park`, for each endpoint; their defaults are in config/sections/store.ts. */
export interface ParkingLimits {
  readonly forMs: number
  readonly max: number
  readonly maxBytes: number
}

/** An outcome that came before its wait. */
export class Parked extends Timed {
  constructor(
    readonly parking: Parking,
    readonly outcome: Outcome,
    readonly bytes: number,
    /** Counts up; the lower one is older. */
    readonly number: number,
  ) {
    super()
  }
}

/** The outcomes of one endpoint that no wait has taken yet. */
export interface Parking {
  /** Throws `ERR_PARKING_FULL`, since no outcome that was acknowledged is pushed out to make room. */
  add(outcome: Outcome, bytes: number, number: number): void
  has(id: string): boolean
  /** The earliest for any of the ids. */
  find(ids: readonly string[]): Parked | undefined
  /** The earliest without an id. */
  first(): Parked | undefined
  remove(parked: Parked): void
  readonly size: number
}

/** Creates an empty parking. The wheel ends the time of each outcome in it. */
export function createParking(limits: ParkingLimits, wheel: TimerWheel): Parking {
  const byId = new Map<string, Parked>()
  const withoutId = new Fifo<Parked>()
  let bytes = 0

  const parking: Parking = {
    add(outcome, size, number) {
      if (parking.size >= limits.max || bytes + size > limits.maxBytes)
        throw parkingFull(outcome.endpoint, parking.size, bytes)
      const parked = new Parked(parking, outcome, size, number)
      if (outcome.id === undefined) withoutId.add(parked)
      else byId.set(outcome.id, parked)
      bytes += size
      wheel.add(parked, limits.forMs)
    },
    has: (id) => byId.has(id),
    find(ids) {
      if (byId.size === 0) return undefined
      let found: Parked | undefined
      for (const id of ids) found = earlier(found, byId.get(id))
      return found
    },
    first: () => withoutId.first(),
    remove(parked) {
      const { id } = parked.outcome
      const removed = id === undefined ? withoutId.delete(parked) : byId.get(id) === parked && byId.delete(id)
      if (removed) bytes -= parked.bytes
      wheel.remove(parked)
    },
    get size() {
      return byId.size + withoutId.size
    },
  }
  return parking
}

/** Returns the older one of two. */
export function earlier<Entry extends { readonly number: number }>(
  one: Entry | undefined,
  other: Entry | undefined,
): Entry | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return one.number < other.number ? one : other
}

/** An endpoint has no room for one more callback that nobody waits for. */
export function parkingFull(endpoint: string, count: number, bytes: number): CallbackError {
  return new CallbackError('ERR_PARKING_FULL', {
    message: `${endpoint} holds ${count} callbacks (${bytes} bytes) that nobody waits for; no more are taken until some are`,
  })
}
