import type { Emitter } from '../base/events'
import type { Arrival, Clock, Delivery, Logger, Outcome, Progress, Store } from '../base/contracts'
import { outcomeEvent, requestEvent } from './callback-event'
import { compileDedupeKey } from './dedupe-key'
import type { Endpoint } from './endpoint'
import { badId, compileResult, type Judgement, toId } from './outcome'
import type { RequestScope } from './request-scope'
import { compileReason } from './reason'
import { sizeOf } from './limits/size'
import { compileInput, contentOf, whenStarted } from './start'
import { toTemplateError } from './template-error'
import { isTicketId } from '../base/secrets/ticket-id'

/** What became of one callback, or of one item of a bulk one. All of it is acknowledged. */
export type ItemResult = Delivery | 'pending' | 'unidentified'

/**
 * Identifies, judges and hands over what `scope` shows. Throws `ERR_ID` and `ERR_TEMPLATE` for what cannot be
 * understood, and what the store throws. Gives a promise only where the store does.
 */
export type ReceiveItem = (scope: RequestScope) => ItemResult | Promise<ItemResult>

export interface ItemContext {
  readonly store: Store
  readonly emitter: Emitter
  readonly logger: Logger
  readonly clock: Clock
  readonly env: Readonly<Record<string, string>>
  /** Whether a request has told a service to call this endpoint, which is no event source then unless it says so. */
  isPointedAt(endpoint: string): boolean
}

/** The task that an event has begun. */
interface Begun {
  task?: string
}

/** Compiles the way of one item from the request to whoever waits for it. */
export function compileItem(endpoint: Endpoint, context: ItemContext): ReceiveItem {
  const { spec, key: name, start } = endpoint
  const { store, emitter, clock } = context
  const inputOf = compileInput(spec)
  const resultOf = compileResult(spec.result)
  const dedupeKey = compileDedupeKey(spec)
  const isImplied = spec.workflow === undefined
  const isVerified = spec.verify !== undefined
  const reasonOf = compileReason(spec, context.env)
  const warnUnidentified = createUnidentifiedWarning(endpoint, context)

  /**
   * The id in a ticket's URL wins over the one in the body; a bulk callback holds many ids, its URL but one. Few senders
   * sign the URL: where they are verified, it cannot turn a callback into one for an id that can be guessed. Throws
   * `ERR_ID` when the URL is that of a ticket, but does not say which.
   */
  function readTicket(scope: RequestScope): string | undefined {
    if (spec.bulk) return undefined
    const { ticket } = scope
    if (typeof ticket === 'object') throw badId(ticket.problem)
    return isVerified && !isTicketId(ticket) ? undefined : toId(ticket)
  }

  function describe(scope: RequestScope, id: string | undefined, { verdict, status }: Judgement): Outcome | Progress {
    const body = spec.bulk ? contentOf(spec, scope) : scope.body
    const common = { id, endpoint: name, status, body, headers: scope.header, receivedAt: clock.now() }
    if (verdict === 'pending') return { outcome: verdict, result: undefined, ...common }
    try {
      const result = resultOf ? resultOf(scope) : contentOf(spec, scope)
      return { outcome: verdict, result, ...common, ...(verdict === 'failed' ? reasonIn(scope) : NO_REASON) }
    } catch (error) {
      if (verdict === 'failed') return { outcome: verdict, result: undefined, ...common, ...reasonIn(scope) }
      return { outcome: 'failed', result: undefined, ...common, error: toTemplateError('result', error) }
    }
  }

  function reasonIn(scope: RequestScope): { readonly reason?: string } {
    const reason = reasonOf(scope)
    return reason === undefined ? NO_REASON : { reason }
  }

  /** Several deliveries of one event may each try to start it; only one of them has started it. */
  function record(delivery: Delivery, outcome: Outcome, begun: Begun | undefined): Delivery {
    if (delivery === 'parked' || delivery === 'duplicate') emitter.record(delivery, name, () => outcomeEvent(outcome))
    if (delivery === 'started')
      emitter.record('started', name, () => ({ ...outcomeEvent(outcome), task: begun?.task ?? '' }))
    return delivery
  }

  /** What the store calls when this success turns out to be an event; who holds a ticket is waited for. */
  function startOf(
    scope: RequestScope,
    outcome: Outcome,
    ticket: string | undefined,
    begun: Begun | undefined,
  ): Arrival['start'] {
    if (start === undefined || begun === undefined || ticket !== undefined || outcome.outcome === 'failed')
      return undefined
    if (isImplied && context.isPointedAt(name)) return undefined
    return (id) => whenStarted(start(inputOf(scope), outcome, { id }), ({ task }) => void (begun.task = task))
  }

  return (scope) => {
    const ticket = readTicket(scope)
    const id = ticket ?? endpoint.identify(scope)
    if (id === undefined && !endpoint.anonymous) {
      emitter.record('unidentified', name, () => requestEvent(name, scope))
      warnUnidentified()
      return 'unidentified'
    }
    const outcome = describe(scope, id, endpoint.judge(scope))
    if (outcome.outcome === 'pending') {
      emitter.record('pending', name, () => outcomeEvent(outcome))
      const told = store.progress(endpoint, outcome)
      return told ? told.then(() => 'pending') : 'pending'
    }
    const begun: Begun | undefined = start && {}
    const arrival: Arrival = {
      endpoint,
      outcome,
      size: () => sizeOf(outcome.body) + sizeOf(outcome.headers),
      dedupeKey: dedupeKey(scope, id),
      start: startOf(scope, outcome, ticket, begun),
    }
    const delivery = store.deliver(arrival)
    if (typeof delivery === 'string') return record(delivery, outcome, begun)
    return delivery.then((one) => record(one, outcome, begun))
  }
}

const NO_REASON = Object.freeze({})

/** Says it once per endpoint: the text of `identify_by` is wrong, or the sender sends other things too. */
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
