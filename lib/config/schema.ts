import { choice, field, type InputOf, listOf, named, type Shape, table } from './field/shape'
import { GATEWAY } from './sections/gateway'
import { COMPONENT } from './sections/component'
import { CONTROLLER } from './sections/controller'
import { ROOT_REFUSALS } from './foreign-keys'
import { DELIVERIES } from './sections/deliveries'
import { LISTENER } from './sections/listener'
import { STORE } from './sections/store'
import { WORKFLOW } from './sections/workflow'

export type { CompletionConfig } from './sections/completion'
export type { ComponentConfig } from './sections/component'
export type { ControllerConfig } from './sections/controller'
export type { DeliveriesConfig } from './sections/deliveries'
export type { CallbackConfig, TriggerConfig } from './sections/endpoint'
export type { GatewayConfig } from './sections/gateway'
export type { JobConfig, OnErrorConfig } from './sections/job'
export type { ListenerConfig } from './sections/listener'
export type { StoreConfig } from './sections/store'
export type { VerifyConfig } from './sections/verify'
export type { WorkflowConfig } from './sections/workflow'

const BY_NAME = 'a mapping by name, or a list in which each has an id'

const KEYS = {
  listener: field('listener', LISTENER, 'Receives callbacks'),
  listeners: field('listeners', listOf(LISTENER), 'Several listeners'),
  gateway: field('gateway', GATEWAY, 'Makes a local port reachable under a public URL'),
  gateways: field('gateways', listOf(GATEWAY), 'Several gateways'),
  component: field('component', COMPONENT, 'Does the work of jobs'),
  components: field(
    'components',
    choice([named(COMPONENT), listOf(COMPONENT)], BY_NAME),
    'Several components, by name',
  ),
  workflow: field('workflow', WORKFLOW, 'Jobs that call components and wait for callbacks'),
  workflows: field('workflows', choice([named(WORKFLOW), listOf(WORKFLOW)], BY_NAME), 'Several workflows, by name'),
  controller: field('controller', CONTROLLER, 'HTTP API to start and watch tasks'),
  store: field('store', STORE, 'What survives a restart and how far it reaches'),
  deliveries: field('deliveries', DELIVERIES, 'The latest requests and what became of them, to look at and to replay'),
}

/** What a user writes: a whole config, as in YAML. Every section is optional. */
export interface CallbacksConfig extends InputOf<typeof KEYS> {}

/** The shape of a whole config: each key with its default stands in sections/. The types of this package and its JSON Schema come from it. */
export const configShape: Shape<CallbacksConfig> = table(KEYS, ROOT_REFUSALS)
