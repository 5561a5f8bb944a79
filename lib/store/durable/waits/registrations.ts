import type { Clock } from '../../../base/contracts'
import type { EndReason, KeyState, OutcomeEntry, WaitEntry } from '../key-entries'
import type { Keys } from '../keys/keys'
import type { Publish } from '../messages'
import type { ParkedHere } from '../parked-here'
import type { HeldKey, LocalWait, LocalWaits } from './local-waits'
import type { Queues } from './queues'

export interface RegistrationsOptions {
  readonly clock: Clock
  readonly keys: Keys
  readonly here: LocalWaits
  readonly parked: ParkedHere
  readonly queues: Queues
  readonly publish: Publish
}

/** Writes into the log of a key that a wait is open, and that it is over. */
export interface Registrations {
  /** Registers a wait under a key, and hands it the outcome that was parked for it. */
  begin(wait: LocalWait, key: HeldKey): Promise<void>
  /**
   * Ends a wait under a key, and returns the outcome that had come for it before. `known` is what the log of the key said,
   * where that is known; it saves reading the log.
   */
  end(wait: LocalWait, key: HeldKey, why: EndReason, known: KeyState | undefined): Promise<OutcomeEntry | undefined>
}

/** Creates what registers the waits of this process. */
export function createRegistrations(options: RegistrationsOptions): Registrations {
  const { clock, keys, here, parked, queues, publish } = options
  return {
    async begin(wait, key) {
      const { id, until, by, isReopened } = wait
      const entry: WaitEntry = { is: 'wait', wait: id, at: clock.now(), until, by }
      const known = isReopened ? await keys.findWait(key, id) : undefined
      const written = known ?? (await keys.write(key, entry, { ttlMs: Math.max(until - clock.now(), 0) }))
      key.position = written.position
      const state = await queues.dropDead(key, written.state)
      if (state.waits.get(id)?.got === undefined) return
      parked.remove(key.id)
      here.hand(key.id, state)
      await publish({ is: 'taken', key: key.id })
    },
    async end(wait, key, why, known) {
      if (why !== 'settled') await keys.unsettle(key)
      const ended = await keys.endWait(key, wait.id, why, known)
      // The next wait in the queue has the outcome now.
      if (ended?.got && key.anonymous && (why === 'cancelled' || why === 'left')) await here.tell(key.id, ended.state)
      return ended?.got
    },
  }
}
