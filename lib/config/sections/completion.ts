import type { Location } from '../../base/errors'
import type { Template } from '../../template/compile'
import { type Fields, noteCallbackPath } from '../field/fields'
import { readTable } from '../field/read-table'
import { byHand, field, type InputOf, listKeys, orShort, type Shape, type SpecOf, table } from '../field/shape'
import {
  ANSWERED_SOURCES,
  REQUEST_SOURCES,
  RESULT_SOURCES,
  anyTemplate,
  textTemplate,
  urlTemplate,
} from '../field/template-sources'
import { DURATION, word } from '../field/values'
import type { Variant } from '../field/variants'
import { STREAM_KEYS } from '../foreign-keys'
import { refuseUnreadLists, VALUES } from './judged'
import { checkRequest, requestKeys } from './request'
import { OWN_WHEN, warnOfWhen } from './waiting/when'
import { normalizeSeveral, type SeveralSpec, WAITED_FOR } from './waiting/several'

const SHORTEST_INTERVAL_MS = 100

const POLLING = {
  ...requestKeys(ANSWERED_SOURCES),
  status: field(
    'status',
    textTemplate(RESULT_SOURCES),
    'Where the answer says how the task went, such as ${response.status}',
  ),
  successWhen: field('success_when', VALUES, 'Values of status that mean success'),
  failWhen: field('fail_when', VALUES, 'Values of status that mean failure'),
  result: field('result', anyTemplate(RESULT_SOURCES), 'The result (default: the answer)'),
  intervalMs: field('interval', DURATION, 'Time between two questions', '5s'),
  timeoutMs: field('timeout', DURATION, 'How long to wait', '5m'),
}

const FALLBACK = {
  afterMs: field('after', DURATION, 'How late the callback must be', '1m'),
  ...POLLING,
}

const TYPE = {
  type: field('type', word(['callback', 'polling', 'none']), 'How the job learns that the task is done'),
}

const ANY = {
  ...TYPE,
  doneWhen: field('done_when', textTemplate(ANSWERED_SOURCES), 'True when the immediate answer is final already'),
}

const CALLBACK = {
  ...TYPE,
  path: field('path', urlTemplate(REQUEST_SOURCES), 'callback: the endpoint that is called; polling: the path to ask'),
  waitedFor: WAITED_FOR,
  doneWhen: ANY.doneWhen,
  timeoutMs: field('timeout', DURATION, 'How long to wait (polling: default 5m)'),
  when: OWN_WHEN,
  fallback: byHand('fallback', table(FALLBACK), 'callback: asks when the callback is late'),
}

const KEYS = { ...TYPE, ...POLLING, ...CALLBACK, ...STREAM_KEYS }

/** What a user writes for `completion`, unless it is just the type. */
export interface CompletionConfig extends InputOf<typeof KEYS> {}

/** The keys that each type reads. */
const OWN_KEYS: Readonly<Record<CompletionSpec['type'], readonly string[]>> = {
  none: listKeys(TYPE),
  callback: listKeys(CALLBACK),
  polling: listKeys({ ...ANY, ...POLLING }),
}

function without(type: CompletionSpec['type']): readonly string[] {
  return Object.values(OWN_KEYS)
    .flat()
    .filter((key) => !OWN_KEYS[type].includes(key))
}

const VARIANTS: readonly Variant[] = [
  {
    name: 'CallbackCompletion',
    tag: { key: TYPE.type.key, words: ['callback'] },
    isImplied: true,
    without: without('callback'),
  },
  {
    name: 'PollingCompletion',
    tag: { key: TYPE.type.key, words: ['polling'] },
    isImplied: true,
    without: without('polling'),
  },
  { name: 'NoCompletion', tag: { key: TYPE.type.key, words: ['none'] }, without: without('none') },
]

const WORDS = 'a mapping, or one of callback, polling, none'

/** How a job learns that its task is done. */
export const COMPLETION: Shape<CompletionConfig | CompletionConfig['type']> = orShort(
  TYPE.type,
  table(KEYS, {}, VARIANTS),
  WORDS,
)

