import type { ComponentSpec, Config, JobSpec } from '../config/normalize'
import { CallbackError } from '../base/errors'
import { gatewayPortsOf, type Gateways } from '../gateway/gateways'
import type { Endpoint } from '../listener/endpoint'
import type { Execute } from './call'
import { compileHttpComponent, type HttpContext } from './components/http'
import { compileLogger } from './components/logger'
import { compileWorkflow, type RunWorkflow } from './runner'
import { compileWait } from './components/wait'

/** What workflows are compiled against. */
export interface WorkflowsContext extends HttpContext {
  readonly gateways: Gateways
  readonly endpoints: readonly Endpoint[]
}

/** Compiles every workflow of a config, by its id. */
export function compileWorkflows(config: Config, context: WorkflowsContext): ReadonlyMap<string, RunWorkflow> {
  const { clock, logger, gateways, selection } = context
  const components = new Map(
    [...(config.components ?? [])].map(([id, spec]) => [id, { spec, execute: compileComponent(spec, context) }]),
  )
  const logging = compileLogger({ level: 'info' }, logger)

  function componentOf({ component }: JobSpec): ComponentSpec | undefined {
    return component === undefined ? undefined : components.get(component)?.spec
  }

  function executeOf(job: JobSpec): Execute {
    if (job.waitFor) return compileWait(job.waitFor, job.at, selection)
    const known = job.component === undefined ? undefined : components.get(job.component)
    if (known) return known.execute
    return job.component === 'logger' ? logging : () => Promise.reject(unknownComponent(job))
  }

  const jobContext = {
    clock,
    env: config.env,
    gateway: gateways.context,
    componentOf,
    executeOf,
    portsOf: (job: JobSpec) => portsOf(job, componentOf(job), context),
    readyFor: gateways.ready,
  }
  return new Map([...config.workflows].map(([id, workflow]) => [id, compileWorkflow(workflow, jobContext)]))
}

function compileComponent(spec: ComponentSpec, context: WorkflowsContext): Execute {
  return spec.type === 'logger' ? compileLogger(spec, context.logger) : compileHttpComponent(spec, context)
}

/** The gateways that must be open before the templates of a job can be rendered; tickets need those of their endpoints. */
function portsOf(job: JobSpec, component: ComponentSpec | undefined, context: WorkflowsContext): ReadonlySet<number> {
  const templates = [...job.templates, ...(component?.templates ?? [])]
  const usesTicket = templates.some(({ references }) => references.some(({ source }) => source === 'callback'))
  const ports = context.endpoints
    .map(({ listener }) => listener.port)
    .filter((port) => context.gateways.statuses.has(port))
  return new Set([...gatewayPortsOf(templates), ...(usesTicket ? ports : [])])
}

function unknownComponent({ component, at, location }: JobSpec): CallbackError {
  const what = component === undefined ? 'It names no component' : `There is no component ${JSON.stringify(component)}`
  return new CallbackError('ERR_COMPONENT_UNKNOWN', { message: `${what}; define one in "components"`, at, location })
}
