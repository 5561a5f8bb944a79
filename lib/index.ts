export { callbacks } from './callbacks'
export { type ConfigFile, defineConfig, loadConfig, type LoadOptions, parseConfig } from './config/load'
export type { CallbacksConfig } from './config/schema'
export type { Source } from './config/source'
export { CallbackError, ConfigError, type ErrorCode, type Location, type Problem } from './errors'
export type { CallbackEvent, EventListener, EventName, Events, JobEvent, StartedEvent, TaskEvent } from './events'
export type { Callbacks, CloseOptions, ListenOptions, RunOptions, SettleOptions } from './interface'
export type { Listeners } from './lifecycle'
export type { CallbacksOptions } from './options'
export type { PostgresPool, PostgresPoolClient, PostgresQuery } from './given-clients'
export type { Counts, Stats } from './stats'
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
} from './types'
export type { FullResult, Ids, Ticket, TicketOptions, WaitOptions } from './waits'
export type { JobState, Task, TaskState, TaskStatus } from './workflow/task'
