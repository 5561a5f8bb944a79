import type { Clock, Ledger, Logger, OpenWait, WaitRequest } from '../../../base/contracts'
import type { Registry } from '../../registry'
import type { Keys } from '../keys/keys'
import type { Publish } from '../messages'
import type { ParkedHere } from '../parked-here'
import type { Persist } from '../persistence'
import { KeptWait } from './kept-wait'
import type { LocalWaits } from './local-waits'
import { createQueues } from './queues'
import { createRegistrations } from './registrations'
import { createWatch, type Watch } from './watch'

export interface WaitDeskOptions {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly logger: Logger
  readonly isShared: boolean
  /** The name of this process. */
  readonly self: string
  readonly registry: Registry
  readonly keys: Keys
  readonly here: LocalWaits
  readonly parked: ParkedHere
  readonly persist: Persist
  readonly publish: Publish
  readonly open: () => Promise<void>
  /** Called when the ledger was found to have lost a wait, at most once a minute. */
  readonly onLoss: () => void
}

/** The waits of this process, registered in the ledger. */
export interface WaitDesk extends Watch {
  /** Opens a wait. Throws `ERR_WAITS_FULL`. */
  begin(request: WaitRequest): OpenWait
}

/** Creates the desk of a process; no wait is open yet. */
export function createWaitDesk(options: WaitDeskOptions): WaitDesk {
  const { registry, clock, self, here, persist, open } = options
  const queues = createQueues({ ...options, onRecheck: (key) => void watch.look(key) })
  const registrations = createRegistrations({ ...options, queues })
  const watch = createWatch({ ...options, queues, registrations })
  const parts = { self, here, registrations, persist, open }
  return {
    ...watch,
    begin(request) {
      const wait = new KeptWait(request, clock.now(), parts)
      wait.begin(registry.wait({ ...request, waiter: wait }))
      return wait
    },
    close() {
      watch.close()
      queues.close()
    },
  }
}
