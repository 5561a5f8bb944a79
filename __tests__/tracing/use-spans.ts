import { afterEach, beforeEach, expect } from '@jest/globals'
import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  type ReadableSpan,
  type Sampler,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node'

/** A span as a test looks at it. */
export interface SeenSpan {
  readonly name: string
  readonly kind: string
  readonly traceId: string
  readonly spanId: string
  readonly parent: string | undefined
  readonly links: readonly string[]
  /** Milliseconds since the epoch. */
  readonly start: number
  readonly end: number
  /** The message of an error; undefined for a span that has not failed. */
  readonly failed: string | undefined
  readonly exceptions: readonly unknown[]
  readonly attributes: Readonly<Record<string, unknown>>
}

/** The spans that the official SDK has exported. */
export interface Spans {
  all(): readonly SeenSpan[]
  names(): readonly string[]
  /** The only span of a name. */
  one(name: string): SeenSpan
  /** Does work in a span of the app's own, and returns that span's name in `traceparent`. */
  within<T>(work: () => T): { readonly traceparent: string; readonly result: T }
}

/** Registers the official SDK for each test, as an app would; afterwards nothing is registered. */
export function useSpans(sampler?: Sampler): Spans {
  let exporter = new InMemorySpanExporter()

  beforeEach(() => {
    exporter = new InMemorySpanExporter()
    const spanProcessors = [new SimpleSpanProcessor(exporter)]
    new NodeTracerProvider({ spanProcessors, ...(sampler && { sampler }) }).register()
  })
  afterEach(disableTracing)

  const all = (): readonly SeenSpan[] => exporter.getFinishedSpans().map(toSeen)
  return {
    all,
    names: () => all().map(({ name }) => name),
    one(name) {
      const found = all().filter((span) => span.name === name)
      expect([name, found.length]).toEqual([name, 1])
      return found[0] ?? (Promise.reject(new Error('gone')) as never)
    },
    within(work) {
      return trace.getTracer('app').startActiveSpan('GET /order', (span) => {
        const { traceId, spanId, traceFlags } = span.spanContext()
        const result = work()
        span.end()
        return { traceparent: `00-${traceId}-${spanId}-0${traceFlags}`, result }
      })
    },
  }
}

/** Takes away what the SDK has registered. */
export function disableTracing(): void {
  trace.disable()
  context.disable()
  propagation.disable()
}

/** Names a span as `traceparent` does. */
export function parentOf({ traceId, spanId }: SeenSpan): string {
  return `00-${traceId}-${spanId}-01`
}

function toSeen(span: ReadableSpan): SeenSpan {
  const { traceId, spanId } = span.spanContext()
  return {
    name: span.name,
    kind: SpanKind[span.kind],
    traceId,
    spanId,
    parent: span.parentSpanContext?.spanId,
    links: span.links.map((link) => `00-${link.context.traceId}-${link.context.spanId}-01`),
    start: toMs(span.startTime),
    end: toMs(span.endTime),
    failed: span.status.code === SpanStatusCode.ERROR ? (span.status.message ?? '') : undefined,
    exceptions: span.events.filter(({ name }) => name === 'exception').map(({ attributes }) => attributes),
    attributes: span.attributes,
  }
}

function toMs([seconds, nanos]: ReadableSpan['startTime']): number {
  return seconds * 1000 + nanos / 1e6
}
