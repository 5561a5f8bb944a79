import { listNames, UNNAMED } from '../../base/unnamed'
import type { Location } from '../../base/errors'
import type { Template } from '../../template/compile'
import type { ComponentBook } from '../checks/component-book'
import { type Fields, noteCallbackPath } from '../field/fields'
import { JOB_SOURCES } from '../field/template-sources'
import { AMOUNT, DURATION, STATUS, TEXT, word } from '../field/values'
import { ON_ERROR_WORDS } from '../field/words'

/** One step of a workflow. */
export interface JobSpec {
  readonly at: string
  readonly location: Location | undefined
  readonly id: string
  /** The component by name, `logger` without definition; undefined for a job that only waits. */
  readonly component: string | undefined
  /** Undefined: the input of the workflow. */
  readonly input: Template | undefined
  readonly output: Template | undefined
  /** Undefined: the job above, and those that the templates read. */
  readonly dependsOn: readonly string[] | undefined
  /** The jobs of the workflow that must be done before, in its order; empty for on_error jobs, which run as written. */
  readonly after: readonly string[]
  readonly retry: RetrySpec
  /** Jobs that run after the last attempt; the output of the last one stands in. */
  readonly onError: readonly JobSpec[]
  /** What stands in for the output after the last attempt, where no job does; undefined: the failure ends the run. */
  readonly onErrorOutput: OnErrorOutput | undefined
  /** Limit of each attempt. */
  readonly timeoutMs: number | undefined
  readonly waitFor: WaitSpec | undefined
}

/** The output of a job that failed and is ignored. */
export interface OnErrorOutput {
  /** Undefined: null. */
  readonly template: Template | undefined
}

/** How often a job is tried, and how long between. */
export interface RetrySpec {
  /** Counts the first. */
  readonly maxAttempts: number
  readonly delayMs: number
  readonly backoff: 'fixed' | 'exponential'
  readonly maxDelayMs: number
  /** Statuses of answers that are repeated besides those that may pass by themselves. */
  readonly on: readonly number[] | undefined
}

/** A wait for a callback. */
export interface WaitSpec {
  /** The id or ids to wait for. */
  readonly id: Template
  /** The endpoint that is called; undefined is any. */
  readonly path: string | undefined
  readonly timeoutMs: number | undefined
}

/** A job beside the mapping that it was read from, so that what is wrong between jobs has a place. */
export interface PlacedJob {
  readonly fields: Fields
  readonly spec: JobSpec
  readonly onError: readonly PlacedJob[]
}

const ON_ERROR = word(ON_ERROR_WORDS)
const BACKOFF = word(['fixed', 'exponential'])
const RETRY_ATTEMPTS = 3
const RETRY_DELAY_MS = 1000
const RETRY_MAX_DELAY_MS = 300_000

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
  const onError = normalizeJobs(fields.mappings('on_error'), components)
  const spec: JobSpec = {
    at: fields.at,
    location: fields.location,
    id: fields.read('id', TEXT) ?? UNNAMED.job,
    component: readComponent(fields, components),
    input: fields.template('input', JOB_SOURCES),
    output: fields.template('output', JOB_SOURCES),
    dependsOn: fields.readList('depends_on', TEXT),
    after: [],
    retry: normalizeRetry(fields.mapping('retry', 'max_attempts')),
    onError: onError.map((job) => job.spec),
    onErrorOutput: normalizeOnErrorOutput(fields),
    timeoutMs: fields.read('timeout', DURATION),
    waitFor: normalizeWait(fields),
  }
  return { fields, spec, onError }
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
  if (fields === undefined || fields.read('word', ON_ERROR) === 'fail') return undefined
  return { template: fields.template('output', JOB_SOURCES) }
}

function normalizeRetry(fields: Fields | undefined): RetrySpec {
  return {
    maxAttempts: fields === undefined ? 1 : readAttempts(fields),
    delayMs: fields?.read('delay', DURATION) ?? RETRY_DELAY_MS,
    backoff: fields?.read('backoff', BACKOFF) ?? 'fixed',
    maxDelayMs: fields?.read('max_delay', DURATION) ?? RETRY_MAX_DELAY_MS,
    on: fields?.readList('on', STATUS),
  }
}

function readAttempts(fields: Fields): number {
  if (fields.has('max_attempts') && fields.has('max_attempt_count'))
    fields.error('max_attempt_count', 'stands beside "max_attempts", which means the same; take one out')
  return fields.read('max_attempts', AMOUNT) ?? fields.read('max_attempt_count', AMOUNT) ?? RETRY_ATTEMPTS
}

function normalizeWait(job: Fields): WaitSpec | undefined {
  const fields = job.mapping('wait_for', 'id')
  const id = fields?.template('id', JOB_SOURCES)
  const path = fields?.read('path', TEXT)
  if (fields === undefined) return undefined
  noteCallbackPath(fields, path)
  return id && { id, path, timeoutMs: fields.read('timeout', DURATION) }
}
