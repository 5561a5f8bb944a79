import type { CallbackError } from './errors'
import type { Claim } from './ledger'
import type { Outcome, StoreEndpoint } from './outcome'
import type { TraceContext } from './values/trace-context'

/** A run as it is kept for the process that takes it up. */
export interface KeptRun {
  readonly id: string
  /** The workflow by its id. */
  readonly workflow: string
  /** What the run was started with of the config, so that a changed one does not break it. */
  readonly definition: unknown
  readonly input: unknown
  /** Milliseconds since the epoch, as the deadline. */
  readonly startedAt: number
  readonly deadline: number | undefined
  /** The span that started it; undefined without tracing. */
  readonly trace?: TraceContext | undefined
}

/** Keeps the runs of a durable store. */
export interface RunKeeper {
  /** Says who runs them in this process; before the store is opened. */
  attach(host: RunHost): void
  /**
   * Keeps a new run, and claims a delivery in the same step where one is given; undefined when there is or was a run of its
   * id, or the delivery is claimed already.
   */
  begin(run: KeptRun, claim?: Claim): Promise<RunRecord | undefined>
  /** What is known of a run: how it ended, or that it runs. */
  find(id: string): Promise<object | undefined>
  /** Asks the owner of a run to cancel it. Resolves to whether it had not ended; undefined for a run that is unknown. */
  cancel(id: string): Promise<boolean | undefined>
}

export interface RunHost {
  /** Goes on with runs whose process is gone. */
  adopt(runs: readonly { readonly run: KeptRun; readonly record: RunRecord }[]): void
  /** Cancels a run, if this process has it. */
  cancel(id: string): void
  /** Ends a run here, with `ERR_CLOSED` as the reason, since another process has it, and it goes on there. */
  drop(id: string, reason: CallbackError): void
}

/** Something that a run has done, by a name that no other has. */
export interface RunEntry {
  readonly name: string
  /** What it gave. */
  readonly value?: unknown
  /** Why it failed. */
  readonly error?: unknown
}

/** What a run has done, and the means to add to it. */
export interface RunRecord {
  /** What is known by now under a name. */
  find(name: string): RunEntry | undefined
  /**
   * Adds an entry, however long the store is away, and gives the one that counts for its name: the first. Rejects with
   * the signal's reason, and with `ERR_CLOSED` when another process has taken up the run.
   */
  add(entry: RunEntry, signal: AbortSignal): Promise<RunEntry>
  /** Keeps how it ended; the first end counts. */
  end(state: object): Promise<void>
  /** Says that this process does not go on with it. */
  leave(): void
}

/**
 * What a run does its work through, so that another process can take the run up: a run is a function over two
 * steps, and every store runs the same runner.
 */
export interface RunContext {
  readonly id: string
  /** Does the work and remembers what it gave; at least once. The name is `job#attempt/what`. */
  step<T>(name: string, work: () => Promise<T>): Promise<T>
  /** Opens a wait; it is registered when this resolves. Several may be open at once. */
  expect(name: string, wait: Expected): Promise<Expectation>
  /** Returns how the wait of a name ended, where that is remembered of a run that was taken up; undefined before its end. */
  endOf(name: string): RunEntry | undefined
  /** Ends in the store a wait that was opened before the run was taken up. What came for it is for another wait. */
  forgo(name: string, wait: Expected): Promise<void>
  /** Returns what records the requests of an attempt, by the beginning of its steps' names; missing without tracing. */
  traceOf?(name: string): RequestTrace
}

/** Records requests in a trace. */
export interface RequestTrace {
  /** Does the work of sending, which adds headers that name its span to the request. */
  send<Answer extends { readonly status: number }>(
    request: { readonly method: string; readonly url: URL },
    work: (headers: Readonly<Record<string, string>>) => Promise<Answer>,
  ): Promise<Answer>
}

/** What a run waits for. */
export interface Expected {
  readonly endpoints: readonly StoreEndpoint[]
  readonly ids: readonly string[]
  /** Milliseconds since the epoch. */
  readonly deadline: number
  /** Whether a callback without an id may end it, on endpoints without `identify_by`. */
  readonly queued: boolean
  /** Returns whether a callback ends it; without it, each does. It goes on without the others. What `when` throws ends it. */
  readonly when?: ((callback: Outcome) => boolean) | undefined
}

/** An open wait of a run. */
export interface Expectation {
  /** More ids, such as the service's own, known after its answer. */
  alias(ids: readonly string[]): Promise<void>
  /** Resolves to the outcome, also to one that failed. Rejects with `ERR_WAIT_TIMEOUT`, `ERR_CLOSED`, or why the run was cancelled. */
  outcome(): Promise<Outcome>
  /** Ends it as a callback would, for what was found in another way; later callbacks are duplicates. */
  settle(outcome: Outcome): Promise<void>
  /** Frees everything it held; resolves when the store knows of it. Does nothing when it has ended. */
  cancel(): Promise<void>
}
