import type { EndpointSpec, ListenerSpec } from '../config/normalize'
import type { Scope } from '../template/compile'
import type { Clock, StoreEndpoint } from '../base/contracts'
import type { Mask } from '../base/secrets/mask'
import { compileResultSchema, type ResultSchema } from './checks/result-schema'
import { compileIdentify } from './ids'
import { compileJudge, type Judgement } from './outcome'
import type { StartWorkflow } from './start'

/** One callback or trigger of the config, compiled; a route by its method and path. */
export interface Endpoint extends StoreEndpoint {
  readonly method: string
  /** The full path, with `base_path`. */
  readonly path: string
  readonly spec: EndpointSpec
  readonly listener: ListenerSpec
  /** Starts the workflow of a trigger or of an event source. */
  readonly start: StartWorkflow | undefined
  /** What its results must fit. */
  readonly resultSchema: ResultSchema | undefined
  identify(scope: Scope): string | undefined
  judge(scope: Scope): Judgement
}

/**
 * Compiles one endpoint of the config. Its key holds the port only where listeners of several ports have the same route
 * (`shared`), so that stored waits stay with their endpoint when its port changes. `mask` takes secrets out of messages.
 */
export function compileEndpoint(
  spec: EndpointSpec,
  listener: ListenerSpec,
  shared: ReadonlySet<string>,
  start: StartWorkflow | undefined,
  { mask, clock }: { readonly mask: Mask; readonly clock: Clock },
): Endpoint {
  const route = `${spec.method} ${spec.fullPath}`
  return {
    key: shared.has(route) ? `${route} (${listener.port})` : route,
    anonymous: spec.identifyBy === undefined,
    startsWorkflow: start !== undefined,
    method: spec.method,
    path: spec.fullPath,
    spec,
    listener,
    start,
    resultSchema: compileResultSchema(spec, mask, clock),
    identify: spec.identifyBy ? compileIdentify(spec.identifyBy) : () => undefined,
    judge: compileJudge(spec),
  }
}
