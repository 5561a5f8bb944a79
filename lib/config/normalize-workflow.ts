import type { Location } from '../errors'
import type { Template } from '../template/compile'
import type { Fields } from './fields'
import { checkJobReads, orderJobs } from './job-order'
import type { ComponentSpec } from './normalize-component'
import { type JobSpec, normalizeJobs } from './normalize-job'
import { readNamed, SECTIONS } from './sections'
import { JOB_SOURCES } from './template-sources'
import { ANY_TEXT, DURATION, FLAG } from './values'

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

type Components = ReadonlyMap<string, ComponentSpec> | undefined

/** Reads all workflows by name; `components` are undefined when the config has no such section. */
export function normalizeWorkflows(root: Fields, components: Components): ReadonlyMap<string, WorkflowSpec> {
  const named = [...readNamed(root, SECTIONS.workflows)]
  refuseTwoDefaults(named)
  return new Map(named.map(([id, fields]) => [id, normalizeWorkflow(id, fields, named.length === 1, components)]))
}

function normalizeWorkflow(id: string, fields: Fields, isOnly: boolean, components: Components): WorkflowSpec {
  const listed = fields.mappings('jobs')
  if (listed.length === 0) fields.error('jobs', 'expected at least one job, found an empty list')
  const names = components && new Set(components.keys())
  const jobs = orderJobs(normalizeJobs(listed, names), components)
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

function refuseTwoDefaults(named: readonly (readonly [string, Fields])[]): void {
  const [first, ...others] = named.filter(([, fields]) => fields.read('default', FLAG) ?? false)
  for (const [, fields] of others) fields.error('default', `"${first?.[0]}" is the default already; only one can be`)
}
