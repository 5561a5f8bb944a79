import type { ComponentSpec, Config, JobSpec, WorkflowSpec } from '../config/normalize'

/**
 * Finds out which workflows may wait for a callback, going by the config: a job does that says so, or whose component
 * sends requests and neither rules it out nor polls.
 */
export function findWaitingWorkflows({ workflows, components }: Config): ReadonlySet<string> {
  function jobMayWait({ component, waitFor, onError }: JobSpec): boolean {
    if (waitFor !== undefined || onError.some(jobMayWait)) return true
    return component !== undefined && componentMayWait(components?.get(component))
  }

  const mayWait = ({ jobs }: WorkflowSpec): boolean => jobs.some(jobMayWait)
  return new Set([...workflows].flatMap(([id, workflow]) => (mayWait(workflow) ? [id] : [])))
}

function componentMayWait(component: ComponentSpec | undefined): boolean {
  if (component?.type !== 'http-client') return false
  return component.completion === undefined || component.completion.type === 'callback'
}
