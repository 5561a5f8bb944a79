import { type ByHand, makeOutcome } from './by-hand'
import { awaitCallback, endingError, type WaitEnding, type WaitPlan } from '../store/await-callback'
import { createKeyedWaits, type SharedWait } from '../store/keyed-waits'
import { waitAborted } from '../store/wait-errors'
import { callSafely, type Emitter } from '../base/events'
import { outcomeEvent } from '../listener/callback-event'
import type { UrlOf } from '../listener/paths/callback-url'
import type { Endpoint } from '../listener/endpoint'
import { readTicketMount } from '../listener/paths/mount-path'
import type { Selection } from '../listener/selection'
import { ticketUrl } from '../listener/paths/ticket'
import { createTicketId } from '../base/secrets/ticket-id'
import { readWaitIds, readWaitKey } from '../listener/wait-ids'
import { readDuration } from './options'
import { untilAborted } from '../base/timers'
import type { Clock, Delivery, Outcome, Progress, Store, StoreEndpoint } from '../base/contracts'

/** One id or several under which a callback may come. */
export type Ids = string | number | readonly (string | number)[]

/** What waits and tickets have in common. */
interface CommonOptions {
  /** The endpoint, as written in the config or with `base_path`; any endpoint when left out. */
  readonly path?: string | undefined
  /** Milliseconds, or text such as `"5m"`; default: the endpoint's `timeout`. */
  readonly timeout?: number | string | undefined
  /** Ends the wait with `ERR_ABORTED`; with a `key`, only the promise of this call. */
  readonly signal?: AbortSignal | undefined
  /**
   * A name of the wait's own: the same key is the same wait, with its ids, its deadline and its result, in every process
   * that has the store, and after a restart. It is known until a day after its end.
   */
  readonly key?: string | undefined
}

export interface TicketOptions extends CommonOptions {
  /**
   * The path under which the callbacks are mounted for this ticket, such as `"/tenants/7/hooks"`; default:
   * `options.mountPath`, else what requests have shown. Needed where that path has parameters.
   */
  readonly mountPath?: string | undefined
}

export interface WaitOptions extends CommonOptions {
  /** Called for every callback whose status says that the work goes on. */
  readonly onProgress?: ((progress: Progress) => void) | undefined
  /** Gives all of the callback instead of its result. */
  readonly full?: boolean | undefined
}

/** What `full: true` gives. */
export interface FullResult<T> {
  readonly result: T
  readonly body: unknown
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly endpoint: string
  /** Milliseconds since the epoch. */
  readonly receivedAt: number
}

/** An id that nobody can guess, the URL that carries it, and what the callback to that URL brings. */
export interface Ticket<T> {
  readonly id: string
  readonly url: string
  readonly result: Promise<T>
}

/** Waits and settlements by hand. */
export interface Waits {
  wait(ids: Ids, options: WaitOptions): Promise<unknown>
  ticket(options: TicketOptions): Ticket<unknown>
  /** The ticket of a key. Rejects with `ERR_WAIT_KEY` when the key belongs to another wait. */
  keyedTicket(key: string, options: TicketOptions): Promise<Ticket<unknown>>
  /** Ends waits by hand. Throws `ERR_ENDPOINT_AMBIGUOUS` when there are several endpoints and no `path`. */
  deliver(id: string | number, by: ByHand, path: string | undefined): Promise<Delivery>
  /** Records how a wait ended, and tells whoever waits for the last one. */
  recordEnd(ending: WaitEnding, on: readonly StoreEndpoint[], ids: readonly string[]): void
  /** Resolves when nobody waits any more. */
  whenIdle(): Promise<void>
}

export interface WaitsContext {
  readonly selection: Selection
  readonly store: Store
  readonly emitter: Emitter
  readonly clock: Clock
  readonly urlOf: UrlOf
}

interface Plans {
  readonly result: WaitPlan<unknown>
  readonly full: WaitPlan<unknown>
  /** For waits that name no limit. */
  readonly timeoutMs: number
}

/** The name under which waits on several endpoints are counted. */
export const SEVERAL = '*'

