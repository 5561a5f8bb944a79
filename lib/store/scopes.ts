import type { Clock, StoreEndpoint } from '../base/contracts'
import { Fifo } from './collections/fifo'
import { Multimap } from './collections/multimap'
import { createRecent } from './collections/recent'
import type { TimerWheel } from './collections/timer-wheel'
import { createParking, type ParkingLimits } from './parking'
import { type EndpointState, REMEMBER_MS, type Scope, type WaitChanges } from './scope'

export interface ScopesOptions {
  readonly clock: Clock
  /** The limits of parked callbacks, per endpoint. */
  readonly park: ParkingLimits
  /** How many ids that are settled, or were waited for in vain, are remembered for each scope; default: 100,000. */
  readonly rememberMax?: number | undefined
}

/** The endpoints of this process, and the sets of endpoints that waits are open on. */
export interface Scopes {
  stateOf(endpoint: StoreEndpoint): EndpointState
  scopeOf(endpoints: readonly StoreEndpoint[]): Scope
  /** Every endpoint that has a state. */
  states(): readonly EndpointState[]
  all(): Iterable<Scope>
}

const REMEMBER_MAX = 100_000

/** Creates an empty set of scopes. The wheel ends the time of parked outcomes. */
export function createScopes(
  { clock, park, rememberMax = REMEMBER_MAX }: ScopesOptions,
  wheel: TimerWheel,
  changes: WaitChanges,
): Scopes {
  const states = new Map<string, EndpointState>()
  const scopes = new Map<string, Scope>()
  const scopeOfList = new WeakMap<readonly StoreEndpoint[], Scope>()

  function stateOf(endpoint: StoreEndpoint): EndpointState {
    const known = states.get(endpoint.key)
    if (known) return known
    const alone = [endpoint]
    const state: EndpointState = {
      endpoint,
      own: () => scopeOf(alone),
      scopes: [],
      parking: createParking(park, wheel),
      deliveries: createRecent(clock, REMEMBER_MS, REMEMBER_MAX),
    }
    states.set(endpoint.key, state)
    return state
  }

  function scopeOf(endpoints: readonly StoreEndpoint[]): Scope {
    const known = scopeOfList.get(endpoints)
    if (known) return known
    const key = JSON.stringify(endpoints.map((endpoint) => endpoint.key).toSorted())
    const scope = scopes.get(key) ?? createScope(endpoints)
    scopes.set(key, scope)
    scopeOfList.set(endpoints, scope)
    return scope
  }

  function createScope(endpoints: readonly StoreEndpoint[]): Scope {
    const scope: Scope = {
      states: endpoints.map(stateOf),
      waits: new Multimap(),
      queue: endpoints.some((endpoint) => endpoint.anonymous) ? new Fifo() : undefined,
      settled: createRecent(clock, REMEMBER_MS, rememberMax),
      unanswered: endpoints.some((endpoint) => endpoint.startsWorkflow)
        ? createRecent(clock, REMEMBER_MS, rememberMax)
        : undefined,
      overlapping: new Set(),
      changes,
      size: 0,
      outdatedBefore: 0,
    }
    for (const state of scope.states) state.scopes.push(scope)
    for (const other of scope.states.flatMap((state) => state.scopes)) {
      scope.overlapping.add(other)
      other.overlapping.add(scope)
    }
    return scope
  }

  return { stateOf, scopeOf, states: () => [...states.values()], all: () => scopes.values() }
}
