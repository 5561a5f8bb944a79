import { waitsFull } from '../../store/wait-errors'
import type { Store } from '../../base/contracts'

/**
 * The waits that the store has room for, less those that are still to come of the tasks that were started: what one
 * request starts by the dozen has not waited yet when the last of it is started.
 */
export interface WaitRoom {
  /** Throws `ERR_WAITS_FULL` when there is no room for one more wait. */
  require(): void
  /** Keeps room for the first wait of a task. Gives what lets go of it, once it waits or has ended. */
  keep(): () => void
}

/** Gives the room in a store that takes so many waits. */
export function createWaitRoom(store: Store, maxWaits: number): WaitRoom {
  let kept = 0
  return {
    require() {
      if (store.stats().waiting + kept >= maxWaits) throw waitsFull(maxWaits)
    },
    keep() {
      kept += 1
      let isKept = true
      return () => {
        if (isKept) kept -= 1
        isKept = false
      }
    },
  }
}
