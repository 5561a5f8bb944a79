import { randomUUID } from 'node:crypto'
import { CallbackError } from '../errors'
import { startTimer } from '../timers'
import type { KeptRun, RunHost, RunKeeper, RunRecord } from '../run'
import type { Clock, Ledger, LedgerRecord } from '../types'
import { digitsAsText } from '../template/bigints'
import { fromKept, toKept } from './codec'
import { createDefinitions } from './definitions'
import { digest } from './keys'
import { createLease, LEASE_MS, RENEW_MS } from './lease'
import type { Persist } from './persistence'
import { createRunRecord, isCancelled, type OwnerEntry, ownerOf } from './run-record'

export interface RunKeeperOptions {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly isShared: boolean
  readonly keepMs: number
  readonly persist: Persist
}

/** The runs of this process, and of those that are gone. */
export interface OwnedRuns extends RunKeeper {
  /** Begins to own runs; where nobody else can, takes up all there are. */
  open(): Promise<void>
  /** Looks at a record that is due, as the ledger asks. */
  review(kind: string, id: string): Promise<number | undefined>
  onMessage(message: unknown): void
  onBack(): Promise<void>
  /** Lets others take up what this process leaves. */
  close(): Promise<void>
}

/** A run is kept for as long as it takes; this is when it is looked at whether it is needed. */
const LOOK_MS = 400 * 24 * 60 * 60 * 1000
/** How many new runs are looked for, of which is not known whether they are kept; the others wait for the next start. */
const MAX_DOUBTFUL = 10_000
/** Where nobody else can have a run, all are of one owner. */
const ONLY = 'only'

/** A run that this process has taken up. */
interface TakenRun {
  readonly run: KeptRun
  readonly record: RunRecord
  readonly isUnwanted: boolean
}

interface StoredRun extends Omit<KeptRun, 'definition' | 'id'> {
  readonly definition: string
}

/**
 * Gives the runs that are kept in a ledger. A run belongs to the process that its log names. A process says that it
 * lives by putting off when its own record is due; when it does not any more, the record comes due in another process,
 * which takes up the runs.
 */
