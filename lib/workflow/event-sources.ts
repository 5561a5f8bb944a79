import type { Config, EndpointSpec, HttpClientSpec, JobSpec, ListenerSpec } from '../config/normalize'
import { readLiteralPath } from '../base/route-syntax'
import { cleanPath, isSamePath, isUnusual } from '../base/same-path'

/** What a request to an endpoint may start. */
export interface Start {
  readonly kind: 'trigger' | 'event source'
  /** The workflow by its id. */
  readonly workflow: string
}

export type FindStart = (endpoint: EndpointSpec, listener: ListenerSpec) => Start | undefined

/**
 * Gives what finds out which workflow a request starts: any request to a trigger, and a callback that nobody waits for
 * on an event source: an endpoint that names a workflow, or that nothing in the config points at. It is pointed at when
 * its path stands in what a component sends or a job gives it, when a component or a job waits for its callback, or for any.
 */
export function createFindStart(config: Config): FindStart {
  const { workflows, components } = config
  const byDefault = [...workflows.values()].find(({ isDefault }) => isDefault)?.id
  const clients = [...(components?.values() ?? [])].filter((component) => component.type === 'http-client')
  const texts = [
    ...clients.flatMap(listLiterals),
    ...listJobs(config).flatMap(({ input }) => [...textsOf(input?.source)]),
  ]
  const waits = [...clients.flatMap(listWaits), ...listJobWaits(config)]

  function isPointedAt({ path, fullPath }: EndpointSpec): boolean {
    const isAwaited = (wait: Wait): boolean => wait === ANY || isSamePath(wait, path) || isSamePath(wait, fullPath)
    if (waits.some(isAwaited)) return true
    const whole = readLiteralPath(fullPath)
    const start = whole ?? fullPath.replace(/(?<!\\)[:*{].*$/s, '')
    return texts.some((text) => holdsPath(text, start, whole !== undefined))
  }

  return (endpoint, { kind }) => {
    const workflow = endpoint.workflow === undefined ? byDefault : endpoint.workflow
    if (typeof workflow !== 'string' || !workflows.has(workflow)) return undefined
    if (kind === 'trigger') return { kind, workflow }
    const isSource = endpoint.identifyBy && (typeof endpoint.workflow === 'string' || !isPointedAt(endpoint))
    return isSource ? { kind: 'event source', workflow } : undefined
  }
}

/** A wait that names no endpoint may be ended by any. */
const ANY = Symbol('any endpoint')
type Wait = string | typeof ANY

/** What a component says of the endpoint that it waits on, beside the URLs that it sends. */
function listWaits(component: HttpClientSpec): readonly Wait[] {
  const { completion, templates } = component
  const usesTicket = templates.some(({ references }) => references.some(({ source }) => source === 'callback'))
  if (completion?.type !== 'callback') return usesTicket ? [ANY] : []
  const { path } = completion
  return [path !== undefined && path.references.length === 0 ? String(path.source) : ANY]
}

function listJobWaits(config: Config): readonly Wait[] {
  return listJobs(config).flatMap(({ waitFor }) => (waitFor ? [waitFor.path ?? ANY] : []))
}

/** All jobs, also those that stand in for others. */
function listJobs({ workflows }: Config): readonly JobSpec[] {
  const withStandIns = (job: JobSpec): readonly JobSpec[] => [job, ...job.onError.flatMap(withStandIns)]
  return [...workflows.values()].flatMap(({ jobs }) => jobs.flatMap(withStandIns))
}

/** The texts in which a component may tell a callback URL; of its own address only the query. */
function listLiterals({ params, headers, baseHeaders, body, path, endpoint }: HttpClientSpec): readonly string[] {
  const told = [params, headers, baseHeaders, body].flatMap((template) => [...textsOf(template?.source)])
  const queries = [path, endpoint].flatMap((template) => [...textsOf(template?.source)].map(queryOf))
  return [...told, ...queries]
}

function queryOf(address: string): string {
  return address.split(/\?(.*)/s)[1] ?? ''
}

function* textsOf(source: unknown): Generator<string> {
  if (typeof source === 'string') yield source
  else if (typeof source === 'object' && source !== null) {
    for (const item of Object.values(source)) yield* textsOf(item)
  }
}

/** A path with parameters counts by what stands before them. */
function holdsPath(text: string, path: string, isWhole: boolean): boolean {
  const parts = toComparable(text).split(toComparable(path)).slice(1)
  return parts.length > 0 && (!isWhole || parts.some((rest, index) => endsPath(rest, index === parts.length - 1)))
}

/** Whether what stands behind a path does not make it a longer one; `$` begins a template. */
function endsPath(rest: string, isEnd: boolean): boolean {
  return /^\/?[?#\s"'<&,;$]/.test(rest) || (isEnd && /^\/?$/.test(rest))
}

/** A text may write a path percent-encoded or with several slashes, as the config may. */
function toComparable(text: string): string {
  return (isUnusual(text) ? cleanPath(text) : text).toLowerCase()
}
