import type { OpenWait, Outcome, StoreEndpoint, Waiter } from '../base/contracts'
import type { Fifo } from './collections/fifo'
import type { Multimap } from './collections/multimap'
import { earlier, type Parking } from './parking'
import type { Recent } from './collections/recent'
import { Timed } from './collections/timer-wheel'

/** How long it is remembered that an id is settled, or was waited for in vain, in milliseconds. */
export const REMEMBER_MS = 24 * 60 * 60 * 1000

/** The state of one endpoint. */
export interface EndpointState {
  readonly endpoint: StoreEndpoint
  /** Returns the scope of this endpoint alone. */
  readonly own: () => Scope
  /** Every scope that the endpoint belongs to. */
  readonly scopes: Scope[]
  readonly parking: Parking
  readonly deliveries: Recent
}

/** The endpoints that may end a wait. Waits on the same endpoints share one, so that a wait costs one map entry. */
export interface Scope {
  readonly states: readonly EndpointState[]
  readonly waits: Multimap<Wait>
  /** All waits in their order, where an endpoint knows no ids. */
  readonly queue: Fifo<Wait> | undefined
  readonly settled: Recent
  /** The ids of waits that ended without an outcome for them; only where a callback may be an event. */
  readonly unanswered: Recent | undefined
  /** The scopes that have an endpoint in common with this one, itself included. */
  readonly overlapping: Set<Scope>
  readonly changes: WaitChanges
  size: number
  /** Waits with a lower number were registered before the public URL of an endpoint changed. */
  outdatedBefore: number
}

/** What can be done to a wait. */
export interface WaitChanges {
  alias(wait: Wait, ids: readonly string[]): void
  cancel(wait: Wait): void
  /** Ends this wait alone with an outcome; does nothing when the wait has ended. */
  end(wait: Wait, outcome: Outcome): void
  /** Ends this wait, and settles its ids, without telling its waiter. */
  finish(wait: Wait): void
  /** Lets a wait end in so many milliseconds from now. */
  prolong(wait: Wait, ms: number): void
}

/**
 * - `open`: a callback can end it.
 * - `ending`: it has its outcome, and its waiter was not told yet.
 * - `settled`: a callback with an id has ended it, and all of its ids are settled.
 * - `ended`: anything else has ended it.
 */
type WaitState = 'open' | 'ending' | 'settled' | 'ended'

/** An open wait. It holds no closure and no timer of its own: a million of them fit in memory. */
export class Wait extends Timed implements OpenWait {
  state: WaitState = 'open'
  /** One id is no list, since most waits have but one. */
  ids: string | readonly string[]

  constructor(
    readonly scope: Scope,
    ids: readonly string[],
    /** Counts up; the lower one is older. */
    readonly number: number,
    readonly waiter: Waiter,
  ) {
    super()
    const [id] = ids
    this.ids = id !== undefined && ids.length === 1 ? id : ids
  }

  alias(ids: readonly string[]): void {
    this.scope.changes.alias(this, ids)
  }

  cancel(): void {
    this.scope.changes.cancel(this)
  }

  finish(): void {
    this.scope.changes.finish(this)
  }

  /** Lets it end in so many milliseconds from now, since a callback came. */
  prolong(ms: number): void {
    this.scope.changes.prolong(this, ms)
  }

  /** Ends this wait and no other with an outcome. */
  end(outcome: Outcome): void {
    this.scope.changes.end(this, outcome)
  }
}

/** Whether a wait was registered before the public URL of one of its endpoints changed. */
export function isOutdated({ number, scope }: Wait): boolean {
  return number < scope.outdatedBefore
}

/** The ids of a wait as a list. */
export function idsOf(wait: Wait): readonly string[] {
  return typeof wait.ids === 'string' ? [wait.ids] : wait.ids
}

/** The waits for an id on an endpoint. */
export function waitsFor(state: EndpointState, id: string): readonly Wait[] {
  const [only] = state.scopes
  if (only !== undefined && state.scopes.length === 1) return only.waits.get(id)
  return state.scopes.flatMap((scope) => scope.waits.get(id))
}

/** The oldest wait that takes a callback without an id. */
export function oldest(state: EndpointState): readonly Wait[] {
  let found: Wait | undefined
  for (const { queue } of state.scopes) found = earlier(found, queue?.first())
  return found === undefined ? [] : [found]
}