export function createRunKeeper({ ledger, clock, isShared, keepMs, persist }: RunKeeperOptions): OwnedRuns {
  const owner = isShared ? `o${randomUUID()}` : ONLY
  const lease = createLease(ledger, owner, clock)
  const mine = new Set<string>()
  const doubtful = new Set<string>()
  const keepDefinition = createDefinitions(ledger, clock)
  let host: RunHost | undefined
  let stopRenewing = (): void => undefined
  let isClosing = false

  async function renew(): Promise<void> {
    if (!isClosing) await lease.renew()
  }

  function renewLater(): void {
    stopRenewing = startTimer(clock, RENEW_MS, () => {
      void persist(renew).then(() => isClosing || renewLater())
    })
  }

  /** Takes up a run of a process that is gone, or of this one, which may not know that it has it; undefined for others. */
  async function takeUp(id: string, from: string): Promise<TakenRun | undefined> {
    let record = mine.has(id) ? undefined : await ledger.read('run', id)
    if (record && ownerOf(record.log) === from && from !== owner) {
      await ledger.append('run', id, { is: 'owner', owner, from } satisfies OwnerEntry)
      record = await ledger.read('run', id)
    }
    if (record === undefined || ownerOf(record.log) !== owner) return undefined
    if (await hasEnded(id)) return undefined
    const run = await toRun(id, record)
    return mine.has(id) ? undefined : { run, record: hold(id, record.log), isUnwanted: isCancelled(record.log) }
  }

  /** A run that has ended goes. */
  async function hasEnded(id: string): Promise<boolean> {
    const isEnded = (await ledger.read('mark', endOf(id))) !== undefined
    if (isEnded) await ledger.touch('run', id, 0)
    return isEnded
  }

  async function toRun(id: string, { data }: LedgerRecord): Promise<KeptRun> {
    const { definition, input, ...run } = data as StoredRun
    const kept = await ledger.read('mark', definition)
    return { ...run, id, input: fromKept(input), definition: fromKept(kept?.data) }
  }

  function hold(id: string, log: readonly unknown[]): RunRecord {
    mine.add(id)
    return createRunRecord(id, log, {
      ledger,
      owner,
      persist,
      onLeft: () => mine.delete(id),
      onCancelled: () => host?.cancel(id),
      async end(state) {
        await ledger.create('mark', endOf(id), { data: toKept(state), ttlMs: keepMs })
        await ledger.touch('run', id, 0)
      },
    })
  }

  async function takeUpAll(ids: readonly string[], from: string): Promise<void> {
    const taken: TakenRun[] = []
    try {
      for (const id of ids) {
        const one = await takeUp(id, from)
        if (one) taken.push(one)
      }
    } finally {
      // What was taken is of this process, also when the ledger is away before all are.
      if (taken.length > 0) host?.adopt(taken)
      for (const { run, isUnwanted } of taken) if (isUnwanted) host?.cancel(run.id)
    }
  }

  /** Whoever wanted a new run does not know whether it is kept; it goes on if it is. */
  function takeUpLater(id: string): void {
    if (doubtful.size >= MAX_DOUBTFUL) return
    doubtful.add(id)
    if (doubtful.size === 1) void persist(takeUpDoubtful).then(() => doubtful.clear())
  }

  async function takeUpDoubtful(): Promise<void> {
    for (const id of doubtful) {
      await takeUpAll([id], owner)
      doubtful.delete(id)
    }
  }

  async function begin({ id, definition, input, ...run }: KeptRun): Promise<RunRecord | undefined> {
    if (isShared && lease.isOver()) await renew()
    const data: StoredRun = { ...run, input: toKept(input), definition: await keepDefinition(definition) }
    const entry: OwnerEntry = { is: 'owner', owner }
    const length = await ledger.append('run', id, entry, { data, ttlMs: LOOK_MS })
    const log = length === 1 ? [entry] : ((await ledger.read('run', id))?.log ?? [])
    if ((await hasEnded(id)) || ownerOf(log) !== owner || mine.has(id)) return undefined
    return hold(id, log)
  }

  /** A process that is gone gives up its runs, but not because nobody could reach the ledger for a while. */
  async function reviewOwner(id: string): Promise<number | undefined> {
    if (isClosing) throw new CallbackError('ERR_CLOSED', { message: 'This process is closing' })
    if (id === owner) return LEASE_MS
    const hasLeft = ((await ledger.read('owner', id))?.log.length ?? 0) > 0
    const waitMs = hasLeft ? 0 : lease.steadyInMs()
    if (waitMs > 0) return waitMs
    const isDone = await persist(async () => takeUpAll(await ledger.list('run'), id))
    if (!isDone) throw new CallbackError('ERR_CLOSED', { message: 'This process has not taken up all runs' })
    return undefined
  }

  async function find(id: string): Promise<object | undefined> {
    const ended = await ledger.read('mark', endOf(id))
    if (ended) return fromKept(ended.data) as object
    const record = await ledger.read('run', id)
    if (record === undefined) return undefined
    const { workflow, input, startedAt } = record.data as StoredRun
    return { id, workflow, status: 'running', input: digitsAsText(fromKept(input)), startedAt, jobs: [] }
  }

  return {
    attach(one) {
      host = one
    },
    async open() {
      if (!isShared) return takeUpAll(await ledger.list('run'), owner)
      await renew()
      renewLater()
    },
    async begin(run) {
      try {
        return await begin(run)
      } catch (error) {
        takeUpLater(run.id)
        throw error
      }
    },
    find,
    async cancel(id) {
      if (await ledger.read('mark', endOf(id))) return false
      if ((await ledger.append('run', id, { is: 'cancel' })) === 0) return undefined
      await ledger.publish({ is: 'cancel', run: id })
      return true
    },
    async review(kind, id) {
      if (kind === 'owner') return reviewOwner(id)
      return (await ledger.read('mark', endOf(id))) ? undefined : LOOK_MS
    },
    onMessage(message) {
      const { is, run } = message as { readonly is?: unknown; readonly run?: unknown }
      if (is === 'cancel' && typeof run === 'string') host?.cancel(run)
    },
    /** Somebody may have wanted a run cancelled meanwhile. */
    async onBack() {
      if (isShared) await renew()
      for (const id of mine) {
        const record = await ledger.read('run', id)
        if (record && isCancelled(record.log)) host?.cancel(id)
      }
    },
    async close() {
      isClosing = true
      stopRenewing()
      if (isShared) await persist(lease.leave)
    },
  }
}

function endOf(run: string): string {
  return `t${digest([run])}`
}
