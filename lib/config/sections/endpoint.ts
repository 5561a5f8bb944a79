import type { Location } from '../../base/errors'
import { readWorkflowName } from '../checks/workflow-name'
import { joinPaths, readPath } from '../checks/route-path'
import { warnOfConstant, warnOfText } from '../checks/same-each-time'
import type { Fields } from '../field/fields'
import { readTable } from '../field/read-table'
import { byHand, choice, field, type InputOf, listKeys, required, type Shape, type SpecOf, table } from '../field/shape'
import { LISTENER_SOURCES, mappingTemplate, anyTemplate, textTemplate } from '../field/template-sources'
import { SCHEMA } from '../field/schema-value'
import { DURATION, FLAG, method, OFF, TEXT, word } from '../field/values'
import { CALLBACK_METHODS } from '../field/words'
import { CHALLENGE, type ChallengeSpec, readChallenge } from './challenge'
import { PROVED_KEYS } from '../../verify/proof-reads'
import type { EndpointVerify } from '../../verify/verify'
import { VALUES, warnOfUnreadLists } from './judged'
import { normalizeVerify, VERIFY } from './verify'
import type { WorkflowSpec } from './workflow'

const ANY = anyTemplate(LISTENER_SOURCES)
const ONE = textTemplate(LISTENER_SOURCES)

const RESPOND = word(['at_once', 'when_done'])

const RESPONSE = {
  status: field('status', ONE, 'HTTP status (default 200)'),
  headers: field('headers', mappingTemplate(LISTENER_SOURCES), 'HTTP headers'),
  body: field('body', ANY, 'Body of the answer (default empty)'),
}

const TRIGGER_KEYS = {
  path: field('path', TEXT, 'Path below base_path, in Express 5 syntax; parameters are read as ${params.name}'),
  method: field('method', method(CALLBACK_METHODS), 'HTTP method', 'POST'),
  bulk: field('bulk', FLAG, 'Whether one request carries several items', false),
  item: field('item', ONE, 'The items in bulk mode, else the part of the body that matters'),
  when: field(
    'when',
    ONE,
    'Whether a request counts, such as ${body.livemode}; one for which it is false is acknowledged and dropped',
  ),
  verify: byHand('verify', VERIFY, 'How the sender proves itself'),
  challenge: byHand('challenge', CHALLENGE, 'Handshake of the sender; false turns it off'),
  response: field('response', table(RESPONSE), 'What the sender is answered'),
  workflow: byHand(
    'workflow',
    choice([OFF, TEXT], 'the id of a workflow, or false'),
    'Workflow that a request starts; false starts none',
  ),
  input: field('input', ANY, 'Input of that workflow (default: the body)'),
  dedupeBy: field('dedupe_by', ONE, 'What tells a repeated delivery, such as ${header.webhook-id}'),
  respond: field(
    'respond',
    RESPOND,
    'Whether a request that starts a workflow is answered at once, or with the output when the run has ended',
    'at_once',
  ),
  withinMs: field('within', DURATION, 'How long such a request is held before it is answered 202', '25s'),
}

/** The keys of one callback, which a listener with a single one may have itself. */
export const CALLBACK_KEYS = {
  ...TRIGGER_KEYS,
  identifyBy: field('identify_by', ONE, 'The id of the task that the callback belongs to'),
  status: field('status', ONE, 'Where the callback says how the task went'),
  successWhen: field('success_when', VALUES, 'Values of status that mean success'),
  failWhen: field('fail_when', VALUES, 'Values of status that mean failure'),
  result: field('result', ANY, 'What the wait receives (default: the item, else the body)'),
  schema: field('schema', SCHEMA, 'What the result must fit, in a config that is written in code'),
  onMismatch: field(
    'on_mismatch',
    word(['fail', 'refuse']),
    'What a result does that does not fit: it fails the wait, or its sender is answered 422 and the wait goes on',
    'fail',
  ),
  error: field(
    'error',
    ANY,
    'Where a failed callback says why, such as ${body.error.message}; the error of the wait quotes it',
  ),
  timeoutMs: field('timeout', DURATION, 'How long a wait may last that names no limit itself', '24h'),
}

