// Registers the SDK before anything else is loaded, and keeps the spans that end, to print them as a tree.
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node'

const exporter = new InMemorySpanExporter()
// An app would have a BatchSpanProcessor with an exporter of OTLP here.
new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register()

/** Prints each trace: a line for each span, the children below their parent. */
export function printTrees() {
  const spans = exporter.getFinishedSpans().toSorted((one, other) => startOf(one) - startOf(other))
  const ids = new Set(spans.map(idOf))
  const childrenOf = (parent) => spans.filter((span) => span.parentSpanContext?.spanId === idOf(parent))

  function print(span, depth) {
    const linked = span.links.map(({ context }) => spans.find((one) => idOf(one) === context.spanId)?.name)
    const link = linked.length > 0 ? `, linked to "${linked.join('", "')}"` : ''
    console.log(`${'  '.repeat(depth)}${span.name} (${describe(span)}${link})`)
    for (const child of childrenOf(span)) print(child, depth + 1)
  }
  for (const span of spans) if (!ids.has(span.parentSpanContext?.spanId)) print(span, 0)
}

function describe({ attributes, status }) {
  const parts = [
    attributes['express_callbacks.job'],
    attributes['http.response.status_code'],
    attributes['express_callbacks.outcome'] ?? attributes['express_callbacks.status'],
    status.code === 2 ? attributes['error.type'] : undefined,
  ]
  return parts.filter((part) => part !== undefined).join(' ') || 'ok'
}

const startOf = ({ startTime: [seconds, nanos] }) => seconds * 1e9 + nanos
const idOf = (span) => span.spanContext().spanId
