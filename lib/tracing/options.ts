import { badOption } from '../base/given-options'
import { isMapping } from '../base/values/plain'
import type { TracerProvider } from './api'

/** How a span belongs to another one: as its child in the same trace, or by a link. */
export type TraceRelation = 'parent' | 'link'

/** What is recorded with OpenTelemetry, and how spans belong together. */
export interface TracingOptions {
  /**
   * How a run belongs to the span in which it was started: as its child, or as a trace of its own with a link to that span.
   * Default `parent`.
   */
  readonly runs?: TraceRelation | undefined
  /**
   * How a wait belongs to the `traceparent` of the callback that ended it, and a run to the `traceparent` of the request
   * that started it: by a link, or as its child. Default `link`.
   */
  readonly callbacks?: TraceRelation | undefined
  /** The provider whose tracer is used; default: the one that the app has registered. */
  readonly provider?: TracerProvider | undefined
}

/** The options of tracing, complete. */
export interface NormalizedTracing {
  readonly runs: TraceRelation
  readonly callbacks: TraceRelation
  readonly provider: TracerProvider | undefined
  /** Whether the app asks for spans, so that a missing package is an error. */
  readonly isWanted: boolean
}

const NAMES: readonly string[] = ['runs', 'callbacks', 'provider'] satisfies readonly (keyof TracingOptions)[]

/** Completes `options.tracing`; undefined turns it off. Throws `ERR_CONFIG_VALUE`. */
export function normalizeTracing(given: boolean | TracingOptions | undefined): NormalizedTracing | undefined {
  if (given === false) return undefined
  if (given === undefined || given === true) return complete({}, given === true)
  if (!isMapping(given)) throw badOption('tracing', 'it must be true, false or an object')
  const unknown = Object.keys(given).find((name) => !NAMES.includes(name))
  if (unknown !== undefined) throw badOption(`tracing.${unknown}`, `there are ${NAMES.join(', ')}`)
  return complete(given, true)
}

function complete({ runs, callbacks, provider }: TracingOptions, isWanted: boolean): NormalizedTracing {
  if (provider !== undefined && typeof Reflect.get(Object(provider), 'getTracer') !== 'function')
    throw badOption('tracing.provider', 'it needs the method getTracer')
  return {
    runs: readRelation('runs', runs ?? 'parent'),
    callbacks: readRelation('callbacks', callbacks ?? 'link'),
    provider,
    isWanted,
  }
}

function readRelation(name: string, value: unknown): TraceRelation {
  if (value === 'parent' || value === 'link') return value
  throw badOption(`tracing.${name}`, `expected "parent" or "link", found ${JSON.stringify(value)}`)
}
