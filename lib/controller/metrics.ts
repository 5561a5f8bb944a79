import { loadPeer } from '../base/peers'
import { type Counts, SEVERAL, type Stats } from '../app/stats'
import type { GatewayStatus } from '../base/contracts'
import type { TaskCounts } from '../workflow/tasks/task'

/** The metrics that Prometheus scrapes. */
export interface Metrics {
  /** Rejects with `ERR_CONFIG_UNSUPPORTED` when prom-client is not installed. */
  read(): Promise<{ readonly type: string; readonly text: string }>
}

export interface MetricsContext {
  readonly stats: () => Stats
  readonly statuses: ReadonlyMap<number, GatewayStatus>
  /** Loads prom-client; for tests. */
  readonly load?: (() => PromLibrary) | undefined
}

/** The part of prom-client that is called, so that its types are no dependency. */
export interface PromLibrary {
  readonly Registry: new () => PromRegistry
  readonly Counter: new (options: PromMetricOptions) => PromMetric
  readonly Gauge: new (options: PromMetricOptions) => PromMetric
}

interface PromRegistry {
  readonly contentType: string
  metrics(): Promise<string>
}

interface PromMetricOptions {
  readonly name: string
  readonly help: string
  readonly labelNames: readonly string[]
  readonly registers: readonly PromRegistry[]
}

interface PromMetric {
  reset(): void
  inc(labels: Labels, value: number): void
}

type Labels = Readonly<Record<string, string | number>>
type Sample = readonly [Labels, number]

interface Family {
  readonly kind: 'Counter' | 'Gauge'
  readonly name: string
  readonly help: string
  readonly labels: readonly string[]
  readonly samples: (stats: Stats, gateways: readonly GatewayStatus[]) => readonly Sample[]
}

/** The counts since the start. */
const EVENTS = [
  'received',
  'settled',
  'failed',
  'pending',
  'duplicate',
  'filtered',
  'unidentified',
  'rejected',
  'expired',
  'started',
] as const satisfies readonly (keyof Counts)[]

const ENDS = ['succeeded', 'failed', 'cancelled'] as const satisfies readonly (keyof TaskCounts)[]

const FAMILIES: readonly Family[] = [
  {
    kind: 'Counter',
    name: 'express_callbacks_callbacks_total',
    help: `Callbacks by what became of them; endpoint "${SEVERAL}" are waits that several endpoints could have ended`,
    labels: ['endpoint', 'event'],
    samples: (stats) => EVENTS.flatMap((event) => samplesOf(stats, event)),
  },
  {
    kind: 'Gauge',
    name: 'express_callbacks_waits_open',
    help: 'Open waits that an endpoint may end; one over several endpoints counts for each',
    labels: ['endpoint'],
    samples: ({ endpoints }) => Object.entries(endpoints).map(([endpoint, { waiting }]) => [{ endpoint }, waiting]),
  },
  {
    kind: 'Gauge',
    name: 'express_callbacks_parked',
    help: 'Callbacks that nobody waits for yet',
    labels: ['endpoint'],
    samples: ({ endpoints }) => Object.entries(endpoints).map(([endpoint, { parked }]) => [{ endpoint }, parked]),
  },
  {
    kind: 'Counter',
    name: 'express_callbacks_tasks_total',
    help: 'Runs of workflows that have ended',
    labels: ['status'],
    samples: ({ tasks }) => ENDS.map((status) => [{ status }, tasks[status]]),
  },
  {
    kind: 'Gauge',
    name: 'express_callbacks_tasks_running',
    help: 'Runs of workflows that have not ended',
    labels: [],
    samples: ({ tasks }) => [[{}, tasks.running]],
  },
  {
    kind: 'Gauge',
    name: 'express_callbacks_gateway_ready',
    help: '1 when the public URL of a gateway can be reached, else 0',
    labels: ['port', 'driver'],
    samples: (_stats, gateways) =>
      gateways.map(({ port, driver, state }) => [{ port, driver }, state === 'ready' ? 1 : 0]),
  },
]

/** Creates the metrics of one `callbacks()`; prom-client is loaded when they are first read. */
export function createMetrics({ stats, statuses, load = () => require('prom-client') }: MetricsContext): Metrics {
  let loaded:
    { readonly registry: PromRegistry; readonly metrics: readonly (readonly [Family, PromMetric])[] } | undefined

  function create(): NonNullable<typeof loaded> {
    const library = loadPeer('prom-client', 'GET /metrics', load)
    const registry = new library.Registry()
    const metrics = FAMILIES.map((family) => {
      const { kind, name, help, labels: labelNames } = family
      return [family, new library[kind]({ name, help, labelNames, registers: [registry] })] as const
    })
    return { registry, metrics }
  }

  return {
    async read() {
      loaded ??= create()
      const now = stats()
      const gateways = [...statuses.values()]
      for (const [{ samples }, metric] of loaded.metrics) {
        metric.reset()
        for (const [labels, value] of samples(now, gateways)) metric.inc(labels, value)
      }
      return { type: loaded.registry.contentType, text: await loaded.registry.metrics() }
    },
  }
}

function samplesOf(stats: Stats, event: (typeof EVENTS)[number]): readonly Sample[] {
  const each = Object.entries(stats.endpoints).map(([endpoint, counts]): Sample => [{ endpoint, event }, counts[event]])
  const several = each.reduce((rest, [, value]) => rest - value, stats[event])
  return several > 0 ? [...each, [{ endpoint: SEVERAL, event }, several]] : each
}
