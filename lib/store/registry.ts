import { CallbackError } from '../base/errors'
import type {
  Arrival,
  Delivery,
  ListedWait,
  Outcome,
  Pending,
  PendingArrival,
  Progress,
  Store,
  StoreEndpoint,
  StoreStats,
  TriggerArrival,
  WaitRequest,
} from '../base/contracts'
import { takeOnce } from './collections/recent'
import { give, givePending, isForMany } from './each/give'
import { createTimerWheel, type Timed } from './collections/timer-wheel'
import { createOpenWaits } from './open-waits'
import { Parked } from './parking'
import { type EndpointState, idsOf, isOutdated, oldest, type Scope, Wait, waitsFor } from './scope'
import { createScopes, type ScopesOptions } from './scopes'

export interface RegistryOptions extends ScopesOptions {
  /** How many waits may be open at once. */
  readonly maxWaits: number
  /** Called for a parked outcome that no wait has taken in time. */
  readonly onForgotten: (outcome: Outcome) => void
  /** Called for a wait beside which no other is open. */
  readonly onFirstWait?: (() => void) | undefined
}

/** What is waited for in this process, which callbacks came early, and which ids are settled. */
export interface Registry {
  wait(request: WaitRequest): Wait
  deliver(arrival: Arrival): Delivery
  trigger(arrival: TriggerArrival): Delivery
  abort(id: string, reason: unknown, endpoint?: StoreEndpoint): number
  progress(endpoint: StoreEndpoint, progress: Progress, more?: PendingArrival): Pending
  stats(endpoint?: StoreEndpoint): StoreStats
  outdate(endpoints: readonly StoreEndpoint[]): number
  list(limit: number): readonly ListedWait[]
  close(): void
}

/** Creates the store that keeps everything in this process alone. */
export function createMemoryStore(options: RegistryOptions): Store {
  const registry = createRegistry(options)
  return { ...registry, open: async () => undefined, close: async () => registry.close() }
}

/** Creates an empty registry. It keeps at most one timer, which does not keep the process alive. */
export function createRegistry(options: RegistryOptions): Registry {
  const wheel = createTimerWheel(options.clock, onDue)
  const waits = createOpenWaits(wheel, options.maxWaits, options.onFirstWait)
  const scopes = createScopes(options, wheel, waits)
  const { stateOf } = scopes
  /** Numbers waits and parked outcomes in their order. */
  let counter = 0
  let isClosed = false

  /** Ends the waits that a callback is for, or keeps it for a later wait. */
  function handOver(state: EndpointState, arrival: Arrival): Delivery {
    const { outcome, size, start } = arrival
    const { id } = outcome
    const found = waitsOn(state, id)
    if (found.length > 0) return give(waits, found, arrival)
    if (id !== undefined) {
      if (state.parking.has(id) || state.scopes.some((scope) => scope.settled.has(id))) return 'duplicate'
      if (start && !state.scopes.some((scope) => scope.unanswered?.has(id))) return begin(state, id, start)
    }
    state.parking.add(outcome, size(), counter++)
    return 'parked'
  }

  function onDue(entry: Timed): void {
    if (entry instanceof Wait)
      waits.dismiss(entry, isOutdated(entry) ? { kind: 'timeout', isOutdated: true } : { kind: 'timeout' })
    if (entry instanceof Parked) {
      entry.parking.remove(entry)
      options.onForgotten(entry.outcome)
    }
  }

  return {
    wait(request) {
      if (isClosed) throw closed('nothing can be waited for')
      return waits.open(scopes.scopeOf(request.endpoints), request, counter++)
    },
    deliver(arrival) {
      if (isClosed) throw closed('nothing more is taken')
      const state = stateOf(arrival.endpoint)
      return takeOnce(state.deliveries, arrival.dedupeKey, () => handOver(state, arrival))
    },
    trigger({ endpoint, dedupeKey, start }) {
      return takeOnce(stateOf(endpoint).deliveries, dedupeKey, () => {
        void start()
        return 'started'
      })
    },
    abort(id, reason, endpoint) {
      const among = endpoint ? stateOf(endpoint).scopes : [...scopes.all()]
      const found = new Set(among.flatMap((scope) => scope.waits.get(id)))
      for (const wait of found) waits.dismiss(wait, { kind: 'aborted', reason })
      return found.size
    },
    progress(endpoint, progress, more) {
      const state = stateOf(endpoint)
      const found = waitsOn(state, progress.id)
      const many = found.filter(isForMany)
      return takeOnce(state.deliveries, many.length === 0 ? undefined : more?.dedupeKey(), () => {
        if (many.length > 0) givePending(waits, many, progress, more)
        for (const wait of found) if (wait.state === 'open') wait.waiter.onProgress?.(progress)
        return 'pending'
      })
    },
    stats(endpoint) {
      if (endpoint === undefined) return { waiting: waits.size(), parked: countParked(scopes.states()) }
      const state = stateOf(endpoint)
      return { waiting: state.scopes.reduce((sum, scope) => sum + scope.size, 0), parked: countParked([state]) }
    },
    outdate(endpoints) {
      const outdated = new Set(endpoints.flatMap((endpoint) => stateOf(endpoint).scopes))
      for (const scope of outdated) scope.outdatedBefore = counter
      return [...outdated].reduce((sum, { size }) => sum + size, 0)
    },
    list: (limit) => listWaits(scopes.all(), limit, (wait) => Math.round(options.clock.now() + wheel.remaining(wait))),
    close() {
      isClosed = true
      for (const { waits: byId, queue } of scopes.all())
        for (const wait of [...byId.values(), ...(queue?.values() ?? [])]) waits.dismiss(wait, { kind: 'closed' })
      wheel.close()
    },
  }
}

