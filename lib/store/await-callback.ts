import type {
  Ending,
  Judged,
  OpenWait,
  Outcome,
  Progress,
  Reader,
  Store,
  StoreEndpoint,
  Waiter,
} from '../base/contracts'
import type { CheckOutcome } from '../base/schemas/check-outcome'
import type { Arrivals } from './arrivals'
import { whenThere } from '../base/values/later'
import { callbackFailed, type MissedWait, waitAborted, waitClosed, waitTimedOut } from './wait-errors'

/** What all waits on the same endpoints have in common, so that none of them has to hold it. */
export interface WaitPlan<T> {
  readonly endpoints: readonly StoreEndpoint[]
  /** Called with how a wait ended, before its promise settles. */
  readonly onEnd: (ending: Ending, ids: readonly string[]) => void
  /** Knows what came in place of a callback that did not come in time. */
  readonly arrivals?: Arrivals | undefined
  /** Checks a success by the schemas of its endpoint and of its caller; undefined without any. */
  readonly check?: CheckOutcome | undefined
  /** Picks from a success what the promise resolves to. */
  readonly pick: (outcome: Outcome) => T
}

export interface CallbackWait {
  readonly ids: readonly string[]
  readonly timeoutMs: number
  /** Whether callbacks without an id count, on endpoints that know no ids. */
  readonly queued: boolean
  readonly signal: AbortSignal | undefined
  readonly onProgress: ((progress: Progress) => void) | undefined
  /** Returns whether a callback ends the wait, and what is told of one that does not; what `when` throws, the wait throws. */
  readonly filter?: Filter | undefined
}

/** Leaves out callbacks, with which a wait does not end. */
export interface Filter {
  readonly when: (callback: Outcome) => boolean
  readonly onFiltered: (callback: Judged) => void
}

/**
 * Returns the reader of a wait that goes on after callbacks for which `when` is false. A callback for which `when` throws ends
 * the wait.
 */
export function readerOf({ when, onFiltered }: Filter): Reader {
  return { hasRoom: () => true, read: (callback) => (isWanted(callback, when) ? 'ends' : 'filtered'), onFiltered }
}

function isWanted(callback: Judged, when: Filter['when']): boolean {
  if (callback.outcome === 'pending') return false
  try {
    return when(callback)
  } catch {
    return true
  }
}

/**
 * Waits for a callback, and resolves to what the plan picks from it. The wait is registered before this returns. Rejects
 * with `ERR_CALLBACK_FAILED`, `ERR_RESULT_SCHEMA`, `ERR_TEMPLATE`, `ERR_WAIT_TIMEOUT`, `ERR_ABORTED`, `ERR_CLOSED` and `ERR_WAITS_FULL`; a
 * rejection that is never awaited does not count as unhandled.
 */
export function awaitCallback<T>(store: Store, plan: WaitPlan<T>, wait: CallbackWait): Promise<T> {
  const { ids, timeoutMs, queued, signal, onProgress, filter } = wait
  const { endpoints } = plan
  if (signal === undefined && onProgress === undefined && filter === undefined) {
    const waiter = new PromisedWait(plan, timeoutMs)
    waiter.tryTo(() => store.wait({ endpoints, ids, timeoutMs, queued, waiter }))
    return waiter.promise
  }
  const waiter = filter
    ? new FilteredWait(plan, timeoutMs, onProgress, filter)
    : new WatchedWait(plan, timeoutMs, onProgress)
  if (signal?.aborted) waiter.onEnd({ kind: 'aborted', reason: signal.reason }, ids)
  else {
    waiter.tryTo(() => {
      const open = store.wait({ endpoints, ids, timeoutMs, queued, waiter })
      if (signal) waiter.endBy(signal, open, ids)
    })
  }
  return waiter.promise
}

/** The promise of a wait. It is small, since there may be a million of them. Its rejection never counts as unhandled. */
class PromisedWait<T> implements Waiter {
  readonly promise: Promise<T>
  private last: Progress | undefined
  /** What had arrived when the wait began; a number, so that it costs eight bytes. */
  private readonly since: number
  private resolve: (value: T | Promise<T>) => void = ignore

  constructor(
    readonly plan: WaitPlan<T>,
    readonly timeoutMs: number,
  ) {
    this.since = plan.arrivals?.now() ?? 0
    this.promise = new Promise((resolve) => {
      this.resolve = resolve
    })
  }

