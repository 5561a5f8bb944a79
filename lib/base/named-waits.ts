import type { Outcome, StoreEndpoint } from './outcome'
import type { TraceContext } from './values/trace-context'

/** What is waited for. */
export interface WaitedFor {
  /** The callback may come to any of these. */
  readonly endpoints: readonly StoreEndpoint[]
  /** The first callback for any of them ends the wait. */
  readonly ids: readonly string[]
  /** Whether a callback without an id may end it, on endpoints without `identify_by`. */
  readonly queued: boolean
}

/** A wait that has a name of its own, as the first one that asked by the name began it. */
export interface NamedWait {
  readonly ids: readonly string[]
  /** The keys of the endpoints. */
  readonly endpoints: readonly string[]
  /** Milliseconds since the epoch. */
  readonly deadline: number
  /** When it began, in milliseconds since the epoch; missing without tracing. */
  readonly since?: number | undefined
  /** The span in which it began; missing without tracing, or where none was active. */
  readonly trace?: TraceContext | undefined
  /** For a wait for many callbacks: how long it waits for the next one, in milliseconds. */
  readonly idleMs?: number | undefined
}

/** A wait by name, with what it has ended with. */
export type JoinedWait = NamedWait & { readonly outcome?: Outcome }

/** Waits by name, which outlive the process. Each is opened with its name as `kept`, and ends when that has its outcome. */
export interface NamedWaits {
  /** Returns the name of the wait that a caller knows by a key. */
  toName(key: string): string
  /**
   * Returns the wait of a name, which is as proposed where there is none yet, with the outcome that it has ended with, if
   * it has. With `waitsFor` the wait is registered before its name is known, so that its callback is kept for it. Resolves
   * to undefined when the store could not be reached until the proposed deadline, or is closing.
   */
  join(name: string, proposal: NamedWait, waitsFor?: WaitedFor): Promise<JoinedWait | undefined>
  /** Keeps the outcome of a wait, and returns the one that counts: the first. Returns undefined when none could be kept. */
  end(name: string, wait: NamedWait, outcome: Outcome): Promise<Outcome | undefined>
  /** Calls the listener when another process has ended the wait; returns what stops that. */
  watch(name: string, wait: NamedWait, onOutcome: (outcome: Outcome) => void): () => void
}
