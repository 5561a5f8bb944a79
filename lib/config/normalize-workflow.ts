import type { Location } from '../errors'
import type { Template } from '../template/compile'
import type { Fields } from './fields'
import { type JobSpec, normalizeJobs } from './normalize-job'
import { readNamed, SECTIONS } from './sections'
import { WORKFLOW_SOURCES } from './template-sources'
import { ANY_TEXT, DURATION, FLAG } from './values'

/** Jobs that make one output of one input. */
export interface WorkflowSpec {
  readonly at: string
  readonly location: Location | undefined
  readonly id: string
  readonly title: string | undefined
  readonly description: string | undefined
  readonly jobs: readonly JobSpec[]
  /** Undefined: the output of the last jobs. */
  readonly output: Template | undefined
  /** Whether it runs when none is named; so does the only one. */
  readonly isDefault: boolean
  /** Limit of the whole run. */
  readonly timeoutMs: number | undefined
}

/** Reads all workflows by name; `components` are the names that are defined, undefined when there is no such section. */
export function normalizeWorkflows(
  root: Fields,
  components: ReadonlySet<string> | undefined,
): ReadonlyMap<string, WorkflowSpec> {
  const named = [...readNamed(root, SECTIONS.workflows)]
  refuseTwoDefaults(named)
  return new Map(named.map(([id, fields]) => [id, normalizeWorkflow(id, fields, named.length === 1, components)]))
}

function normalizeWorkflow(
  id: string,
  fields: Fields,
  isOnly: boolean,
  components: ReadonlySet<string> | undefined,
): WorkflowSpec {
  const jobs = fields.mappings('jobs')
  if (jobs.length === 0) fields.error('jobs', 'expected at least one job, found an empty list')
  return {
    at: fields.at,
    location: fields.location,
    id,
    title: fields.read('title', ANY_TEXT),
    description: fields.read('description', ANY_TEXT),
    jobs: normalizeJobs(jobs, components),
    output: fields.template('output', WORKFLOW_SOURCES),
    isDefault: isOnly || (fields.read('default', FLAG) ?? false),
    timeoutMs: fields.read('timeout', DURATION),
  }
}

function refuseTwoDefaults(named: readonly (readonly [string, Fields])[]): void {
  const [first, ...others] = named.filter(([, fields]) => fields.read('default', FLAG) ?? false)
  for (const [, fields] of others) fields.error('default', `"${first?.[0]}" is the default already; only one can be`)
}
