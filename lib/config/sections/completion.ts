import type { Location } from '../../base/errors'
import type { Template } from '../../template/compile'
import { type Fields, noteCallbackPath } from '../field/fields'
import { refuseUnreadLists } from '../checks/judging-lists'
import { normalizeRequest, type RequestSpec } from './request'
import { POLLING_KEYS } from '../schema/workflow'
import { ANSWERED_SOURCES, REQUEST_SOURCES, RESULT_SOURCES } from '../field/template-sources'
import { DURATION, SCALAR, word } from '../field/values'

/** How a job learns that its task is done. */
export type CompletionSpec = CallbackCompletionSpec | PollingCompletionSpec | NoCompletionSpec

/** The immediate answer is the result. */
export interface NoCompletionSpec {
  readonly type: 'none'
  readonly at: string
}

/** A callback brings the result. */
export interface CallbackCompletionSpec {
  readonly type: 'callback'
  readonly at: string
  /** The endpoint that is called; undefined when the request tells. */
  readonly path: Template | undefined
  /** The id or ids to wait for; undefined when the request tells. */
  readonly waitFor: Template | undefined
  /** True ends the wait with the immediate answer. */
  readonly doneWhen: Template | undefined
  readonly timeoutMs: number | undefined
  readonly fallback: FallbackSpec | undefined
}

/** Asking again and again brings the result. */
export interface PollingCompletionSpec {
  readonly type: 'polling'
  readonly at: string
  readonly doneWhen: Template | undefined
  readonly polling: PollingSpec
}

/** Asks a service how its task is going. */
export interface PollingSpec extends RequestSpec {
  readonly at: string
  readonly location: Location | undefined
  readonly status: Template | undefined
  readonly successWhen: readonly string[] | undefined
  readonly failWhen: readonly string[] | undefined
  readonly result: Template | undefined
  readonly intervalMs: number
  readonly timeoutMs: number
}

/** Polling that begins when a callback is late. */
export interface FallbackSpec extends PollingSpec {
  /** How late. */
  readonly afterMs: number
}

const TYPE = word(['callback', 'polling', 'none'])
const INTERVAL_MS = 5000
const SHORTEST_INTERVAL_MS = 100
const POLLING_TIMEOUT_MS = 300_000
const FALLBACK_AFTER_MS = 60_000

/** The keys that each type reads. */
const OWN_KEYS: Readonly<Record<CompletionSpec['type'], readonly string[]>> = {
  none: ['type'],
  callback: ['type', 'path', 'wait_for', 'done_when', 'timeout', 'fallback'],
  polling: ['type', 'done_when', ...POLLING_KEYS],
}

/** Reads `completion`; a text is its type. */
export function normalizeCompletion(component: Fields): CompletionSpec | undefined {
  const fields = component.mapping('completion', 'type')
  if (fields === undefined) return undefined
  const type = fields.read('type', TYPE) ?? (fields.has('interval') ? 'polling' : 'callback')
  for (const key of fields.keys)
    if (isOfAnyType(key) && !OWN_KEYS[type].includes(key))
      fields.error(key, `a completion of type "${type}" has no "${key}"`)
  const { at } = fields
  if (type === 'none') return { type, at }
  const doneWhen = fields.template('done_when', ANSWERED_SOURCES)
  if (type === 'polling') return { type, at, doneWhen, polling: normalizePolling(fields) }
  const path = fields.template('path', REQUEST_SOURCES)
  noteCallbackPath(fields, path?.source)
  return {
    type,
    at,
    path,
    waitFor: fields.template('wait_for', ANSWERED_SOURCES),
    doneWhen,
    timeoutMs: fields.read('timeout', DURATION),
    fallback: normalizeFallback(fields),
  }
}

function isOfAnyType(key: string): boolean {
  return Object.values(OWN_KEYS).some((keys) => keys.includes(key))
}

function normalizeFallback(completion: Fields): FallbackSpec | undefined {
  const fields = completion.mapping('fallback')
  return fields && { ...normalizePolling(fields), afterMs: fields.read('after', DURATION) ?? FALLBACK_AFTER_MS }
}

function normalizePolling(fields: Fields): PollingSpec {
  if (!fields.has('path') && !fields.has('endpoint'))
    fields.error('path', 'missing; polling needs the path or endpoint to ask')
  refuseUnreadLists(fields)
  return {
    ...normalizeRequest(fields, ANSWERED_SOURCES),
    at: fields.at,
    location: fields.location,
    status: fields.template('status', RESULT_SOURCES),
    successWhen: fields.readList('success_when', SCALAR),
    failWhen: fields.readList('fail_when', SCALAR),
    result: fields.template('result', RESULT_SOURCES),
    intervalMs: readInterval(fields),
    timeoutMs: fields.read('timeout', DURATION) ?? POLLING_TIMEOUT_MS,
  }
}

function readInterval(fields: Fields): number {
  const intervalMs = fields.read('interval', DURATION) ?? INTERVAL_MS
  if (intervalMs < SHORTEST_INTERVAL_MS) {
    const found = `${intervalMs} ms would ask without pause; expected at least ${SHORTEST_INTERVAL_MS}ms`
    fields.error('interval', `${found}. A bare number is milliseconds; seconds are written "5s"`)
  }
  return intervalMs
}
