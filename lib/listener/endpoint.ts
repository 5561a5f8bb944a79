import type { EndpointSpec, ListenerSpec } from '../config/normalize'
import type { Scope } from '../template/compile'
import type { StoreEndpoint } from '../types'
import { compileIdentify, compileJudge, type Judgement } from './outcome'

/** One callback of the config, compiled. */
export interface Endpoint extends StoreEndpoint {
  readonly method: string
  /** The full path, with `base_path`. */
  readonly path: string
  readonly spec: EndpointSpec
  readonly port: number
  identify(scope: Scope): string | undefined
  judge(scope: Scope): Judgement
}

/**
 * Compiles what one callback of the config says about a request. Its key holds the port only where listeners of
 * several ports have the same route (`shared`), so that changing a port does not part stored waits from their endpoint.
 */
export function compileEndpoint(spec: EndpointSpec, { port }: ListenerSpec, shared: ReadonlySet<string>): Endpoint {
  const route = `${spec.method} ${spec.fullPath}`
  return {
    key: shared.has(route) ? `${route} (${port})` : route,
    anonymous: spec.identifyBy === undefined,
    method: spec.method,
    path: spec.fullPath,
    spec,
    port,
    identify: spec.identifyBy ? compileIdentify(spec.identifyBy) : () => undefined,
    judge: compileJudge(spec),
  }
}
