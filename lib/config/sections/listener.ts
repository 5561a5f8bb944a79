import type { Fields } from '../field/fields'
import { readBasePath } from '../checks/route-path'
import { readTable } from '../field/read-table'
import { byHand, field, type InputOf, listKeys, listOf, type Shape, type SpecOf, table } from '../field/shape'
import { ANY_TEXT, CALLED_URL, COUNT, FLAG, LISTENER_PORT, RATE, SIZE, TEXT, word } from '../field/values'
import type { Variant } from '../field/variants'
import { toRouteKey } from '../../base/route-syntax'
import { CALLBACK, CALLBACK_KEYS, CALLBACK_ONLY, type EndpointSpec, normalizeEndpoint, TRIGGER } from './endpoint'
import { readList, SECTIONS } from '../field/plural'
import type { WorkflowSpec } from './workflow'

const KEYS = {
  id: field('id', TEXT, 'Name of the listener, for people'),
  type: field('type', word(['http-callback', 'http-trigger']), 'Whether requests end waits or start workflows'),
  runtime: field('runtime', word(['native', 'docker']), 'Where the listener runs', 'native'),
  host: field('host', TEXT, 'Address to listen on when standalone', '0.0.0.0'),
  port: field(
    'port',
    LISTENER_PORT,
    'Port to listen on when standalone, and the one a gateway exposes; 0 is any',
    8090,
  ),
  basePath: field('base_path', ANY_TEXT, 'Joined with the path of every callback'),
  publicUrl: field('public_url', CALLED_URL, 'Fixed public address of this listener'),
  maxConcurrent: field('max_concurrent_count', COUNT, 'Callbacks in work at once; 0 is unbounded', 0),
  maxQueue: field('max_queue', COUNT, 'Callbacks that may queue for a place', 1000),
  bodyLimitBytes: field('body_limit', SIZE, 'Largest body', '1mb'),
  rateLimit: field(
    'rate_limit',
    RATE,
    'Requests of each sender address that are taken, such as "100/m"; more are answered 429',
  ),
  trustForwarded: field(
    'trust_forwarded',
    FLAG,
    'Whether the sender is the right-most address in X-Forwarded-For, behind a proxy of your own',
    false,
  ),
  callbacks: byHand('callbacks', listOf(CALLBACK), 'The callbacks; a single one may stand inline instead'),
  triggers: byHand('triggers', listOf(TRIGGER), 'The triggers of an http-trigger listener'),
}

/** The keys of an inline callback, such as `timeout`, are in endpoint.ts. */
const WITH_CALLBACK = { ...KEYS, ...CALLBACK_KEYS }

/** What a user writes for one listener: one callback inline, or several in `callbacks`. */
export interface ListenerConfig extends InputOf<typeof WITH_CALLBACK> {}

const VARIANTS: readonly Variant[] = [
  { name: 'CallbackListener', tag: { key: KEYS.type.key, words: ['http-callback'] }, without: ['triggers'] },
  {
    name: 'TriggerListener',
    tag: { key: KEYS.type.key, words: ['http-trigger'] },
    without: ['callbacks', ...CALLBACK_ONLY],
  },
].map((variant) => ({ ...variant, isImplied: true }))

/** One listener. */
export const LISTENER: Shape<ListenerConfig> = table(WITH_CALLBACK, {}, VARIANTS)

/** One listener: a port and the endpoints on it. */
export interface ListenerSpec extends SpecOf<typeof KEYS> {
  readonly at: string
  readonly kind: 'callback' | 'trigger'
  /** Empty, or with a leading and without a trailing slash. */
  readonly basePath: string
  readonly endpoints: readonly EndpointSpec[]
}

type Workflows = ReadonlyMap<string, WorkflowSpec>

/** Reads all listeners; `workflows` are those that their endpoints may start. */
export function normalizeListeners(root: Fields, workflows: Workflows): readonly ListenerSpec[] {
  const seen: Routes = new Map()
  return readList(root, SECTIONS.listeners).map((fields) => normalizeListener(fields, workflows, seen))
}

function normalizeListener(fields: Fields, workflows: Workflows, seen: Routes): ListenerSpec {
  const spec = readTable(KEYS, fields)
  const kind = kindOf(spec, fields)
  const basePath = readBasePath(fields)
  const context = { basePath, isTrigger: kind === 'trigger', workflows }
  const endpoints = listEndpoints(fields, kind).flatMap((endpoint) => {
    const one = normalizeEndpoint(endpoint, context)
    return one === undefined ? [] : [{ endpoint, spec: one }]
  })
  refuseRepeatedRoutes(endpoints, spec.port, seen)
  return { ...spec, at: fields.at, kind, basePath, endpoints: endpoints.map((one) => one.spec) }
}

function kindOf({ type }: SpecOf<typeof KEYS>, fields: Fields): ListenerSpec['kind'] {
  if (type === undefined) return fields.has('triggers') && !fields.has('callbacks') ? 'trigger' : 'callback'
  return type === 'http-trigger' ? 'trigger' : 'callback'
}

/** The mappings that describe endpoints: those of the list, or the listener itself when it is written inline. */
function listEndpoints(fields: Fields, kind: ListenerSpec['kind']): readonly Fields[] {
  const isTrigger = kind === 'trigger'
  const [list, otherList] = isTrigger ? (['triggers', 'callbacks'] as const) : (['callbacks', 'triggers'] as const)
  const type = isTrigger ? 'http-trigger' : 'http-callback'
  if (fields.has(otherList)) fields.error(otherList, `a listener of type ${type} has "${list}", not "${otherList}"`)
  const inline = listKeys(CALLBACK_KEYS).filter((key) => fields.has(key))
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
  for (const key of inline) if (CALLBACK_ONLY.includes(key)) fields.error(key, `a trigger has no "${key}"`)
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
