/** A process or a run waits for a callback. */
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
  /** How long it is kept when nobody waits. */
  readonly until: number
  /** The run that it has started. */
  readonly run?: string | undefined
}

/**
 * Why a wait is over.
 * - `settled`: an outcome came for one of its ids and is safe, so all of its ids are settled.
 * - `late`: its time was up. An outcome that had come before stays with the wait.
 * - `cancelled`: the waiter wants nothing any more under this key. An outcome that has come for it is for the next wait.
 * - `left`: its process ends, or could not find out what had come. The same, for a week.
 */
export type EndReason = 'settled' | 'late' | 'cancelled' | 'left'

/** A wait is over. */
export interface EndEntry {
  readonly is: 'end'
  readonly wait: string
  readonly at: number
  readonly why: EndReason
}

/** A process is gone: each of its waits is over as if the process had `left`. */
export interface GoneEntry {
  readonly is: 'gone'
  readonly by: string
  readonly at: number
}

/** What was parked longer than `park.for` is forgotten, unless a wait has it by now. */
export interface ForgottenEntry {
  readonly is: 'forgotten'
  readonly at: number
}

/** What all entries up to this one come to; it stands in their place, so that a log does not grow for ever. */
export interface StateEntry {
  readonly is: 'state'
  /** Each wait with its name, and where its outcome stands in `outcomes`. */
  readonly waits: readonly (Omit<KeyWait, 'got'> & { readonly name: string; readonly got?: number | undefined })[]
  readonly outcomes: readonly OutcomeEntry[]
  readonly parked: readonly OutcomeEntry[]
  readonly settledAt?: number | undefined
  readonly waitedAt?: number | undefined
}

/**
 * Written by 0.4 before it removed a record in which nothing counted any more: if this is the entry of that index, what
 * stands before it does not count.
 */
export interface OverEntry {
  readonly is: 'over'
  readonly index: number
}

export type KeyEntry = WaitEntry | OutcomeEntry | EndEntry | GoneEntry | ForgottenEntry | StateEntry | OverEntry

/** What a record of the kind `key` is created with. */
export interface KeyData {
  /** Tells it apart from an earlier record of the same key. */
  readonly born: string
  /** Without ids: the oldest wait gets the next callback, and nothing is remembered as settled. */
  readonly anonymous: boolean
  /** Whether it is remembered that somebody waited in vain, since another callback would be an event. */
  readonly remembers: boolean
}

/** A wait that has not ended, with the callback that came for it. */
export interface KeyWait {
  readonly until: number
  readonly by?: string | undefined
  readonly got?: OutcomeEntry | undefined
  /** Whether another wait that has the same outcome has taken it, so that no later one inherits it. */
  readonly isTaken?: boolean | undefined
}

/** What a log of one id on one endpoint says. */
export interface KeyState {
  /** The position of the last entry that it was read from. */
  length: number
  /** By their names, oldest first. */
  readonly waits: Map<string, KeyWait>
  /** Callbacks that nobody has waited for; of one id there is but one. */
  parked: readonly OutcomeEntry[]
  settledAt: number | undefined
  /** When somebody waited last. */
  waitedAt: number | undefined
}
