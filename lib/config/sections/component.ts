import type { Location } from '../../base/errors'
import type { Template } from '../../template/compile'
import { type Fields, noteTemplates } from '../field/fields'
import { readTable } from '../field/read-table'
import { byHand, field, type InputOf, listKeys, type Shape, type SpecOf, table } from '../field/shape'
import {
  ANSWERED_SOURCES,
  REQUEST_SOURCES,
  OUTPUT_SOURCES,
  anyTemplate,
  textTemplate,
  urlTemplate,
} from '../field/template-sources'
import { DURATION, FLAG, RATE, TEXT, word } from '../field/values'
import { nameType, type Variant } from '../field/variants'
import { COMPONENT_TYPES, LOG_LEVELS } from '../field/words'
import { COMPLETION, type CompletionSpec, findSeveral, normalizeCompletion } from './completion'
import { ACTION_ONLY_KEYS, COMPONENT_KEYS, COMPONENT_REFUSALS, STREAM_KEYS } from '../foreign-keys'
import { IMMEDIATE, VALUES, warnOfUnreadLists } from './judged'
import { readNamed, refuseTwoDefaults, SECTIONS } from '../field/plural'
import { checkRequest, refuseUncallable, requestKeys } from './request'
import { readServerUrl, SERVER } from './server'
import { refuseBranch } from './waiting/branches'

const ACTION = {
  ...requestKeys(REQUEST_SOURCES),
  output: field(
    'output',
    anyTemplate(OUTPUT_SOURCES),
    'Output of the component; ${response}, ${header}, ${status_code} and ${result} can be read, after any ${branch} too',
  ),
  timeoutMs: field('timeout', DURATION, 'Limit of request and wait together'),
  completion: byHand(
    'completion',
    COMPLETION,
    'How the job learns that the task is done (default: by the callback URL in the request)',
  ),
  idempotency: field('idempotency', FLAG, 'Whether to send Idempotency-Key, one for all attempts of a job', false),
  status: field(
    'status',
    textTemplate(ANSWERED_SOURCES),
    'Where the immediate answer says how it went, such as ${response.ok}',
  ),
  successWhen: field('success_when', VALUES, 'Values of status that mean success'),
  failWhen: field('fail_when', VALUES, 'Values of status that mean failure; the job fails at once'),
}

const CLIENT = {
  baseUrl: field('base_url', urlTemplate(REQUEST_SOURCES), 'What every path is joined to'),
  rateLimit: field('rate_limit', RATE, 'Requests that may be sent, such as "10/s"'),
}

const COMMON = {
  id: field('id', TEXT, 'Name of the component'),
  type: field('type', word(COMPONENT_TYPES), 'Kind of component', 'http-client'),
  isDefault: field('default', FLAG, 'Whether jobs that name no component call this one', false),
}

const LOGGER = { level: field('level', word(LOG_LEVELS), 'logger: level', 'info') }

const KEYS = {
  ...COMMON,
  ...SERVER,
  ...CLIENT,
  action: byHand(
    'action',
    table({ ...ACTION, ...ACTION_ONLY_KEYS, ...STREAM_KEYS }),
    'The request; its keys may stand inline instead',
  ),
  ...LOGGER,
  ...ACTION,
  ...STREAM_KEYS,
  ...COMPONENT_KEYS,
}

/** What a user writes for one component. */
export interface ComponentConfig extends InputOf<typeof KEYS> {}

/** The keys that each type does not read. */
const FOREIGN_KEYS: Readonly<Record<(typeof COMPONENT_TYPES)[number], readonly string[]>> = {
  'http-client': [...listKeys(SERVER), ...listKeys(LOGGER)],
  'http-server': ['base_url', ...listKeys(LOGGER)],
  logger: [...listKeys(ACTION), ...listKeys(CLIENT), 'action', ...listKeys(SERVER)],
}

const VARIANTS: readonly Variant[] = COMPONENT_TYPES.map((type) => ({
  name: nameType(type, 'Component'),
  tag: { key: COMMON.type.key, words: [type] },
  isImplied: type === COMMON.type.default,
  without: FOREIGN_KEYS[type],
}))

/** One component. */
export const COMPONENT: Shape<ComponentConfig> = table(KEYS, COMPONENT_REFUSALS, VARIANTS)

/** What does the work of a job. */
export type ComponentSpec = HttpClientSpec | LoggerSpec

interface CommonSpec {
  readonly at: string
  readonly location: Location | undefined
  readonly id: string
  readonly isDefault: boolean
  /** Every template that is rendered when a job calls the component. */
  readonly templates: readonly Template[]
}

