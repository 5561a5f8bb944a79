import type { Location } from '../../base/errors'
import type { Template } from '../../template/compile'
import type { ComponentBook } from '../checks/component-book'
import type { Fields } from '../field/fields'
import { checkJobReads, orderJobs } from '../jobs/order'
import { type JobSpec, normalizeJobs } from './job'
import { readNamed, refuseTwoDefaults, SECTIONS } from '../schema/sections'
import { JOB_SOURCES } from '../field/template-sources'
import { ANY_TEXT, DURATION, FLAG } from '../field/values'

/** Jobs that make one output of one input. */
export interface WorkflowSpec {
  readonly at: string
  readonly location: Location | undefined
  readonly id: string
  readonly title: string | undefined
  readonly description: string | undefined
  /** As written; `after` says in which order they run. */
  readonly jobs: readonly JobSpec[]
  /** Undefined: the output of the last jobs. */
  readonly output: Template | undefined
  /** Whether it runs when none is named; so does the only one. */
  readonly isDefault: boolean
  /** Limit of the whole run. */
  readonly timeoutMs: number | undefined
}

/** Reads all workflows by name. Components that stand in jobs are added to the book. */
export function normalizeWorkflows(root: Fields, components: ComponentBook): ReadonlyMap<string, WorkflowSpec> {
  const named = [...readNamed(root, SECTIONS.workflows)]
  refuseTwoDefaults(named)
  return new Map(named.map(([id, fields]) => [id, normalizeWorkflow(id, fields, named.length === 1, components)]))
}

function normalizeWorkflow(id: string, fields: Fields, isOnly: boolean, components: ComponentBook): WorkflowSpec {
  const listed = normalizeJobs(listJobs(fields, components), components)
  const jobs = orderJobs(listed, components.specs)
  const output = fields.template('output', JOB_SOURCES)
  checkJobReads(output, 'output', fields, jobs)
  return {
    at: fields.at,
    location: fields.location,
    id,
    title: fields.read('title', ANY_TEXT),
    description: fields.read('description', ANY_TEXT),
    jobs,
    output,
    isDefault: isOnly || (fields.read('default', FLAG) ?? false),
    timeoutMs: fields.read('timeout', DURATION),
  }
}

const INPUT_OF_JOBS =
  '"input" has no effect here: each job has its own; a job without one gets the input of the workflow'

/** A workflow has jobs, or one job, or is itself the call of the component that jobs call which name none. */
function listJobs(fields: Fields, { names, fallback }: ComponentBook): readonly Fields[] {
  const job = fields.mapping('job')
  if (fields.has('jobs') || job !== undefined) {
    if (fields.has('input')) fields.warn('input', INPUT_OF_JOBS)
    if (fields.has('jobs') && job !== undefined) fields.error('job', 'stands beside "jobs"; move it into the list')
    const listed = fields.mappings('jobs')
    if (listed.length === 0 && job === undefined) fields.error('jobs', 'expected at least one job, found an empty list')
    return job === undefined ? listed : [job]
  }
  if (fallback === undefined) {
    const count = names?.length ?? 0
    const reason =
      count === 0 ? 'there is no component to call without one' : `there are ${count} components to choose from`
    fields.error('jobs', `missing; expected a list of jobs, since ${reason}`)
    return []
  }
  return [fields.only(['input'])]
}
