import { CallbackError } from '../base/errors'
import type { RequestTrace } from '../base/run'
import type { TraceContext } from '../base/values/trace-context'
import { type Attributes, requestAttributes } from './attributes'
import { KIND, markFailed, maskAttributes, type Place, scopeOf, type SpanMaker, toTraceContext } from './spans'

/** By this key the SDK knows that nothing below is to be recorded. */
const SUPPRESSED = 'OpenTelemetry SDK Context Key SUPPRESS_TRACING'

/**
 * Creates what records each request as a span below a place. The service is told the span by `traceparent`. Libraries
 * that record `fetch` record nothing meanwhile: they would add a second `traceparent`, and services read neither then.
 */
export function createRequestTrace(maker: SpanMaker, parent: Place, attributes: Attributes): RequestTrace {
  const { api, tracer, mask } = maker
  return {
    async send(request, work) {
      const scope = scopeOf(api, api.context.active(), parent)
      const written = maskAttributes({ ...requestAttributes(request), ...attributes }, mask)
      const span = tracer.startSpan(request.method, { kind: KIND.client, attributes: written }, scope)
      const headers = toHeaders(toTraceContext(span.spanContext()))
      const silent = scope.setValue(api.createContextKey(SUPPRESSED), true)
      try {
        const answer = await api.context.with(silent, () => work(headers))
        span.setAttributes({ 'http.response.status_code': answer.status })
        return answer
      } catch (error) {
        if (error instanceof CallbackError && typeof error.status === 'number')
          span.setAttributes({ 'http.response.status_code': error.status })
        markFailed(span, error, mask)
        throw error
      } finally {
        span.end()
      }
    },
  }
}

function toHeaders({ traceparent, tracestate }: Partial<TraceContext> = {}): Readonly<Record<string, string>> {
  return { ...(traceparent !== undefined && { traceparent }), ...(tracestate !== undefined && { tracestate }) }
}