/** Gives the waits of one `callbacks()`. */
export function createWaits({ selection, store, emitter, clock, urlOf }: WaitsContext): Waits {
  let onIdle: (() => void)[] = []

  const keyed = createKeyedWaits(store, clock)
  const plans = new WeakMap<readonly Endpoint[], Plans>()
  const alone = new WeakMap<Endpoint, readonly [Endpoint]>()

  /** What waits on the same endpoints share is made once. */
  function plansFor(on: readonly Endpoint[]): Plans {
    const known = plans.get(on)
    if (known) return known
    const shared = {
      endpoints: on,
      onEnd: (ending: WaitEnding, ids: readonly string[]): void => recordEnd(ending, on, ids),
    }
    const timeoutMs = Math.max(...on.map((endpoint) => endpoint.spec.timeoutMs))
    const made = { result: { ...shared, pick: toResult }, full: { ...shared, pick: toFull }, timeoutMs }
    plans.set(on, made)
    return made
  }

  function start(on: readonly Endpoint[], ids: readonly string[], queued: boolean, options: WaitOptions) {
    const { result, full } = plansFor(on)
    return awaitCallback<unknown>(store, options.full === true ? full : result, {
      ids,
      timeoutMs: timeoutOf(on, options),
      queued,
      signal: options.signal,
      onProgress: options.onProgress && guard(options.onProgress),
    })
  }

  function timeoutOf(on: readonly Endpoint[], { timeout }: TicketOptions): number {
    return timeout === undefined ? plansFor(on).timeoutMs : readDuration('timeout', timeout)
  }

  function share(key: string, on: readonly Endpoint[], ids: readonly string[], queued: boolean, options: WaitOptions) {
    return keyed.share({
      key,
      endpoints: on,
      ids,
      timeoutMs: timeoutOf(on, options),
      queued,
      onProgress: options.onProgress && guard(options.onProgress),
      signal: options.signal,
      onEnd: plansFor(on).result.onEnd,
    })
  }

  /** Of those that share a wait, each has a promise and a signal of its own. */
  async function follow(sharing: Promise<SharedWait>, on: readonly Endpoint[], options: WaitOptions): Promise<unknown> {
    const shared = await sharing
    const ended = await shared.ending
    const { result, full } = plansFor(on)
    if (ended.kind === 'outcome' && ended.outcome.outcome === 'succeeded')
      return (options.full === true ? full : result).pick(ended.outcome)
    const { ids, last } = shared
    throw endingError(ended, { ids, endpoints: on, timeoutMs: timeoutOf(on, options), last })
  }

  function untilSignal<T>(promise: Promise<T>, ids: readonly string[], { signal }: TicketOptions): Promise<T> {
    const aborting = signal === undefined ? promise : untilAborted(promise, signal)
    const own = aborting.catch((error: unknown) => {
      throw signal?.aborted === true && error === signal.reason ? waitAborted(ids, error) : error
    })
    own.catch(() => undefined)
    return own
  }

  function listOf(endpoint: Endpoint): readonly [Endpoint] {
    const list = alone.get(endpoint) ?? ([endpoint] as const)
    alone.set(endpoint, list)
    return list
  }

  /** A progress listener that fails is reported; the sender of the callback could not do anything about it. */
  function guard(onProgress: (progress: Progress) => void): (progress: Progress) => void {
    return (progress) =>
      callSafely(onProgress, progress, (error) =>
        emitter.emit('error', () => ({ error, message: `onProgress of a wait on ${progress.endpoint} threw` })),
      )
  }

  function recordEnd(ending: WaitEnding, on: readonly StoreEndpoint[], ids: readonly string[]): void {
    if (ending.kind === 'outcome') {
      const { outcome } = ending
      emitter.record(outcome.outcome === 'succeeded' ? 'settled' : 'failed', outcome.endpoint, () =>
        outcomeEvent(outcome),
      )
    }
    if (ending.kind === 'timeout') {
      const name = on.length === 1 ? (on[0]?.key ?? SEVERAL) : SEVERAL
      emitter.record('expired', name, () => ({ id: ids[0], endpoint: name }))
    }
    if (onIdle.length === 0 || store.stats().waiting > 0) return
    for (const resolve of onIdle) resolve()
    onIdle = []
  }

  return {
    wait(ids, options) {
      const on = selection.any(options.path)
      const list = readWaitIds(ids)
      const key = readWaitKey(options.key)
      if (key === undefined) return start(on, list, true, options)
      timeoutOf(on, options) // throws at once for one that is none
      if (options.signal?.aborted) return untilSignal(new Promise(() => undefined), list, options)
      return untilSignal(follow(share(key, on, list, true, options), on, options), list, options)
    },
    ticket(options) {
      const endpoint = selection.one(options.path)
      const id = createTicketId()
      const mountPath = readTicketMount(options.mountPath)
      const url = ticketUrl(endpoint, (one) => urlOf(one, mountPath), id)
      return { id, url, result: start(listOf(endpoint), [id], false, options) }
    },
    async keyedTicket(key, options) {
      const endpoint = selection.one(options.path)
      const on = listOf(endpoint)
      ticketUrl(endpoint, urlOf, '') // throws where there can be none
      const sharing = share(key, on, [createTicketId()], false, options)
      const { ids } = await sharing
      const [id = ''] = ids
      const result = untilSignal(follow(sharing, on, options), ids, options)
      return { id, url: ticketUrl(endpoint, urlOf, id), result }
    },
    async deliver(id, by, path) {
      const endpoint = selection.one(path)
      const [text] = readWaitIds(id)
      const outcome = makeOutcome(text, endpoint.key, by, clock.now())
      const delivery = await store.deliver({ endpoint, outcome, size: () => 0 })
      if (delivery !== 'settled') emitter.record(delivery, endpoint.key, () => outcomeEvent(outcome))
      return delivery
    },
    recordEnd,
    whenIdle: () =>
      store.stats().waiting === 0 ? Promise.resolve() : new Promise((resolve) => void onIdle.push(resolve)),
  }
}

function toResult(outcome: Outcome): unknown {
  return outcome.result
}

function toFull({ result, body, headers, endpoint, receivedAt }: Outcome): FullResult<unknown> {
  return { result, body, headers, endpoint, receivedAt }
}
