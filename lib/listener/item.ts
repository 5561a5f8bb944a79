import { CallbackError } from '../errors'
import type { CallbackEvent, Emitter } from '../events'
import type { Arrival, Clock, Delivery, Logger, Outcome, Progress, Store } from '../types'
import type { Endpoint } from './endpoint'
import { type Judgement, toId } from './outcome'
import { redactHeaders } from './redact'
import type { RequestScope } from './request-scope'

/** What became of one callback, or of one item of a bulk one. All of it is acknowledged. */
export type ItemResult = Delivery | 'pending' | 'unidentified'

/**
 * Identifies, judges and hands over what `scope` shows. `bytes` is what it takes up when it must be kept. Throws
 * `ERR_ID` and `ERR_TEMPLATE` for what cannot be understood, and what the store throws.
 */
export type ReceiveItem = (scope: RequestScope, bytes: number) => Promise<ItemResult>

export interface ItemContext {
  readonly store: Store
  readonly emitter: Emitter
  readonly logger: Logger
  readonly clock: Clock
}

/** Compiles the way of one item from the request to whoever waits for it. */
export function compileItem(endpoint: Endpoint, context: ItemContext): ReceiveItem {
  const { spec, name } = endpoint
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
      if (!(error instanceof CallbackError)) throw error
      return { outcome: 'failed', result: undefined, ...common, error: verdict === 'failed' ? undefined : error }
    }
  }

  function dedupeKey(scope: RequestScope, id: string | undefined): string | undefined {
    const key = spec.dedupeBy?.render(scope)
    if (key === null || key === undefined || key === '') return undefined
    return JSON.stringify([key, id ?? scope.index])
  }

  return async (scope, bytes) => {
    const id = identify(scope)
    if (id === undefined && !endpoint.anonymous) {
      emitter.record('unidentified', name, () => toEvent(name, scope))
      warnUnidentified()
      return 'unidentified'
    }
    const outcome = describe(scope, id, endpoint.judge(scope))
    if (outcome.outcome === 'pending') {
      store.progress(endpoint, outcome)
      emitter.record('pending', name, () => toEvent(name, scope, outcome))
      return 'pending'
    }
    const arrival: Arrival = { endpoint, outcome, bytes, dedupeKey: dedupeKey(scope, id) }
    const delivery = await store.deliver(arrival)
    if (delivery !== 'settled') emitter.record(delivery, name, () => toEvent(name, scope, outcome))
    return delivery
  }
}

/** An event about what a request showed. */
export function toEvent(endpoint: string, scope: RequestScope, outcome?: Outcome | Progress): CallbackEvent {
  const headers = redactHeaders(scope.header)
  return { id: outcome?.id, endpoint, body: scope.body, headers, outcome: outcome && { ...outcome, headers } }
}

/** Says it once per endpoint: the text of `identify_by` is wrong, or the sender sends other things too. */
function createUnidentifiedWarning({ name, spec }: Endpoint, { logger }: ItemContext): () => void {
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
