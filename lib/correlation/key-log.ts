/*
 * THE PROTOCOL: who appends what to the log of a key, in which order, and why.
 *
 * A key is an id on an endpoint, or the endpoint itself where callbacks have no ids. All that is known of a key stands in
 * the log of one record, and every process reads the same entries in the same order. So the processes need no other
 * agreement: each writer reads from the entries before its own what its own has brought about. Two facts stand outside of
 * the log, as marks: `d…` says that a delivery came; it is claimed in the step that appends its outcome, so that there are
 * both or neither. `s…` says for a day that an id is settled, when its log is gone; it is made in the step that appends
 * `end`.
 *
 * 1. A process that waits appends `wait` under each id, with its own name as `by`, and then reads. A callback that came
 *    early is parked in the log before this entry, and belongs to the wait from here on. A wait that outlives its process
 *    (of a run, or with a key of its own) names no process: any process may append it again, and it stays what it was.
 *    One with a key is appended before the record of the key is created, so that each key that is known is waited for.
 * 2. A process that receives a callback reads the log, and appends `outcome`; then the sender is answered. The outcome
 *    ends every wait on its id that is open at this entry (on an endpoint without ids: the oldest one). Without such a wait
 *    it is parked, or it is a duplicate. A callback that may start a run keeps the run first, under an id that comes from
 *    the record, so that a repeated callback finds the same run; only the first `outcome` with that run has `started` it.
 * 3. The process that waits is told by a message. A message may get lost, so each process also reads when the store is
 *    back, when a callback is repeated, and when the time of a wait is up.
 * 4. The caller is told, and its process appends `end` (`settled`) under each id. Before that entry, the outcome is not
 *    taken. (A run appends `end` when its own record has the outcome, a wait by key when the record of the key has it.)
 *    Under an id, the next wait gets an outcome that came for a wait of *another* process and that nobody has taken: that
 *    wait is still open, or its process is dead, and two waits on one id both get the result. A process that has an
 *    outcome for one wait does not get it for a second wait, which is asked for by code that has the result already.
 * 5. When the time of a wait is up, its process appends `end` (`late`), and then reads: an outcome before that entry came
 *    in time. A wait that is given up appends `end` (`cancelled`), one whose process closes `end` (`left`). An outcome that
 *    came for such a wait is parked again, after `left` for a week.
 *    On an endpoint without ids, a dead process would keep its place in the queue. A process that waits there itself, and
 *    finds by the record of its lease that another one is dead, appends `gone`, which is `left` for each of its waits.
 *    A callback that nobody has waited for within `park.for` is dropped by `forgotten`: a wait that stands before that
 *    entry has it.
 * 6. A long log is cut: one entry, `state`, says what the entries before it came to, and stands in their place. The
 *    positions of later entries do not change.
 * 7. A record is removed when nothing in it counts any more, and only if nothing was appended since it was read.
 *
 * A server may lose all of this (a flush, a failover). Then each process appends its open waits again, as in 1, and gets
 * what was parked meanwhile.
 */
import type { Delivery } from '../types'
import type { EndEntry, KeyData, KeyEntry, KeyState, KeyWait, OutcomeEntry, StateEntry, WaitEntry } from './key-entries'

/** How much longer than its last moment a wait counts, so that clocks need not agree; one that is over says so itself. */
const GRACE_MS = 60_000

/** How long it takes at most until a run, or a process of 0.4, has taken what came for its wait. */
const TAKEN_MS = 10_000

/** How long an id that is settled, or was waited for in vain, is remembered. */
export const REMEMBER_MS = 24 * 60 * 60 * 1000

/** How long a callback is kept for a wait whose process is gone. */
const UNDELIVERED_MS = 7 * REMEMBER_MS

/** Reads a log from its beginning, or from where it was cut. */
export function readKeyLog(log: readonly unknown[], anonymous: boolean, cut = 0): KeyState {
  const state: KeyState = { length: cut, waits: new Map(), parked: [], settledAt: undefined, waitedAt: undefined }
  for (const entry of log) applyEntry(state, entry as KeyEntry, anonymous)
  return state
}

/**
 * Reads one more entry, and returns what became of it when it is an outcome. Every process comes to the same conclusion,
 * since all of them see the entries in one order and nothing else counts.
 */
export function applyEntry(state: KeyState, entry: KeyEntry, anonymous: boolean): Delivery | undefined {
  const index = state.length
  state.length += 1
  switch (entry.is) {
    case 'wait':
      open(state, entry, anonymous)
      return undefined
    case 'outcome':
      return hand(state, entry, anonymous)
    case 'end':
      end(state, entry, anonymous)
      return undefined
    case 'gone':
      for (const [wait, { by }] of state.waits)
        if (by === entry.by) end(state, { is: 'end', wait, at: entry.at, why: 'left' }, anonymous)
      return undefined
    case 'forgotten':
      state.parked = state.parked.filter(({ until }) => until > entry.at)
      return undefined
    case 'state':
      restore(state, entry)
      return undefined
    case 'over':
      if (entry.index === index) restore(state, NOTHING)
      return undefined
  }
}

/** Returns the entry that says what a log comes to. */
export function toStateEntry({ waits, parked, settledAt, waitedAt }: KeyState): StateEntry {
  const outcomes = [...new Set([...waits.values()].flatMap(({ got }) => got ?? []))]
  const listed = [...waits].map(([name, { got, ...wait }]) => {
    return got === undefined ? { name, ...wait } : { name, ...wait, got: outcomes.indexOf(got) }
  })
  return { is: 'state', waits: listed, outcomes, parked, settledAt, waitedAt }
}

