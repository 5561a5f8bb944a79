/*
 * THE PROTOCOL of the durable store: which records there are, who appends what, in which order, and why.
 *
 * All processes read the entries of a log in one order, and agree on nothing else: the writer of an entry learns from
 * the entries before it what the entry did. Each step of the ledger is atomic, and a process may die between two steps.
 * So the order of the steps decides what is lost, and what is only done twice.
 *
 * RECORDS
 *   key     `k…`, an id on an endpoint, or the endpoint itself where callbacks have no ids. Its log is read below.
 *   run     a run that has not ended, in the group of the process that has it. Log: `owner`; the results of the run by
 *           name (`…/open` for a wait, `…/outcome` for its end); `cancel`; `moved` (into another group).
 *   owner   the lease of a process: due when the process has not renewed it. Log: `dead`, `back`, `left`, `look`.
 *   mark    a fact that is true for a while: `d…` a delivery came, `s…` an id is settled (both for a day), `t…` a run
 *           has ended, `f…` the definition of runs, `w…` a wait by name (its log begins with its outcome).
 *
 * A WAIT AND ITS CALLBACK
 * 1. The process that waits notes the wait in its memory, appends `wait` under each id, with its own name as `by`, and
 *    reads the log. A message about the wait may arrive before that append returns, so the memory comes first. A
 *    callback that was parked in the log before this entry belongs to the wait. The wait of a run, or with a name, has
 *    no `by`: any process may append it again; while the wait is open, that can only move its deadline later. A wait by name is appended
 *    before its record `w…` is created, so that every name that is known is waited for.
 * 2. The process that receives a callback reads the log, appends `outcome`, and then answers the sender. Where the
 *    sender names its delivery, `d…` is claimed in the step that appends, so there are both or neither; when `d…` is
 *    there already, the callback is a duplicate. The outcome is for every wait that is open at this entry; on an
 *    endpoint without ids, for the oldest one without an outcome. Without such a wait it is parked, or a duplicate of
 *    what is parked or settled.
 * 3. The process that waits hears by a message, which may get lost. So it also reads the log when the ledger is back,
 *    when the callback is repeated, and when the time of the wait is up. The wait of a run may be in the memory of two
 *    processes, if the run was taken up from one that was only slow. When that one finds that it does not have the run any
 *    more, it tells the others of the outcome, of which nobody heard while the wait was there.
 * 4. The waiter is told, and then `end` (`settled`) is appended under each id, in one step with the mark `s…` (and with
 *    the time of the record's review). For a wait of a run, its record has the outcome (`…/outcome`) before that entry; for
 *    a wait by name, its record `w…`.
 *    Until then the outcome is not taken, and a process that takes up the run, or asks by the name, finds it in the
 *    log. When such a process finds the outcome in the record, and the wait still open in the log, the process appends
 *    `end`.
 *    The next wait under the id inherits an outcome that was not taken by the wait of another process: at once when both
 *    waits have a `by`, else ten seconds after it came. A process gets no outcome twice under its own name:
 *    its code has it already.
 * 5. When the time of a wait is up, its process appends `end` (`late`), and reads: an outcome before that entry came in
 *    time, and the wait keeps it until `settled`. A wait that is given up appends `end` (`cancelled`), one whose
 *    process closes `end` (`left`). An outcome that came for one of these two is parked again; if the wait ended by `left`, it is kept for a week.
 *    Before any of these three entries, `s…` is removed: it says that the id was settled before this wait, and later
 *    callbacks count again. What was parked longer than `park.for` is dropped by `forgotten`, unless a wait before that
 *    entry has it.
 * 6. Where callbacks have no ids, a dead process would keep its place in the queue. A process that waits there, and
 *    finds that the lease of another one is over, appends `gone`, which is `left` for each wait of that process. A
 *    process that was only slow hears of it by a message, and appends its waits again. What had come for
 *    its waits for many is not its own then: such a process looks at the log before its code gets one of these (13).
 * 7. A long log is cut: one entry, `state`, says what the entries before it came to, and replaces them. The positions
 *    of later entries stay. A record is removed when nothing in it counts any more, and only if nothing was appended
 *    meanwhile.
 *
 * A RUN
 * 8. The definition `f…` is kept before a run that names it. A process has its lease before it begins a run, or no
 *    other process would look for the run. The first entry of a run is its `owner`.
 * 9. A callback that starts a run: the run is kept, then `outcome` with its id is appended, then the sender is
 *    answered. The id is made from the record of the key (`born`), so that a repeated callback finds the same run. The
 *    first such `outcome` has started it. A request that starts a run without an id claims `d…` in the step that keeps
 *    the run.
 * 10. The record has `…/open`, with the name and the deadline of a wait, before that wait is registered (1), and the
 *    wait is registered before the request is sent. So a run that is taken up waits for the same callback until the
 *    same moment.
 * 11. A lease that is over: another process appends `dead` and reads; `back` after what it had read means that the
 *    process lives. If there is no `back`, it appends `owner`, with the old owner as `from`, to each run. Of several
 *    such entries the first one has the run; the other processes move the run into the group of that one, and append
 *    `look` to its lease, which says whether it still is there. The lease is removed when no run is left in its group, and
 *    nothing was appended to it meanwhile. A process whose lease was over reads its runs, and drops those that other
 *    processes have.
 * 12. A run that ends has `t…` before its record is removed; else a crash in between would lose how it ended. A process
 *    that closes ends its waits (5), finishes what it is writing, and then appends `left` to its lease, so that its
 *    runs go on elsewhere at once.
 *
 * A WAIT FOR MANY, and one that looks at each callback (`when`)
 * 13. Its `wait` has `many`, with the name of its reader; each `outcome` is kept for it, in the order of the log, until its
 *    reader has dealt with it and appends `done`. A pending callback is appended too (`isPending`), for waits for many alone.
 *    With a name, `done` is in the log before the reader gets the next callback, and the record `w…` has the last one before
 *    `end` is appended; so only the callback that the reader was at comes again. A process that goes on with the wait appends
 *    `wait` with another reader: the one before learns that from the log after its next `done`. In one process it appends
 *    behind all that the reader before is writing. Each outcome moves the deadline;
 *    `end` (`late`) counts only if no outcome has moved it behind that moment. Without a name, what a process leaves (`left`,
 *    `gone`) goes to the oldest other wait for many, or is parked. The limit of what is kept is looked at before `outcome` is
 *    appended: several processes may exceed it by what they append in the same moment.
 *    The wait of a run with `when` has no reader's name, since the record of the run says who has it (10). The callback that
 *    ends the wait stays in the log until the record has it, as in 4; so a process that takes up the run looks at each
 *    callback which is not dealt with.
 *
 * A server may lose all of this (a flush, a failover). Then each process appends its open waits again (1), writes its
 * lease and its runs again, and gets what was parked meanwhile.
 */
