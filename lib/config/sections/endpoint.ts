import type { Location } from '../../base/errors'
import type { Template } from '../../template/compile'
import type { Fields } from '../field/fields'
import { warnOfUnreadLists } from '../checks/judging-lists'
import { type ChallengeSpec, readChallenge } from './challenge'
import { normalizeVerify } from './verify'
import { PROVED_KEYS } from '../../verify/proof-reads'
import type { EndpointVerify } from '../../verify/verify'
import type { WorkflowSpec } from './workflow'
import { joinPaths, readPath } from '../checks/route-path'
import { LISTENER_SOURCES } from '../field/template-sources'
import { DURATION, FLAG, method, SCALAR } from '../field/values'
import { CALLBACK_METHODS, type CallbackMethod } from '../field/words'
import { readWorkflowName } from '../checks/workflow-name'

/** One endpoint: a callback or a trigger, ready to be compiled. */
export interface EndpointSpec {
  /** The config path; `listener` for a callback that is written inline. */
  readonly at: string
  readonly location: Location | undefined
  /** Where the keys stand that are checked against the proof of the sender. */
  readonly locations: Readonly<Record<string, Location | undefined>>
  readonly method: CallbackMethod
  /** As written, with one leading slash. */
  readonly path: string
  /** Joined with the listener's base path. */
  readonly fullPath: string
  readonly identifyBy: Template | undefined
  readonly status: Template | undefined
  readonly successWhen: readonly string[] | undefined
  readonly failWhen: readonly string[] | undefined
  readonly result: Template | undefined
  /** What the message of a failed wait quotes. */
  readonly error: Template | undefined
  readonly bulk: boolean
  readonly item: Template | undefined
  readonly verify: EndpointVerify | undefined
  /** The handshake by name, or with its token; false turns handshakes off. */
  readonly challenge: string | false | ChallengeSpec | undefined
  readonly challengeLocation: Location | undefined
  readonly response: ResponseSpec | undefined
  /** The workflow that a request starts, by name; false starts none. */
  readonly workflow: string | false | undefined
  readonly input: Template | undefined
  readonly dedupeBy: Template | undefined
  /** How long a wait may last that names no limit itself. */
  readonly timeoutMs: number
}

/** What a sender is answered; 200 and empty where nothing is said. */
export interface ResponseSpec {
  readonly status: Template | undefined
  readonly headers: Template | undefined
  readonly body: Template | undefined
}

const METHOD = method(CALLBACK_METHODS)
const DAY_MS = 86_400_000

function placeOf(fields: Fields, key: string): readonly (readonly [string, Location])[] {
  const location = fields.has(key) ? fields.locationOf(key) : undefined
  return location === undefined ? [] : [[key, location]]
}

/** What an endpoint takes from its surroundings. */
export interface EndpointContext {
  readonly basePath: string
  readonly isTrigger: boolean
  readonly workflows: ReadonlyMap<string, WorkflowSpec>
}

/** Reads one endpoint; undefined without a path, which is reported. */
export function normalizeEndpoint(fields: Fields, context: EndpointContext): EndpointSpec | undefined {
  warnOfUnreadLists(fields)
  const verify = normalizeVerify(fields)
  const response = normalizeResponse(fields)
  const read = (key: string): Template | undefined => fields.template(key, LISTENER_SOURCES)
  const path = readPath(fields)
  const spec = {
    at: fields.at,
    location: fields.location,
    locations: Object.fromEntries(PROVED_KEYS.flatMap((key) => placeOf(fields, key))),
    method: fields.read('method', METHOD) ?? 'POST',
    identifyBy: read('identify_by'),
    status: read('status'),
    successWhen: fields.readList('success_when', SCALAR),
    failWhen: fields.readList('fail_when', SCALAR),
    result: read('result'),
    error: read('error'),
    bulk: fields.read('bulk', FLAG) ?? false,
    item: read('item'),
    verify,
    challenge: readChallenge(fields),
    challengeLocation: fields.locationOf('challenge'),
    response,
    workflow: readWorkflowName(fields, context.isTrigger, context.workflows),
    input: read('input'),
    dedupeBy: read('dedupe_by'),
    timeoutMs: fields.read('timeout', DURATION) ?? DAY_MS,
  } as const
  warnOfConstants(fields, {
    identify_by: spec.identifyBy,
    status: spec.status,
    item: spec.item,
    dedupe_by: spec.dedupeBy,
    // A sentence may well be the same each time.
    error: /^\w+(?:[.[][^\s]*)$/.test(String(spec.error?.source)) ? spec.error : undefined,
  })
  warnOfForeignBraces(fields, 'result', spec.result)
  warnOfForeignBraces(fields, 'input', spec.input)
  if (path !== undefined) return { ...spec, path, fullPath: joinPaths(context.basePath, path) }
  if (!fields.has('path')) fields.error('path', 'missing; expected the path that is called, such as "/done"')
  return undefined
}

/** The likeliest slip in these fields is a path without its `${ }`, which is the same text for every callback. */
function warnOfConstants(fields: Fields, templates: Readonly<Record<string, Template | undefined>>): void {
  for (const [key, template] of Object.entries(templates)) {
    if (template === undefined || template.references.length > 0) continue
    const written = String(template.source)
    const meant = /^\{\{(.*)\}\}$/.exec(written)?.[1]?.trim() ?? written
    const advice = /^[\p{L}_]/u.test(meant)
      ? `did you mean "\${${meant}}"?`
      : 'write where it stands, such as "${body.id}"'
    fields.warn(key, `"${written}" is the same for every callback; ${advice}`)
  }
}

/** Other template languages write `{{ body.id }}`, which is plain text here. */
function warnOfForeignBraces(fields: Fields, key: string, template: Template | undefined): void {
  const [found, inner] = /\{\{\s*([\w.[\]]+)\s*\}\}/.exec(JSON.stringify(template?.source) ?? '') ?? []
  if (found === undefined) return
  fields.warn(key, `"${found}" is plain text here; a template is written "\${${inner}}"`)
}

function normalizeResponse(fields: Fields): ResponseSpec | undefined {
  const response = fields.mapping('response')
  return (
    response && {
      status: response.template('status', LISTENER_SOURCES),
      headers: response.template('headers', LISTENER_SOURCES),
      body: response.template('body', LISTENER_SOURCES),
    }
  )
}
