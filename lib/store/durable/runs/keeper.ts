import { CallbackError } from '../../../base/errors'
import { startTimer } from '../../../base/timers'
import type { KeptRun, RunHost, RunKeeper, RunRecord } from '../../../base/run'
import type { Claim, Clock, DueAnswer, Ledger, LedgerRecord, Logger } from '../../../base/contracts'
import { digitsAsText } from '../../../template/bigints'
import { fromKept, toKept } from '../codec'
import { createDefinitions } from './definitions'
import { digest } from '../keys'
import { createLease, LEASE_MS, LEAVE_MS, RENEW_MS } from '../lease'
import type { Message } from '../messages'
import type { Persist } from '../persistence'
import { createRunRecord, isCancelled, type OwnerEntry, ownerOf, type OwnRecord } from './record'
import { createTakeover, type TakenRun } from './takeover'

export interface RunKeeperOptions {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly logger: Logger
  readonly isShared: boolean
  /** The name of this process. */
  readonly self: string
  readonly keepMs: number
  readonly persist: Persist
  /** Called when other processes may have taken this one for dead. */
  readonly onBack: () => void
}

/** The runs of this process, and of those that are gone. */
export interface OwnedRuns extends RunKeeper {
  /** Begins to own runs; where nobody else can, takes up all there are. */
  open(): Promise<void>
  /** Looks at a record that is due, as the ledger asks. */
  review(kind: string, id: string): Promise<DueAnswer>
  onMessage(message: unknown): void
  /** Writes again what the ledger has lost of the runs here, and learns which of them are to be cancelled. */
  onBack(): Promise<void>
  /** Lets others take up what this process leaves. */
  close(): Promise<void>
}

/** A run is kept for as long as it takes; this is when it is looked at whether it is needed. */
const LOOK_MS = 400 * 24 * 60 * 60 * 1000
/** How many new runs are looked for, of which is not known whether they are kept; the others wait for the next start. */
const MAX_DOUBTFUL = 10_000
/** How many runs are looked at together, when all of them are. */
const AT_ONCE = 100
/** Where nobody else can have a run, all are of one owner. */
const ONLY = 'only'

interface StoredRun extends Omit<KeptRun, 'definition' | 'id'> {
  readonly definition: string
}

/**
 * Creates the keeper of the runs in a ledger. A run belongs to the process that its log names. A process says that it
 * lives by putting off when its own record is due; when it does not any more, the record comes due in another process,
 * which takes up the runs.
 */
