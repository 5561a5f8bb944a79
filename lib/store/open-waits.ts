import type { Ending, Judged, Outcome, WaitRequest } from '../base/contracts'
import type { TimerWheel } from './collections/timer-wheel'
import { earlier, type Parked } from './parking'
import { idsOf, type Scope, Wait, type WaitChanges } from './scope'
import { waitsFull } from './wait-errors'

/** The open waits of this process. */
export interface OpenWaits extends WaitChanges {
  /** How many waits are open. */
  size(): number
  /** Opens a wait, which the earliest callback that is parked for it ends at once, unless it goes on after that. Throws `ERR_WAITS_FULL`. */
  open(scope: Scope, request: WaitRequest, number: number): Wait
  /** Ends waits with one outcome. */
  endAll(waits: readonly Wait[], outcome: Outcome): void
  /** Ends a wait without an outcome; does nothing when it has ended. */
  dismiss(wait: Wait, ending: Ending): void
}

/**
 * Creates an empty set of waits, at most `max`; the wheel says when the time of a wait is up. `onFirst` is told of a wait beside
 * which no other is open.
 */
export function createOpenWaits(wheel: TimerWheel, max: number, onFirst?: () => void): OpenWaits {
  let size = 0
  const ends = createEnds(wheel, () => {
    size -= 1
  })

  function open(scope: Scope, request: WaitRequest, number: number): Wait {
    if (size >= max) throw waitsFull(max)
    const wait = new Wait(scope, request.ids, number, request.waiter)
    scope.size += 1
    size += 1
    wheel.add(wait, request.timeoutMs)
    if (request.queued) scope.queue?.add(wait)
    register(wait, request.ids, request.queued)
    if (size === 1) onFirst?.()
    return wait
  }

  function alias(wait: Wait, ids: readonly string[]): void {
    if (wait.state === 'settled') return settleIds(wait, ids)
    if (wait.state !== 'open') return
    const known = idsOf(wait)
    const added = ids.filter((id) => !known.includes(id))
    wait.ids = [...known, ...added]
    register(wait, added, false)
  }

  /** Files a wait under ids, which are settled no longer, and ends it with the earliest callback that is parked for it. */
  function register(wait: Wait, ids: readonly string[], queued: boolean): void {
    const { scope } = wait
    for (const id of ids) {
      scope.waits.add(id, wait)
      for (const other of scope.overlapping) unsettle(id, other, scope)
    }
    let parked = findParked(scope, ids, queued)
    while (parked !== undefined && wait.state === 'open') {
      const { outcome, bytes } = parked
      parked.parking.remove(parked)
      hand(wait, outcome, bytes)
      parked = findParked(scope, ids, queued)
    }
  }

  /** Hands a callback that was parked to a wait, which may go on. */
  function hand(wait: Wait, outcome: Outcome, bytes: number): void {
    const found = readBy(wait, outcome, bytes)
    if (found === 'taken') prolong(wait, wait.waiter.reader?.idleMs ?? 0)
    if (found === 'filtered') wait.waiter.reader?.onFiltered?.(outcome)
    if (found === 'ends') ends.endAll([wait], outcome)
  }

  function prolong(wait: Wait, ms: number): void {
    if (wait.state !== 'open') return
    wheel.remove(wait)
    wheel.add(wait, ms)
  }

  return { size: () => size, open, alias, prolong, ...ends }
}

/** Creates what ends waits, each of which is removed once. */
function createEnds(
  wheel: TimerWheel,
  onRemoved: () => void,
): Pick<OpenWaits, 'cancel' | 'finish' | 'end' | 'endAll' | 'dismiss'> {
  function remove(wait: Wait): void {
    wheel.remove(wait)
    unlist(wait)
    onRemoved()
  }

  function cancel(wait: Wait): void {
    if (wait.state === 'open') {
      remove(wait)
      noteUnanswered(wait)
    }
    if (wait.state !== 'settled') wait.state = 'ended'
  }

  function finish(wait: Wait): void {
    if (wait.state !== 'open') return
    remove(wait)
    wait.state = 'settled'
    settleIds(wait, idsOf(wait))
  }

  /** All waits are settled before the first waiter is told, since a waiter may open a wait or cancel another one. */
  function endAll(waits: readonly Wait[], outcome: Outcome): void {
    for (const wait of waits) {
      remove(wait)
      wait.state = 'ending'
      // A callback without an id settles no id.
      if (outcome.id === undefined) noteUnanswered(wait)
      else settleIds(wait, idsOf(wait))
    }
    for (const wait of waits) {
      if (wait.state !== 'ending') continue
      wait.state = outcome.id === undefined ? 'ended' : 'settled'
      wait.waiter.onEnd({ kind: 'outcome', outcome }, idsOf(wait))
    }
  }

  return {
    cancel,
    finish,
    end: (wait, outcome) => endAll(wait.state === 'open' ? [wait] : [], outcome),
    endAll,
    dismiss(wait, ending) {
      if (wait.state !== 'open') return
      cancel(wait)
      wait.waiter.onEnd(ending, idsOf(wait))
    },
  }
}

/** Has a wait look at a callback; the first one ends a wait that looks at none. */
export function readBy({ waiter }: Wait, callback: Judged, bytes: number): 'ends' | 'taken' | 'filtered' {
  return waiter.reader?.read(callback, bytes) ?? 'ends'
}

function unlist(wait: Wait): void {
  const { scope } = wait
  for (const id of idsOf(wait)) scope.waits.delete(id, wait)
  scope.queue?.delete(wait)
  scope.size -= 1
}

function findParked({ states }: Scope, ids: readonly string[], queued: boolean): Parked | undefined {
  let found: Parked | undefined
  for (const { parking } of states) {
    if (parking.size === 0) continue
    found = earlier(found, parking.find(ids))
    if (queued) found = earlier(found, parking.first())
  }
  return found
}

/** Makes an id free for a new wait. On the endpoints that are not in the scope of the new wait, the id stays settled. */
function unsettle(id: string, settled: Scope, scope: Scope): void {
  const until = settled.settled.take(id)
  if (until === undefined || settled === scope) return
  for (const state of settled.states) if (!scope.states.includes(state)) state.own().settled.add(id, until)
}

/** Settles ids of a wait, and drops the other callbacks that are parked for them. */
function settleIds({ scope }: Wait, ids: readonly string[]): void {
  for (const { parking } of scope.states) {
    for (let other = parking.find(ids); other !== undefined; other = parking.find(ids)) parking.remove(other)
  }
  for (const id of ids) scope.settled.add(id)
}

/** A late callback for an id that was waited for once starts no workflow. */
function noteUnanswered(wait: Wait): void {
  const { unanswered } = wait.scope
  if (unanswered !== undefined) for (const id of idsOf(wait)) unanswered.add(id)
}
