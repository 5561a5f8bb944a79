import type { KeptRun, RunHost, RunRecord } from '../../../base/run'
import type { Claim, Ledger, LedgerRecord, Logger } from '../../../base/contracts'
import { coalesce } from '../../collections/coalesce'
import type { Persist } from '../persistence'
import { createRunRecord, isCancelled, ownerOf, type OwnRecord } from './record'
import type { StoredRuns } from './stored-runs'
import type { TakenRun } from './takeover'

export interface OwnRunsOptions {
  readonly ledger: Ledger
  readonly logger: Logger
  /** The name of this process. */
  readonly owner: string
  readonly persist: Persist
  readonly stored: StoredRuns
}

/** The runs that this process has. */
export interface OwnRuns {
  attach(host: RunHost): void
  has(id: string): boolean
  /** Keeps a new run; undefined when there is or was a run of its id, or the claim was made before. */
  begin(run: KeptRun, claim: Claim | undefined): Promise<RunRecord | undefined>
  /** Returns a run that this process has by its log; undefined when it goes on here already. It goes on with `adopt`. */
  take(id: string, record: LedgerRecord): Promise<TakenRun | undefined>
  /** Goes on with runs that were taken. */
  adopt(taken: readonly TakenRun[]): void
  /** Cancels a run of this process; one that is taken up and does not go on yet is cancelled when it does. */
  cancel(id: string): void
  /** Writes again what the ledger has lost of the runs, cancels those that are to be, and drops those of other processes. */
  checkAll(): Promise<void>
  /** Ends the checks. */
  close(): void
}

/** How many runs are checked together. */
const AT_ONCE = 100

/** Creates the runs of a process; it has none yet. */
export function createOwnRuns({ ledger, logger, owner, persist, stored }: OwnRunsOptions): OwnRuns {
  const records = new Map<string, OwnRecord>()
  /** The runs that are taken up and do not go on yet, and whether they are to be cancelled then. */
  const taken = new Map<string, boolean>()
  let host: RunHost | undefined
  let isClosing = false

  function cancel(id: string): void {
    if (taken.has(id)) taken.set(id, true)
    else host?.cancel(id)
  }

  function hold(run: KeptRun, log: readonly unknown[]): RunRecord {
    const { id } = run
    const record = createRunRecord(id, log, {
      ledger,
      owner,
      persist,
      onLeft: () => records.delete(id),
      onCancelled: () => cancel(id),
      onTakenUp: (reason) => host?.drop(id, reason),
      end: (state) => stored.end(id, state),
      async revive() {
        if (await stored.hasEnded(id)) return false
        stored.doubt()
        await stored.write(run)
        return true
      },
    })
    records.set(id, record)
    return record
  }

  async function checkEach(): Promise<void> {
    const all = [...records.values()]
    let lost = 0
    for (let from = 0; from < all.length && !isClosing; from += AT_ONCE) {
      const checks = all.slice(from, from + AT_ONCE).map(async (record) => {
        await persist(async () => void ((await record.check()) && (lost += 1)))
      })
      await Promise.all(checks)
    }
    if (lost > 0) warnOfLoss(logger, lost)
  }

  return {
    attach(one) {
      host = one
    },
    has: (id) => records.has(id),
    async begin(run, claim) {
      const { id } = run
      const position = await stored.write(run, claim)
      if (position === undefined) return undefined
      const log = position === 1 ? [{ is: 'owner', owner }] : ((await ledger.read('run', id))?.log ?? [])
      if ((await stored.hasEnded(id)) || ownerOf(log) !== owner || records.has(id)) return undefined
      return hold(run, log)
    },
    async take(id, record) {
      const run = await stored.toRun(id, record)
      if (records.has(id)) return undefined
      taken.set(id, isCancelled(record.log))
      return { run, record: hold(run, record.log) }
    },
    adopt(runs) {
      host?.adopt(runs)
      for (const { run } of runs) {
        if (taken.get(run.id)) host?.cancel(run.id)
        taken.delete(run.id)
      }
    },
    cancel,
    // The lease and the ledger may both ask for it in one moment.
    checkAll: coalesce(checkEach),
    close() {
      isClosing = true
    },
  }
}

function warnOfLoss(logger: Logger, count: number): void {
  const runs = count === 1 ? 'a run' : `${count} runs`
  logger.warn({ runs: count }, `The store had lost facts of ${runs} of this process; they are written again`)
}
