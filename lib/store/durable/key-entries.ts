/** A wait is open. */
export interface WaitEntry {
  readonly is: 'wait'
  readonly wait: string
  /** Milliseconds since the epoch, as all times here. */
  readonly at: number
  readonly until: number
  /** The process whose wait it is; missing for a wait that outlives its process. 0.4 never wrote it. */
  readonly by?: string | undefined
}

/** A callback came. */
export interface OutcomeEntry {
  readonly is: 'outcome'
  /** The outcome as it is kept. */
  readonly kept: unknown
  readonly at: number
  /** How long it stays parked. */
  readonly until: number
  /** The run that this callback starts. */
  readonly run?: string | undefined
}

/**
 * Why a wait is over.
 * - `settled`: an outcome came for one of its ids and is safe, so all of its ids are settled.
 * - `late`: its time was up. An outcome that had come before stays with the wait.
 * - `cancelled`: the waiter gave it up under this key. An outcome that has come for it is for the next wait.
 * - `left`: its process ends, or could not read what had come. An outcome is for the next wait, for a week.
 */
export type EndReason = 'settled' | 'late' | 'cancelled' | 'left'

/** A wait is over. */
export interface EndEntry {
  readonly is: 'end'
  readonly wait: string
  readonly at: number
  readonly why: EndReason
}

/** A process is gone: each of its waits is over, as with `left`. */
export interface GoneEntry {
  readonly is: 'gone'
  readonly by: string
  readonly at: number
}

/** Outcomes that were parked longer than `park.for` are forgotten, unless a wait has them by now. */
export interface ForgottenEntry {
  readonly is: 'forgotten'
  readonly at: number
}

/** The state after all entries up to this one, which it replaces, so that a log does not grow for ever. */
export interface StateEntry {
  readonly is: 'state'
  /** Each wait with its name; `got` is the index of its outcome in `outcomes`. */
  readonly waits: readonly (Omit<KeyWait, 'got'> & { readonly name: string; readonly got?: number | undefined })[]
  readonly outcomes: readonly OutcomeEntry[]
  readonly parked: readonly OutcomeEntry[]
  readonly settledAt?: number | undefined
  readonly waitedAt?: number | undefined
}

/**
 * Written by 0.4 before it removed a record in which nothing counted any more: if this is the entry of that index, the
 * entries before it do not count.
 */
export interface OverEntry {
  readonly is: 'over'
  readonly index: number
}

export type KeyEntry = WaitEntry | OutcomeEntry | EndEntry | GoneEntry | ForgottenEntry | StateEntry | OverEntry

/** What a record of the kind `key` is created with. */
export interface KeyData {
  /** A random name of this record, since the same key may have had a record before. */
  readonly born: string
  /** Whether callbacks have no ids: then the oldest wait gets the next one, and nothing is remembered as settled. */
  readonly anonymous: boolean
  /** Whether a wait that ended in vain is remembered, since a callback for an id without any wait starts a workflow. */
  readonly remembers: boolean
}

/** A wait whose end is not in the log yet, with the outcome that came for it. */
export interface KeyWait {
  readonly until: number
  readonly by?: string | undefined
  readonly got?: OutcomeEntry | undefined
  /** Whether another wait with the same outcome has taken it, so that no later wait inherits it. */
  readonly isTaken?: boolean | undefined
}

/** The state that the log of a key comes to. */
export interface KeyState {
  /** The position of the last entry that it was read from. */
  length: number
  /** By their names, oldest first. */
  readonly waits: Map<string, KeyWait>
  /** Outcomes without a wait; at most one where callbacks have ids. */
  parked: readonly OutcomeEntry[]
  settledAt: number | undefined
  /** When a wait began or ended in vain last. */
  waitedAt: number | undefined
}
