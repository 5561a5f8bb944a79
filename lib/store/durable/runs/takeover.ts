import type { KeptRun, RunRecord } from '../../../base/run'
import type { DueAnswer, Ledger, LedgerRecord } from '../../../base/contracts'
import { isAlive, isGone, LEASE_MS, type Lease, type LeaseEntry } from '../lease'
import { isAway } from '../persistence'
import { type OwnerEntry, ownerOf } from './record'

/** A run that this process has taken up. */
export interface TakenRun {
  readonly run: KeptRun
  readonly record: RunRecord
  readonly isUnwanted: boolean
}

export interface TakeoverOptions {
  readonly ledger: Ledger
  readonly owner: string
  readonly lease: Lease
  readonly isShared: boolean
  readonly now: () => number
  /** Whether this process holds a run. */
  readonly isMine: (id: string) => boolean
  /** Whether a run has ended; then it goes. */
  readonly hasEnded: (id: string) => Promise<boolean>
  readonly hold: (id: string, record: LedgerRecord) => Promise<TakenRun | undefined>
  /** Called for a run that this process may have taken up, or not: it is not found in its old group any more. */
  readonly onDoubt: (id: string) => void
  /** Called for a run that cannot be read; the others go on without it. */
  readonly onBroken: (id: string, reason: unknown) => void
  /** Goes on with runs. */
  readonly adopt: (taken: readonly TakenRun[]) => void
}

/** Takes up the runs of processes that are gone. */
export interface Takeover {
  /** Takes up those of these runs that are of a process, which is gone or this one. */
  take(ids: readonly string[], from: string): Promise<void>
  /** Takes up every run that there is. */
  takeAll(): Promise<void>
  /** Looks at the lease of another process, which is due. */
  review(id: string): Promise<DueAnswer>
}

/** How many runs are taken up together. */
const AT_ONCE = 200
/** How long runs of one process are taken up until its record is due again, so that no other process takes it, too. */
const SLICE_MS = 2000

/**
 * Creates what takes up runs. A run stands in the group of the process that has it, so that only its own runs are read
 * when a process dies. Where two processes take up a run at once, the first one in its log has it, and the other one puts
 * it into the group of the first.
 */
export function createTakeover(options: TakeoverOptions): Takeover {
  const { ledger, owner, lease, isShared } = options

  async function takeOne(id: string, from: string): Promise<TakenRun | undefined> {
    const record = options.isMine(id) ? undefined : await ledger.read('run', id)
    if (record === undefined || (await options.hasEnded(id))) return undefined
    const current = ownerOf(record.log)
    if (current === owner) return options.hold(id, record)
    if (current === undefined || !isShared) return undefined
    if (current !== from && (await isAlive(ledger, current))) return give(id, current)
    const entry: OwnerEntry = { is: 'owner', owner, from: current }
    const position = await ledger.append('run', id, entry, { group: owner })
    if (position === 0) return undefined
    const isNext = position === record.cut + record.log.length + 1
    const now = isNext ? { ...record, log: [...record.log, entry] } : await ledger.read('run', id)
    if (now === undefined) return undefined
    const winner = ownerOf(now.log)
    if (winner !== owner) return winner === undefined ? undefined : give(id, winner)
    // Another process that was too late has put the run into its own group.
    if (!isNext) await ledger.append('run', id, { is: 'moved' }, { group: owner })
    return options.hold(id, now)
  }

  /** Puts a run into the group of the process that has it. If that one is gone by now, nobody would look there again. */
  async function give(id: string, winner: string): Promise<TakenRun | undefined> {
    await ledger.append('run', id, { is: 'moved' }, { group: winner })
    const isThere = (await ledger.append('owner', winner, { is: 'look' })) > 0
    return isThere ? undefined : takeOne(id, winner)
  }

  async function take(ids: readonly string[], from: string): Promise<void> {
    for (let start = 0; start < ids.length; start += AT_ONCE) {
      const batch = ids.slice(start, start + AT_ONCE)
      const taking = await Promise.allSettled(batch.map((id) => takeOne(id, from)))
      const failed = taking.flatMap((one, index) =>
        one.status === 'rejected' ? [{ id: batch[index] ?? '', reason: one.reason as unknown }] : [],
      )
      const away = failed.filter(({ reason }) => isAway(reason))
      for (const { id } of away) options.onDoubt(id)
      for (const { id, reason } of failed) if (!isAway(reason)) options.onBroken(id, reason)
      const taken = taking.flatMap((one) => (one.status === 'fulfilled' && one.value ? [one.value] : []))
      // What was taken is of this process, also when the ledger is away before all are.
      if (taken.length > 0) options.adopt(taken)
      if (away[0]) throw away[0].reason
    }
  }

  return {
    take,
    async takeAll() {
      let after: string | undefined
      do {
        const page = await ledger.list('run', { after })
        await take(page.ids, owner)
        after = page.after
      } while (after !== undefined)
    },
    async review(id) {
      const record = await ledger.read('owner', id)
      if (record === undefined) return { remove: true }
      const isKnown = isGone(record.log)
      // Where nobody could reach the ledger for a while, every process that lives renews its lease first.
      const waitMs = isKnown ? 0 : lease.steadyInMs()
      if (waitMs > 0) return { keepMs: waitMs }
      const length = record.cut + record.log.length
      const entry: LeaseEntry = { is: 'dead', after: length }
      const seen = isKnown ? length : await ledger.append('owner', id, entry)
      if (!isKnown && seen !== length + 1 && (await isAlive(ledger, id))) return { keepMs: LEASE_MS }
      const end = options.now() + SLICE_MS
      let count = 0
      let after: string | undefined
      do {
        const page = await ledger.list('run', { group: id, after })
        await take(page.ids, id)
        count += page.ids.length
        after = page.after
      } while (after !== undefined && options.now() < end)
      if (after !== undefined) return { keepMs: 0 }
      // A process that was only slow may have kept a run since.
      return count > 0 ? { keepMs: LEASE_MS } : { remove: true, seen }
    },
  }
}
