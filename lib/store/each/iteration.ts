import type { Ending, Judged, Outcome, StoreEndpoint } from '../../base/contracts'
import { onAbort } from '../../base/timers'
import type { MaybeLater } from '../../base/values/later'
import type { Arrivals } from '../arrivals'
import { endingError } from '../await-callback'
import type { Came, Inbox } from './inbox'

/** What an iteration reads, and what it does with it. */
export interface IterationPlan<T> {
  readonly endpoints: readonly StoreEndpoint[]
  readonly ids: readonly string[]
  /** How long it waits for the next callback, in milliseconds. */
  readonly idleMs: number
  readonly signal: AbortSignal | undefined
  readonly arrivals?: Arrivals | undefined
  /** Checks a callback by the schemas that hold for it; undefined without one. */
  readonly check?: ((callback: Judged) => MaybeLater<Judged>) | undefined
  /** Picks what the loop gets of a callback. */
  readonly pick: (callback: Judged) => T
  /** Whether a callback is the last one. What it throws, the loop throws. */
  readonly isLast: (callback: Judged) => boolean
  /** Called for each callback as the loop gets it, and for a failure before the loop throws it. */
  readonly onCallback: (callback: Judged) => void
  /** Called when nothing more comes, except by the end of the wait itself. */
  readonly onFreed: () => void
}

/** Where the callbacks of an iteration come from. */
export interface Source {
  readonly inbox: Inbox
  /** Keeps how an iteration by key has ended, before it ends in the store. */
  readonly keepEnd?: ((last: Outcome) => Promise<void>) | undefined
  /** Frees what this process holds of an iteration by key, which goes on when somebody asks by the key. */
  readonly leave?: (() => void) | undefined
}

/** An iteration by key that has ended before. */
export interface Ended {
  readonly ended: Outcome
}

const OVER: IteratorReturnResult<undefined> = { done: true, value: undefined }

/** The callbacks for an id, one at a time; a callback is dealt with when the next one is asked for. */
export class Iteration<T> implements AsyncIterableIterator<T, undefined> {
  readonly #since: number | undefined
  #stopListening: () => void = () => undefined
  #source: Source | undefined = undefined
  readonly #starting: Promise<Source | Ended>
  #turn: Promise<unknown> = Promise.resolve()
  #current: { readonly came: Came; readonly isLast: boolean } | undefined = undefined
  #isOver = false
  /** That the signal has aborted, until the loop was told. */
  #aborted: Ending | undefined = undefined

  constructor(
    private readonly plan: IterationPlan<T>,
    start: () => Source | Promise<Source | Ended>,
  ) {
    this.#since = plan.arrivals?.now()
    this.#starting = this.#start(start)
    this.#starting.catch(() => undefined)
    const stop = onAbort(plan.signal, (reason) => this.#abort(reason))
    if (this.#isOver) stop()
    else this.#stopListening = stop
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** Rejects as a wait does, and with what `until` throws; then the iteration is over. */
  next(): Promise<IteratorResult<T, undefined>> {
    const step = this.#turn.then(() => this.#advance())
    this.#turn = step.catch(() => undefined)
    return step
  }

  /** Frees the wait at once; a callback that the loop was at is not dealt with. */
  async return(): Promise<IteratorResult<T, undefined>> {
    this.#free(this.#current !== undefined)
    return OVER
  }

  async #start(start: () => Source | Promise<Source | Ended>): Promise<Source | Ended> {
    // An iteration without a key has its wait when its constructor returns.
    const starting = start()
    const source = starting instanceof Promise ? await starting : starting
    if ('ended' in source) return source
    this.#source = source
    if (this.#isOver) this.#letGo(source, false)
    else source.inbox.attach(this)
    return source
  }

  async #advance(): Promise<IteratorResult<T, undefined>> {
    if (this.#isOver && this.#aborted === undefined) return OVER
    try {
      return await this.#step()
    } catch (error) {
      this.#aborted = undefined
      this.#free(false)
      throw error
    }
  }

  async #step(): Promise<IteratorResult<T, undefined>> {
    if (this.#aborted) throw this.#errorOf(this.#aborted)
    const source = await this.#starting
    if ('ended' in source) return this.#repeatEnd(source.ended)
    if (await this.#endCurrent(source)) return this.#close()
    const came = await source.inbox.first(this)
    if (this.#aborted) throw this.#errorOf(this.#aborted)
    if (this.#isOver) return OVER
    if ('kind' in came) {
      if (came.kind !== 'outcome') throw this.#errorOf(came)
      this.#free(false)
      return this.#repeatEnd(came.outcome)
    }
    const callback = await this.#check(came.callback)
    if (callback.outcome === 'failed') {
      this.plan.onCallback(callback)
      await this.#finish(source, came.callback)
      throw this.#errorOf({ kind: 'outcome', outcome: callback })
    }
    const isLast = this.plan.isLast(callback)
    this.#current = { came, isLast }
    this.plan.onCallback(callback)
    if (isLast && source.keepEnd === undefined) await this.#finish(source, callback)
    return { done: false, value: this.plan.pick(callback) }
  }

  /** The body of the loop has ended: its callback does not come again. Returns whether it was the last one. */
  async #endCurrent(source: Source): Promise<boolean> {
    const current = this.#current
    if (current === undefined) return false
    this.#current = undefined
    if (!current.isLast) {
      await source.inbox.done(this, current.came)
      return false
    }
    if (source.keepEnd) await this.#finish(source, current.came.callback)
    return true
  }

  async #finish({ inbox, keepEnd }: Source, last: Judged): Promise<void> {
    await keepEnd?.(last.outcome === 'pending' ? { ...last, outcome: 'succeeded' } : last)
    inbox.open?.finish?.()
    this.plan.onFreed()
  }

  async #check(callback: Judged): Promise<Judged> {
    const { check } = this.plan
    return check === undefined ? callback : check(callback)
  }

  async #repeatEnd(kept: Outcome): Promise<IteratorResult<T, undefined>> {
    const ended = await this.#check(kept)
    if (ended.outcome === 'failed') throw this.#errorOf({ kind: 'outcome', outcome: ended })
    return this.#close()
  }

  #close(): IteratorResult<T, undefined> {
    this.#isOver = true
    this.#stopListening()
    return OVER
  }

  #abort(reason: unknown): void {
    if (this.#isOver) return
    this.#aborted = { kind: 'aborted', reason }
    this.#free(false)
  }

  #free(hasRead: boolean): void {
    if (this.#isOver) return
    this.#close()
    if (this.#source) this.#letGo(this.#source, hasRead)
  }

  /** A loop that breaks after a callback has what it wanted: then later ones are duplicates. */
  #letGo({ inbox, leave }: Source, hasRead: boolean): void {
    if (leave) {
      leave()
      inbox.detach(this)
    } else {
      if (hasRead) inbox.open?.finish?.()
      else inbox.open?.cancel()
      inbox.end({ kind: 'closed' })
    }
    this.plan.onFreed()
  }

  #errorOf(ending: Ending): unknown {
    const { ids, endpoints, idleMs, arrivals } = this.plan
    return endingError(ending, { ids, endpoints, timeoutMs: idleMs, since: this.#since, arrivals })
  }
}
