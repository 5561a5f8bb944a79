import { type Emitter, outcomeEvent } from '../base/events'
import type { Arrival, Clock, Delivery, Logger, Outcome, Pending, Progress, Store } from '../base/contracts'
import { isTicketId } from '../base/secrets/ticket-id'
import { whenThere } from '../base/values/later'
import type { EndpointSpec } from '../config/normalize'
import type { Course } from '../deliveries/course'
import { compileDedupeKey } from './dedupe-key'
import type { Endpoint } from './endpoint'
import { badId, toId } from './ids'
import { keysOfDelivery } from './held/request-runs'
import { compileOutcome, compilePendingResult } from './item-outcome'
import { requestEvent, type RequestScope } from './request-scope'
import { compileInput, whenStarted } from './start'

/** The fate of one callback, or of one item of a bulk one. Each of them is acknowledged. */
export type ItemResult = Delivery | 'pending' | 'unidentified'

/**
 * Identifies, judges and delivers the item in `scope`. Throws `ERR_ID` and `ERR_TEMPLATE` for an item that cannot be
 * understood, `ERR_RESULT_SCHEMA` for one that its schema refuses, `ERR_SCHEMA_UNAVAILABLE` where the schema could not be
 * applied, and the errors of the store. Returns a promise only where the store or the schema does.
 */
export type ReceiveItem = (scope: RequestScope) => ItemResult | Promise<ItemResult>

/** What the items of an endpoint are delivered with. */
export interface ItemContext {
  readonly store: Store
  readonly emitter: Emitter
  readonly logger: Logger
  readonly clock: Clock
  readonly env: Readonly<Record<string, string>>
  /** Whether a request has told a service to call this endpoint, which is no event source then unless it says so. */
  isPointedAt(endpoint: string): boolean
}

/** Compiles the way of one item from the request to the wait that it ends. */
export function compileItem(endpoint: Endpoint, context: ItemContext): ReceiveItem {
  const { spec, key: name } = endpoint
  const { store, emitter } = context
  const readTicket = compileReadTicket(spec)
  const outcomeOf = compileOutcome(endpoint, context)
  const resultOf = compilePendingResult(endpoint)
  const dedupeKey = compileDedupeKey(spec.dedupeBy)
  const startOf = compileStartOf(endpoint, context)
  const warnUnidentified = createUnidentifiedWarning(endpoint, context)

  /** Several deliveries of one event may each try to start it; only one of them has started it. */
  function record(delivery: Delivery, outcome: Outcome, begun: Begun, { course, runs, index }: Told): Delivery {
    const keys = runs === undefined ? [] : keysOfDelivery(name, outcome.id, begun.dedupeKey)
    if (delivery === 'started' && begun.task !== undefined) runs?.started(index, begun.task, keys)
    if (delivery === 'duplicate') runs?.repeated(index, keys, begun.task)
    if (delivery === 'settled' || delivery === 'parked') runs?.startedNone(keys)
    course?.end(delivery, outcome, begun.task)
    if (delivery === 'parked' || delivery === 'duplicate' || delivery === 'filtered')
      emitter.record(delivery, name, () => outcomeEvent(outcome))
    if (delivery === 'started')
      emitter.record('started', name, () => ({ ...outcomeEvent(outcome), task: begun.task ?? '' }))
    return delivery
  }

  function recordPending(told: Pending, progress: Progress, course: Course | undefined): Pending {
    emitter.record(told, name, () => outcomeEvent(progress))
    course?.end(told, progress)
    return told
  }

  function deliver(arrival: Arrival, begun: Begun, told: Told): Delivery | Promise<Delivery> {
    const delivery = store.deliver(arrival)
    if (typeof delivery === 'string') return record(delivery, arrival.outcome, begun, told)
    return delivery.then((one) => record(one, arrival.outcome, begun, told))
  }

  return (scope) => {
    const { course } = scope
    const ticket = readTicket(scope)
    const id = ticket ?? endpoint.identify(scope)
    if (id === undefined && !endpoint.anonymous) {
      emitter.record('unidentified', name, () => requestEvent(name, scope))
      warnUnidentified()
      course?.end('unidentified')
      return 'unidentified'
    }
    const outcome = outcomeOf(scope, id, endpoint.judge(scope))
    const size = (): number => sizeOf(outcome.body) + sizeOf(outcome.headers)
    // A replay is the same delivery on purpose.
    const readKey = () => (course?.replayOf === undefined ? dedupeKey(scope, id) : undefined)
    if (outcome.outcome === 'pending') {
      const told = store.progress(endpoint, outcome, { size, dedupeKey: readKey, result: () => resultOf(scope) })
      if (typeof told === 'string') return recordPending(told, outcome, course)
      return told.then((one) => recordPending(one, outcome, course))
    }
    const begun: Begun = { dedupeKey: readKey() }
    const { runs, index } = scope
    const told = { course, runs, index }
    const hand = (admitted: Outcome): Delivery | Promise<Delivery> => {
      const start = ticket === undefined ? startOf(scope, admitted, begun) : undefined
      return deliver({ endpoint, outcome: admitted, size, dedupeKey: begun.dedupeKey, start }, begun, told)
    }
    return endpoint.resultSchema === undefined ? hand(outcome) : whenThere(endpoint.resultSchema.admit(outcome), hand)
  }
}

