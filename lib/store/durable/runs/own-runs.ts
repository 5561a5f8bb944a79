import type { KeptRun, RunHost, RunRecord } from '../../../base/run'
import type { Claim, Ledger, LedgerRecord, Logger } from '../../../base/contracts'
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
  /** Returns a run that this process has by its log; undefined when it goes on here already. */
  take(id: string, record: LedgerRecord): Promise<TakenRun | undefined>
  /** Goes on with runs that were taken. */
  adopt(taken: readonly TakenRun[]): void
  cancel(id: string): void
  /** Writes again what the ledger has lost of them, and learns which of them are to be cancelled. */
  checkAll(): Promise<void>
  /** Ends the checks. */
  close(): void
}

/** How many runs are checked together. */
const AT_ONCE = 100

/** Creates the runs of a process; it has none yet. */
export function createOwnRuns({ ledger, logger, owner, persist, stored }: OwnRunsOptions): OwnRuns {
  const records = new Map<string, OwnRecord>()
  let host: RunHost | undefined
  let isClosing = false

  function hold(run: KeptRun, log: readonly unknown[]): RunRecord {
    const { id } = run
    const record = createRunRecord(id, log, {
      ledger,
      owner,
      persist,
      onLeft: () => records.delete(id),
      onCancelled: () => host?.cancel(id),
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
      const { log } = record
      return records.has(id) ? undefined : { run, record: hold(run, log), isUnwanted: isCancelled(log) }
    },
    adopt(taken) {
      host?.adopt(taken)
      for (const { run, isUnwanted } of taken) if (isUnwanted) host?.cancel(run.id)
    },
    cancel: (id) => host?.cancel(id),
    async checkAll() {
      const all = [...records.values()]
      let lost = 0
      for (let from = 0; from < all.length && !isClosing; from += AT_ONCE) {
        const checks = all.slice(from, from + AT_ONCE).map(async (record) => {
          await persist(async () => void ((await record.check()) && (lost += 1)))
        })
        await Promise.all(checks)
      }
      if (lost === 0) return
      const runs = lost === 1 ? 'a run' : `${lost} runs`
      logger.warn({ runs: lost }, `The store had lost facts of ${runs} of this process; they are written again`)
    },
    close() {
      isClosing = true
    },
  }
}
