import type { Ending, Judged, StoreEndpoint } from '../base/contracts'
import { CallbackError, hasCode } from '../base/errors'
import { readTraceContext } from '../base/values/trace-context'
import { type Attributes, waitAttributes } from './attributes'
import type { TraceRelation } from './options'
import { KIND, type Place, recordSpan, type SpanMaker } from './spans'

/** How a wait ended, or brought one of many callbacks: through its store, by its caller's signal, or since its run gave it up. */
export type TracedEnding =
  | Exclude<Ending, { readonly kind: 'outcome' }>
  | { readonly kind: 'aborted'; readonly reason: unknown }
  | { readonly kind: 'outcome'; readonly outcome: Judged }

/** A wait that is over. */
export interface EndedWait {
  readonly endpoints: readonly Pick<StoreEndpoint, 'key'>[]
  readonly ids: readonly string[]
  readonly ending: TracedEnding
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  readonly endedAt: number
  /** The span that it belongs to; undefined for a trace of its own. */
  readonly parent: Place | undefined
  /** How it belongs to the trace that the callback names. */
  readonly callbacks: TraceRelation
  readonly attributes?: Attributes
}

/** Makes the span of a wait that is over. */
export function recordWait(maker: SpanMaker, wait: EndedWait): void {
  const { endpoints, ids, ending, startedAt, parent, callbacks } = wait
  const outcome = ending.kind === 'outcome' ? ending.outcome : undefined
  const keys = endpoints.map(({ key }) => key)
  const caller = readTraceContext(outcome?.headers)
  const isChild = caller !== undefined && callbacks === 'parent'
  const links = isChild ? [parent?.trace] : [caller]
  recordSpan(maker, {
    name: `wait ${keys.length > 1 ? 'on several endpoints' : (keys[0] ?? '')}`,
    kind: KIND.consumer,
    startedAt,
    // A callback may have come early, or while no process was there.
    endedAt: wait.endedAt,
    parent: isChild ? { trace: caller, isRemote: true } : parent,
    links: links.filter((link) => link !== undefined),
    attributes: {
      ...waitAttributes(keys, [outcome?.id, ...ids]),
      ...wait.attributes,
      'express_callbacks.outcome': nameOutcome(ending),
    },
    error: errorOf(ending),
  })
}

/** Whether the process only lets go of a wait, or of a run: another process goes on with it. */
export function isLeft(ending: TracedEnding): boolean {
  return ending.kind === 'closed' || (ending.kind === 'aborted' && hasCode(ending.reason, 'ERR_CLOSED'))
}

function nameOutcome(ending: TracedEnding): string {
  if (ending.kind === 'outcome') return ending.outcome.outcome
  return ending.kind === 'aborted' && ending.reason === undefined ? 'given up' : ending.kind
}

/** A wait that was given up, aborted or closed has not failed. */
function errorOf(ending: TracedEnding): unknown {
  if (ending.kind === 'timeout') return new CallbackError('ERR_WAIT_TIMEOUT', { message: 'No callback came in time' })
  if (ending.kind !== 'outcome' || ending.outcome.outcome !== 'failed') return undefined
  const { error, endpoint, reason } = ending.outcome
  const message = `${endpoint} received a failure${reason === undefined ? '' : `: ${reason}`}`
  return error ?? new CallbackError('ERR_CALLBACK_FAILED', { message })
}
