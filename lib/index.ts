export { callbacks } from './callbacks'
export { defineComponent, defineConfig, defineListener, defineWorkflow } from './config/define'
export { type ConfigFile, loadConfig, type LoadOptions, parseConfig } from './config/read/load'
export type {
  CallbackConfig,
  CallbacksConfig,
  ClientConfig,
  CompletionConfig,
  ComponentConfig,
  ControllerConfig,
  DeliveriesConfig,
  Duration,
  GatewayConfig,
  JobConfig,
  ListenerConfig,
  RequestMethod,
  StoreConfig,
  TriggerConfig,
  VerifyConfig,
  WorkflowConfig,
} from './config/input'
export type { Source } from './config/read/source'
export { CallbackError, ConfigError, type ErrorCode, type Location, type Problem } from './base/errors'
export type { CallbackEvent, EventListener, EventName, Events, JobEvent, StartedEvent, TaskEvent } from './base/events'
export type {
  Callbacks,
  CloseOptions,
  EachOptions,
  EachResult,
  FullResult,
  Ids,
  Iterated,
  Listeners,
  ListenOptions,
  RunAndWaitOptions,
  RunOptions,
  SettleOptions,
  Ticket,
  TicketOptions,
  WaitOptions,
} from './app/interface'
export type { InferOutput, SchemaIssue, StandardSchema } from './base/schemas/standard-schema'
export type { CallbacksOptions } from './app/options'
export type { TraceRelation, TracingOptions } from './tracing/options'
export type { PostgresPool, PostgresPoolClient, PostgresQuery } from './base/given-clients'
export type { Counts, Stats } from './app/stats'
export type {
  Clock,
  Delivery,
  GatewayState,
  GatewayStatus,
  Logger,
  Outcome,
  Progress,
  Tunnel,
  TunnelDriver,
  TunnelHealth,
  TunnelRequest,
} from './base/contracts'
export type { JobState, JobStep, Task, TaskState, TaskStatus } from './workflow/tasks/task'
