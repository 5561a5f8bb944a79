import { CallbackError } from '../base/errors'
import type {
  Arrival,
  Clock,
  Delivery,
  Ending,
  ListedWait,
  Outcome,
  Progress,
  StoreEndpoint,
  StoreStats,
  TriggerArrival,
  WaitRequest,
} from '../base/contracts'
import { Fifo } from './collections/fifo'
import { listWaits } from './listing'
import { Multimap } from './collections/multimap'
import { createParking, earlier, Parked, type ParkingLimits } from './parking'
import { createRecent, takeOnce } from './collections/recent'
import { type EndpointState, idsOf, isOutdated, oldest, type Scope, Wait, waitsFor } from './scope'
import { createTimerWheel, type Timed } from './collections/timer-wheel'
import { waitsFull } from './wait-errors'

export interface RegistryOptions {
  readonly clock: Clock
  /** How many waits may be open at once. */
  readonly maxWaits: number
  /** What is kept of callbacks that nobody waits for yet, per endpoint. */
  readonly park: ParkingLimits
  /** Called for a parked outcome that nobody came for in time. */
  readonly onForgotten: (outcome: Outcome) => void
}

/** Who waits for what, what came early, and what is done; all of it in this process. */
export interface Registry {
  wait(request: WaitRequest): Wait
  deliver(arrival: Arrival): Delivery
  trigger(arrival: TriggerArrival): Delivery
  progress(endpoint: StoreEndpoint, progress: Progress): void
  stats(endpoint?: StoreEndpoint): StoreStats
  outdate(endpoints: readonly StoreEndpoint[]): number
  list(limit: number): readonly ListedWait[]
  close(): void
}

const REMEMBER_MS = 24 * 60 * 60 * 1000
const REMEMBER_MAX = 100_000

