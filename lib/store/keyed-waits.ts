import { CallbackError } from '../base/errors'
import { isTicketId } from '../base/secrets/ticket-id'
import type { Clock, Ending, NamedWait, Progress, Store, StoreEndpoint } from '../base/contracts'
import type { Arrivals } from './arrivals'
import { openKeyedWait } from './keyed-wait'
import { REMEMBER_MS } from './scope'
import { waitClosed, waitTimedOut } from './wait-errors'

/** A wait that is asked for by a key. */
export interface AskedWait {
  readonly key: string
  readonly endpoints: readonly StoreEndpoint[]
  /** The ids that end the wait. For a ticket: its id, if this caller is the first one that asks by the key. */
  readonly ids: readonly string[]
  readonly timeoutMs: number
  /** Whether callbacks without an id count, on endpoints that know no ids. */
  readonly queued: boolean
  readonly onProgress?: ((progress: Progress) => void) | undefined
  /** Ends the calls of `onProgress`; the wait goes on. */
  readonly signal?: AbortSignal | undefined
  /** Called with how the wait ended, once in this process. */
  readonly onEnd: (ending: Ending, wait: NamedWait) => void
  /** When the wait begins, and in which span, if this caller is the first one; undefined without tracing. */
  readonly begun?: Pick<NamedWait, 'since' | 'trace'> | undefined
}

/** A wait that is shared by all callers that ask by its key. */
export interface SharedWait {
  readonly ids: readonly string[]
  /** How it ends; never rejects. */
  readonly ending: Promise<Ending>
  /** The latest callback that was pending, in this process. */
  readonly last?: Progress | undefined
  /** What had arrived in this process when it took the wait up. */
  readonly since?: number | undefined
}

/** Waits that have names of their own: the same key is the same wait, with its ids and its deadline. */
export interface KeyedWaits {
  /**
   * Returns the wait of a key. The first caller that asks by the key begins the wait, in any process. Rejects with
   * `ERR_WAIT_KEY` when the wait has other ids or endpoints than the caller asks for.
   */
  share(asked: AskedWait): Promise<SharedWait>
}

/** How many ended waits are remembered where the store has no names. */
const MAX_ENDED = 10_000

interface Kept extends SharedWait {
  readonly wait: NamedWait
  last?: Progress | undefined
  isOver: boolean
  readonly listeners: Set<(progress: Progress) => void>
}

/** Creates the waits by key of one `callbacks()`; none is open yet. */
export function createKeyedWaits(store: Store, clock: Clock, arrivals?: Arrivals): KeyedWaits {
  const waits = new Map<string, Promise<Kept>>()
  /** When each wait ended, oldest first. */
  const endedAt = new Map<string, number>()

  function forget(key: string): void {
    waits.delete(key)
    endedAt.delete(key)
  }

  function noteEnd(key: string): void {
    if (store.named) forget(key)
    else endedAt.set(key, clock.now())
  }

  function forgetOld(): void {
    for (const [key, at] of endedAt) {
      if (endedAt.size <= MAX_ENDED && at + REMEMBER_MS > clock.now()) return
      forget(key)
    }
  }

  /** Where the store has no names, the wait is open when this returns. */
  async function begin(asked: AskedWait): Promise<Kept> {
    const { key, ids, endpoints, timeoutMs, queued, begun } = asked
    const deadline = clock.now() + timeoutMs
    const proposal = { ids, endpoints: endpoints.map((one) => one.key), deadline, ...begun }
    const name = store.named?.toName(key)
    if (store.named === undefined || name === undefined) return open(asked, proposal, name)
    const joined = await store.named.join(name, proposal, { endpoints, ids, queued })
    if (joined === undefined) throw clock.now() >= proposal.deadline ? waitTimedOut(asked) : waitClosed(ids)
    const { outcome, ...wait } = joined
    checkKey(wait, asked)
    if (outcome === undefined) return open(asked, wait, name)
    const ending = Promise.resolve({ kind: 'outcome', outcome } as const)
    return { ids: wait.ids, wait, listeners: new Set(), isOver: true, ending }
  }

  function open(asked: AskedWait, wait: NamedWait, name: string | undefined): Kept {
    const { key, endpoints, queued } = asked
    const listeners = new Set<(progress: Progress) => void>()
    const onProgress = (progress: Progress): void => {
      kept.last = progress
      for (const listener of listeners) listener(progress)
    }
    let resolve = (_ending: Ending): void => undefined
    const ending = new Promise<Ending>((settle) => {
      resolve = settle
    })
    const kept: Kept = { ids: wait.ids, wait, listeners, isOver: false, ending, since: arrivals?.now() }
    const onEnd = (ended: Ending): void => {
      kept.isOver = true
      noteEnd(key)
      asked.onEnd(ended, wait)
      resolve(ended)
    }
    openKeyedWait({ store, clock, endpoints, wait, name, queued, onProgress, onEnd })
    return kept
  }

  return {
    async share(asked) {
      forgetOld()
      const { key } = asked
      const begun = waits.get(key) ?? begin(asked)
      waits.set(key, begun)
      let kept: Kept | undefined
      try {
        kept = await begun
      } finally {
        // A store with names knows how the wait has ended. A wait that could not begin may be asked for again.
        if ((kept === undefined || (kept.isOver && store.named)) && waits.get(key) === begun) forget(key)
      }
      checkKey(kept.wait, asked)
      listen(kept, asked)
      return kept
    },
  }
}

/** Tells a caller of progress until its signal aborts or the wait ends. */
function listen({ listeners, ending }: Kept, { onProgress, signal }: AskedWait): void {
  if (onProgress === undefined || signal?.aborted === true) return
  listeners.add(onProgress)
  if (signal === undefined) return
  const stop = (): void => void listeners.delete(onProgress)
  signal.addEventListener('abort', stop, { once: true })
  void ending.then(() => signal.removeEventListener('abort', stop))
}

/** What is asked for by a key: one callback, or many with `idleMs`. */
interface AskedByKey {
  readonly key: string
  readonly endpoints: readonly StoreEndpoint[]
  readonly ids: readonly string[]
  readonly idleMs?: number | undefined
}

/** Throws `ERR_WAIT_KEY` when the key belongs to another wait than the one that is asked for. */
export function checkKey({ ids, endpoints, idleMs }: NamedWait, asked: AskedByKey): void {
  const wanted = asked.endpoints.map(({ key }) => key)
  const isOneKind = (idleMs === undefined) === (asked.idleMs === undefined)
  const hasSameIds = isSame(ids, asked.ids) || (isTicket(ids) && isTicket(asked.ids))
  if (isOneKind && isSame(endpoints, wanted) && hasSameIds) return
  const noun = idleMs === undefined ? 'a wait' : 'an iteration'
  const what =
    isTicket(ids) && idleMs === undefined
      ? 'a ticket'
      : `${noun} for ${ids.map((id) => JSON.stringify(id)).join(' or ')}`
  const message =
    `The key ${JSON.stringify(asked.key)} belongs to ${what} on ${endpoints.join(' or ')}: give this wait another key, or ` +
    'ask for the same ids and the same path'
  throw new CallbackError('ERR_WAIT_KEY', { message })
}

function isTicket(ids: readonly string[]): boolean {
  return ids.length === 1 && isTicketId(ids[0])
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return JSON.stringify(one.toSorted()) === JSON.stringify(other.toSorted())
}
