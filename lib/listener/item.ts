import { createHash } from 'node:crypto'
import type { Emitter } from '../events'
import { writeJson } from '../template/bigints'
import type { Arrival, Clock, Delivery, Logger, Outcome, Progress, Store } from '../types'
import { outcomeEvent, requestEvent } from './callback-event'
import type { Endpoint } from './endpoint'
import { compileResult, type Judgement, toId } from './outcome'
import type { RequestScope } from './request-scope'
import { sizeOf } from './size'
import { compileInput, contentOf, whenStarted } from './start'
import { toTemplateError } from './template-error'
import { isTicketId } from '../ticket-id'

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
  /** Whether a request has told a service to call this endpoint, which is no event source then unless it says so. */
  isPointedAt(endpoint: string): boolean
}

/** Compiles the way of one item from the request to whoever waits for it. */
export function compileItem(endpoint: Endpoint, context: ItemContext): ReceiveItem {
  const { spec, key: name, start } = endpoint
  const { store, emitter, clock } = context
  const inputOf = compileInput(spec)
  const resultOf = compileResult(spec.result)
  const isImplied = spec.workflow === undefined
  const isVerified = spec.verify !== undefined
  const warnUnidentified = createUnidentifiedWarning(endpoint, context)

  /**
   * The id in a ticket's URL wins over the one in the body; a bulk callback holds many ids, its URL but one. Few senders
   * sign the URL: where they are verified, it cannot turn a callback into one for an id that can be guessed.
   */
  function readTicket(scope: RequestScope): string | undefined {
    const { ticketId } = scope
    return spec.bulk || (isVerified && !isTicketId(ticketId)) ? undefined : toId(ticketId)
  }

  function describe(scope: RequestScope, id: string | undefined, { verdict, status }: Judgement): Outcome | Progress {
    const body = spec.bulk ? contentOf(spec, scope) : scope.body
    const common = { id, endpoint: name, status, body, headers: scope.header, receivedAt: clock.now() }
    if (verdict === 'pending') return { outcome: verdict, result: undefined, ...common }
    try {
      const result = resultOf ? resultOf(scope) : contentOf(spec, scope)
      return { outcome: verdict, result, ...common }
    } catch (error) {
      const reason = verdict === 'failed' ? undefined : toTemplateError('result', error)
      return { outcome: 'failed', result: undefined, ...common, error: reason }
    }
  }

  function dedupeKey(scope: RequestScope, id: string | undefined): string | undefined {
    const key = spec.dedupeBy?.render(scope)
    if (key === null || key === undefined || key === '') return undefined
    return createHash('sha256')
      .update(writeJson([key, id ?? scope.index]) ?? '')
      .digest('base64')
  }

  function record(delivery: Delivery, outcome: Outcome): Delivery {
    if (delivery === 'parked' || delivery === 'duplicate') emitter.record(delivery, name, () => outcomeEvent(outcome))
    return delivery
  }

  /** What the store calls when this success turns out to be an event; who holds a ticket is waited for. */
  function startOf(scope: RequestScope, outcome: Outcome, ticket: string | undefined): Arrival['start'] {
    if (start === undefined || ticket !== undefined || outcome.outcome === 'failed') return undefined
    if (isImplied && context.isPointedAt(name)) return undefined
    return (id) =>
      whenStarted(start(inputOf(scope), outcome, id), (task) =>
        emitter.record('started', name, () => ({ ...outcomeEvent(outcome), task })),
      )
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
    const arrival: Arrival = {
      endpoint,
      outcome,
      size: () => sizeOf(outcome.body) + sizeOf(outcome.headers),
      dedupeKey: dedupeKey(scope, id),
      start: startOf(scope, outcome, ticket),
    }
    const delivery = store.deliver(arrival)
    return typeof delivery === 'string' ? record(delivery, outcome) : delivery.then((one) => record(one, outcome))
  }
}

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
