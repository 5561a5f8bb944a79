import { CallbackError, reasonOf } from '../base/errors'
import { maskTickets } from '../base/secrets/ticket-id'
import type { Mask } from '../base/secrets/mask'
import { formatTraceParent, parseTraceParent, type TraceContext } from '../base/values/trace-context'
import type { Attributes } from './attributes'
import type { Span, SpanContext, SpanScope, TraceApi, Tracer } from './api'

/** `SpanKind` of the API. */
export const KIND = { internal: 0, client: 2, producer: 3, consumer: 4 } as const
/** `SpanStatusCode.ERROR` of the API. */
const ERROR = 2

/** What spans are made with. */
export interface SpanMaker {
  readonly api: TraceApi
  readonly tracer: Tracer
  /** Replaces secrets in messages and URLs. */
  readonly mask: Mask
  /** Does work that calls the SDK of the app; undefined when that throws, which is told. */
  readonly attempt: Attempt
}

/** Does work, and returns what it returns; undefined when it throws. */
export type Attempt = <T>(work: () => T) => T | undefined

/** A span that is over when it is made: it tells of facts that were kept. */
export interface PastSpan {
  readonly name: string
  readonly kind: number
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  readonly endedAt: number
  readonly attributes: Attributes
  readonly parent: Place | undefined
  /** Other places that belong to it. */
  readonly links?: readonly TraceContext[]
  /** Why it failed; undefined when it did not. */
  readonly error?: unknown
}

/** A place in a trace, and whether another process may have made it. */
export interface Place {
  readonly trace: TraceContext
  readonly isRemote: boolean
}

/** Makes a span that is over. */
export function recordSpan(maker: SpanMaker, past: PastSpan): void {
  const { name, kind, startedAt, endedAt, attributes, parent, links = [], error } = past
  const { api, tracer, mask, attempt } = maker
  const startTime = new Date(startedAt)
  const endTime = new Date(Math.max(startedAt, endedAt))
  const scope = parent === undefined ? api.ROOT_CONTEXT : scopeOf(api, api.ROOT_CONTEXT, parent)
  const options = { kind, startTime, attributes: maskAttributes(attributes, mask), links: toLinks(api, links) }
  attempt(() => {
    const span = tracer.startSpan(name, options, scope)
    if (error !== undefined) markFailed(span, error, mask, endTime)
    span.end(endTime)
  })
}

/** Notes on a span why its work failed: the code of the error and its message, without secrets. */
export function markFailed(span: Span, error: unknown, mask: Mask, time?: Date): void {
  const name = error instanceof CallbackError ? error.code : 'ERR_INTERNAL'
  const message = maskText(reasonOf(error), mask)
  span.setAttributes({ 'error.type': name })
  span.setStatus({ code: ERROR, message })
  span.recordException({ name, message }, time)
}

/** Replaces secrets in the texts of attributes, and cuts tickets short. */
export function maskAttributes(attributes: Attributes, mask: Mask): Attributes {
  const entries = Object.entries(attributes)
  return Object.fromEntries(
    entries.map(([name, value]) => [name, typeof value === 'string' ? maskText(value, mask) : value]),
  )
}

/** Returns a scope in which the span of a place is active. */
export function scopeOf(api: TraceApi, scope: SpanScope, { trace, isRemote }: Place): SpanScope {
  const spanContext = toSpanContext(api, trace, isRemote)
  return spanContext ? api.trace.setSpanContext(scope, spanContext) : scope
}

/** Returns the links to places. */
export function toLinks(api: TraceApi, places: readonly TraceContext[]): { readonly context: SpanContext }[] {
  return places.flatMap((trace) => {
    const context = toSpanContext(api, trace, true)
    return context ? [{ context }] : []
  })
}

/** Returns the place of a span as headers write it; undefined for that of a tracer that records nothing. */
export function toTraceContext(spanContext: SpanContext | undefined): TraceContext | undefined {
  if (spanContext === undefined) return undefined
  const { traceId, spanId, traceFlags, traceState } = spanContext
  const traceparent = formatTraceParent({ traceId, spanId, flags: traceFlags & 0xff })
  if (parseTraceParent(traceparent) === undefined) return undefined
  const tracestate = traceState?.serialize()
  return { traceparent, ...(tracestate && { tracestate }) }
}

function toSpanContext(api: TraceApi, { traceparent, tracestate }: TraceContext, isRemote: boolean) {
  const parent = parseTraceParent(traceparent)
  if (parent === undefined) return undefined
  const { traceId, spanId, flags } = parent
  const traceState = tracestate === undefined ? undefined : api.createTraceState?.(tracestate)
  return { traceId, spanId, traceFlags: flags, isRemote, ...(traceState && { traceState }) }
}

function maskText(text: string, mask: Mask): string {
  return maskTickets(mask(text))
}
