// What a user writes, as the types that the package exports. The build writes the declarations of this file: there each key
// has its sentence, and what goes together is told apart (.ci/write-types.cjs).
import type { CallbacksConfig, ComponentConfig } from './schema'

export type {
  CallbackConfig,
  CallbacksConfig,
  CompletionConfig,
  ComponentConfig,
  ControllerConfig,
  DeliveriesConfig,
  GatewayConfig,
  JobConfig,
  ListenerConfig,
  StoreConfig,
  TriggerConfig,
  VerifyConfig,
  WorkflowConfig,
} from './schema'

/** A config whose store has its client from the app, by `options.pool` or `options.redis`, so that it needs no `url`. */
export type ClientConfig = CallbacksConfig

/** The method of a request in capitals, in small letters, or with a capital letter. */
export type RequestMethod = NonNullable<ComponentConfig['method']>

/** A time such as `"500ms"`, `"30s"`, `"5m"`, `"2h"` or `"1d"`, or a number of milliseconds. */
export type Duration = number | string
