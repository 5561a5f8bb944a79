import type { ReadPath, Template } from '../../template/compile'
import type { Fields, PlacedTemplate } from '../field/fields'
import type { ConfigPath } from '../../base/values/config-path'
import type { Report } from '../field/report'
import { findCycles } from './job-cycles'
import { findNearest } from '../../base/values/nearest'
import { isUnnamed, listNames, UNNAMED } from '../../base/unnamed'
import type { ComponentSpec } from '../sections/component'
import type { JobSpec, PlacedJob } from '../sections/job'
import { listWaitTemplates } from '../sections/waiting/wait-for'

type Components = ReadonlyMap<string, ComponentSpec> | undefined

/** A path in a template that reads one job, such as `${jobs.draw.output.url}`. */
interface JobRead {
  readonly id: string
  /** As it is written. */
  readonly text: string
  /** Whether a `| default` stands behind it. */
  readonly hasDefault: boolean
}

/** A read, and the place where it is reported when it is wrong. */
interface PlacedRead extends JobRead {
  readonly report: Report
  readonly path: ConfigPath
  /** The component whose template it is. */
  readonly component: string | undefined
}

/** A list of jobs, and the position of the job that reads others; -1 is behind the last. */
interface Frame {
  readonly ids: readonly string[]
  readonly position: number
}

/** The list that holds a job, then the lists around it; the last one is that of the workflow. */
type Frames = readonly [Frame, ...Frame[]]

/** How a job is related to the one that reads it. */
type Relation = 'other' | 'earlier' | 'later' | 'itself' | 'failed' | 'unknown'

/** A job in its order. */
interface Ordered {
  readonly fields: Fields
  readonly spec: JobSpec
  /** The job above, when its place is the only reason to wait for it. */
  readonly onlyAbove: string | undefined
}

/** Decides after which jobs each job of a workflow runs. Reports unknown ids, and jobs that wait for each other. */
export function orderJobs(jobs: readonly PlacedJob[], components: Components): readonly JobSpec[] {
  const ids = jobs.map(({ spec }) => spec.id)
  const ordered = jobs.map((job, position) => orderJob(job, { ids, position }, components))
  refuseCycles(ordered)
  return ordered.map(({ spec }) => spec)
}

/** Reports what the templates of the whole workflow read from jobs that it does not have. */
export function checkJobReads(
  templates: readonly PlacedTemplate[],
  { reading }: Fields,
  jobs: readonly JobSpec[],
): void {
  const frame = { ids: jobs.map(({ id }) => id), position: -1 }
  for (const { template, path } of templates)
    for (const read of listJobReads(template))
      checkRead({ ...read, path, report: reading.report, component: undefined }, [frame])
}

function orderJob(job: PlacedJob, frame: Frame, components: Components): Ordered {
  const { fields, spec } = job
  const above = frame.ids[frame.position - 1]
  const asked = new Set<string | undefined>([...checkDependsOn(job, frame), ...findRead(job, [frame], components)])
  const waiting = spec.waitFor ? listWaitTemplates(spec.waitFor) : []
  if ([spec.input, ...waiting].some(readsOutput)) asked.add(above)
  const onlyAbove = spec.dependsOn === undefined && !asked.has(above) ? above : undefined
  const after = frame.ids.filter((id) => asked.has(id) || id === onlyAbove)
  return { fields, spec: { ...spec, after }, onlyAbove }
}

function readsOutput(template: Template | undefined): boolean {
  return template?.references.some(({ source }) => source === 'output') ?? false
}

function checkDependsOn({ fields, spec }: PlacedJob, frame: Frame): readonly string[] {
  const wanted = spec.dependsOn ?? []
  const unknown = wanted.filter((id) => !frame.ids.includes(id))
  if (unknown.length > 0) {
    const names = unknown.map((id) => `"${id}"`).join(' and no ')
    fields.error('depends_on', `this workflow has no job ${names}; ${listKnown(unknown, [frame])}`)
  }
  if (wanted.includes(spec.id)) fields.error('depends_on', `"${spec.id}" is this job; it cannot wait for itself`)
  return wanted.filter((id) => id !== spec.id)
}

/** The jobs of the workflow that a job and its on_error jobs read. */
function findRead(job: PlacedJob, frames: Frames, components: Components): readonly string[] {
  const own = listReads(job, components).flatMap((read) => (checkRead(read, frames) === 'other' ? [read.id] : []))
  const ids = job.onError.map(({ spec }) => spec.id)
  const inner = job.onError.flatMap((one, position) => {
    if (one.fields.has('depends_on'))
      one.fields.error('depends_on', 'on_error jobs run in the order in which they are written; take depends_on out')
    return findRead(one, [{ ids, position }, ...frames], components)
  })
  return [...own, ...inner]
}

