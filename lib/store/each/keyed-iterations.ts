import type { Clock, NamedWait, Outcome, Store, StoreEndpoint } from '../../base/contracts'
import { checkKey } from '../keyed-waits'
import { waitClosed, waitTimedOut } from '../wait-errors'
import type { Came, Inbox } from './inbox'
import type { Ended, Source } from './iteration'

/** An iteration that is asked for by a key. */
export interface AskedIteration {
  readonly key: string
  readonly endpoints: readonly StoreEndpoint[]
  readonly ids: readonly string[]
  /** How long it waits for the next callback, in milliseconds. */
  readonly idleMs: number
  /** Creates its inbox, with what another one has left. */
  readonly createInbox: (came?: readonly Came[]) => Inbox
}

/** Iterations that have names of their own: the same key is the same iteration. */
export interface KeyedIterations {
  /**
   * Returns the iteration of a key, which goes on behind the last callback that was dealt with; the one who read it before
   * gets no more. Rejects with `ERR_WAIT_KEY` when the key belongs to another wait, with `ERR_WAITS_FULL`, `ERR_CLOSED`, and
   * with `ERR_WAIT_TIMEOUT` when the store could not be reached.
   */
  begin(asked: AskedIteration): Promise<Source | Ended>
}

/** Creates the iterations by key of one `callbacks()`; none has begun. */
export function createKeyedIterations(store: Store, clock: Clock): KeyedIterations {
  return store.named ? createStored(store, store.named, clock) : createInMemory(store, clock)
}

/** Where a store outlives the process, its log says what came and what is dealt with. */
function createStored(store: Store, named: NonNullable<Store['named']>, clock: Clock): KeyedIterations {
  /** What reads here, by name. */
  const readers = new Map<string, () => void>()

  return {
    async begin(asked) {
      const { key, endpoints, ids, idleMs } = asked
      const name = named.toName(key)
      const proposal = toNamed(asked, clock)
      const joined = await named.join(name, proposal, { endpoints, ids, queued: false })
      if (joined === undefined) {
        const isLate = clock.now() >= proposal.deadline
        throw isLate ? waitTimedOut({ ids, endpoints, timeoutMs: idleMs }) : waitClosed(ids)
      }
      const { outcome, ...wait } = joined
      checkKey(wait, asked)
      if (outcome) return { ended: outcome }
      readers.get(name)?.()
      const inbox = asked.createInbox()
      const forget = (): void => {
        unwatch()
        if (readers.get(name) === stop) readers.delete(name)
      }
      const leave = (): void => {
        forget()
        inbox.open?.leave?.()
      }
      const stop = (): void => {
        leave()
        inbox.end({ kind: 'closed', isTakenUp: true })
      }
      inbox.open = store.wait({ endpoints, ids, timeoutMs: idleMs, queued: false, kept: name, waiter: inbox })
      readers.set(name, stop)
      const unwatch = named.watch(name, wait, stop)
      const keepEnd = async (last: Outcome): Promise<void> => {
        unwatch()
        await named.end(name, wait, last)
        forget()
      }
      return { inbox, keepEnd, leave }
    },
  }
}

/** How many iterations that nobody reads are remembered, and for how long after they have ended. */
const MAX_KEPT = 10_000
const REMEMBER_MS = 24 * 60 * 60 * 1000

interface Kept {
  readonly wait: NamedWait
  readonly inbox: Inbox
  ended?: Outcome
  /** Since when it waits for nothing more, in milliseconds since the epoch. */
  overAt?: number
}

/** Where nothing outlives the process, the inbox is kept while nobody reads it. */
function createInMemory(store: Store, clock: Clock): KeyedIterations {
  const all = new Map<string, Kept>()

  function forgetOld(): void {
    for (const [key, kept] of all) {
      if (kept.overAt === undefined && kept.inbox.hasEnded) kept.overAt = clock.now()
      const { overAt } = kept
      if (overAt !== undefined && (overAt + REMEMBER_MS <= clock.now() || all.size > MAX_KEPT)) all.delete(key)
    }
  }

  function open(asked: AskedIteration, before: Kept | undefined): Kept {
    const { key, endpoints, ids, idleMs } = asked
    const inbox = asked.createInbox(before?.inbox.left)
    inbox.open = store.wait({ endpoints, ids, timeoutMs: idleMs, queued: false, waiter: inbox })
    const kept = { wait: toNamed(asked, clock), inbox }
    all.set(key, kept)
    return kept
  }

  return {
    async begin(asked) {
      forgetOld()
      const known = all.get(asked.key)
      if (known) checkKey(known.wait, asked)
      if (known?.ended) return { ended: known.ended }
      const kept = known && !known.inbox.isOver ? known : open(asked, known)
      const keepEnd = async (last: Outcome): Promise<void> => {
        kept.ended = last
        kept.overAt = clock.now()
      }
      return { inbox: kept.inbox, keepEnd, leave: () => undefined }
    },
  }
}

function toNamed({ ids, endpoints, idleMs }: AskedIteration, clock: Clock): NamedWait {
  return { ids, endpoints: endpoints.map(({ key }) => key), deadline: clock.now() + idleMs, idleMs }
}
