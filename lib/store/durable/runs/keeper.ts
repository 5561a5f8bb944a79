import { CallbackError } from '../../../base/errors'
import { startTimer } from '../../../base/timers'
import type { RunKeeper } from '../../../base/run'
import type { Clock, DueAnswer, Ledger, Logger } from '../../../base/contracts'
import { createLease, LEASE_MS, LEAVE_MS, RENEW_MS } from '../lease'
import type { Message, Publish } from '../messages'
import type { Persist } from '../persistence'
import { createOwnRuns } from './own-runs'
import { createStoredRuns } from './stored-runs'
import { createTakeover } from './takeover'

export interface RunKeeperOptions {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly logger: Logger
  /** Whether other processes may have the ledger open too. */
  readonly isShared: boolean
  /** The name of this process. */
  readonly self: string
  /** How long an ended run can be looked up, in milliseconds. */
  readonly keepMs: number
  readonly persist: Persist
  readonly publish: Publish
  /** Called when other processes may have taken this one for dead. */
  readonly onBack: () => void
}

/** The runs of this process, and of those that are gone. */
export interface OwnedRuns extends RunKeeper {
  /** Begins to own runs; where no other process can, takes up all there are. */
  open(): Promise<void>
  /** Looks at a record of the kind `owner` or `run` that is due. */
  review(kind: string, id: string): Promise<DueAnswer>
  onMessage(message: Extract<Message, { readonly is: 'cancel' | 'left' }>): void
  /** Writes again what the ledger has lost of the runs here, and learns which of them are to be cancelled. */
  onBack(): Promise<void>
  /** Returns the last moment at which other processes may have taken this one for dead, in milliseconds since the epoch. */
  doubtedAt(): number
  /** Lets other processes take up the runs that are left. */
  close(): Promise<void>
}

/** Where no other process can have a run, all runs are of one owner. */
const ONLY = 'only'

/**
 * Creates the keeper of the runs in a ledger. A run belongs to the process that its log names. A process holds a lease as
 * long as it lives; when the lease has run out, another process takes up its runs.
 */
export function createRunKeeper(options: RunKeeperOptions): OwnedRuns {
  const { ledger, clock, logger, isShared, persist, publish } = options
  const owner = isShared ? options.self : ONLY
  const lease = createLease(ledger, owner, clock, () => {
    options.onBack()
    void persist(() => own.checkAll())
  })
  const stored = createStoredRuns({ ...options, owner })
  const own = createOwnRuns({ ...options, owner, stored })
  const takeover = createTakeover({
    ledger,
    owner,
    lease,
    isShared,
    now: clock.now,
    isMine: own.has,
    hasEnded: stored.hasEnded,
    hold: own.take,
    adopt: own.adopt,
    onDoubt: (id) => doubtful.add(id),
    onBroken: (id, err) => logger.error({ run: id, err }, describeBroken(id)),
  })
  const doubtful = createDoubtful(persist, (id) => takeover.take([id], owner))
  let stopRenewing = (): void => undefined
  let isClosing = false

  async function renew(): Promise<void> {
    if (!isClosing) await lease.renew()
  }

  /** A process that closes judges no other one. */
  async function reviewOwner(id: string): Promise<DueAnswer> {
    if (isClosing || id === owner) return { keepMs: isClosing ? LEAVE_MS : LEASE_MS }
    let answer: DueAnswer | undefined
    await persist(async () => void (answer = await takeover.review(id)))
    if (answer) return answer
    throw new CallbackError('ERR_CLOSED', { message: 'This process has not taken up all runs' })
  }

  return {
    attach: own.attach,
    async open() {
      if (!isShared) return takeover.takeAll()
      await renew()
      stopRenewing = renewRegularly(clock, () => persist(renew))
    },
    async begin(run, claim) {
      try {
        if (isShared && lease.isOver()) await renew()
        return await own.begin(run, claim)
      } catch (error) {
        doubtful.add(run.id)
        throw error
      }
    },
    find: stored.find,
    cancel: stored.cancel,
    review: (kind, id) => (kind === 'owner' ? reviewOwner(id) : stored.review(id)),
    onMessage(message) {
      if (message.is === 'cancel') own.cancel(message.run)
      // The lease is due already; this makes the ledger of one of the processes look for what is due at once.
      else if (message.owner !== owner && !isClosing) void persist(() => ledger.touch('owner', message.owner, 0))
    },
    async onBack() {
      stored.doubt()
      if (isShared) await renew()
      await own.checkAll()
    },
    doubtedAt: () => (isShared ? lease.doubtedAt() : 0),
    async close() {
      isClosing = true
      own.close()
      stopRenewing()
      if (!isShared) return
      await persist(async () => {
        // In one moment, so in this order, and other processes know as early as can be.
        await Promise.all([lease.leave(), publish({ is: 'left', owner })])
      })
    },
  }
}

function describeBroken(id: string): string {
  return `The run ${id} in the store cannot be read; it stays there, and the others go on`
}

/** Renews a lease until that is stopped by what this returns. `renew` never rejects. */
function renewRegularly(clock: Clock, renew: () => Promise<unknown>): () => void {
  let isStopped = false
  let stop = (): void => undefined
  const renewLater = (): void => {
    stop = startTimer(clock, RENEW_MS, () => void renew().then(() => isStopped || renewLater()))
  }
  renewLater()
  return () => {
    isStopped = true
    stop()
  }
}

/** How many runs are doubtful at most; the others wait until the next process is started. */
const MAX_DOUBTFUL = 10_000

/** Takes up runs of which it is not known whether this process has them, since the ledger went away meanwhile. */
function createDoubtful(persist: Persist, takeUp: (id: string) => Promise<void>): { add(id: string): void } {
  const doubtful = new Set<string>()

  async function takeUpAll(): Promise<void> {
    for (const id of doubtful) {
      await takeUp(id)
      doubtful.delete(id)
    }
  }

  return {
    add(id) {
      if (doubtful.has(id) || doubtful.size >= MAX_DOUBTFUL) return
      doubtful.add(id)
      if (doubtful.size === 1) void persist(takeUpAll).then(() => doubtful.clear())
    },
  }
}
