import type { Clock, Ledger } from '../../base/contracts'

/**
 * How long a lease lasts without a renewal, in milliseconds. adapters/stores/README.md promises that runs go on elsewhere within 10 s of a
 * crash, and `TAKEN_MS` of key-log.ts counts on it.
 */
export const LEASE_MS = 7500
/** When the lease of a process that closes is due, in milliseconds: not before that process has closed its ledger. */
export const LEAVE_MS = 200
/** How often a process renews its lease, in milliseconds. */
export const RENEW_MS = LEASE_MS / 3

/** While the lease is over: how long what was read from the ledger is believed, in milliseconds. */
const SURE_MS = 1000

/** The lease of a process: a record of its own that is not due as long as the process lives and renews it. */
export interface Lease {
  renew(): Promise<void>
  /** Whether the lease has run out, so that other processes may count this one as dead. */
  isOver(): boolean
  /** Returns the last moment at which this process may have counted as dead, in milliseconds since the epoch. */
  doubtedAt(): number
  /**
   * Returns for how many milliseconds more no other process may be judged; 0 when one may. After a time in which nobody
   * could renew a lease, every process that lives needs the length of one lease to renew its own.
   */
  steadyInMs(): number
  /** Notes that this process closes, so that its runs are taken up at once. */
  leave(): Promise<void>
}

/** An entry in the log of a lease. */
export interface LeaseEntry {
  /**
   * `left`: the process has closed. `dead`: another process has judged it. `back`: the process lives, and was only slow.
   * `look`: a run was put into its group.
   */
  readonly is: 'left' | 'dead' | 'back' | 'look'
  /** How many entries the process had read that wrote `dead`; 0.4 never wrote it. */
  readonly after?: number
}

/**
 * Creates the lease of a process; none is held yet. `onBack` is called when other processes may have taken this one for
 * dead, and it is not.
 */
export function createLease(ledger: Ledger, owner: string, clock: Clock, onBack: () => void): Lease {
  let since = 0
  let until = 0

  /**
   * Notes in the log that this process lives: its record is gone, or another process is just judging it, or has noted that
   * it is dead. Returns whether that one may have counted it as dead.
   */
  async function takeAgain(): Promise<boolean> {
    const entry: LeaseEntry = { is: 'back' }
    const position = await ledger.append('owner', owner, entry)
    if (position === 0) await ledger.append('owner', owner, entry, { orCreate: { data: null, ttlMs: LEASE_MS } })
    await ledger.touch('owner', owner, LEASE_MS)
    if (position === 0) return true
    const record = await ledger.read('owner', owner)
    return record === undefined || isGone(record.log.slice(0, position - 1 - record.cut))
  }

  async function begin(): Promise<void> {
    if (!(await ledger.touch('owner', owner, LEASE_MS)))
      await ledger.create('owner', owner, { data: null, ttlMs: LEASE_MS })
  }

  return {
    async renew() {
      const now = clock.now()
      const isHeld = until > 0
      let isDoubted = isHeld && now >= until
      if (!isHeld) await begin()
      else if (isDoubted || !(await ledger.touch('owner', owner, LEASE_MS)))
        isDoubted = (await takeAgain()) || isDoubted
      if (isDoubted || now >= until) since = now
      until = now + LEASE_MS
      if (isDoubted) onBack()
    },
    isOver: () => clock.now() >= until,
    doubtedAt: () => (clock.now() < until ? since : Math.max(until, clock.now() - SURE_MS)),
    steadyInMs() {
      const now = clock.now()
      return now < until ? Math.max(since + LEASE_MS - now, 0) : LEASE_MS
    },
    async leave() {
      const noted = ledger.append('owner', owner, { is: 'left' } satisfies LeaseEntry)
      await Promise.all([noted, ledger.touch('owner', owner, LEAVE_MS)])
    },
  }
}

/** Whether a process counts as alive: it has a lease, and the log of the lease does not say that the process is gone. */
export async function isAlive(ledger: Ledger, owner: string): Promise<boolean> {
  const record = await ledger.read('owner', owner)
  return record !== undefined && !isGone(record.log)
}

/** Whether the log of a lease says that its process is gone. */
export function isGone(log: readonly unknown[]): boolean {
  const entries = log as readonly LeaseEntry[]
  let gone = false
  for (const [index, { is, after = index }] of entries.entries()) {
    if (is === 'left') gone = true
    else if (is === 'back') gone = false
    // One that came back while it was judged lives.
    else if (is === 'dead' && !entries.slice(after, index).some((entry) => entry.is === 'back')) gone = true
  }
  return gone
}