function listReads({ fields, spec, templates }: PlacedJob, components: Components): readonly PlacedRead[] {
  const { component } = spec
  const { report } = fields.reading
  const called = component === undefined ? [] : (components?.get(component)?.templates ?? [])
  const path = fields.pathOf('component')
  return [
    ...templates.flatMap((own) =>
      listJobReads(own.template).map((read) => ({ ...read, report, path: own.path, component: undefined })),
    ),
    ...called.flatMap(listJobReads).map((read) => ({ ...read, report, path, component })),
  ]
}

/** Several workflows may use a component: a default in its template means that not all of them have the job. */
function checkRead(read: PlacedRead, frames: Frames): Relation {
  const relation = relate(read.id, frames)
  const wrong = describeWrong(read, relation, frames)
  if (wrong === undefined || (read.component !== undefined && read.hasDefault)) return relation
  const name = read.component === UNNAMED.component ? '' : ` "${read.component}"`
  const message = read.component === undefined ? wrong : `in the component${name}: ${wrong}`
  read.report.error(read.path, message, 'ERR_CONFIG_TEMPLATE')
  return relation
}

function relate(id: string, frames: Frames): Relation {
  for (const [depth, { ids, position }] of frames.entries()) {
    const found = ids.indexOf(id)
    if (found === -1) continue
    if (found === position) return depth === 0 ? 'itself' : 'failed'
    if (depth === frames.length - 1) return 'other'
    return found < position ? 'earlier' : 'later'
  }
  return 'unknown'
}

function describeWrong({ id, text, component }: PlacedRead, relation: Relation, frames: Frames): string | undefined {
  switch (relation) {
    case 'other':
    case 'earlier':
      return undefined
    case 'later':
      return `${text} reads a job that runs later; on_error jobs run in the order in which they are written`
    case 'itself':
      return `${text} reads what this job itself gives; in its "output" that is \${output}, elsewhere it is not there yet`
    case 'failed':
      return `"${id}" is the job that failed; it has no output; read \${error…} instead of ${text}`
    case 'unknown': {
      const advice =
        component === undefined ? '' : ` A job that may be missing needs a default: \${jobs.${id}… | null}.`
      return `${text} reads a job that this workflow does not have; ${listKnown([id], frames)}${advice}`
    }
  }
}

/** Lists the ids that exist, and those that were most likely meant. */
function listKnown(wrong: readonly string[], frames: Frames): string {
  const known = frames.flatMap(({ ids, position }, depth) => {
    const isWorkflow = depth === frames.length - 1
    return isWorkflow ? ids.filter((_, index) => index !== position) : ids.slice(0, position)
  })
  // One letter is near to any other.
  const meant = wrong.flatMap((id) => (id.length > 1 && findNearest(id, known)) || []).map((id) => `"${id}"`)
  const advice = meant.length === 0 ? '' : ` Did you mean ${[...new Set(meant)].join(' and ')}?`
  return known.length === 0 ? 'it has no other job.' : `known here: ${listNames(known)}.${advice}`
}

function refuseCycles(ordered: readonly Ordered[]): void {
  const jobs = new Map(ordered.map((job) => [job.spec.id, job]))
  for (const cycle of findCycles(ordered.map(({ spec }) => spec))) {
    const [first = ''] = cycle
    const circle = [...cycle, first]
    const isByPlace = cycle.some((id, index) => jobs.get(id)?.onlyAbove === circle[index + 1])
    const advice = isByPlace
      ? 'a job without depends_on waits for the one above it; change their order, or write depends_on'
      : 'one of them must neither name the next in depends_on nor read it'
    const message = `these jobs wait for each other: ${circle.map((id) => (isUnnamed(id) ? 'the job' : id)).join(' → ')}; ${advice}`
    jobs.get(first)?.fields.error(undefined, message)
  }
}

/** Lists the jobs that a template reads by their id: `jobs[*].output` reads no job that is called "output". */
function listJobReads({ reads }: Template): readonly JobRead[] {
  return reads.flatMap(readOf)
}

function readOf({ source, steps: [step], text, hasDefault }: ReadPath): readonly JobRead[] {
  if (source !== 'jobs') return []
  const written = `\${${text}}`
  if (step?.kind === 'key') return [{ id: step.key, text: written, hasDefault }]
  return step?.kind === 'index' ? [{ id: String(step.index), text: written, hasDefault }] : []
}