export function createRunKeeper(options: RunKeeperOptions): OwnedRuns {
  const { ledger, clock, isShared, keepMs, persist } = options
  const owner = isShared ? options.self : ONLY
  const lease = createLease(ledger, owner, clock, options.onBack)
  const mine = new Map<string, OwnRecord>()
  const doubtful = new Set<string>()
  /** The runs that are taken up and do not go on yet, and whether they are to be cancelled then. */
  const taking = new Map<string, boolean>()
  const definitions = createDefinitions(ledger, clock)
  let host: RunHost | undefined
  let stopRenewing = (): void => undefined
  let isClosing = false

  const takeover = createTakeover({
    ledger,
    owner,
    lease,
    isShared,
    now: clock.now,
    hasEnded,
    adopt,
    isMine: (id) => mine.has(id),
    onDoubt: takeUpLater,
    onBroken(id, reason) {
      options.logger.error(
        { run: id, err: reason },
        `The run ${id} in the store cannot be read; it stays there, and the others go on`,
      )
    },
    async hold(id, record) {
      const run = await toRun(id, record)
      if (mine.has(id)) return undefined
      taking.set(id, isCancelled(record.log))
      return { run, record: hold(run, record.log) }
    },
  })

  async function renew(): Promise<void> {
    if (!isClosing) await lease.renew()
  }

  function renewLater(): void {
    stopRenewing = startTimer(clock, RENEW_MS, () => {
      void persist(renew).then(() => isClosing || renewLater())
    })
  }

  /** A run that has ended goes. */
  async function hasEnded(id: string): Promise<boolean> {
    const isEnded = (await ledger.read('mark', endOf(id))) !== undefined
    if (isEnded) await ledger.touch('run', id, 0)
    return isEnded
  }

  async function toRun(id: string, { data }: LedgerRecord): Promise<KeptRun> {
    const { definition, input, ...run } = data as StoredRun
    return { ...run, id, input: fromKept(input), definition: await definitions.find(definition) }
  }

  async function toStored({ workflow, startedAt, deadline, input, definition }: KeptRun): Promise<StoredRun> {
    return { workflow, startedAt, deadline, input: toKept(input), definition: await definitions.keep(definition) }
  }

  function hold(run: KeptRun, log: readonly unknown[]): RunRecord {
    const { id } = run
    const record = createRunRecord(id, log, {
      ledger,
      owner,
      persist,
      onLeft: () => mine.delete(id),
      onCancelled: () => cancelHere(id),
      revive: () => revive(run),
      async end(state) {
        await ledger.create('mark', endOf(id), { data: toKept(state), ttlMs: keepMs })
        await ledger.touch('run', id, 0)
      },
    })
    mine.set(id, record)
    return record
  }

  async function revive(run: KeptRun): Promise<boolean> {
    if (await hasEnded(run.id)) return false
    definitions.doubt()
    const orCreate = { data: await toStored(run), ttlMs: LOOK_MS, group: owner }
    await ledger.append('run', run.id, { is: 'owner', owner } satisfies OwnerEntry, { orCreate })
    return true
  }

  function adopt(taken: readonly TakenRun[]): void {
    host?.adopt(taken)
    for (const { run } of taken) {
      if (taking.get(run.id)) host?.cancel(run.id)
      taking.delete(run.id)
    }
  }

  /** A run that is taken up, and does not go on yet, is cancelled when it does. */
  function cancelHere(id: string): void {
    if (taking.has(id)) taking.set(id, true)
    else host?.cancel(id)
  }

  /** Nobody knows whether this process has the run; it goes on if it has. */
  function takeUpLater(id: string): void {
    if (doubtful.has(id) || doubtful.size >= MAX_DOUBTFUL) return
    doubtful.add(id)
    if (doubtful.size === 1) void persist(takeUpDoubtful).then(() => doubtful.clear())
  }

  async function takeUpDoubtful(): Promise<void> {
    for (const id of doubtful) {
      await takeover.take([id], owner)
      doubtful.delete(id)
    }
  }

  async function begin(run: KeptRun, claim: Claim | undefined): Promise<RunRecord | undefined> {
    const { id } = run
    if (isShared && lease.isOver()) await renew()
    const orCreate = { data: await toStored(run), ttlMs: LOOK_MS, group: owner }
    const entry: OwnerEntry = { is: 'owner', owner }
    const position = claim
      ? await ledger.claim('run', id, entry, { orCreate, claim })
      : await ledger.append('run', id, entry, { orCreate })
    if (position === undefined) return undefined
    const log = position === 1 ? [entry] : ((await ledger.read('run', id))?.log ?? [])
    if ((await hasEnded(id)) || ownerOf(log) !== owner || mine.has(id)) return undefined
    return hold(run, log)
  }

  /** A process that is gone gives up its runs, but not because nobody could reach the ledger for a while. */
  async function reviewOwner(id: string): Promise<DueAnswer> {
    if (isClosing) return { keepMs: LEAVE_MS }
    if (id === owner) return { keepMs: LEASE_MS }
    let answer: DueAnswer | undefined
    await persist(async () => void (answer = await takeover.review(id)))
    if (answer) return answer
    throw new CallbackError('ERR_CLOSED', { message: 'This process has not taken up all runs' })
  }

  async function find(id: string): Promise<object | undefined> {
    const ended = await ledger.read('mark', endOf(id))
    if (ended) return fromKept(ended.data) as object
    const record = await ledger.read('run', id)
    if (record === undefined) return undefined
    const { workflow, input, startedAt } = record.data as StoredRun
    return { id, workflow, status: 'running', input: digitsAsText(fromKept(input)), startedAt, jobs: [] }
  }

  async function checkAll(): Promise<void> {
    const records = [...mine.values()]
    let lost = 0
    for (let from = 0; from < records.length && !isClosing; from += AT_ONCE) {
      const checks = records.slice(from, from + AT_ONCE).map(async (record) => {
        await persist(async () => void ((await record.check()) && (lost += 1)))
      })
      await Promise.all(checks)
    }
    if (lost === 0) return
    const runs = lost === 1 ? 'a run' : `${lost} runs`
    options.logger.warn({ runs: lost }, `The store had lost facts of ${runs} of this process; they are written again`)
  }

  return {
    attach(one) {
      host = one
    },
    async open() {
      if (!isShared) return takeover.takeAll()
      await renew()
      renewLater()
    },
    async begin(run, claim) {
      try {
        return await begin(run, claim)
      } catch (error) {
        takeUpLater(run.id)
        throw error
      }
    },
    find,
    async cancel(id) {
      if (await ledger.read('mark', endOf(id))) return false
      if ((await ledger.append('run', id, { is: 'cancel' })) === 0) return undefined
      await ledger.publish({ is: 'cancel', run: id } satisfies Message)
      return true
    },
    async review(kind, id) {
      if (kind === 'owner') return reviewOwner(id)
      return (await ledger.read('mark', endOf(id))) ? { remove: true } : { keepMs: LOOK_MS }
    },
    onMessage(message) {
      const { is, run, owner: left } = message as Partial<Record<'is' | 'run' | 'owner', unknown>>
      if (is === 'cancel' && typeof run === 'string') cancelHere(run)
      // It is due already; one of the processes that say so looks for what is due at once.
      if (is === 'left' && typeof left === 'string' && left !== owner && !isClosing)
        void persist(() => ledger.touch('owner', left, 0))
    },
    async onBack() {
      definitions.doubt()
      if (isShared) await renew()
      await checkAll()
    },
    async close() {
      isClosing = true
      stopRenewing()
      if (!isShared) return
      await persist(async () => {
        // In one moment, so in this order, and others know as early as can be.
        await Promise.all([lease.leave(), ledger.publish({ is: 'left', owner } satisfies Message)])
      })
    },
  }
}

function endOf(run: string): string {
  return `t${digest([run])}`
}
