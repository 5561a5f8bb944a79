import type { Fields } from '../field/fields'
import { type EndpointSpec, normalizeEndpoint } from './endpoint'
import type { WorkflowSpec } from './workflow'
import { toRouteKey } from '../../base/route-syntax'
import { readBasePath } from '../checks/route-path'
import { CALLBACK_KEYS, TRIGGER_KEYS } from '../schema/listener'
import { readList, SECTIONS } from '../schema/sections'
import { COUNT, FLAG, LISTENER_PORT, CALLED_URL, RATE, type Rate, SIZE, TEXT, word } from '../field/values'

/** One listener: a port and the endpoints on it. */
export interface ListenerSpec {
  readonly at: string
  readonly kind: 'callback' | 'trigger'
  readonly runtime: 'native' | 'docker'
  readonly host: string
  readonly port: number
  /** Empty, or with a leading and without a trailing slash. */
  readonly basePath: string
  /** Without trailing slash; it may have a path. */
  readonly publicUrl: string | undefined
  /** 0 is unbounded. */
  readonly maxConcurrent: number
  readonly maxQueue: number
  readonly bodyLimitBytes: number
  /** For each sender address. */
  readonly rateLimit: Rate | undefined
  /** Whether the right-most address of `X-Forwarded-For` is believed, since only a proxy of the user's own calls here. */
  readonly trustForwarded: boolean
  readonly endpoints: readonly EndpointSpec[]
}

type Workflows = ReadonlyMap<string, WorkflowSpec>

const KIND = word(['http-callback', 'http-trigger'])
const RUNTIME = word(['native', 'docker'])
const DEFAULT_BODY_BYTES = 1024 * 1024

/** Reads all listeners; `workflows` are those that their endpoints may start. */
export function normalizeListeners(root: Fields, workflows: Workflows): readonly ListenerSpec[] {
  const seen: Routes = new Map()
  return readList(root, SECTIONS.listeners).map((fields) => normalizeListener(fields, workflows, seen))
}

function normalizeListener(fields: Fields, workflows: Workflows, seen: Routes): ListenerSpec {
  const kind = readKind(fields)
  const basePath = readBasePath(fields)
  const context = { basePath, isTrigger: kind === 'trigger', workflows }
  const endpoints = listEndpoints(fields, kind).flatMap((endpoint) => {
    const spec = normalizeEndpoint(endpoint, context)
    return spec === undefined ? [] : [{ endpoint, spec }]
  })
  const port = fields.read('port', LISTENER_PORT) ?? 8090
  refuseRepeatedRoutes(endpoints, port, seen)
  return {
    at: fields.at,
    kind,
    runtime: fields.read('runtime', RUNTIME) ?? 'native',
    host: fields.read('host', TEXT) ?? '0.0.0.0',
    port,
    basePath,
    publicUrl: fields.read('public_url', CALLED_URL),
    maxConcurrent: fields.read('max_concurrent_count', COUNT) ?? 0,
    maxQueue: fields.read('max_queue', COUNT) ?? 1000,
    bodyLimitBytes: fields.read('body_limit', SIZE) ?? DEFAULT_BODY_BYTES,
    rateLimit: fields.read('rate_limit', RATE),
    trustForwarded: fields.read('trust_forwarded', FLAG) ?? false,
    endpoints: endpoints.map(({ spec }) => spec),
  }
}

function readKind(fields: Fields): ListenerSpec['kind'] {
  const isTrigger = fields.has('triggers') && !fields.has('callbacks')
  const type = fields.read('type', KIND) ?? (isTrigger ? 'http-trigger' : 'http-callback')
  return type === 'http-trigger' ? 'trigger' : 'callback'
}

/** The mappings that describe endpoints: those of the list, or the listener itself when it is written inline. */
function listEndpoints(fields: Fields, kind: ListenerSpec['kind']): readonly Fields[] {
  const isTrigger = kind === 'trigger'
  const [list, otherList] = isTrigger ? (['triggers', 'callbacks'] as const) : (['callbacks', 'triggers'] as const)
  const type = isTrigger ? 'http-trigger' : 'http-callback'
  if (fields.has(otherList)) fields.error(otherList, `a listener of type ${type} has "${list}", not "${otherList}"`)
  const inline = CALLBACK_KEYS.filter((key) => fields.has(key))
  if (isTrigger) refuseCallbackKeys(fields, inline)
  if (fields.has(list)) {
    if (inline.length > 0)
      fields.error(list, `stands beside ${inline.join(', ')}; write one callback inline, or all in "${list}"`)
  } else if (inline.length > 0) {
    return [fields]
  }
  const listed = fields.mappings(list)
  if (listed.length === 0 && !fields.has(otherList))
    fields.warn(undefined, `this listener has no ${list}; it receives nothing`)
  return listed
}

function refuseCallbackKeys(fields: Fields, inline: readonly string[]): void {
  for (const key of inline) if (!TRIGGER_KEYS.includes(key)) fields.error(key, `a trigger has no "${key}"`)
}

/** Where each route stands first, with the port of its listener. */
type Routes = Map<string, { readonly at: string; readonly port: number }>

/** One route twice on a port is an error; on several ports it is one too many where they are mounted together. */
function refuseRepeatedRoutes(
  endpoints: readonly { readonly endpoint: Fields; readonly spec: EndpointSpec }[],
  port: number,
  seen: Routes,
): void {
  for (const { endpoint, spec } of endpoints) {
    const route = `${spec.method} ${spec.fullPath}`
    const key = toRouteKey(spec.method, spec.fullPath)
    const first = seen.get(key)
    if (first === undefined) seen.set(key, { at: spec.at, port })
    else if (first.port === port) endpoint.error('path', `${route} is answered by ${first.at} already`)
    else endpoint.warn('path', `${route} is answered by ${first.at} where all listeners are mounted together`)
  }
}
