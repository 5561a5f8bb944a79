import type { Clock, Logger } from '../base/contracts'
import { reasonOf } from '../base/errors'
import type { KeptRun, RunRecord } from '../base/run'
import type { Mask } from '../base/secrets/mask'
import { readTraceContext, type TraceContext } from '../base/values/trace-context'
import {
  findTraceApi,
  INSTALLED,
  loadTraceApi,
  type TracePackage,
  type SpanOptions,
  type SpanScope,
  type TraceApi,
  type Tracer,
} from './api'
import { runAttributes, type RunPlace, shownName } from './attributes'
import type { NormalizedTracing } from './options'
import { createRunTrace, type RunTrace } from './run'
import { type Attempt, KIND, type Place, scopeOf, type SpanMaker, toLinks, toTraceContext } from './spans'
import { type EndedWait, recordWait } from './waits'

/** Records runs, jobs, waits and requests as spans of OpenTelemetry. */
export interface Tracing {
  /**
   * Begins the span that starts a run. `headers` are those of the request that asks for the run, if there is one. Returns
   * undefined where nothing records spans.
   */
  startRun(run: RunPlace, headers: Headers | undefined): StartedTrace | undefined
  /** Returns the trace of a run that goes on in this process; undefined for a run without one. */
  followRun(run: FollowedRun, record: RunRecord | undefined): RunTrace | undefined
  /** Takes note of a wait by hand, in the span that is active; undefined where nothing records spans. */
  startWait(): HandTrace | undefined
  /** Makes the span of a wait by hand. */
  endWait(begun: HandTrace, wait: Pick<EndedWait, 'endpoints' | 'ids' | 'ending'>): void
}

type Headers = Readonly<Record<string, unknown>>

/** The span that starts a run, and that all its spans are children of. */
export interface StartedTrace {
  readonly trace: TraceContext
  /** Ends the span, once the run is kept. */
  end(): void
}

/** The parts of a run that its trace is made of. */
export interface FollowedRun extends Pick<KeptRun, 'id' | 'workflow' | 'startedAt' | 'trace'> {
  /** Whether the run was started in another process. */
  readonly isTakenUp: boolean
}

/** A wait by hand, as it is kept with its key. */
export interface HandTrace {
  /** The span that was active when it began. */
  readonly trace?: TraceContext | undefined
  /** Milliseconds since the epoch. */
  readonly since: number
  /** Whether another process may have begun it. */
  readonly isRemote?: boolean
}

export interface TracingContext {
  readonly clock: Clock
  /** Replaces secrets in what spans show. */
  readonly mask: Mask
  readonly logger: Pick<Logger, 'warn'>
}

/** The name of the tracer. */
const NAME = 'express-callbacks'

/**
 * Creates the tracing of one `callbacks()`; undefined when it is off, or when the app does not have `@opentelemetry/api`.
 * The package is loaded when the first run or wait begins. Throws `ERR_CONFIG_UNSUPPORTED` when the app asks for tracing and
 * the package is missing.
 */
export function createTracing(
  options: NormalizedTracing | undefined,
  { clock, mask, logger }: TracingContext,
  installed: TracePackage = INSTALLED,
): Tracing | undefined {
  if (options === undefined || (!options.isWanted && !installed.isThere())) return undefined
  const findApi = options.isWanted ? always(loadTraceApi(installed)) : () => findTraceApi(installed)
  const findMaker = createFindMaker(options, findApi, { mask, attempt: createAttempt(logger) })

  return {
    startRun(run, headers) {
      const maker = findMaker()
      const start = { run, headers, now: () => new Date(clock.now()) }
      return maker?.attempt(() => startRun(maker, start, options))
    },
    followRun({ id: task, workflow, startedAt, trace, isTakenUp }, record) {
      const maker = trace && findMaker()
      if (trace === undefined || maker === undefined) return undefined
      const parent = { trace, isRemote: isTakenUp }
      return createRunTrace({ maker, clock, relations: options, parent, startedAt, record, task, workflow })
    },
    startWait() {
      const maker = findMaker()
      if (maker === undefined) return undefined
      const { api, attempt } = maker
      const trace = attempt(() => toTraceContext(api.trace.getSpanContext(api.context.active())))
      return { trace, since: clock.now() }
    },
    endWait({ trace, since, isRemote = false }, wait) {
      const maker = findMaker()
      if (maker === undefined) return
      const parent: Place | undefined = trace && { trace, isRemote }
      const times = { startedAt: since, endedAt: clock.now() }
      recordWait(maker, { ...wait, ...times, parent, callbacks: options.callbacks })
    },
  }
}

/** Creates what finds the tracer of the app, which may register one later; undefined while there is none. */
function createFindMaker(
  { provider }: NormalizedTracing,
  findApi: () => TraceApi | undefined,
  rest: Pick<SpanMaker, 'mask' | 'attempt'>,
): () => SpanMaker | undefined {
  let found: { readonly api: TraceApi | undefined } | undefined
  return () => {
    const { api } = (found ??= { api: rest.attempt(findApi) })
    const tracer = api && rest.attempt(() => findTracer(provider ?? api.trace.getTracerProvider()))
    return api && tracer && { ...rest, api, tracer }
  }
}

/** Creates what keeps faults of an SDK from the work that is recorded; the first one is told. */
function createAttempt(logger: TracingContext['logger']): Attempt {
  let isTold = false
  return (work) => {
    try {
      return work()
    } catch (err) {
      if (!isTold) logger.warn({ err }, `A span could not be recorded: ${reasonOf(err)}. The work goes on without it`)
      isTold = true
      return undefined
    }
  }
}

function always<T>(value: T): () => T {
  return () => value
}

/** While nothing is registered, the API has a stand-in that returns no tracer of an SDK. */
function findTracer(provider: {
  getTracer(name: string): Tracer
  getDelegateTracer?(name: string): Tracer | undefined
}) {
  return provider.getDelegateTracer ? provider.getDelegateTracer(NAME) : provider.getTracer(NAME)
}

interface Start {
  readonly run: RunPlace
  readonly headers: Headers | undefined
  readonly now: () => Date
}

/** Without a span that is active, the request that asks for the run may name one. */
function startRun(
  { api, tracer, attempt }: SpanMaker,
  start: Start,
  options: NormalizedTracing,
): StartedTrace | undefined {
  const active = api.context.active()
  const here = toTraceContext(api.trace.getSpanContext(active))
  const caller = here ?? readTraceContext(start.headers)
  const relation = here === undefined ? options.callbacks : options.runs
  const common: SpanOptions = {
    kind: KIND.producer,
    startTime: start.now(),
    attributes: runAttributes(start.run),
  }
  const name = `start ${shownName('workflow', start.run.workflow)}`
  const begin = (more: SpanOptions, scope: SpanScope) => tracer.startSpan(name, { ...common, ...more }, scope)
  const span =
    caller === undefined || relation === 'link'
      ? begin({ root: true, links: toLinks(api, caller ? [caller] : []) }, active)
      : begin({}, here === undefined ? scopeOf(api, active, { trace: caller, isRemote: true }) : active)
  const trace = toTraceContext(span.spanContext())
  return trace && { trace, end: () => attempt(() => span.end(start.now())) }
}
