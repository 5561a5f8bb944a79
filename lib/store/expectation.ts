import { hasCode, isAway } from '../base/errors'
import type { Expectation, Expected, RunEntry, RunRecord } from '../base/run'
import { sleep } from '../base/timers'
import type { Clock, Ending, Judged, OpenWait, Outcome, Progress, Reader, Store, Waiter } from '../base/contracts'
import type { Arrivals } from './arrivals'
import { readerOf } from './await-callback'
import { waitAborted, waitClosed, waitTimedOut } from './wait-errors'

export interface ExpectationOptions {
  readonly store: Store
  readonly clock: Clock
  /** Knows what came in place of a callback that did not come in time. */
  readonly arrivals?: Arrivals | undefined
  /** Cancels the run: its waits are freed and reject with the signal's reason. */
  readonly signal: AbortSignal
  /** Called when a wait has been registered. */
  readonly onWait: () => void
  /** Called with how a wait ended, before the run goes on. A wait that the run gave up is `aborted`. */
  readonly onEnd: (ending: Ending, wait: Expected, ids: readonly string[]) => void
  /** Called with a callback that `when` of a wait has left out, after its sender was answered. */
  readonly onFiltered?: ((callback: Judged) => void) | undefined
}

/** Where a wait is remembered that outlives its process. */
export interface Keeping {
  /** The name of the wait in the store. */
  readonly kept: string
  /** Whether it was opened before, perhaps by another process. */
  readonly isReopened: boolean
  /** The name of the entry that its end has in the record of the run. */
  readonly entry: string
  readonly record: RunRecord
}

/** How long until a store that is away is tried again, in milliseconds. */
const AWAY_MS = 1000

/** Opens a wait of a run; without `keeping`, it ends with its process. Throws `ERR_WAITS_FULL` and `ERR_CLOSED`. */
export function openExpectation(
  wait: Expected,
  timeoutMs: number,
  options: ExpectationOptions,
  keeping?: Keeping,
): RunWait {
  const opened = new RunWait(wait, timeoutMs, options, keeping)
  opened.begin()
  return opened
}

/**
 * Returns a wait that had ended before its run was taken up again. `end` ends it in the store under more ids, or under its
 * own, since the process that kept the outcome may have died before it did so.
 */
export async function endedExpectation(
  { value, error }: RunEntry,
  end: (more?: readonly string[]) => Promise<void>,
): Promise<Expectation> {
  const nothing = async (): Promise<void> => undefined
  await end()
  return {
    alias: end,
    async outcome() {
      if (error !== undefined) throw error
      return value as Outcome
    },
    settle: nothing,
    cancel: nothing,
  }
}

/** An open wait of a run. */
class RunWait implements Expectation, Waiter {
  readonly reader: Reader | undefined
  readonly #promise: Promise<Outcome>
  #resolve: (outcome: Outcome) => void = ignore
  #reject: (reason: unknown) => void = ignore
  #open: OpenWait | undefined = undefined
  #hasEnded = false
  #last: Progress | undefined = undefined
  readonly #since: number | undefined

  constructor(
    private readonly wait: Expected,
    readonly timeoutMs: number,
    private readonly options: ExpectationOptions,
    private readonly keeping: Keeping | undefined,
  ) {
    const { when } = wait
    this.reader = when && readerOf({ when, onFiltered: options.onFiltered ?? ignore })
    this.#since = options.arrivals?.now()
    this.#promise = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    // The run awaits no outcome when its request has failed; then a rejection does not count as unhandled.
    this.#promise.catch(ignore)
  }

  begin(): void {
    const { endpoints, ids, queued } = this.wait
    const { store, signal, onWait } = this.options
    const { kept, isReopened } = this.keeping ?? {}
    this.#open = store.wait({ endpoints, ids, timeoutMs: this.timeoutMs, queued, kept, isReopened, waiter: this })
    onWait()
    if (this.#hasEnded) return
    signal.addEventListener('abort', this.#abort, { once: true })
    // The run may have been cancelled while its wait was written to its record.
    if (signal.aborted) this.#abort()
  }

  get registered(): Promise<void> | undefined {
    return this.#open?.registered
  }

  async alias(ids: readonly string[]): Promise<void> {
    await this.#open?.alias(ids)
  }

  outcome(): Promise<Outcome> {
    return this.#promise
  }

  async settle(outcome: Outcome): Promise<void> {
    const { store, clock, signal } = this.options
    const endpoint = this.wait.endpoints.find(({ key }) => key === outcome.endpoint)
    while (endpoint && !this.#hasEnded) {
      try {
        await store.deliver({ endpoint, outcome, size: () => 0 })
        return
      } catch (error) {
        if (!isAway(error)) throw error
      }
      await sleep(clock, AWAY_MS, signal)
    }
  }

  async cancel(): Promise<void> {
    await this.#giveUp(undefined)
  }

  onEnd(ending: Ending, ids: readonly string[]): void {
    this.#stop()
    this.options.onEnd(ending, this.wait, ids)
    if (ending.kind === 'closed') return this.#reject(waitClosed(ids))
    const entry = ending.kind === 'outcome' ? { value: ending.outcome } : { error: this.#endError(ending, ids) }
    if (this.keeping) void this.#keep(this.keeping, entry)
    else this.#finish(entry)
  }

  onProgress(progress: Progress): void {
    this.#last = progress
  }

  /** The record of the run has the outcome before the run goes on, and before the wait ends in the store. */
  async #keep({ record, entry: name }: Keeping, entry: Omit<RunEntry, 'name'>): Promise<void> {
    try {
      const counted = await record.add({ name, ...entry }, this.options.signal)
      this.#open?.release?.()
      this.#finish(counted)
    } catch (error) {
      // A run that goes on in another process needs the outcome there.
      if (hasCode(error, 'ERR_CLOSED')) this.#open?.leave?.()
      else this.#open?.release?.()
      this.#reject(error)
    }
  }

  #finish({ value, error }: Omit<RunEntry, 'name'>): void {
    if (error === undefined) this.#resolve(value as Outcome)
    else this.#reject(error)
  }

  #endError(ending: Ending, ids: readonly string[]): unknown {
    if (ending.kind === 'aborted') return waitAborted(ids, ending.reason)
    const { endpoints } = this.wait
    const { arrivals } = this.options
    const missed = { ids, endpoints, timeoutMs: this.timeoutMs, last: this.#last, since: this.#since, arrivals }
    return waitTimedOut({ ...missed, ...ending })
  }

  readonly #abort = (): void => void this.#giveUp(this.options.signal.reason)

  /** Resolves when the store knows of it. */
  async #giveUp(reason: unknown): Promise<void> {
    if (this.#hasEnded) return
    this.#stop()
    if (hasCode(reason, 'ERR_CLOSED') && this.#open?.leave) this.#open.leave()
    else this.#open?.cancel()
    this.options.onEnd({ kind: 'aborted', reason }, this.wait, this.wait.ids)
    this.#reject(reason)
    await this.#open?.cancelled
  }

  #stop(): void {
    this.#hasEnded = true
    this.options.signal.removeEventListener('abort', this.#abort)
  }
}

function ignore(): void {}