/** How a job learns that its task is done. */
export type CompletionSpec = CallbackCompletionSpec | PollingCompletionSpec | NoCompletionSpec

/** The immediate answer is the result. */
export interface NoCompletionSpec {
  readonly type: 'none'
  readonly at: string
}

/** A callback brings the result. The request tells the endpoint and the ids that are undefined. */
export interface CallbackCompletionSpec extends SpecOf<typeof CALLBACK> {
  readonly type: 'callback'
  readonly at: string
  /** The id or ids to wait for. */
  readonly waitFor: Template | undefined
  /** Several callbacks in place of one. */
  readonly several: SeveralSpec | undefined
  readonly fallback: FallbackSpec | undefined
}

/** Asking again and again brings the result. */
export interface PollingCompletionSpec extends SpecOf<typeof ANY> {
  readonly type: 'polling'
  readonly at: string
  readonly polling: PollingSpec
}

interface Placed {
  readonly at: string
  readonly location: Location | undefined
}

/** Asks a service how its task is going. */
export interface PollingSpec extends SpecOf<typeof POLLING>, Placed {}

/** Polling that begins when a callback is late by `afterMs`. */
export interface FallbackSpec extends SpecOf<typeof FALLBACK>, Placed {}

/** Returns the several callbacks that a component waits for; undefined when it waits for one, or for none. */
export function findSeveral({
  completion,
}: {
  readonly completion: CompletionSpec | undefined
}): SeveralSpec | undefined {
  return completion?.type === 'callback' ? completion.several : undefined
}

/** Reads `completion`; a text is its type. */
export function normalizeCompletion(component: Fields): CompletionSpec | undefined {
  const fields = component.mapping('completion', TYPE.type.key)
  if (fields === undefined) return undefined
  const { at } = fields
  const { type = fields.has('interval') ? 'polling' : 'callback', doneWhen } = readTable(ANY, fields)
  for (const key of fields.keys)
    if (isOfAnyType(key) && !OWN_KEYS[type].includes(key))
      fields.error(key, `a completion of type "${type}" has no "${key}"`)
  if (type === 'none') return { type, at }
  if (type === 'polling') return { type, at, doneWhen, polling: placePolling(readTable(POLLING, fields), fields) }
  const spec = readTable(CALLBACK, fields)
  noteCallbackPath(fields, spec.path?.source)
  warnOfWhen(fields, spec.when)
  if (spec.when !== undefined && fields.has('fallback'))
    fields.error(
      'fallback',
      'stands beside "when", which reads callbacks; let "status" of the callback say which is final',
    )
  const late = fields.mapping('fallback')
  return {
    ...spec,
    type,
    at,
    waitFor: readWaitFor(fields),
    several: normalizeSeveral(fields),
    fallback: late && placePolling(readTable(FALLBACK, late), late),
  }
}

function readWaitFor(fields: Fields): Template | undefined {
  return fields.mapping(WAITED_FOR.key) ? undefined : fields.template(WAITED_FOR.key, ANSWERED_SOURCES)
}

function isOfAnyType(key: string): boolean {
  return Object.values(OWN_KEYS).some((keys) => keys.includes(key))
}

function placePolling<T extends SpecOf<typeof POLLING>>(spec: T, fields: Fields): T & Placed {
  if (!fields.has('path') && !fields.has('endpoint'))
    fields.error('path', 'missing; polling needs the path or endpoint to ask')
  refuseUnreadLists(fields)
  checkRequest(fields, spec)
  if (spec.intervalMs < SHORTEST_INTERVAL_MS) {
    const found = `${spec.intervalMs} ms would ask without pause; expected at least ${SHORTEST_INTERVAL_MS}ms`
    fields.error('interval', `${found}. A bare number is milliseconds; seconds are written "5s"`)
  }
  return { ...spec, at: fields.at, location: fields.location }
}