/** The names of the waits that a callback of this moment ends. */
export function waitsAt(state: KeyState, at: number, anonymous: boolean): readonly string[] {
  const ready = [...state.waits].filter(([, { got, until }]) => got === undefined && until + GRACE_MS > at)
  return (anonymous ? ready.slice(0, 1) : ready).map(([wait]) => wait)
}

/** Until when something of a log counts, in milliseconds since the epoch. */
export function liveUntil(state: KeyState, { anonymous, remembers }: Omit<KeyData, 'born'>): number {
  const ends = [...state.waits.values()].map(({ until, got }) =>
    Math.max(until + GRACE_MS, got ? got.at + UNDELIVERED_MS : 0),
  )
  ends.push(...state.parked.map(({ until }) => until))
  if (state.settledAt !== undefined && !anonymous) ends.push(state.settledAt + REMEMBER_MS)
  if (state.waitedAt !== undefined && remembers) ends.push(state.waitedAt + REMEMBER_MS)
  return Math.max(0, ...ends)
}

/** Whether an outcome of this moment would only repeat one. */
export function isDuplicate({ settledAt, parked }: KeyState, at: number): boolean {
  return (settledAt !== undefined && settledAt + REMEMBER_MS > at) || parked.some(({ until }) => until > at)
}

const NOTHING: StateEntry = { is: 'state', waits: [], outcomes: [], parked: [] }

function restore(state: KeyState, { waits, outcomes, parked, settledAt, waitedAt }: StateEntry): void {
  state.waits.clear()
  for (const { name, got, ...wait } of waits)
    state.waits.set(name, got === undefined ? wait : { ...wait, got: outcomes[got] })
  state.parked = parked
  state.settledAt = settledAt
  state.waitedAt = waitedAt
}

/**
 * A wait that is registered again, after a crash, stays what it was, and counts as long as the longer one says. One whose
 * time was up without an outcome begins again.
 */
function open(state: KeyState, { wait, at, until, by }: WaitEntry, anonymous: boolean): void {
  const known = state.waits.get(wait)
  if (known && (known.got || known.until + GRACE_MS > at)) {
    if (until > known.until) state.waits.set(wait, { ...known, until })
    return
  }
  state.waits.delete(wait)
  const early = state.parked.find((parked) => parked.until > at)
  const got = early ?? (anonymous ? undefined : findUntaken(state, at, by))
  state.parked = state.parked.filter((parked) => parked !== early)
  state.waits.set(wait, { until, by, got })
  state.settledAt = got === undefined || anonymous ? undefined : at
  state.waitedAt = at
}

/**
 * What came for a wait of another process, and no wait has said that it is taken; the next wait gets it too. A process
 * that has it for one wait does not get it for another.
 */
function findUntaken({ waits }: KeyState, at: number, by: string | undefined): OutcomeEntry | undefined {
  const isOurs = (got: OutcomeEntry): boolean =>
    by !== undefined && [...waits.values()].some((other) => other.by === by && other.got === got)
  const isInherited = ({ got, by: other, isTaken }: KeyWait): boolean => {
    if (got === undefined || isTaken === true || isOurs(got)) return false
    return (other !== undefined && by !== undefined) || got.at + TAKEN_MS <= at
  }
  return [...waits.values()].find(isInherited)?.got
}

/** What has started a run ends no wait, also one that was registered meanwhile. */
function hand(state: KeyState, entry: OutcomeEntry, anonymous: boolean): Delivery {
  const waits = entry.run === undefined ? waitsAt(state, entry.at, anonymous) : []
  for (const wait of waits) give(state, wait, entry)
  if (waits.length === 0 && !anonymous && isDuplicate(state, entry.at)) return 'duplicate'
  if (!anonymous && (waits.length > 0 || entry.run !== undefined)) state.settledAt = entry.at
  if (waits.length > 0) return 'settled'
  if (entry.run !== undefined) return 'started'
  state.parked = [...state.parked, entry]
  return 'parked'
}

function give({ waits }: KeyState, name: string, got: OutcomeEntry): void {
  const wait = waits.get(name)
  if (wait) waits.set(name, { ...wait, got })
}

function end(state: KeyState, { wait: name, at, why }: EndEntry, anonymous: boolean): void {
  const wait = state.waits.get(name)
  if (wait === undefined || (why === 'late' && wait.got)) return
  state.waits.delete(name)
  if (why !== 'settled') leave(state, wait, why === 'left' ? UNDELIVERED_MS : 0, at, anonymous)
  if (anonymous) return
  if (why !== 'settled') {
    state.waitedAt = at
    return
  }
  for (const [other, shared] of state.waits)
    if (wait.got && shared.got === wait.got) state.waits.set(other, { ...shared, isTaken: true })
  state.settledAt = at
  state.parked = []
}

/** What came for a wait that does not take it is for the next one, unless another wait has it too. */
function leave(state: KeyState, wait: KeyWait, keepMs: number, at: number, anonymous: boolean): void {
  const { got, isTaken } = wait
  if (got === undefined || isTaken || [...state.waits.values()].some((other) => other.got === got)) return
  giveBack(state, { ...got, until: Math.max(got.until, got.at + keepMs) }, at, anonymous)
}

/** A callback without an id is for the next wait, when it came for one that does not want it; any other is parked. */
function giveBack(state: KeyState, entry: OutcomeEntry, at: number, anonymous: boolean): void {
  const [next] = anonymous ? waitsAt(state, at, true) : []
  if (next !== undefined) give(state, next, entry)
  else state.parked = [entry, ...state.parked].toSorted((one, other) => one.at - other.at)
}
