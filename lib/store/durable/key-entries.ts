/** A wait is open. */
export interface WaitEntry {
  readonly is: 'wait'
  readonly wait: string
  /** Milliseconds since the epoch, as all times here. */
  readonly at: number
  readonly until: number
  /** The process whose wait it is; missing for a wait that outlives its process. 0.4 never wrote it. */
  readonly by?: string | undefined
  /** For a wait that may go on after a callback. */
  readonly many?: ManyOptions | undefined
}

/** How a wait reads that may go on after a callback. */
export interface ManyOptions {
  /** For a wait for many: how long it waits for the next callback, in milliseconds; each callback moves its deadline. */
  readonly idleMs?: number | undefined
  /** A random name of the one who reads the wait now. The one who read it before gets no more. */
  readonly reader: string
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
  /** For a callback whose status says that the work goes on: it is for waits for many alone. */
  readonly isPending?: boolean | undefined
  /** What it takes up, where a wait keeps it as one of many. */
  readonly bytes?: number | undefined
}

/** The reader of a wait for many has dealt with a callback, and with those before it. */
export interface DoneEntry {
  readonly is: 'done'
  readonly wait: string
  /** The place of the callback: its order, and its time. */
  readonly order: number
  readonly of: number
  readonly at: number
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
  readonly waits: readonly StateWait[]
  readonly outcomes: readonly OutcomeEntry[]
  readonly parked: readonly OutcomeEntry[]
  readonly settledAt?: number | undefined
  readonly waitedAt?: number | undefined
}

/** A wait as a state keeps it; callbacks are indexes in its `outcomes`. */
export interface StateWait extends Omit<KeyWait, 'got' | 'many'> {
  readonly name: string
  readonly got?: number | undefined
  readonly many?: (Omit<Many, 'items'> & { readonly items: readonly (readonly [number, number])[] }) | undefined
}

/**
 * Written by 0.4 before it removed a record in which nothing counted any more: if this is the entry of that index, the
 * entries before it do not count.
 */
export interface OverEntry {
  readonly is: 'over'
  readonly index: number
}

export type KeyEntry =
  WaitEntry | OutcomeEntry | DoneEntry | EndEntry | GoneEntry | ForgottenEntry | StateEntry | OverEntry

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
  readonly many?: Many | undefined
}

/** What a wait holds that may go on after a callback. */
export interface Many extends ManyOptions {
  /** Where it stands in the log. */
  readonly since: number
  /** Whether its time was up: then nothing more comes for it. */
  readonly isLate?: boolean | undefined
  /** What came and is not dealt with, oldest first. The list belongs to one state, and grows in place. */
  readonly items: ManyItem[]
}

/** A callback of a wait for many. */
export interface ManyItem {
  /** Its position in the log; of one that came before the wait, or for another wait, that of the entry that handed it over. */
  readonly order: number
  readonly entry: OutcomeEntry
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
