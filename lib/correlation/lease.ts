import type { Clock, Ledger } from '../types'

/** For how long a process counts as alive that does not say so any more; it says so three times as often. */
export const LEASE_MS = 15_000
export const RENEW_MS = LEASE_MS / 3

/** How a process says that it lives: by a record of its own, whose time it sets anew again and again. */
export interface Lease {
  renew(): Promise<void>
  /** Whether the others may think by now that this process is gone. */
  isOver(): boolean
  /**
   * In how many milliseconds it will have been renewed without a gap for so long that every process that lives has had
   * the time to do so too; 0 when it has.
   */
  steadyInMs(): number
  /** Says that this process is gone. */
  leave(): Promise<void>
}

/** Gives the lease of a process; none is held yet. */
export function createLease(ledger: Ledger, owner: string, clock: Clock): Lease {
  let since = 0
  let until = 0
  return {
    async renew() {
      const now = clock.now()
      if (!(await ledger.touch('owner', owner, LEASE_MS)))
        await ledger.create('owner', owner, { data: null, ttlMs: LEASE_MS })
      if (now >= until) since = now
      until = now + LEASE_MS
    },
    isOver: () => clock.now() >= until,
    steadyInMs() {
      const now = clock.now()
      return now < until ? Math.max(since + LEASE_MS - now, 0) : LEASE_MS
    },
    async leave() {
      await ledger.append('owner', owner, { is: 'left' })
      await ledger.touch('owner', owner, 0)
    },
  }
}
