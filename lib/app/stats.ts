import type { CallbackEventName, Emitter } from '../base/events'
import type { Endpoint } from '../listener/endpoint'
import type { Store } from '../base/contracts'
import type { TaskCounts } from '../workflow/tasks/task'
import type { Tasks } from '../workflow/tasks/tasks'

/** The name under which waits on several endpoints are counted. */
export const SEVERAL = '*'

/** Counts: `waiting` and `parked` are those of now, the others those since the start. */
export interface Counts {
  /** Open waits. Of an endpoint: those that it may end. */
  readonly waiting: number
  /** Callbacks that came before their wait. */
  readonly parked: number
  readonly received: number
  /** Waits that ended with a success. */
  readonly settled: number
  /** Waits that ended with a failure. */
  readonly failed: number
  readonly pending: number
  readonly duplicate: number
  readonly unidentified: number
  /** Callbacks and items for which `when` is false, of their endpoint or of each wait for their id. */
  readonly filtered: number
  /** Refused requests and items. */
  readonly rejected: number
  /** Waits that ran out of time, and parked callbacks whose wait never came. */
  readonly expired: number
  /** Workflows that a callback or a trigger started. */
  readonly started: number
}

export interface Stats extends Counts {
  /** Runs of workflows: `running` now, the others since the start. */
  readonly tasks: TaskCounts
  /** By endpoint, as `POST /webhooks/done`. */
  readonly endpoints: Readonly<Record<string, Counts>>
}

type Counter = Exclude<CallbackEventName, 'parked'>

/** What the counts are read from. */
export interface StatsContext {
  readonly endpoints: readonly Endpoint[]
  readonly store: Store
  readonly emitter: Emitter
  readonly tasks: Tasks
}

/** Returns the counts of now. */
export function readStats({ endpoints, store, emitter, tasks }: StatsContext): Stats {
  const each = new Map(endpoints.map((endpoint) => [endpoint.key, countsOf(endpoint, store, emitter)]))
  const several = emitter.countsOf(SEVERAL)
  const sum = (name: Counter): number =>
    [...each.values()].reduce((total, counts) => total + counts[name], several[name])
  return {
    ...store.stats(),
    received: sum('received'),
    settled: sum('settled'),
    failed: sum('failed'),
    pending: sum('pending'),
    duplicate: sum('duplicate'),
    filtered: sum('filtered'),
    unidentified: sum('unidentified'),
    rejected: sum('rejected'),
    expired: sum('expired'),
    started: sum('started'),
    tasks: tasks.counts(),
    endpoints: Object.fromEntries(each),
  }
}

function countsOf(endpoint: Endpoint, store: Store, emitter: Emitter): Counts {
  return { ...emitter.countsOf(endpoint.key), ...store.stats(endpoint) }
}
