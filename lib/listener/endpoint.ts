import type { EndpointSpec, ListenerSpec } from '../config/normalize'
import type { Scope } from '../template/compile'
import type { StoreEndpoint } from '../types'
import { compileIdentify, compileJudge, type Judgement } from './outcome'

/** One callback of the config, compiled. */
export interface Endpoint extends StoreEndpoint {
  /** As it is named in events and errors: `POST /webhooks/done`. */
  readonly name: string
  readonly method: string
  /** The full path, with `base_path`. */
  readonly path: string
  readonly spec: EndpointSpec
  readonly port: number
  identify(scope: Scope): string | undefined
  judge(scope: Scope): Judgement
}

/** Compiles what one callback of the config says about a request. */
export function compileEndpoint(spec: EndpointSpec, listener: ListenerSpec): Endpoint {
  return {
    key: `${listener.port} ${spec.method} ${spec.fullPath}`,
    anonymous: spec.identifyBy === undefined,
    name: `${spec.method} ${spec.fullPath}`,
    method: spec.method,
    path: spec.fullPath,
    spec,
    port: listener.port,
    identify: spec.identifyBy ? compileIdentify(spec.identifyBy) : () => undefined,
    judge: compileJudge(spec),
  }
}
