import { listNames } from '../../base/unnamed'
import type { Fields } from '../field/fields'
import type { WorkflowSpec } from '../sections/workflow'
import { NAME_OR_FALSE } from '../field/values'

const NO_ID =
  'a callback without an id never starts a workflow; add identify_by, or use a listener of type http-trigger'

/** Reads `workflow` of an endpoint and checks that there is one; false starts none, undefined starts the default. */
export function readWorkflowName(
  fields: Fields,
  isTrigger: boolean,
  workflows: ReadonlyMap<string, WorkflowSpec>,
): string | false | undefined {
  const name = fields.read('workflow', NAME_OR_FALSE)
  if (typeof name === 'string') {
    checkName(name, fields, workflows)
    if (!isTrigger && !fields.has('identify_by')) fields.warn('workflow', NO_ID)
  }
  const hasDefault = [...workflows.values()].some(({ isDefault }) => isDefault)
  if (name === undefined && isTrigger && !hasDefault && !fields.has('workflow'))
    fields.warn(undefined, 'this trigger names no workflow, and there is no default one; it fails when it is called')
  return name
}

function checkName(name: string, fields: Fields, workflows: ReadonlyMap<string, WorkflowSpec>): void {
  if (workflows.has(name)) return
  if (workflows.size === 0) fields.warn('workflow', `no workflow "${name}" is defined; it cannot be started`)
  else fields.error('workflow', `no workflow "${name}" is defined; defined are: ${listNames([...workflows.keys()])}`)
}