import type { Delivery } from '../../base/contracts'
import { REMEMBER_MS } from '../scope'
import type { DoneEntry, EndEntry, KeyData, KeyEntry, KeyState, KeyWait, OutcomeEntry, WaitEntry } from './key-entries'
import { addTo, beginMany, continueMany, handOn, makeLate, takeDone } from './key-many'
import { NOTHING, outcomesOf, restore } from './key-state'

/** How long a wait counts as open after its time is up, so that clocks need not agree. Usually its `end` comes sooner. */
export const GRACE_MS = 60_000

/** How long a run, or a process of 0.4, needs at most to take the outcome of its wait. */
const TAKEN_MS = 10_000

/** How long an outcome is kept for the next wait when the process of its wait has gone. */
const UNDELIVERED_MS = 7 * REMEMBER_MS

/** Reads a log from its beginning, or from where it was cut. */
export function readKeyLog(log: readonly unknown[], anonymous: boolean, cut = 0): KeyState {
  const state: KeyState = { length: cut, waits: new Map(), parked: [], settledAt: undefined, waitedAt: undefined }
  for (const entry of log) applyEntry(state, entry as KeyEntry, anonymous)
  return state
}

/**
 * Applies one more entry to the state, and returns what became of it when it is an outcome. The result depends on
 * the state and the entry alone, on no clock, so that every process that has read the same entries has the same state.
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
    case 'done':
      finishOne(state, entry)
      return undefined
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

/** Returns the names of the waits that a callback of this moment is for; a pending one is for waits for many alone. */
export function waitsAt(state: KeyState, at: number, anonymous: boolean, isPending = false): readonly string[] {
  const isReady = ({ got, many, until }: KeyWait): boolean => {
    if (got !== undefined || many?.isLate === true || until + GRACE_MS <= at) return false
    return !isPending || many?.idleMs !== undefined
  }
  const ready = [...state.waits].filter(([, wait]) => isReady(wait))
  return (anonymous ? ready.slice(0, 1) : ready).map(([wait]) => wait)
}

/** Returns until when something in a log counts, in milliseconds since the epoch. */
export function liveUntil(state: KeyState, { anonymous, remembers }: Omit<KeyData, 'born'>): number {
  const ends = [...state.waits.values()].map((wait) => {
    const last = outcomesOf(wait).at(-1)
    return Math.max(wait.until + GRACE_MS, last ? last.at + UNDELIVERED_MS : 0)
  })
  ends.push(...state.parked.map(({ until }) => until))
  if (state.settledAt !== undefined && !anonymous) ends.push(state.settledAt + REMEMBER_MS)
  if (state.waitedAt !== undefined && remembers) ends.push(state.waitedAt + REMEMBER_MS)
  return Math.max(0, ...ends)
}

/** Returns the state without the fact that its id is settled, which the mark of the key says as well. */
export function withoutSettled(state: KeyState): KeyState {
  return { ...state, settledAt: undefined, waitedAt: state.settledAt === undefined ? state.waitedAt : undefined }
}

