import { CallbackError } from '../base/errors'
import type { RequestTrace } from '../base/run'
import type { TraceContext } from '../base/values/trace-context'
import { type Attributes, requestAttributes } from './attributes'
import { KIND, markFailed, maskAttributes, type Place, scopeOf, type SpanMaker, toTraceContext } from './spans'

/** By this key the SDK knows that nothing below is to be recorded. */
const SUPPRESSED = 'OpenTelemetry SDK Context Key SUPPRESS_TRACING'
const STATUS = 'http.response.status_code'

/**
 * Creates what records each request as a span below a place. The service is told the span by `traceparent`. Libraries
 * that record `fetch` record nothing meanwhile: they would add a second `traceparent`, and services read neither then.
 */
export function createRequestTrace(maker: SpanMaker, parent: Place, attributes: Attributes): RequestTrace {
  const { api, tracer, mask, attempt } = maker
  return {
    async send(request, work) {
      const scope = scopeOf(api, api.context.active(), parent)
      const written = maskAttributes({ ...requestAttributes(request), ...attributes }, mask)
      const span = attempt(() => tracer.startSpan(request.method, { kind: KIND.client, attributes: written }, scope))
      const headers = toHeaders(toTraceContext(span?.spanContext()))
      const silent = scope.setValue(api.createContextKey(SUPPRESSED), true)
      try {
        const answer = await api.context.with(silent, () => work(headers))
        attempt(() => span?.setAttributes({ [STATUS]: answer.status }))
        return answer
      } catch (error) {
        attempt(() => {
          if (error instanceof CallbackError && typeof error.status === 'number')
            span?.setAttributes({ [STATUS]: error.status })
          if (span) markFailed(span, error, mask)
        })
        throw error
      } finally {
        attempt(() => span?.end())
      }
    },
  }
}

function toHeaders({ traceparent, tracestate }: Partial<TraceContext> = {}): Readonly<Record<string, string>> {
  return { ...(traceparent !== undefined && { traceparent }), ...(tracestate !== undefined && { tracestate }) }
}
