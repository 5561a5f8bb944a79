import type { Judged } from '../../base/contracts'
import { CallbackError } from '../../base/errors'
import type { ParkingLimits } from '../parking'

/** The most callbacks that an iteration keeps: in a durable store each further one costs reading all of them. */
const MAX_BEHIND = 1000

/** How much is kept for an iteration that is behind. */
export type EachLimits = Pick<ParkingLimits, 'max' | 'maxBytes'>

/** Returns how much an iteration keeps: as many bytes as `store.park` allows, and at most 1000 callbacks. */
export function eachLimits({ max, maxBytes }: EachLimits): EachLimits {
  return { max: Math.min(max, MAX_BEHIND), maxBytes }
}

/** An iteration has no room for one more callback. */
export function eachFull({ id, endpoint }: Judged): CallbackError {
  const message =
    `More callbacks for ${JSON.stringify(id)} have come to ${endpoint} than its iteration keeps until the loop asks for ` +
    'them; the sender is told to try again'
  return new CallbackError('ERR_EACH_FULL', { message })
}
