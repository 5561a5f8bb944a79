import * as v from 'valibot'
import { checkShape } from './check'
import { refusing } from '../foreign/foreign'
import type { Report } from '../field/report'
import { controllerSchema } from './controller'
import { field, listOf, type Shape } from './fields'
import { ROOT_REFUSALS } from '../foreign/schema'
import { gatewaySchema } from './gateway'
import { listenerSchema } from './listener'
import { storeSchema } from './store'
import { componentSchema, workflowSchema } from './workflow'
import { takeOutForeign } from '../foreign/take-out-foreign'

export type { GatewayConfig } from './gateway'
export type { CallbackConfig, ListenerConfig, TriggerConfig } from './listener'
export type { ComponentConfig, JobConfig, WorkflowConfig } from './workflow'

const byName = 'a mapping by name, or a list in which each has an id'

const config = v.strictObject({
  listener: field(listenerSchema, 'Receives callbacks'),
  listeners: field(listOf(listenerSchema), 'Several listeners'),
  gateway: field(gatewaySchema, 'Gives a local port a public URL'),
  gateways: field(listOf(gatewaySchema), 'Several gateways'),
  component: field(componentSchema, 'Does the work of jobs'),
  components: field(
    v.union([v.record(v.string(), componentSchema), listOf(componentSchema)], byName),
    'Several components, by name',
  ),
  workflow: field(workflowSchema, 'Jobs that call components and wait for callbacks'),
  workflows: field(
    v.union([v.record(v.string(), workflowSchema), listOf(workflowSchema)], byName),
    'Several workflows, by name',
  ),
  controller: field(controllerSchema, 'HTTP API to start and watch tasks'),
  store: field(storeSchema, 'What survives a restart and how far it reaches'),
})

/** What a user writes: a whole config, as in YAML. Every section is optional. */
export interface CallbacksConfig extends v.InferInput<typeof config> {}

/** The shape of a whole config. The types of this package and its JSON Schema come from it. */
export const configSchema: Shape<CallbacksConfig> = v.pipe(
  refusing(config, ROOT_REFUSALS),
  v.title('express-callbacks'),
  v.description('Callbacks, public URLs and workflows for an Express app'),
)

/** Returns a raw document without the keys that only other systems read; each is warned of or reported. */
export function takeOutForeignKeys(document: unknown, report: Report): unknown {
  return takeOutForeign(configSchema, document, report)
}

/** Reports everything in a raw document that has not the shape of a config. */
export function checkConfig(document: unknown, report: Report): void {
  checkShape(configSchema, document, [], report)
}