/** A component that sends a request and, if need be, waits for the result. */
export interface HttpClientSpec extends SpecOf<typeof ACTION>, SpecOf<typeof CLIENT>, CommonSpec {
  /** An `http-server` calls a server that runs already: a client whose base URL is on this machine. */
  readonly type: 'http-client'
  /** Headers of the component, below those of its action. */
  readonly baseHeaders: Template | undefined
  /** Limit of the request alone; that of request and wait together, when undefined, is left to the endpoint. */
  readonly requestTimeoutMs: number
  /** Undefined: whether to wait is seen by the callback URL in the request. */
  readonly completion: CompletionSpec | undefined
}

/** A component that writes to the log. */
export interface LoggerSpec extends CommonSpec, SpecOf<typeof LOGGER> {
  readonly type: 'logger'
}

const REQUEST_TIMEOUT_MS = 30_000

/** Reads all components by name; undefined when the config has no such section. */
export function normalizeComponents(root: Fields): ReadonlyMap<string, ComponentSpec> | undefined {
  if (!root.has('component') && !root.has('components')) return undefined
  const named = [...readNamed(root, SECTIONS.components)]
  refuseTwoDefaults(named)
  return new Map(named.map(([id, fields]) => [id, normalizeComponent(id, fields)]))
}

/** Reads one component. */
function normalizeComponent(id: string, fields: Fields): ComponentSpec {
  const { type, isDefault } = readTable(COMMON, fields)
  for (const key of FOREIGN_KEYS[type])
    if (fields.has(key)) fields.error(key, `a component of type "${type}" has no "${key}"${adviseOnKey(type, key)}`)
  if (type !== 'logger') return normalizeHttpClient(id, fields, type, isDefault)
  return { ...readTable(LOGGER, fields), at: fields.at, location: fields.location, id, type, isDefault, templates: [] }
}

function adviseOnKey(type: ComponentSpec['type'] | 'http-server', key: string): string {
  if (type === 'http-client' && listKeys(SERVER).includes(key)) return '; write base_url, or type: http-server'
  return key === 'base_url' && type === 'http-server' ? '; write port and base_path, or type: http-client' : ''
}

function normalizeHttpClient(
  id: string,
  fields: Fields,
  type: 'http-client' | 'http-server',
  isDefault: boolean,
): HttpClientSpec {
  const action = fields.mapping('action')
  if (action !== undefined) refuseBothPlaces(fields)
  const request = action ?? fields
  warnOfUnreadLists(request, IMMEDIATE)
  const [spec, templates] = noteTemplates(fields.reading, () => {
    const client = readTable(CLIENT, fields)
    return {
      ...client,
      ...readTable(ACTION, request),
      baseUrl: type === 'http-server' ? readServerUrl(fields) : client.baseUrl,
      baseHeaders: action && fields.template('headers', REQUEST_SOURCES),
      completion: normalizeCompletion(request),
    }
  })
  checkRequest(request, spec)
  refuseBranch(request, spec.output, findSeveral(spec)?.mode)
  if (type === 'http-client') refuseUncallable(fields, 'base_url', spec.baseUrl)
  if (!spec.baseUrl && !spec.path && !spec.endpoint)
    fields.warn(undefined, 'this component has neither base_url, path nor endpoint; it fails when it is used')
  const timeoutMs = spec.timeoutMs ?? fields.read('timeout', DURATION)
  return {
    ...spec,
    at: fields.at,
    location: fields.location,
    id,
    type: 'http-client',
    isDefault,
    timeoutMs,
    requestTimeoutMs: timeoutMs ?? REQUEST_TIMEOUT_MS,
    templates: templates.map(({ template: one }) => one),
  }
}

/** The request is written in one place. Headers and timeout may be in both: those of the action win. */
function refuseBothPlaces(fields: Fields): void {
  for (const key of listKeys(ACTION)) {
    if (key === 'headers' || key === 'timeout' || !fields.has(key)) continue
    fields.error(key, `stands beside "action"; move "${key}" into it, or all of "action" here`)
  }
}

/** The components that jobs can call: those of the config, and those inside a job. */
export interface ComponentBook {
  /** All by name; undefined when there is none and the config has no such section. */
  readonly specs: ReadonlyMap<string, ComponentSpec> | undefined
  /** The names in the section of the config; undefined when it has none. */
  readonly names: readonly string[] | undefined
  /** The one that a job without `component` calls: the default one, or the only one. */
  readonly fallback: string | undefined
  /** Reads a component inside a job. Returns its name, by which only that job calls it. */
  add(fields: Fields): string
}

/** Creates a book of the components that the section of the config defines. */
export function createComponentBook(defined: ReadonlyMap<string, ComponentSpec> | undefined): ComponentBook {
  const specs = new Map(defined)
  const names = defined && [...defined.keys()]
  const marked = names?.find((name) => defined?.get(name)?.isDefault)
  return {
    get specs() {
      return defined === undefined && specs.size === 0 ? undefined : specs
    },
    names,
    fallback: marked ?? (names?.length === 1 ? names[0] : undefined),
    add(fields) {
      specs.set(fields.at, normalizeComponent(fields.at, fields))
      return fields.at
    },
  }
}