/**
 * The id in a ticket's URL wins over the id in the body; a bulk callback holds many ids, its URL but one. Few senders
 * sign the URL: where they are verified, it cannot turn a callback into one for an id that can be guessed. Throws
 * `ERR_ID` for a ticket whose id cannot be read.
 */
function compileReadTicket({ bulk, verify }: EndpointSpec): (scope: RequestScope) => string | undefined {
  if (bulk) return () => undefined
  return ({ ticket }) => {
    if (typeof ticket === 'object') throw badId(ticket.problem)
    return verify !== undefined && !isTicketId(ticket) ? undefined : toId(ticket)
  }
}

/** The delivery of an event, and the task that it has begun. */
interface Begun {
  readonly dedupeKey: string | undefined
  task?: string
}

/** What is told of the fate of an item; its scope may be that of another item by then. */
type Told = Pick<RequestScope, 'course' | 'runs' | 'index'>

type StartOf = (scope: RequestScope, outcome: Outcome, begun: Begun) => Arrival['start']

/** Compiles the start that the store calls when a success turns out to be an event: nobody waits for its id. */
function compileStartOf({ spec, key, start }: Endpoint, { isPointedAt }: ItemContext): StartOf {
  if (start === undefined) return () => undefined
  const inputOf = compileInput(spec)
  const isImplied = spec.workflow === undefined
  return (scope, outcome, begun) => {
    if (outcome.outcome === 'failed' || (isImplied && isPointedAt(key))) return undefined
    return (id) => whenStarted(start(inputOf(scope), outcome, { id }), ({ task }) => void (begun.task = task))
  }
}

/** Warns once for each endpoint: the text of `identify_by` is wrong, or the sender sends other things too. */
function createUnidentifiedWarning({ key: name, spec }: Endpoint, { logger }: ItemContext): () => void {
  let warned = false
  return () => {
    if (warned) return
    warned = true
    logger.warn(
      { endpoint: name },
      `${name} received a callback in which identify_by (${JSON.stringify(spec.identifyBy?.source)}) finds no id; ` +
        'such callbacks are acknowledged and dropped (said once, see the event "unidentified")',
    )
  }
}

/** A pointer, and a number. */
const SLOT = 8
/** What V8 adds to a text, to a list, and to an object with room for its first properties. */
const TEXT = 16
const LIST = 48
const OBJECT = 56

/**
 * Estimates the bytes of memory that a parsed body takes. The length of its text would not do: `[{},{},{}]` holds twenty
 * times as much, and a sender could fill the memory with it.
 */
function sizeOf(value: unknown): number {
  if (typeof value === 'string') return TEXT + value.length
  if (typeof value !== 'object' || value === null) return SLOT
  if (Buffer.isBuffer(value)) return OBJECT + value.length
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + SLOT + sizeOf(item), LIST)
  return Object.entries(value).reduce((sum, [key, item]) => sum + key.length + SLOT + sizeOf(item), OBJECT)
}