/** Whether an outcome of this moment would be a duplicate, if no wait is open. */
export function isDuplicate({ settledAt, parked }: KeyState, at: number): boolean {
  return (settledAt !== undefined && settledAt + REMEMBER_MS > at) || parked.some(({ until }) => until > at)
}

/**
 * A wait that is registered again stays as it is, and lasts as long as the longer entry says. One whose time was up without
 * an outcome begins again.
 */
function open(state: KeyState, entry: WaitEntry, anonymous: boolean): void {
  const { wait, at, until, by } = entry
  const known = state.waits.get(wait)
  if (known?.many) {
    const isOver = known.many.isLate === true || known.until + GRACE_MS <= at
    state.waits.set(wait, continueMany(known, known.many, entry, isOver))
    return
  }
  if (known && (known.got || known.until + GRACE_MS > at)) {
    if (until > known.until) state.waits.set(wait, { ...known, until })
    return
  }
  state.waits.delete(wait)
  if (entry.many) {
    const early = state.parked.filter((parked) => parked.until > at)
    state.waits.set(wait, { until, by, many: beginMany(entry, early, state.length) })
    Object.assign(state, { parked: [], settledAt: undefined, waitedAt: at })
    return
  }
  const early = state.parked.find((parked) => parked.until > at)
  const got = early ?? (anonymous ? undefined : findUntaken(state, at, by))
  state.parked = state.parked.filter((parked) => parked !== early)
  state.waits.set(wait, { until, by, got })
  state.settledAt = got === undefined || anonymous ? undefined : at
  state.waitedAt = at
}

/**
 * Finds an outcome for a new wait (protocol, 4): one that came for a wait of another process, and that no wait has taken. A
 * process does not get an outcome that one of its own waits has.
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

/** An outcome that starts a run ends no wait, not even one that was registered meanwhile. */
function hand(state: KeyState, entry: OutcomeEntry, anonymous: boolean): Delivery {
  const waits = entry.run === undefined ? waitsAt(state, entry.at, anonymous, entry.isPending) : []
  for (const wait of waits) give(state, wait, entry)
  if (entry.isPending) return 'settled'
  if (waits.length === 0 && !anonymous && isDuplicate(state, entry.at)) return 'duplicate'
  const isSettled = entry.run !== undefined || waits.some((wait) => state.waits.get(wait)?.got)
  if (!anonymous && isSettled) state.settledAt = entry.at
  if (waits.length > 0) return 'settled'
  if (entry.run !== undefined) return 'started'
  state.parked = [...state.parked, entry]
  return 'parked'
}

function give({ waits, length }: KeyState, name: string, got: OutcomeEntry): void {
  const wait = waits.get(name)
  if (wait) waits.set(name, wait.many ? addTo(wait, wait.many, got, length) : { ...wait, got })
}

function finishOne(state: KeyState, entry: DoneEntry): void {
  const { many } = state.waits.get(entry.wait) ?? {}
  if (many === undefined || !takeDone(many, entry)) return
  state.waits.delete(entry.wait)
  state.waitedAt = entry.at
}

function end(state: KeyState, { wait: name, at, why }: EndEntry, anonymous: boolean): void {
  const wait = state.waits.get(name)
  if (wait === undefined || (why === 'late' && wait.got)) return
  const late = why === 'late' && wait.many ? makeLate(wait, wait.many, at) : undefined
  if (late) {
    state.waits.set(name, late)
    return
  }
  state.waits.delete(name)
  if (wait.many && why === 'left') {
    // Each is parked before those that came in the same moment.
    for (const entry of handOn(state, wait.many).toReversed())
      giveBack(state, keepFor(entry, UNDELIVERED_MS), at, anonymous)
  } else if (why !== 'settled') leave(state, wait, why === 'left' ? UNDELIVERED_MS : 0, at, anonymous)
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

/** An outcome that its wait does not take is for the next wait, unless it was one of many, or another wait has it too. */
function leave(state: KeyState, wait: KeyWait, keepMs: number, at: number, anonymous: boolean): void {
  if (wait.isTaken || wait.many?.idleMs !== undefined) return
  for (const got of outcomesOf(wait).toReversed()) {
    if ([...state.waits.values()].some((other) => outcomesOf(other).includes(got))) continue
    giveBack(state, keepFor(got, keepMs), at, anonymous)
  }
}

function keepFor(entry: OutcomeEntry, keepMs: number): OutcomeEntry {
  return { ...entry, until: Math.max(entry.until, entry.at + keepMs) }
}

/** Hands an outcome without an id to the next wait in the queue, and parks it where there is none. */
function giveBack(state: KeyState, entry: OutcomeEntry, at: number, anonymous: boolean): void {
  const [next] = anonymous ? waitsAt(state, at, true) : []
  if (next !== undefined) give(state, next, entry)
  else state.parked = [entry, ...state.parked].toSorted((one, other) => one.at - other.at)
}
