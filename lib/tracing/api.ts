import { findPeer, isInstalled, loadPeer } from '../base/peers'
import type { AttributeValue, Attributes } from './attributes'

/** The parts of `@opentelemetry/api` that are called. */
export interface TraceApi {
  readonly ROOT_CONTEXT: SpanScope
  readonly context: {
    active(): SpanScope
    with<T>(scope: SpanScope, work: () => T): T
  }
  readonly trace: {
    getTracerProvider(): TracerProvider
    getSpanContext(scope: SpanScope): SpanContext | undefined
    setSpanContext(scope: SpanScope, spanContext: SpanContext): SpanScope
  }
  createContextKey(description: string): symbol
  createTraceState?(text: string): TraceState
}

/** What OpenTelemetry calls a context: the span that is active, among other values. */
export interface SpanScope {
  getValue(key: symbol): unknown
  setValue(key: symbol, value: unknown): SpanScope
}

/** The vendors' part of a place in a trace. */
export interface TraceState {
  get(key: string): string | undefined
  set(key: string, value: string): TraceState
  unset(key: string): TraceState
  serialize(): string
}

/** A place in a trace. */
export interface SpanContext {
  readonly traceId: string
  readonly spanId: string
  readonly traceFlags: number
  readonly isRemote?: boolean
  readonly traceState?: TraceState
}

/** What a span begins with. */
export interface SpanOptions {
  readonly kind?: number
  readonly startTime?: Date
  readonly root?: boolean
  readonly attributes?: Record<string, AttributeValue>
  readonly links?: { readonly context: SpanContext }[]
}

/** A span that has not ended. */
export interface Span {
  spanContext(): SpanContext
  setAttributes(attributes: Attributes): unknown
  setStatus(status: { readonly code: number; readonly message?: string }): unknown
  recordException(exception: { readonly name: string; readonly message: string }, time?: Date): void
  end(endTime?: Date): void
}

/** Starts spans. */
export interface Tracer {
  startSpan(name: string, options?: SpanOptions, scope?: SpanScope): Span
}

/** Knows tracers by the names of their libraries, as the `TracerProvider` of an SDK does. */
export interface TracerProvider {
  getTracer(name: string, version?: string): Tracer
}

const PACKAGE = '@opentelemetry/api'

/** How the package is found. */
export interface TracePackage {
  /** Whether the app has it. Nothing of it is run. */
  readonly isThere: () => boolean
  readonly load: () => TraceApi
}

/** The package that is installed beside this one. */
export const INSTALLED: TracePackage = {
  isThere: () => isInstalled(PACKAGE),
  load: () => require('@opentelemetry/api'),
}

/** Loads the package; undefined when the app does not have it. */
export function findTraceApi({ load }: TracePackage): TraceApi | undefined {
  return findPeer(PACKAGE, load)
}

/** Loads the package. Throws `ERR_CONFIG_UNSUPPORTED` when the app does not have it. */
export function loadTraceApi({ load }: TracePackage): TraceApi {
  return loadPeer(PACKAGE, 'options.tracing', load)
}
