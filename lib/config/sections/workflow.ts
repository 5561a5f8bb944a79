import type { Location } from '../../base/errors'
import { checkJobReads, orderJobs } from '../checks/job-order'
import { type Fields, noteTemplates } from '../field/fields'
import { readTable } from '../field/read-table'
import { byHand, field, type InputOf, later, listOf, type Shape, type SpecOf, table } from '../field/shape'
import { JOB_SOURCES, anyTemplate } from '../field/template-sources'
import { ANY_TEXT, DURATION, FLAG, TEXT } from '../field/values'
import type { ComponentBook } from './component'
import { WORKFLOW_KEYS } from '../foreign-keys'
import { JOB, type JobSpec, normalizeJobs } from './job'
import { readNamed, refuseTwoDefaults, SECTIONS } from '../field/plural'

const ofJob = later('job', () => JOB)

const KEYS = {
  id: field('id', TEXT, 'Name of the workflow'),
  title: field('title', ANY_TEXT, 'Title for people'),
  description: field('description', ANY_TEXT, 'What the workflow does'),
  jobs: byHand('jobs', listOf(ofJob), 'The jobs, one after the other unless depends_on says otherwise'),
  job: byHand('job', ofJob, 'The job, where there is one; without any, the only or default component is called'),
  input: byHand(
    'input',
    anyTemplate(JOB_SOURCES),
    'Without jobs: input of the component that is called (default: the input of the workflow)',
  ),
  output: field('output', anyTemplate(JOB_SOURCES), 'Output of the workflow (default: that of its last jobs)'),
  isDefault: field('default', FLAG, 'Whether this workflow runs when none is named', false),
  timeoutMs: field('timeout', DURATION, 'Limit of the whole run'),
  ...WORKFLOW_KEYS,
}

/** What a user writes for one workflow. */
export interface WorkflowConfig extends InputOf<typeof KEYS> {}

/** One workflow. */
export const WORKFLOW: Shape<WorkflowConfig> = table(KEYS)

/** Jobs that make one output of one input. */
export interface WorkflowSpec extends SpecOf<typeof KEYS> {
  readonly at: string
  readonly location: Location | undefined
  readonly id: string
  /** As written; `after` says in which order they run. */
  readonly jobs: readonly JobSpec[]
}

/** Reads all workflows by name. Components inside jobs are added to the book. */
export function normalizeWorkflows(root: Fields, components: ComponentBook): ReadonlyMap<string, WorkflowSpec> {
  const named = [...readNamed(root, SECTIONS.workflows)]
  refuseTwoDefaults(named)
  return new Map(named.map(([id, fields]) => [id, normalizeWorkflow(id, fields, named.length === 1, components)]))
}

function normalizeWorkflow(id: string, fields: Fields, isOnly: boolean, components: ComponentBook): WorkflowSpec {
  const listed = normalizeJobs(listJobs(fields, components), components)
  const jobs = orderJobs(listed, components.specs)
  const [spec, templates] = noteTemplates(fields.reading, () => readTable(KEYS, fields))
  checkJobReads(templates, fields, jobs)
  const { at, location } = fields
  return { ...spec, at, location, id, jobs, isDefault: isOnly || spec.isDefault }
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
