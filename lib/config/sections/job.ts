import { listNames, UNNAMED } from '../../base/unnamed'
import type { Location } from '../../base/errors'
import type { Template } from '../../template/compile'
import { type Fields, noteTemplates, type PlacedTemplate } from '../field/fields'
import { readTable } from '../field/read-table'
import {
  byHand,
  choice,
  field,
  type InOf,
  type InputOf,
  later,
  listOf,
  oneOrMore,
  orShort,
  type Shape,
  type SpecOf,
  table,
  TEXTS,
} from '../field/shape'
import { JOB_OUTPUT_SOURCES, JOB_SOURCES, anyTemplate } from '../field/template-sources'
import { AMOUNT, DURATION, STATUS, TEXT, word } from '../field/values'
import { COMPONENT, type ComponentBook } from './component'
import { findSeveral } from './completion'
import { JOB_KEYS, JOB_REFUSALS, ON_ERROR_REFUSALS } from '../foreign-keys'
import { refuseBranch } from './waiting/branches'
import { normalizeWaitFor, WAIT_FOR, type WaitSpec } from './waiting/wait-for'

const RETRY = {
  maxAttempts: field('max_attempts', AMOUNT, 'Attempts in all, the first one counted', 3),
  sameAttempts: byHand('max_attempt_count', AMOUNT, 'The same as max_attempts'),
  delayMs: field('delay', DURATION, 'Time before the next attempt', '1s'),
  backoff: field('backoff', word(['fixed', 'exponential']), 'Whether the delay stays or doubles', 'fixed'),
  maxDelayMs: field('max_delay', DURATION, 'Longest delay', '5m'),
  on: field(
    'on',
    oneOrMore(STATUS, `${STATUS.expected}, or a list of them`),
    'Statuses of answers that are repeated too, such as 409',
  ),
}

const ON_ERROR = {
  output: field(
    'output',
    anyTemplate(JOB_SOURCES),
    'Output of the job when it fails (default null); ${error} can be read',
  ),
}

const onErrorWord = word(['ignore', 'fail'])
const onError = choice([onErrorWord, table(ON_ERROR, ON_ERROR_REFUSALS)], 'a mapping')

/** What a user writes for `on_error`, apart from a list of jobs. */
export type OnErrorConfig = InOf<typeof onError>

const KEYS = {
  id: field('id', TEXT, 'Name of the job'),
  type: byHand('type', word(['component']), 'Kind of job (default component)'),
  component: byHand(
    'component',
    choice([TEXT, later('component', () => COMPONENT)], 'the name of a component, or a mapping that is one'),
    'Component that does the work: its name, or all of it (default: the only one, or the default one)',
  ),
  input: field('input', anyTemplate(JOB_SOURCES), 'Input of the component (default: the input of the workflow)'),
  output: field(
    'output',
    anyTemplate(JOB_OUTPUT_SOURCES),
    'What other jobs read as ${jobs.ID.output}; with wait_for any, ${branch} says which callback came',
  ),
  dependsOn: field('depends_on', TEXTS, 'Jobs to wait for (default: the one above); [] starts at once'),
  retry: byHand(
    'retry',
    orShort(RETRY.maxAttempts, table(RETRY), 'a number of attempts, 1 or more, or a mapping such as {max_attempts: 3}'),
    'How often a job that fails is tried; a number is max_attempts',
  ),
  timeoutMs: field('timeout', DURATION, 'Limit of each attempt'),
  waitFor: byHand('wait_for', WAIT_FOR, 'Waits for a callback, or for any or all of several; instead of component'),
  ...JOB_KEYS,
}

/** What a user writes for one job. */
export interface JobConfig extends InputOf<typeof KEYS> {
  readonly on_error?: OnErrorConfig | readonly JobConfig[] | undefined
}

/** One job, which may hold others. */
export const JOB: Shape<JobConfig> = table(
  {
    ...KEYS,
    onError: byHand(
      'on_error',
      choice(
        [onError, listOf(later<JobConfig>('job', () => JOB))],
        'a list of jobs, ignore, fail, or a mapping with output',
      ),
      'What happens after the last attempt: these jobs run, and the output of the last one is used; with ignore, null is',
    ),
  },
  JOB_REFUSALS,
)

/** One step of a workflow. */
export interface JobSpec extends SpecOf<typeof KEYS> {
  readonly at: string
  readonly location: Location | undefined
  readonly id: string
  /** The component by name, `logger` without definition; undefined for a job that only waits. */
  readonly component: string | undefined
  /** What a job without a component waits for. */
  readonly waitFor: WaitSpec | undefined
  /** The jobs of the workflow that must be done before, in its order; empty for on_error jobs, which run as written. */
  readonly after: readonly string[]
  readonly retry: RetrySpec
  /** Jobs that run after the last attempt; the output of the last one becomes that of the job. */
  readonly onError: readonly JobSpec[]
  /** The output after the last attempt when `onError` is empty; undefined: the failure ends the run. */
  readonly onErrorOutput: OnErrorOutput | undefined
  /** Every template of its own, without those of its component and of its on_error jobs. */
  readonly templates: readonly Template[]
}