/** The waits that a callback with this id, or without one, is for. */
function waitsOn(state: EndpointState, id: string | undefined): readonly Wait[] {
  return id === undefined ? oldest(state) : waitsFor(state, id)
}

/** The id is settled first, so that nothing that the start sets off can start it again. */
function begin(state: EndpointState, id: string, start: NonNullable<Arrival['start']>): Delivery {
  const { settled } = state.own()
  settled.add(id)
  try {
    void start()
  } catch (error) {
    settled.take(id)
    throw error
  }
  return 'started'
}

function closed(consequence: string): CallbackError {
  return new CallbackError('ERR_CLOSED', { message: `The callbacks are closed; ${consequence}` })
}

/**
 * Lists open waits, oldest first. It looks at no more than `limit` waits of each scope, so that a list costs the same with
 * a million waits. So a wait that shares an id with an older one may be listed before its turn.
 */
function listWaits(scopes: Iterable<Scope>, limit: number, deadlineOf: (wait: Wait) => number): readonly ListedWait[] {
  const found = Array.from(scopes, (scope) => firstOf(scope, limit)).flat()
  found.sort((one, other) => one.number - other.number)
  return found.slice(0, limit).map((wait) => {
    const deadline = deadlineOf(wait)
    const { timeoutMs } = wait.waiter
    return {
      ids: [...idsOf(wait)],
      endpoints: wait.scope.states.map(({ endpoint }) => endpoint.key),
      deadline,
      since: timeoutMs === undefined ? undefined : deadline - timeoutMs,
      isOutdated: isOutdated(wait),
    }
  })
}

/** The first waits of a scope: those under an id, and those that take a callback without one. */
function firstOf({ waits, queue }: Scope, limit: number): readonly Wait[] {
  const first = new Set<Wait>()
  for (const entries of [waits.walk(), queue?.values() ?? []]) {
    const most = first.size + limit
    for (const wait of entries) {
      if (first.size >= most) break
      first.add(wait)
    }
  }
  return [...first]
}

function countParked(states: Iterable<EndpointState>): number {
  let count = 0
  for (const { parking } of states) count += parking.size
  return count
}
