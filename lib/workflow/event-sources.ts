import { listComponentTemplates } from '../config/job-component'
import type { Config, EndpointSpec, HttpClientSpec, JobSpec, ListenerSpec } from '../config/normalize'
import type { Template } from '../template/compile'

/**
 * Whether a callback that nobody waits for starts a workflow: on an endpoint that names one, or that nothing in the
 * config points at. An endpoint is pointed at when its path stands in what a component sends, when a component or a
 * job waits for its callback, or for any.
 */
export function createIsEventSource(config: Config): (spec: EndpointSpec, listener: ListenerSpec) => boolean {
  const { workflows, components } = config
  const clients = [...(components?.values() ?? [])].filter((component) => component.type === 'http-client')
  const texts = clients.flatMap(listLiterals)
  const waits = [...clients.flatMap(listWaits), ...listJobWaits(config)]

  function isPointedAt({ path, fullPath }: EndpointSpec): boolean {
    const isAwaited = (wait: Wait): boolean => wait === ANY || isSamePath(wait, path) || isSamePath(wait, fullPath)
    if (waits.some(isAwaited)) return true
    const literal = fullPath.replace(/[:*{].*$/, '')
    return texts.some((text) => holdsPath(text, literal, literal === fullPath))
  }

  return (spec, listener) => {
    if (workflows.size === 0 || spec.workflow === false || spec.identifyBy === undefined) return false
    if (listener.kind !== 'callback') return false
    return typeof spec.workflow === 'string' || !isPointedAt(spec)
  }
}

/** A wait that names no endpoint may be ended by any. */
const ANY = Symbol('any endpoint')
type Wait = string | typeof ANY

/** What a component says of the endpoint that it waits on, beside the URLs that it sends. */
function listWaits(component: HttpClientSpec): readonly Wait[] {
  const { completion } = component
  const usesTicket = listComponentTemplates(component).some(({ references }) =>
    references.some(({ source }) => source === 'callback'),
  )
  if (completion?.type !== 'callback') return usesTicket ? [ANY] : []
  const { path } = completion
  return [path !== undefined && path.references.length === 0 ? String(path.source) : ANY]
}

function listJobWaits({ workflows }: Config): readonly Wait[] {
  function waitsOf({ waitFor, onError }: JobSpec): readonly Wait[] {
    const own: readonly Wait[] = waitFor ? [waitFor.path ?? ANY] : []
    return [...own, ...onError.flatMap(waitsOf)]
  }
  return [...workflows.values()].flatMap(({ jobs }) => jobs.flatMap(waitsOf))
}

/** The texts in which a component may tell a callback URL; its own address is none. */
function listLiterals({ params, headers, baseHeaders, body }: HttpClientSpec): readonly string[] {
  return [params, headers, baseHeaders, body].flatMap((template) => (template ? [...textsOf(template.source)] : []))
}

function* textsOf(source: Template['source']): Generator<string> {
  if (typeof source === 'string') yield source
  else if (typeof source === 'object' && source !== null) {
    for (const item of Object.values(source)) yield* textsOf(item)
  }
}

/** A path with parameters counts by what stands before them. */
function holdsPath(text: string, path: string, isWhole: boolean): boolean {
  const parts = text.toLowerCase().split(path.toLowerCase()).slice(1)
  return parts.length > 0 && (!isWhole || parts.some((rest, index) => endsPath(rest, index === parts.length - 1)))
}

/** Whether what stands behind a path does not make it a longer one; `$` begins a template. */
function endsPath(rest: string, isEnd: boolean): boolean {
  return /^\/?[?#\s"'<&,;$]/.test(rest) || (isEnd && /^\/?$/.test(rest))
}

function isSamePath(one: string, other: string): boolean {
  const toKey = (path: string): string => path.replaceAll(/^\/+|\/+$/g, '').toLowerCase()
  return toKey(one) === toKey(other)
}