  onEnd(ending: Ending, ids: readonly string[]): void {
    const { check } = this.plan
    if (check === undefined || ending.kind !== 'outcome') return this.conclude(ending, ids)
    void whenThere(check(ending.outcome), (outcome) => this.conclude({ kind: 'outcome', outcome }, ids))
  }

  private conclude(ending: Ending, ids: readonly string[]): void {
    this.plan.onEnd(ending, ids)
    if (ending.kind === 'outcome' && ending.outcome.outcome === 'succeeded')
      this.resolve(this.plan.pick(ending.outcome))
    else this.fail(this.errorOf(ending, ids))
  }

  protected errorOf(ending: Ending, ids: readonly string[]): unknown {
    const { plan, timeoutMs, last, since } = this
    const { endpoints, arrivals } = plan
    return endingError(ending, { ids, endpoints, timeoutMs, last, since, arrivals })
  }

  /** Keeps the latest status for the message of a wait whose time is up. */
  onProgress(progress: Progress): void {
    this.last = progress
  }

  /** Fails the promise when the wait cannot even begin. */
  tryTo(begin: () => unknown): void {
    try {
      begin()
    } catch (error) {
      this.fail(error)
    }
  }

  /** A rejected promise stands in for the `reject` function, which each wait would have to hold beside `resolve`. */
  protected fail(error: unknown): void {
    this.promise.catch(ignore)
    this.resolve(Promise.reject(error))
  }
}

/** A wait that has a listener for progress, or that a signal may end. */
class WatchedWait<T> extends PromisedWait<T> {
  private ended = false
  private stopListening: () => void = ignore

  constructor(
    plan: WaitPlan<T>,
    timeoutMs: number,
    private readonly listener: ((progress: Progress) => void) | undefined,
  ) {
    super(plan, timeoutMs)
  }

  override onEnd(ending: Ending, ids: readonly string[]): void {
    this.ended = true
    this.stopListening()
    super.onEnd(ending, ids)
  }

  override onProgress(progress: Progress): void {
    super.onProgress(progress)
    this.listener?.(progress)
  }

  endBy(signal: AbortSignal, open: OpenWait, ids: readonly string[]): void {
    if (this.ended) return
    const abort = (): void => {
      open.cancel()
      this.onEnd({ kind: 'aborted', reason: signal.reason }, ids)
    }
    signal.addEventListener('abort', abort, { once: true })
    this.stopListening = () => signal.removeEventListener('abort', abort)
  }
}

/** A wait that goes on after callbacks which its caller does not want. */
class FilteredWait<T> extends WatchedWait<T> {
  readonly reader: Reader
  private thrown: { readonly error: unknown } | undefined = undefined

  constructor(
    plan: WaitPlan<T>,
    timeoutMs: number,
    listener: ((progress: Progress) => void) | undefined,
    { when, onFiltered }: Filter,
  ) {
    super(plan, timeoutMs, listener)
    this.reader = { hasRoom: () => true, read: (callback) => this.look(callback, when), onFiltered }
  }

  override onEnd(ending: Ending, ids: readonly string[]): void {
    const { thrown } = this
    if (ending.kind !== 'outcome' || thrown === undefined) return super.onEnd(ending, ids)
    super.onEnd({ kind: 'aborted', reason: thrown.error }, ids)
  }

  protected override errorOf(ending: Ending, ids: readonly string[]): unknown {
    return this.thrown ? this.thrown.error : super.errorOf(ending, ids)
  }

  private look(callback: Judged, when: Filter['when']): 'ends' | 'filtered' {
    this.thrown = undefined
    if (callback.outcome === 'pending') return 'filtered'
    try {
      return when(callback) ? 'ends' : 'filtered'
    } catch (error) {
      this.thrown = { error }
      return 'ends'
    }
  }
}

function ignore(): void {}

/** Returns why a wait has no result. */
export function endingError(ending: Ending, wait: MissedWait): unknown {
  const { ids } = wait
  switch (ending.kind) {
    case 'outcome':
      return ending.outcome.error ?? callbackFailed(ending.outcome)
    case 'timeout':
      return waitTimedOut({ ...wait, isOutdated: ending.isOutdated })
    case 'aborted':
      return waitAborted(ids, ending.reason)
    case 'closed':
      return waitClosed(ids, ending.isTakenUp)
  }
}
