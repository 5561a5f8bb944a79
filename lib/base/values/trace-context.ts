/** A place in a trace, as the headers `traceparent` and `tracestate` write it (W3C Trace Context). */
export interface TraceContext {
  readonly traceparent: string
  readonly tracestate?: string | undefined
}

/** The parts of a `traceparent`, in lower-case hex. */
export interface TraceParent {
  readonly traceId: string
  readonly spanId: string
  readonly flags: number
}

/** W3C Trace Context, 3.2: later versions may add parts behind the flags, version ff is invalid, and so are ids of zeros. */
const TRACEPARENT = /^(?!ff)([\da-f]{2})-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(-.*)?$/
/** W3C Trace Context, 3.3.1.1: what is longer may be dropped. */
const MAX_STATE = 512

/** Reads a `traceparent`; returns undefined for a text that is none. */
export function parseTraceParent(text: unknown): TraceParent | undefined {
  const [, version, traceId, spanId, flags = '', more] =
    TRACEPARENT.exec(typeof text === 'string' ? text.trim() : '') ?? []
  if (traceId === undefined || spanId === undefined || (version === '00' && more !== undefined)) return undefined
  return { traceId, spanId, flags: Number.parseInt(flags, 16) }
}

/** Writes a `traceparent` of version 00. */
export function formatTraceParent({ traceId, spanId, flags }: TraceParent): string {
  return `00-${traceId}-${spanId}-${flags.toString(16).padStart(2, '0')}`
}

/** Returns the place in a trace that the headers of a request name (names in lower case); undefined without a valid one. */
export function readTraceContext(headers: Readonly<Record<string, unknown>> | undefined): TraceContext | undefined {
  const { traceparent, tracestate } = headers ?? {}
  const parent = parseTraceParent(traceparent)
  if (parent === undefined) return undefined
  const isState = typeof tracestate === 'string' && tracestate !== '' && tracestate.length <= MAX_STATE
  return { traceparent: formatTraceParent(parent), ...(isState && { tracestate }) }
}