/** The keys that a callback has and a trigger has not. */
export const CALLBACK_ONLY: readonly string[] = listKeys(CALLBACK_KEYS).filter(
  (key) => !listKeys(TRIGGER_KEYS).includes(key),
)

const PATH = { path: required('path', TEXT, 'Path below base_path, in Express 5 syntax') }
const CALLBACK_TABLE = { ...CALLBACK_KEYS, ...PATH }
const TRIGGER_TABLE = { ...TRIGGER_KEYS, ...PATH }

/** What a user writes for one entry of `callbacks`. */
export interface CallbackConfig extends InputOf<typeof CALLBACK_TABLE> {}
/** What a user writes for one entry of `triggers`. */
export interface TriggerConfig extends InputOf<typeof TRIGGER_TABLE> {}

/** One entry of `callbacks`. */
export const CALLBACK: Shape<CallbackConfig> = table(CALLBACK_TABLE)
/** One entry of `triggers`. */
export const TRIGGER: Shape<TriggerConfig> = table(TRIGGER_TABLE)

/** One endpoint: a callback or a trigger, ready to be compiled. */
export interface EndpointSpec extends SpecOf<typeof CALLBACK_KEYS> {
  /** The config path; `listener` for a callback that is written inline. */
  readonly at: string
  readonly location: Location | undefined
  /** Where the keys stand that are checked against the proof of the sender. */
  readonly locations: Readonly<Record<string, Location | undefined>>
  /** As written, with one leading slash. */
  readonly path: string
  /** Joined with the listener's base path. */
  readonly fullPath: string
  readonly verify: EndpointVerify | undefined
  /** The handshake by name, or with its token; false turns handshakes off. */
  readonly challenge: string | false | ChallengeSpec | undefined
  readonly challengeLocation: Location | undefined
  /** The workflow that a request starts, by name; false starts none. */
  readonly workflow: string | false | undefined
}

/** The answer to a sender: 200 and empty by default. */
export interface ResponseSpec extends SpecOf<typeof RESPONSE> {}

/** What an endpoint needs to know of its listener and of the workflows. */
export interface EndpointContext {
  readonly basePath: string
  readonly isTrigger: boolean
  readonly workflows: ReadonlyMap<string, WorkflowSpec>
}

/** Reads one endpoint; undefined without a path, which is reported. */
export function normalizeEndpoint(fields: Fields, context: EndpointContext): EndpointSpec | undefined {
  warnOfUnreadLists(fields)
  const path = readPath(fields)
  const spec = {
    ...readTable(CALLBACK_KEYS, fields),
    at: fields.at,
    location: fields.location,
    locations: Object.fromEntries(
      PROVED_KEYS.flatMap((key) => (fields.has(key) ? [[key, fields.locationOf(key)] as const] : [])),
    ),
    verify: normalizeVerify(fields),
    challenge: readChallenge(fields),
    challengeLocation: fields.locationOf('challenge'),
    workflow: readWorkflowName(fields, context.isTrigger, context.workflows),
  }
  if (fields.has('on_mismatch') && !fields.has('schema'))
    fields.warn('on_mismatch', 'never read without "schema"; give the schema that results must fit')
  if (fields.has('within') && fields.read('respond', RESPOND) !== 'when_done')
    fields.warn('within', 'never read without "respond: when_done", since each request is answered at once')
  warnOfText(fields, spec.when)
  const constants = {
    when: spec.when,
    identify_by: spec.identifyBy,
    status: spec.status,
    item: spec.item,
    dedupe_by: spec.dedupeBy,
    // A sentence may well be the same each time.
    error: /^\w+(?:[.[][^\s]*)$/.test(String(spec.error?.source)) ? spec.error : undefined,
  }
  for (const [key, template] of Object.entries(constants)) warnOfConstant(fields, key, template, LISTENER_SOURCES)
  if (path !== undefined) return { ...spec, path, fullPath: joinPaths(context.basePath, path) }
  if (!fields.has('path')) fields.error('path', 'missing; expected the path that is called, such as "/done"')
  return undefined
}
