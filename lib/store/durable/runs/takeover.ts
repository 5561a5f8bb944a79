import { setImmediate } from 'node:timers/promises'
import { isAway } from '../../../base/errors'
import type { KeptRun, RunRecord } from '../../../base/run'
import type { DueAnswer, Ledger, LedgerRecord } from '../../../base/contracts'
import { isAlive, isGone, LEASE_MS, type Lease, type LeaseEntry } from '../lease'
import { type OwnerEntry, ownerOf } from './record'

/** A run that this process has taken up. */
export interface TakenRun {
  readonly run: KeptRun
  readonly record: RunRecord
}

export interface TakeoverOptions {
  readonly ledger: Ledger
  readonly owner: string
  readonly lease: Lease
  readonly isShared: boolean
  readonly now: () => number
  /** Whether this process holds a run. */
  readonly isMine: (id: string) => boolean
  /** Whether a run has ended; then its record goes. */
  readonly hasEnded: (id: string) => Promise<boolean>
  /** Returns a run that this process has by its log; undefined when it goes on here already. */
  readonly hold: (id: string, record: LedgerRecord) => Promise<TakenRun | undefined>
  /** Called for a run that this process may have taken up before the ledger went away: it may have left its old group. */
  readonly onDoubt: (id: string) => void
  /** Called for a run that cannot be read; the others go on without it. */
  readonly onBroken: (id: string, reason: unknown) => void
  /** Goes on with runs. */
  readonly adopt: (taken: readonly TakenRun[]) => void
}

/** Takes up the runs of processes that are gone. */
export interface Takeover {
  /** Takes up those runs that belong to `from`, a process that is gone, or to this process. */
  take(ids: readonly string[], from: string): Promise<void>
  /** Takes up every run that there is. */
  takeAll(): Promise<void>
  /** Looks at the lease of another process, which is due. */
  review(id: string): Promise<DueAnswer>
}

/** How many runs are read in one batch, and how many batches are in flight: while one is on its way, another is worked on. */
const BATCH = 100
const IN_FLIGHT = 4
/** How many runs go on in one turn of the event loop, so that what else the process does is not held up for long. */
const A_TURN = 25
/** How long one review takes up runs, in milliseconds. Then the lease is due again, before another process gets it too. */
const SLICE_MS = 2000

/**
 * Creates what takes up runs: protocol, 11. A run is in the group of the process that has it, so that only the runs of a
 * dead process are read.
 */
export function createTakeover(options: TakeoverOptions): Takeover {
  const { ledger, owner, lease } = options
  const takeOne = createTakeOne(options)
  const adoptLater = createAdoption(options.adopt)

  /** Returns the error of a ledger that is away, if it is. Runs that were taken up before that go on here. */
  async function takeBatch(ids: readonly string[], from: string): Promise<unknown> {
    const taking = await Promise.allSettled(ids.map((id) => takeOne(id, from)))
    let away: unknown
    for (const [index, one] of taking.entries()) {
      const id = ids[index]
      if (one.status === 'fulfilled' || id === undefined) continue
      if (!isAway(one.reason)) options.onBroken(id, one.reason)
      else options.onDoubt(id)
      if (isAway(one.reason)) away ??= one.reason
    }
    await adoptLater(taking.flatMap((one) => (one.status === 'fulfilled' && one.value ? [one.value] : [])))
    return away
  }

  async function take(ids: readonly string[], from: string): Promise<void> {
    let next = 0
    let away: unknown
    const takeBatches = async (): Promise<void> => {
      while (next < ids.length && away === undefined) {
        const start = next
        next += BATCH
        const reason = await takeBatch(ids.slice(start, next), from)
        away ??= reason
      }
    }
    await Promise.all(Array.from({ length: IN_FLIGHT }, takeBatches))
    if (away !== undefined) throw away
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
      // After a time in which no process could reach the ledger, each one that lives renews its lease first.
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

type TakeOne = (id: string, from: string) => Promise<TakenRun | undefined>

/** Creates what takes up one run of a process. Returns undefined for a run that this process does not get. */
function createTakeOne(options: TakeoverOptions): TakeOne {
  const { ledger, owner, isShared } = options

  async function takeOne(id: string, from: string): Promise<TakenRun | undefined> {
    if (options.isMine(id)) return undefined
    const [record, isOver] = await Promise.all([ledger.read('run', id), options.hasEnded(id)])
    if (record === undefined || isOver) return undefined
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

  /** Moves a run into the group of the process that has it. If that process is gone by now, the run is taken up from it. */
  async function give(id: string, winner: string): Promise<TakenRun | undefined> {
    await ledger.append('run', id, { is: 'moved' }, { group: winner })
    const isThere = (await ledger.append('owner', winner, { is: 'look' })) > 0
    return isThere ? undefined : takeOne(id, winner)
  }

  return takeOne
}

/** Creates what lets runs go on in turns. Several batches have their answers at once, so each waits for those before it. */
function createAdoption(adopt: TakeoverOptions['adopt']): (taken: readonly TakenRun[]) => Promise<void> {
  let adopting = Promise.resolve()

  async function adoptInTurns(taken: readonly TakenRun[]): Promise<void> {
    for (let start = 0; start < taken.length; start += A_TURN) {
      adopt(taken.slice(start, start + A_TURN))
      if (taken.length > A_TURN) await setImmediate()
    }
  }

  return (taken) => {
    const before = adopting
    const turns = (async () => {
      await before
      await adoptInTurns(taken)
    })()
    adopting = turns.catch(() => undefined)
    return turns
  }
}
