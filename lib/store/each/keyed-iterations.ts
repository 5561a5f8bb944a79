import type { Clock, JoinedWait, NamedWait, Outcome, Store, StoreEndpoint } from '../../base/contracts'
import { isDoneWithin } from '../../base/timers'
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

/** What reads an iteration here. */
interface KeyedReader {
  readonly number: number
  /** Ends it, since another one reads, or since the iteration has ended. */
  stop(ended?: Outcome): void
  /** Resolves when nothing that it writes is under way; never rejects. */
  written(): Promise<unknown>
}

/** An iteration under its name in the store; of two that are asked for, the one with the higher number reads. */
interface NumberedIteration extends AskedIteration {
  readonly name: string
  readonly number: number
}

/** Where a store outlives the process, its log says what came and what is dealt with. */
function createStored(store: Store, named: NonNullable<Store['named']>, clock: Clock): KeyedIterations {
  /** By name. */
  const readers = new Map<string, KeyedReader>()
  let count = 0

  async function join(asked: NumberedIteration): Promise<JoinedWait> {
    const { name, endpoints, ids, idleMs } = asked
    const proposal = toNamed(asked, clock)
    const joined = await named.join(name, proposal, { endpoints, ids, queued: false })
    if (joined === undefined) {
      const isLate = clock.now() >= proposal.deadline
      throw isLate ? waitTimedOut({ ids, endpoints, timeoutMs: idleMs }) : waitClosed(ids)
    }
    checkKey(joined, asked)
    return joined
  }

  /**
   * What the reader before is writing comes first in the log: what it has dealt with, and how the iteration has ended. Until
   * this one reads it has the place of that one, so that a third one follows it.
   */
  async function follow(before: KeyedReader, asked: NumberedIteration): Promise<Source | Ended> {
    const { name, number } = asked
    if (before.number > number) throw waitClosed(asked.ids, true)
    const own = { number, stop: () => undefined, written: before.written }
    readers.set(name, own)
    before.stop()
    try {
      if (!(await isDoneWithin(clock, asked.idleMs, before.written())))
        throw waitTimedOut({ ...asked, timeoutMs: asked.idleMs })
      const joined = await join(asked)
      if (readers.get(name) !== own) throw waitClosed(asked.ids, true)
      return read(asked, joined)
    } finally {
      if (readers.get(name) === own) readers.delete(name)
    }
  }

  function read(asked: NumberedIteration, { outcome, ...wait }: JoinedWait): Source | Ended {
    if (outcome) return { ended: outcome }
    const { name, number, endpoints, ids, idleMs } = asked
    const inbox = asked.createInbox()
    let ending: Promise<unknown> | undefined
    const forget = (): void => {
      unwatch()
      void reader.written().then(() => readers.get(name) === reader && readers.delete(name))
    }
    const leave = (): void => {
      forget()
      inbox.open?.leave?.()
    }
    const reader: KeyedReader = {
      number,
      stop(ended) {
        leave()
        inbox.end(ended ? { kind: 'outcome', outcome: ended } : { kind: 'closed', isTakenUp: true })
      },
      written: () => Promise.all([inbox.open?.registered, ending]),
    }
    inbox.open = store.wait({ endpoints, ids, timeoutMs: idleMs, queued: false, kept: name, waiter: inbox })
    readers.set(name, reader)
    const unwatch = named.watch(name, wait, reader.stop)
    const keepEnd = async (last: Outcome): Promise<void> => {
      unwatch()
      ending = named.end(name, wait, last)
      await ending
      forget()
    }
    return { inbox, keepEnd, leave }
  }

  return {
    async begin(given) {
      count += 1
      const asked = { ...given, name: named.toName(given.key), number: count }
      const joined = await join(asked)
      const before = joined.outcome ? undefined : readers.get(asked.name)
      return before ? follow(before, asked) : read(asked, joined)
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
}

/** Where nothing outlives the process, the inbox is kept while nobody reads it. */
function createInMemory(store: Store, clock: Clock): KeyedIterations {
  const all = new Map<string, Kept>()
  /** Since when each waits for nothing more, oldest first, in milliseconds since the epoch. */
  const overAt = new Map<string, number>()

  function forgetOld(): void {
    for (const [key, at] of overAt) {
      if (all.size <= MAX_KEPT && at + REMEMBER_MS > clock.now()) return
      overAt.delete(key)
      all.delete(key)
    }
  }

  function noteOver(key: string, kept: Kept): void {
    if (all.get(key) !== kept) return
    overAt.delete(key)
    overAt.set(key, clock.now())
  }

  function open(asked: AskedIteration, before: Kept | undefined): Kept {
    const { key, endpoints, ids, idleMs } = asked
    const inbox = asked.createInbox(before?.inbox.left)
    const kept = { wait: toNamed(asked, clock), inbox }
    inbox.open = store.wait({ endpoints, ids, timeoutMs: idleMs, queued: false, waiter: inbox })
    all.set(key, kept)
    overAt.delete(key)
    if (inbox.hasEnded) noteOver(key, kept)
    else inbox.onOver = () => noteOver(key, kept)
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
        noteOver(asked.key, kept)
      }
      return { inbox: kept.inbox, keepEnd, leave: () => undefined }
    },
  }
}

function toNamed({ ids, endpoints, idleMs }: AskedIteration, clock: Clock): NamedWait {
  return { ids, endpoints: endpoints.map(({ key }) => key), deadline: clock.now() + idleMs, idleMs }
}
