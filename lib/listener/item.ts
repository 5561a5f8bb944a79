import { createHash } from 'node:crypto'
import { CallbackError } from '../errors'
import type { Emitter } from '../events'
import type { Arrival, Clock, Delivery, Logger, Outcome, Progress, Store } from '../types'
import { outcomeEvent, requestEvent } from './callback-event'
import type { Endpoint } from './endpoint'
import { type Judgement, toId } from './outcome'
import type { RequestScope } from './request-scope'

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
}

/** Compiles the way of one item from the request to whoever waits for it. */
export function compileItem(endpoint: Endpoint, context: ItemContext): ReceiveItem {
  const { spec, key: name } = endpoint
  const { store, emitter, clock } = context
  const warnUnidentified = createUnidentifiedWarning(endpoint, context)

  function contentOf(scope: RequestScope): unknown {
    return spec.bulk || spec.item ? scope.item : scope.body
  }

  /** The id in a ticket's URL wins over the one in the body; a bulk callback holds many ids, its URL but one. */
  function identify(scope: RequestScope): string | undefined {
    const ticket = spec.bulk ? undefined : toId(scope.ticketId)
    return ticket ?? endpoint.identify(scope)
  }

  function describe(scope: RequestScope, id: string | undefined, { verdict, status }: Judgement): Outcome | Progress {
    const body = spec.bulk ? contentOf(scope) : scope.body
    const common = { id, endpoint: name, status, body, headers: scope.header, receivedAt: clock.now() }
    if (verdict === 'pending') return { outcome: verdict, result: undefined, ...common }
    try {
      const result = spec.result ? spec.result.render(scope) : contentOf(scope)
      return { outcome: verdict, result, ...common }
    } catch (error) {
      const reason = verdict === 'failed' ? undefined : toTemplateError(error)
      return { outcome: 'failed', result: undefined, ...common, error: reason }
    }
  }

  function dedupeKey(scope: RequestScope, id: string | undefined): string | undefined {
    const key = spec.dedupeBy?.render(scope)
    if (key === null || key === undefined || key === '') return undefined
    return createHash('sha256')
      .update(JSON.stringify([key, id ?? scope.index]))
      .digest('base64')
  }

  function record(delivery: Delivery, outcome: Outcome): Delivery {
    if (delivery !== 'settled') emitter.record(delivery, name, () => outcomeEvent(outcome))
    return delivery
  }

  return (scope) => {
    const id = identify(scope)
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
    const arrival: Arrival = { endpoint, outcome, size: () => measure(outcome), dedupeKey: dedupeKey(scope, id) }
    const delivery = store.deliver(arrival)
    return typeof delivery === 'string' ? record(delivery, outcome) : delivery.then((one) => record(one, outcome))
  }
}

/** What a callback takes up in memory, roughly: the length of its body and headers as text. */
function measure({ body, headers }: Outcome): number {
  const bodySize = Buffer.isBuffer(body) ? body.length : JSON.stringify(body ?? null).length
  return bodySize + JSON.stringify(headers).length
}

/** What else can go wrong in a template is the value's fault too, such as one that is too deep to be written. */
function toTemplateError(error: unknown): CallbackError {
  if (error instanceof CallbackError) return error
  const reason = error instanceof Error ? error.message : String(error)
  return new CallbackError('ERR_TEMPLATE', { message: `The result cannot be rendered: ${reason}`, cause: error })
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