/** Gives an empty registry; it keeps at most one timer, which does not keep the process alive. */
export function createRegistry(options: RegistryOptions): Registry {
  const { clock } = options
  const wheel = createTimerWheel(clock, onDue)
  const states = new Map<string, EndpointState>()
  const scopes = new Map<string, Scope>()
  const scopeOfList = new WeakMap<readonly StoreEndpoint[], Scope>()
  let waiting = 0
  let counter = 0
  let closed = false

  function stateOf(endpoint: StoreEndpoint): EndpointState {
    const state = states.get(endpoint.key) ?? {
      endpoint,
      alone: [endpoint],
      scopes: [],
      parking: createParking(options.park, wheel),
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
      settled: createRecent(clock, REMEMBER_MS, REMEMBER_MAX),
      unanswered: endpoints.some((endpoint) => endpoint.startsWorkflow)
        ? createRecent(clock, REMEMBER_MS, REMEMBER_MAX)
        : undefined,
      overlapping: new Set(),
      alias,
      cancel,
      end: (entry, outcome) => end(entry.state === 'open' ? [entry] : [], outcome),
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

  function wait(request: WaitRequest): Wait {
    if (closed)
      throw new CallbackError('ERR_CLOSED', { message: 'The callbacks are closed; nothing can be waited for' })
    if (waiting >= options.maxWaits) throw waitsFull(options.maxWaits)
    const scope = scopeOf(request.endpoints)
    const [id] = request.ids
    const ids = id !== undefined && request.ids.length === 1 ? id : request.ids
    const entry = new Wait(scope, ids, counter++, request.waiter)
    scope.size += 1
    waiting += 1
    wheel.add(entry, request.timeoutMs)
    if (request.queued) scope.queue?.add(entry)
    register(entry, request.ids, request.queued)
    return entry
  }

  function alias(entry: Wait, ids: readonly string[]): void {
    if (entry.state === 'settled') return settleIds(entry, ids)
    if (entry.state !== 'open') return
    const known = idsOf(entry)
    const added = ids.filter((id) => !known.includes(id))
    entry.ids = [...known, ...added]
    register(entry, added, false)
  }

  /** Files a wait under its ids, which are settled no longer, and ends it with what came before it, earliest first. */
  function register(entry: Wait, ids: readonly string[], queued: boolean): void {
    const { scope } = entry
    for (const id of ids) {
      scope.waits.add(id, entry)
      for (const other of scope.overlapping) unsettle(id, other, scope)
    }
    let early: Parked | undefined
    for (const { parking } of scope.states) {
      if (parking.size === 0) continue
      early = earlier(early, parking.find(ids))
      if (queued) early = earlier(early, parking.first())
    }
    if (early === undefined) return
    early.parking.remove(early)
    end([entry], early.outcome)
  }

  /** Makes an id free for a new wait; on the endpoints that the new wait does not ask, it stays settled. */
  function unsettle(id: string, settled: Scope, scope: Scope): void {
    const until = settled.settled.take(id)
    if (until === undefined || settled === scope) return
    for (const state of settled.states) {
      if (!scope.states.includes(state)) scopeOf(state.alone).settled.add(id, until)
    }
  }

  function deliver({ endpoint, outcome, size, dedupeKey, start }: Arrival): Delivery {
    if (closed) throw new CallbackError('ERR_CLOSED', { message: 'The callbacks are closed; nothing more is taken' })
    const state = stateOf(endpoint)
    return takeOnce(state.deliveries, dedupeKey, () => hand(state, outcome) ?? keep(state, outcome, size, start))
  }

  function trigger({ endpoint, dedupeKey, start }: TriggerArrival): Delivery {
    return takeOnce(stateOf(endpoint).deliveries, dedupeKey, () => {
      void start()
      return 'started'
    })
  }

  function hand(state: EndpointState, outcome: Outcome): Delivery | undefined {
    const entries = outcome.id === undefined ? oldest(state) : waitsFor(state, outcome.id)
    end(entries, outcome)
    return entries.length > 0 ? 'settled' : undefined
  }

  function keep(state: EndpointState, outcome: Outcome, size: () => number, start: Arrival['start']): Delivery {
    const { id } = outcome
    if (id !== undefined) {
      if (state.parking.has(id) || state.scopes.some((scope) => scope.settled.has(id))) return 'duplicate'
      if (start && !state.scopes.some((scope) => scope.unanswered?.has(id))) return begin(state, id, start)
    }
    state.parking.add(outcome, size(), counter++)
    return 'parked'
  }

  /** The id is settled first, so that nothing that the start sets off can start it again. */
  function begin(state: EndpointState, id: string, start: NonNullable<Arrival['start']>): Delivery {
    const { settled } = scopeOf(state.alone)
    settled.add(id)
    try {
      void start()
    } catch (error) {
      settled.take(id)
      throw error
    }
    return 'started'
  }

  function progress(endpoint: StoreEndpoint, news: Progress): void {
    const state = stateOf(endpoint)
    for (const entry of news.id === undefined ? oldest(state) : waitsFor(state, news.id)) {
      if (entry.state === 'open') entry.waiter.onProgress?.(news)
    }
  }

  /** Ends waits with one outcome. Whoever is told first may wait anew or cancel another, so all are settled before. */
  function end(entries: readonly Wait[], outcome: Outcome): void {
    for (const entry of entries) settle(entry, outcome)
    for (const entry of entries) {
      if (entry.state !== 'ending') continue
      entry.state = outcome.id === undefined ? 'ended' : 'settled'
      entry.waiter.onEnd({ kind: 'outcome', outcome }, idsOf(entry))
    }
  }

  /** Settles all of a wait's ids, and what else was parked for them; a callback without an id says nothing of ids. */
  function settle(entry: Wait, outcome: Outcome): void {
    remove(entry)
    entry.state = 'ending'
    if (outcome.id === undefined) return leaveUnanswered(entry)
    settleIds(entry, idsOf(entry))
  }

  function settleIds({ scope }: Wait, ids: readonly string[]): void {
    for (const { parking } of scope.states) {
      for (let other = parking.find(ids); other !== undefined; other = parking.find(ids)) parking.remove(other)
    }
    for (const id of ids) scope.settled.add(id)
  }

  function remove(entry: Wait): void {
    wheel.remove(entry)
    for (const id of idsOf(entry)) entry.scope.waits.delete(id, entry)
    entry.scope.queue?.delete(entry)
    entry.scope.size -= 1
    waiting -= 1
  }

  function cancel(entry: Wait): void {
    if (entry.state === 'open') {
      remove(entry)
      leaveUnanswered(entry)
    }
    if (entry.state !== 'settled') entry.state = 'ended'
  }

  /** A late callback for somebody who waited once is no event. */
  function leaveUnanswered(entry: Wait): void {
    const { unanswered } = entry.scope
    if (unanswered !== undefined) for (const id of idsOf(entry)) unanswered.add(id)
  }

  function dismiss(entry: Wait, ending: Ending): void {
    if (entry.state !== 'open') return
    cancel(entry)
    entry.waiter.onEnd(ending, idsOf(entry))
  }

  function onDue(entry: Timed): void {
    if (entry instanceof Wait)
      dismiss(entry, isOutdated(entry) ? { kind: 'timeout', isOutdated: true } : { kind: 'timeout' })
    if (entry instanceof Parked) {
      entry.parking.remove(entry)
      options.onForgotten(entry.outcome)
    }
  }

  function stats(endpoint?: StoreEndpoint): StoreStats {
    const counted = endpoint ? [stateOf(endpoint)] : [...states.values()]
    const parked = counted.reduce((sum, state) => sum + state.parking.size, 0)
    if (endpoint === undefined) return { waiting, parked }
    return { waiting: counted.flatMap((state) => state.scopes).reduce((sum, scope) => sum + scope.size, 0), parked }
  }

  function outdate(endpoints: readonly StoreEndpoint[]): number {
    const outdated = new Set(endpoints.flatMap((endpoint) => stateOf(endpoint).scopes))
    for (const scope of outdated) scope.outdatedBefore = counter
    return [...outdated].reduce((sum, { size }) => sum + size, 0)
  }

  function close(): void {
    closed = true
    for (const scope of scopes.values()) {
      for (const entry of scope.waits.values()) dismiss(entry, { kind: 'closed' })
      for (const entry of scope.queue?.values() ?? []) dismiss(entry, { kind: 'closed' })
    }
    wheel.close()
  }

  function list(limit: number): readonly ListedWait[] {
    return listWaits(scopes.values(), limit, (entry) => Math.round(clock.now() + wheel.remaining(entry)))
  }

  return { wait, deliver, trigger, progress, stats, outdate, list, close }
}
