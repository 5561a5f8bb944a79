import type { Location } from '../../base/errors'
import type { Template } from '../../template/compile'
import { refuseUncallable } from '../checks/constant-url'
import type { Fields } from '../field/fields'
import { IMMEDIATE, warnOfUnreadLists } from '../checks/judging-lists'
import { type CompletionSpec, normalizeCompletion } from './completion'
import { normalizeRequest, type RequestSpec } from './request'
import { ACTION_KEYS } from '../schema/workflow'
import { readNamed, refuseTwoDefaults, SECTIONS } from '../schema/sections'
import { readServerUrl } from '../checks/server-url'
import { ANSWERED_SOURCES, REQUEST_SOURCES, RESULT_SOURCES } from '../field/template-sources'
import { DURATION, FLAG, RATE, type Rate, SCALAR, word } from '../field/values'
import { COMPONENT_TYPES, LOG_LEVELS, type LogLevel } from '../field/words'

/** What does the work of a job. */
export type ComponentSpec = HttpClientSpec | LoggerSpec

/** A component that sends a request and, if need be, waits for what comes of it. */
export interface HttpClientSpec extends RequestSpec {
  readonly at: string
  readonly location: Location | undefined
  readonly id: string
  /** An `http-server` calls a server that runs already: a client whose base URL is on this machine. */
  readonly type: 'http-client'
  readonly baseUrl: Template | undefined
  /** Headers of the component, below those of its action. */
  readonly baseHeaders: Template | undefined
  readonly rateLimit: Rate | undefined
  readonly output: Template | undefined
  /** Limit of request and wait together; undefined leaves the wait to its endpoint. */
  readonly timeoutMs: number | undefined
  /** Limit of the request alone. */
  readonly requestTimeoutMs: number
  /** Undefined: whether to wait is seen by the callback URL in the request. */
  readonly completion: CompletionSpec | undefined
  readonly idempotency: boolean
  readonly isDefault: boolean
  /** How the immediate answer is judged, as a listener judges a callback; undefined: by its HTTP status alone. */
  readonly status: Template | undefined
  readonly successWhen: readonly string[] | undefined
  readonly failWhen: readonly string[] | undefined
}

/** A component that writes to the log. */
export interface LoggerSpec {
  readonly at: string
  readonly location: Location | undefined
  readonly id: string
  readonly type: 'logger'
  readonly level: LogLevel
  readonly isDefault: boolean
}

const TYPE = word(COMPONENT_TYPES)
const LEVEL = word(LOG_LEVELS)
const REQUEST_TIMEOUT_MS = 30_000
const REQUEST_KEYS = [...ACTION_KEYS, 'rate_limit', 'action']
const SERVER_KEYS = ['host', 'port', 'base_path']

/** The keys that each type does not read. */
const FOREIGN_KEYS: Readonly<Record<(typeof COMPONENT_TYPES)[number], readonly string[]>> = {
  'http-client': [...SERVER_KEYS, 'level'],
  'http-server': ['base_url', 'level'],
  logger: [...REQUEST_KEYS, ...SERVER_KEYS, 'base_url'],
}

/** Reads all components by name; undefined when the config has no such section. */
export function normalizeComponents(root: Fields): ReadonlyMap<string, ComponentSpec> | undefined {
  if (!root.has('component') && !root.has('components')) return undefined
  const named = [...readNamed(root, SECTIONS.components)]
  refuseTwoDefaults(named)
  return new Map(named.map(([id, fields]) => [id, normalizeComponent(id, fields)]))
}

/** Reads one component. */
export function normalizeComponent(id: string, fields: Fields): ComponentSpec {
  const type = fields.read('type', TYPE) ?? 'http-client'
  for (const key of FOREIGN_KEYS[type])
    if (fields.has(key)) fields.error(key, `a component of type "${type}" has no "${key}"${adviseOnKey(type, key)}`)
  if (type !== 'logger') return normalizeHttpClient(id, fields, type)
  const isDefault = fields.read('default', FLAG) ?? false
  return { at: fields.at, location: fields.location, id, type, level: fields.read('level', LEVEL) ?? 'info', isDefault }
}

function adviseOnKey(type: ComponentSpec['type'] | 'http-server', key: string): string {
  if (type === 'http-client' && SERVER_KEYS.includes(key)) return '; write base_url, or type: http-server'
  return key === 'base_url' && type === 'http-server' ? '; write port and base_path, or type: http-client' : ''
}

function normalizeHttpClient(id: string, fields: Fields, type: 'http-client' | 'http-server'): HttpClientSpec {
  const action = fields.mapping('action')
  if (action !== undefined) refuseBothPlaces(fields)
  const request = action ?? fields
  const baseUrl = type === 'http-server' ? readServerUrl(fields) : fields.template('base_url', REQUEST_SOURCES)
  if (type === 'http-client') refuseUncallable(fields, 'base_url', baseUrl)
  warnOfUnreadLists(request, IMMEDIATE)
  const timeoutMs = action?.read('timeout', DURATION) ?? fields.read('timeout', DURATION)
  const spec: HttpClientSpec = {
    at: fields.at,
    location: fields.location,
    id,
    type: 'http-client',
    baseUrl,
    baseHeaders: action && fields.template('headers', REQUEST_SOURCES),
    rateLimit: fields.read('rate_limit', RATE),
    ...normalizeRequest(request, REQUEST_SOURCES),
    output: request.template('output', RESULT_SOURCES),
    timeoutMs,
    requestTimeoutMs: timeoutMs ?? REQUEST_TIMEOUT_MS,
    completion: normalizeCompletion(request),
    idempotency: request.read('idempotency', FLAG) ?? false,
    isDefault: fields.read('default', FLAG) ?? false,
    status: request.template('status', ANSWERED_SOURCES),
    successWhen: request.readList('success_when', SCALAR),
    failWhen: request.readList('fail_when', SCALAR),
  }
  if (!spec.baseUrl && !spec.path && !spec.endpoint)
    fields.warn(undefined, 'this component has neither base_url, path nor endpoint; it fails when it is used')
  return spec
}

/** The request stands in one place; headers and timeout may stand in both, those of the action on top. */
function refuseBothPlaces(fields: Fields): void {
  for (const key of ACTION_KEYS) {
    if (key === 'headers' || key === 'timeout' || !fields.has(key)) continue
    fields.error(key, `stands beside "action"; move "${key}" into it, or all of "action" here`)
  }
}
