import type { Clock, Ledger } from '../../base/contracts'

/** For how long a process counts as alive that does not renew its lease. */
export const LEASE_MS = 7500
/** Until the record of a process that leaves is due, which is not to deal with that itself. */
export const LEAVE_MS = 200
/** How often a process renews its lease. */
export const RENEW_MS = LEASE_MS / 3

/** How a process says that it lives: by a record of its own, whose time it sets again and again. */
export interface Lease {
  renew(): Promise<void>
  /** Whether other processes may think by now that this one is dead. */
  isOver(): boolean
  /**
   * In how many milliseconds it will have been renewed without a gap for so long that every process that lives has had
   * the time to do so too; 0 when it has.
   */
  steadyInMs(): number
  /** Says that this process is gone. */
  leave(): Promise<void>
}

/** What the log of an owner says. */
export interface LeaseEntry {
  /**
   * `left` by itself; `dead`, as another process found; `back`, since it had only been slow. `look`: a run was put into
   * its group.
   */
  readonly is: 'left' | 'dead' | 'back' | 'look'
  /** How many entries had been read by the process that found it dead; 0.4 never wrote it. */
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
      if (now >= until) since = now
      until = now + LEASE_MS
      if (isDoubted) onBack()
    },
    isOver: () => clock.now() >= until,
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

/** Whether an owner counts as alive: it has a record, in whose log neither it nor another process says that it is gone. */
export async function isAlive(ledger: Ledger, owner: string): Promise<boolean> {
  const record = await ledger.read('owner', owner)
  return record !== undefined && !isGone(record.log)
}

/** Whether the log of an owner says that its process is gone. */
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