/** The output of a job that failed and is ignored; without a template it is null. */
export interface OnErrorOutput {
  readonly template: Template | undefined
}

/** How often a job is tried, and how long between. */
export interface RetrySpec extends SpecOf<typeof RETRY> {}

/** A job beside the mapping that it was read from, so that what is wrong between jobs has a place. */
export interface PlacedJob {
  readonly fields: Fields
  readonly spec: JobSpec
  /** The templates of the spec. */
  readonly templates: readonly PlacedTemplate[]
  readonly onError: readonly PlacedJob[]
}

/** Reads a list of jobs, of which none runs after another yet. */
export function normalizeJobs(list: readonly Fields[], components: ComponentBook): readonly PlacedJob[] {
  const jobs = new Map<string, PlacedJob>()
  for (const fields of list) {
    const job = normalizeJob(fields, components)
    const { id } = job.spec
    const other = jobs.get(id)?.spec
    if (other === undefined) jobs.set(id, job)
    else if (fields.has('id')) fields.error('id', `"${id}" is the id of ${other.at} too`)
    else fields.error('id', `missing; only one job may have no id, and ${other.at} has none`)
  }
  return [...jobs.values()]
}

function normalizeJob(fields: Fields, components: ComponentBook): PlacedJob {
  const onErrorJobs = normalizeJobs(fields.mappings('on_error'), components)
  const [own, templates] = noteTemplates(fields.reading, () => ({
    ...readTable(KEYS, fields),
    waitFor: normalizeWaitFor(fields),
    onErrorOutput: normalizeOnErrorOutput(fields),
  }))
  const spec: JobSpec = {
    ...own,
    at: fields.at,
    location: fields.location,
    id: own.id ?? UNNAMED.job,
    component: readComponent(fields, components),
    after: [],
    retry: normalizeRetry(fields),
    onError: onErrorJobs.map((job) => job.spec),
    templates: templates.map((one) => one.template),
  }
  refuseBranch(fields, spec.output, modeOf(spec, components))
  return { fields, spec, templates, onError: onErrorJobs }
}

/** Whether a job waits for any or all of several callbacks, by itself or by its component, as far as that is known here. */
function modeOf({ component, waitFor }: JobSpec, { specs }: ComponentBook): string | undefined {
  if (component === undefined) return waitFor?.mode
  const called = specs?.get(component)
  if (called?.type === 'http-client') return findSeveral(called)?.mode
  return called === undefined && component !== 'logger' ? 'any' : undefined
}

function readComponent(fields: Fields, components: ComponentBook): string | undefined {
  const { fallback } = components
  if (!fields.has('component') && !fields.has('wait_for')) return fallback ?? missComponent(fields, components)
  if (!fields.has('component')) return undefined
  if (fields.has('wait_for')) fields.error('wait_for', 'stands beside "component"; a job calls a component or waits')
  const inside = fields.mapping('component')
  if (inside !== undefined) return components.add(inside)
  const name = fields.read('component', TEXT)
  if (name !== undefined) checkComponent(name, fields, components)
  return name
}

function missComponent(fields: Fields, { names }: ComponentBook): undefined {
  const missing = 'this job names no component and waits for nothing; add "component"'
  if (names === undefined) fields.warn(undefined, `${missing}, or it fails when it runs`)
  else if (names.length === 0) fields.error(undefined, `${missing}, and define it in "components"`)
  else fields.error(undefined, `${missing}; name one of: ${listNames(names)}`)
}

function checkComponent(name: string, fields: Fields, { names }: ComponentBook): void {
  if (name === 'logger' || names?.includes(name)) return
  if (names === undefined) {
    const message = `no component "${name}" is defined; the job fails when it runs`
    fields.warn('component', message, 'ERR_COMPONENT_UNKNOWN')
  } else {
    const known = listNames(names) || 'none'
    fields.error('component', `no component "${name}" is defined; defined are: ${known}`, 'ERR_COMPONENT_UNKNOWN')
  }
}

/** `ignore` is the short form of a mapping without output. */
function normalizeOnErrorOutput(job: Fields): OnErrorOutput | undefined {
  const fields = job.mapping('on_error', 'word')
  if (fields === undefined || fields.read('word', onErrorWord) === 'fail') return undefined
  return { template: readTable(ON_ERROR, fields).output }
}

/** A job without `retry` is tried once. */
function normalizeRetry(job: Fields): RetrySpec {
  const fields = job.mapping('retry', RETRY.maxAttempts.key) ?? job.supposing(RETRY.maxAttempts.key, 1)
  const { maxAttempts, sameAttempts } = RETRY
  if (fields.has(maxAttempts.key) && fields.has(sameAttempts.key))
    fields.error(sameAttempts.key, 'stands beside "max_attempts", which means the same; take one out')
  const spec = readTable(RETRY, fields)
  if (fields.has(maxAttempts.key)) return spec
  return { ...spec, maxAttempts: fields.read(sameAttempts.key, AMOUNT) ?? spec.maxAttempts }
}
