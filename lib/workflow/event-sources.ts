import type {
  ComponentSpec,
  Config,
  EndpointSpec,
  HttpClientSpec,
  JobSpec,
  ListenerSpec,
  WorkflowSpec,
} from '../config/normalize'
import { listWaitPaths } from '../config/sections/waiting/wait-for'
import { readLiteralPath } from '../base/route-syntax'
import type { Template } from '../template/compile'
import { listClients, listJobs, textsIn } from './config-texts'
import { cleanPath, isSamePath, isUnusual } from '../base/same-path'

/** What a request to an endpoint may start. */
export interface Start {
  readonly kind: 'trigger' | 'event source'
  /** The workflow by its id. */
  readonly workflow: string
}

export type FindStart = (endpoint: EndpointSpec, listener: ListenerSpec) => Start | undefined

/**
 * Creates what finds the workflow that a request starts: any request to a trigger, and a callback that nobody waits for
 * to an event source. An event source is an endpoint that names a workflow, or that nothing in the config points at. The
 * config points at an endpoint when a component sends its path, when the input of a job holds it, and when a component
 * or a job waits for its callback, or for any.
 */
export function createFindStart(config: Config): FindStart {
  const { workflows } = config
  const byDefault = [...workflows.values()].find(({ isDefault }) => isDefault)?.id
  const clients = listClients(config)
  const jobs = listJobs(config)
  const texts = [...clients.flatMap(listLiterals), ...jobs.flatMap(({ input }) => textsOf(input))]
  const waits = [
    ...clients.flatMap(listWaits),
    ...jobs.flatMap(({ waitFor }) => (waitFor ? listWaitPaths(waitFor) : [])).map((path): Wait => path ?? ANY),
  ]

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

/**
 * Lists the workflows that may wait for a callback: those with a job that has `wait_for`, or whose component sends
 * requests and has a `completion` that is neither none nor polling.
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

/** A wait that names no endpoint may be ended by any. */
const ANY = Symbol('any endpoint')
type Wait = string | typeof ANY

/** The endpoints that a component names for its callback, beside the URLs that it sends. */
function listWaits(component: HttpClientSpec): readonly Wait[] {
  const { completion, templates } = component
  const usesTicket = templates.some(({ references }) => references.some(({ source }) => source === 'callback'))
  if (completion?.type !== 'callback') return usesTicket ? [ANY] : []
  const paths = completion.several?.branches.map(({ path }) => path ?? completion.path) ?? [completion.path]
  return paths.map((path) => (path !== undefined && path.references.length === 0 ? String(path.source) : ANY))
}

/** The texts in which a component may tell a callback URL; of its own address only the query. */
function listLiterals({ params, headers, baseHeaders, body, path, endpoint }: HttpClientSpec): readonly string[] {
  const told = [params, headers, baseHeaders, body].flatMap(textsOf)
  return [...told, ...[path, endpoint].flatMap(textsOf).map(queryOf)]
}

function textsOf(template: Template | undefined): readonly string[] {
  return Array.from(textsIn(template?.source), ({ text }) => text)
}

function queryOf(address: string): string {
  return address.split(/\?(.*)/s)[1] ?? ''
}

/** Of a path with parameters, the part in front of the first one counts. */
function holdsPath(text: string, path: string, isWhole: boolean): boolean {
  const parts = toComparable(text).split(toComparable(path)).slice(1)
  return parts.length > 0 && (!isWhole || parts.some((rest, index) => endsPath(rest, index === parts.length - 1)))
}

/** Whether the text behind a path does not continue the path; `$` begins a template. */
function endsPath(rest: string, isEnd: boolean): boolean {
  return /^\/?[?#\s"'<&,;$]/.test(rest) || (isEnd && /^\/?$/.test(rest))
}

/** A text may write a path percent-encoded or with several slashes, as the config may. */
function toComparable(text: string): string {
  return (isUnusual(text) ? cleanPath(text) : text).toLowerCase()
}
