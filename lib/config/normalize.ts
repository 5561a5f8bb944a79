import { ConfigError, type Problem } from '../base/errors'
import { createEnvMask } from '../base/secrets/env-mask'
import { checkCallbackPaths } from './checks/callback-paths'
import { resolveEnv } from './read/env'
import { describeFound } from './field/found'
import { createFields, type Reading } from './field/fields'
import { checkGatewayReferences } from './gateways/ports'
import { type EnvOption, layerEnvironment, readEnvironment } from './read/load'
import { mergeDocuments } from './read/merge'
import { type ComponentSpec, createComponentBook, normalizeComponents } from './sections/component'
import { type ControllerSpec, normalizeController } from './sections/controller'
import { type DeliveriesSpec, normalizeDeliveries } from './sections/deliveries'
import { type GatewaySpec, normalizeGateways } from './sections/gateway'
import { type ListenerSpec, normalizeListeners } from './sections/listener'
import { type GivenStore, normalizeStore, type StoreSpec } from './sections/store'
import { normalizeWorkflows, type WorkflowSpec } from './sections/workflow'
import { isMapping } from '../base/values/plain'
import { createReport } from './field/report'
import { takeOutForeign } from './checks/foreign'
import { checkShape } from './checks/shape'
import { type CallbacksConfig, configShape } from './schema'
import { warnOfSharedSenders } from './checks/shared-senders'
import { createDocument, createSource, type Environment, isSource, type Source } from './read/source'

export type { CompletionSpec, FallbackSpec, PollingSpec } from './sections/completion'
export type { ConnectionSpec, SshAuthSpec } from './gateways/connection'
export type { EndpointSpec, ResponseSpec } from './sections/endpoint'
export type { HttpClientSpec, LoggerSpec } from './sections/component'
export type { JobSpec, RetrySpec } from './sections/job'
export type { BranchesSpec, OneWaitSpec, WaitSpec } from './sections/waiting/wait-for'
export type { ParkSpec } from './sections/store'
export type { RequestSpec } from './sections/request'
export type { ComponentSpec, ControllerSpec, DeliveriesSpec, GatewaySpec, ListenerSpec, StoreSpec, WorkflowSpec }
export { isSource }

/** A complete config: everything read, checked and frozen, every default filled in. */
export interface Config {
  readonly listeners: readonly ListenerSpec[]
  /** One for each port. */
  readonly gateways: readonly GatewaySpec[]
  /** Undefined when the config has no such section, and no job holds one. */
  readonly components: ReadonlyMap<string, ComponentSpec> | undefined
  readonly workflows: ReadonlyMap<string, WorkflowSpec>
  readonly controller: ControllerSpec | undefined
  readonly store: StoreSpec
  readonly deliveries: DeliveriesSpec
  /** What `${env.X}` reads while it runs. */
  readonly env: Environment
  /** Parts that load, but fail when they are used. */
  readonly warnings: readonly Problem[]
  /** What was written, all files together, before variables of the environment were put in. */
  readonly written: unknown
}

export interface CompileOptions {
  /** Variables for `${env.X}`, before those of the source or the process. */
  readonly env?: EnvOption | undefined
  /** The stores whose client comes from the app, so that they need no url. */
  readonly given?: readonly GivenStore[] | undefined
}

/**
 * Compiles a config, given as an object or as what `loadConfig` read. The object is left as it is.
 * Throws one ConfigError that lists everything wrong with it.
 */
export function compileConfig(input: CallbacksConfig | Source, options: CompileOptions = {}): Config {
  const { documents, env } = toSource(input, options.env)
  const merged = mergeDocuments(documents)
  const report = createReport(merged.locate, merged.problems, merged.files, createEnvMask(env))
  const data = resolveEnv(configShape, takeOutForeign(configShape, merged.data, report), env, report)
  checkShape(configShape, data, [], report)
  const sections = normalizeSections(data, { report, templates: [], callbackPaths: [] }, options)
  const problems = report.problems()
  if (problems.length > 0) throw new ConfigError(problems)
  return deepFreeze({ ...sections, env, warnings: report.warnings(), written: merged.data })
}

function toSource(input: CallbacksConfig | Source, env: EnvOption = {}): Source {
  if (typeof input === 'string') throw new ConfigError([foundText(input)])
  if (isSource(input)) return createSource(input.documents, layerEnvironment(input.env, env))
  return createSource([createDocument(input)], readEnvironment(env))
}

/** The likeliest mistake of all: a file name where its content belongs. */
function foundText(text: string): Problem {
  const message = `expected a config, found the text ${describeFound(text, [])}; a file is read by loadConfig(), YAML text by parseConfig()`
  return { code: 'ERR_CONFIG_VALUE', at: '', message }
}

function normalizeSections(
  data: unknown,
  reading: Reading,
  { given }: CompileOptions,
): Omit<Config, 'env' | 'warnings' | 'written'> {
  const root = createFields(isMapping(data) ? data : {}, [], reading)
  const components = createComponentBook(normalizeComponents(root))
  const workflows = normalizeWorkflows(root, components)
  const listeners = normalizeListeners(root, workflows)
  const gateways = normalizeGateways(root, new Set(listeners.map(({ port }) => port)))
  warnOfSharedSenders(root, listeners, gateways)
  checkGatewayReferences(reading, gateways)
  checkCallbackPaths(reading, listeners)
  return {
    listeners,
    gateways,
    components: components.specs,
    workflows,
    controller: normalizeController(root, listeners),
    store: normalizeStore(root, given),
    deliveries: normalizeDeliveries(root),
  }
}

/** Freezes a value and everything in it. A Map is frozen with its values; that nobody adds to it is left to its type. */
function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  Object.freeze(value)
  const items: Iterable<unknown> = value instanceof Map ? value.values() : Object.values(value)
  for (const item of items) deepFreeze(item)
  return value
}
