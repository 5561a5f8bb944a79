import type { Clock, Judged, Store } from '../../base/contracts'
import { CallbackError } from '../../base/errors'
import { chainChecks, type CheckOutcome, type ChecksOf, createCheck } from '../../base/schemas/check-outcome'
import { readSchema } from '../../base/schemas/option'
import type { Mask } from '../../base/secrets/mask'
import { isLater, type MaybeLater, whenThere } from '../../base/values/later'
import type { ParkSpec } from '../../config/sections/store'
import type { Endpoint } from '../../listener/endpoint'
import { readWaitIds, readWaitKey, requireIds } from '../../listener/ids'
import type { Selection } from '../../listener/paths/selection'
import type { Arrivals } from '../../store/arrivals'
import { eachLimits } from '../../store/each/full'
import { type Came, Inbox } from '../../store/each/inbox'
import { Iteration } from '../../store/each/iteration'
import type { TracedEnding } from '../../tracing/waits'
import type { Tracing } from '../../tracing/tracing'
import { createKeyedIterations } from '../../store/each/keyed-iterations'
import type { EachOptions, EachResult, Ids, Iterated } from '../interface'
import { readDuration } from '../options'
import type { WaitEnds } from './wait-ends'

/** Creates the iteration over the callbacks for ids. */
export type Each = (ids: Ids, options: EachOptions<never>) => Iterated<unknown>

export interface EachContext {
  readonly selection: Selection
  readonly store: Store
  readonly clock: Clock
  readonly ends: WaitEnds
  readonly arrivals: Arrivals
  readonly checksOf: ChecksOf
  readonly park: ParkSpec
  /** Replaces secrets in messages. */
  readonly mask: Mask
  readonly tracing: Tracing | undefined
}

/**
 * Creates what begins iterations. Throws `ERR_WAIT_ID`, `ERR_WAIT_KEY`, `ERR_ENDPOINT_UNKNOWN` and `ERR_CONFIG_VALUE` at
 * once for what cannot be asked for.
 */
export function createEach(context: EachContext): Each {
  const { selection, store, clock, ends, arrivals, checksOf, park, mask, tracing } = context
  const keyed = createKeyedIterations(store, clock)
  const limits = eachLimits(park)

  return (given, options) => {
    const endpoints = selection.any(options.path)
    const ids = readWaitIds(given)
    const key = readWaitKey(options.key)
    requireIds('each()', endpoints, ids)
    const idleMs = timeoutOf(endpoints, options.timeout)
    const schema = readSchema(options.schema)
    const spans = tracing && traceEach(tracing, endpoints, ids)
    const isFinal = compileFinal(endpoints)
    const isLast = compileLast(isFinal, options.until)
    const onFreed = (): void => ends.record({ kind: 'aborted', reason: undefined }, endpoints, ids)
    const createInbox = (came?: readonly Came[]): Inbox =>
      new Inbox(
        {
          idleMs,
          limits,
          isFinal,
          onEnd(end) {
            if (end.kind !== 'timeout') return onFreed()
            spans?.end(end)
            ends.record(end, endpoints, ids)
          },
        },
        came,
      )
    const plan = {
      endpoints,
      ids,
      idleMs,
      signal: options.signal,
      arrivals,
      check: compileCheck(checksOf(endpoints), schema && createCheck(schema, mask, clock)),
      pick: options.full === true ? toFull : toResult,
      isLast,
      onCallback(callback: Judged) {
        spans?.end({ kind: 'outcome', outcome: callback })
        if (callback.outcome !== 'pending') ends.record({ kind: 'outcome', outcome: callback }, endpoints, ids)
      },
      onFreed,
    }
    return new Iteration(plan, () => {
      if (key !== undefined) return keyed.begin({ key, endpoints, ids, idleMs, createInbox })
      const inbox = createInbox()
      inbox.open = store.wait({ endpoints, ids, timeoutMs: idleMs, queued: false, waiter: inbox })
      return { inbox }
    })
  }
}

/**
 * Returns an answer of the app's. Throws `ERR_CONFIG_VALUE` for a promise, which would count as true whatever it resolves to.
 */
export function refuseLater(name: string, answer: unknown): boolean {
  if (!isLater(answer)) return Boolean(answer)
  void Promise.resolve(answer).catch(() => undefined)
  throw new CallbackError('ERR_CONFIG_VALUE', {
    message: `${name} returned a promise; it must return true or false at once, so write it without async`,
  })
}

/** A pending callback is checked by the schema that the caller gives, and not by that of its endpoint. */
function compileCheck(
  common: CheckOutcome | undefined,
  own: CheckOutcome | undefined,
): ((callback: Judged) => MaybeLater<Judged>) | undefined {
  if (own === undefined && common === undefined) return undefined
  const check = own === undefined ? common : chainChecks(common, own)
  return (callback) => {
    if (callback.outcome !== 'pending') return check?.(callback) ?? callback
    if (own === undefined) return callback
    return whenThere(own({ ...callback, outcome: 'succeeded' }), (checked): Judged =>
      checked.outcome === 'failed' ? checked : { ...callback, result: checked.result },
    )
  }
}

/** Records a span for each callback that the loop gets, and for a silence that ends it. */
function traceEach(tracing: Tracing, endpoints: readonly Endpoint[], ids: readonly string[]) {
  const begun = tracing.startWait()
  let since = begun?.since
  return {
    end(ending: TracedEnding): void {
      if (begun === undefined) return
      tracing.endWait({ ...begun, since: since ?? begun.since }, { endpoints, ids, ending })
      since = tracing.startWait()?.since
    },
  }
}

function timeoutOf(endpoints: readonly Endpoint[], timeout: number | string | undefined): number {
  if (timeout !== undefined) return readDuration('timeout', timeout)
  return Math.max(...endpoints.map(({ spec }) => spec.timeoutMs))
}

/** A failure is final; a success is, where `success_when` tells it from the pending callbacks before it. */
function compileFinal(endpoints: readonly Endpoint[]): (callback: Judged) => boolean {
  const telling = new Set(endpoints.filter(({ spec }) => spec.successWhen !== undefined).map(({ key }) => key))
  return ({ outcome, endpoint }) => outcome === 'failed' || (outcome === 'succeeded' && telling.has(endpoint))
}

function compileLast(
  isFinal: (callback: Judged) => boolean,
  until: EachOptions<never>['until'],
): (callback: Judged) => boolean {
  if (until === undefined) return isFinal
  // The type of a result is what its caller says it is, as with waits.
  if (typeof until === 'function')
    return (callback) => isFinal(callback) || refuseLater('until of each()', until(callback.result as never, callback))
  throw new CallbackError('ERR_CONFIG_VALUE', {
    at: 'options.until',
    message: `until of each() must be a function, not ${JSON.stringify(until)}`,
  })
}

function toResult({ result }: Judged): unknown {
  return result
}

function toFull({ outcome, status, result, body, headers, endpoint, receivedAt }: Judged): EachResult<unknown> {
  return { outcome, status, result, body, headers, endpoint, receivedAt }
}
