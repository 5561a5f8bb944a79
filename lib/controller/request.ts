import type { ServerResponse } from 'node:http'
import { findNearest } from '../base/values/nearest'
import { isMapping } from '../base/values/plain'
import { CallbackError, type ErrorCode } from '../base/errors'
import { createBodyReader } from '../body/read-body'
import { checkDepth, parseContent } from '../body/content'
import { cut } from '../template/excerpt'
import type { ListenerRequest } from '../body/request'
import type { Clock } from '../base/contracts'

/** Reads the JSON of a request; undefined when there is none. */
export type ReadJson = (request: ListenerRequest, response: ServerResponse) => Promise<unknown>

const BODY_LIMIT_BYTES = 1024 ** 2

/**
 * Creates a reader of JSON bodies up to 1 MB. It takes only `application/json`: a foreign web page can send any other type,
 * or none, without asking (CSRF). Throws `ERR_BODY_*`.
 */
export function createJsonReader(clock: Clock): ReadJson {
  const read = createBodyReader({ limitBytes: BODY_LIMIT_BYTES, needsRaw: false, clock })
  return async (request, response) => {
    requireJson(request)
    const body = await read(request, response).catch(rethrow)
    if (body.kind === 'parsed') return checkDepth(body.value)
    return body.content.length === 0 ? undefined : parseContent(body.content, request.headers['content-type'])
  }
}

/** Messages of the controller in place of those of the body reader, which are about callbacks. */
const REFUSALS: Partial<Readonly<Record<ErrorCode, string>>> = {
  ERR_BODY_TOO_LARGE: 'The body is larger than 1 MB',
  ERR_BODY_TIMEOUT: 'The body did not arrive in time; send it faster',
  ERR_BODY_ABORTED: 'The body is not whole',
  ERR_BODY_ENCODING: 'The content encoding is not supported; send gzip, deflate, br or plain JSON',
  ERR_BODY_CONSUMED: 'The body was read before the controller saw it; mount the controller before other parsers',
}

function rethrow(error: unknown): never {
  const message = error instanceof CallbackError ? REFUSALS[error.code] : undefined
  throw error instanceof CallbackError && message !== undefined
    ? new CallbackError(error.code, { message, cause: error })
    : error
}

/** Throws `ERR_BODY_TYPE` for a request that does not say that its body is JSON. */
export function requireJson({ headers }: ListenerRequest): void {
  const { 'content-type': type = '' } = headers
  if (/^\s*application\/json\s*(?:;|$)/i.test(type)) return
  const found = type === '' ? 'it has none' : `not ${JSON.stringify(type)}`
  const message = `The request needs the content type application/json; ${found}`
  throw new CallbackError('ERR_BODY_TYPE', { message })
}

/** Whether a request has a body or a content type. */
export function hasContent({ headers }: ListenerRequest): boolean {
  if (headers['content-type'] !== undefined || headers['transfer-encoding'] !== undefined) return true
  return Number(headers['content-length'] ?? 0) > 0
}

/** The body of `POST /workflows/runs`. */
export interface RunRequest {
  readonly workflow: string | undefined
  readonly input: unknown
  readonly waitsForCompletion: boolean
  readonly outputOnly: boolean
}

const KEYS = ['workflow_id', 'input', 'wait_for_completion', 'output_only']

/** Reads the body of a run; null counts as left out. Throws `ERR_REQUEST`, which names the key. */
export function parseRunRequest(body: unknown = {}): RunRequest {
  if (!isMapping(body)) throw badRequest(`The body must be a JSON object with ${KEYS.join(', ')}`)
  refuseUnknown('key', Object.keys(body), KEYS)
  const { workflow_id, input } = body
  const workflow = workflow_id ?? undefined
  if (workflow !== undefined && typeof workflow !== 'string') throw badValue('workflow_id', 'text', workflow)
  const waitsForCompletion = readFlag(body, 'wait_for_completion', true)
  const outputOnly = readFlag(body, 'output_only', false)
  if (outputOnly && !waitsForCompletion)
    throw badRequest('"output_only": true needs "wait_for_completion": true, since there is no output before the end')
  return { workflow, input, waitsForCompletion, outputOnly }
}

function readFlag(body: Readonly<Record<string, unknown>>, key: string, byDefault: boolean): boolean {
  const value = body[key] ?? byDefault
  if (typeof value !== 'boolean') throw badValue(key, 'true or false', value)
  return value
}

/** Refuses the first of these names that is not known, and suggests the nearest. Throws `ERR_REQUEST`. */
export function refuseUnknown(what: 'key' | 'parameter', names: Iterable<string>, known: readonly string[]): void {
  for (const name of names) {
    if (known.includes(name)) continue
    const nearest = findNearest(name, known)
    const meant = nearest === undefined ? '' : ` Did you mean "${nearest}"?`
    const there = known.length > 1 ? 'There are' : 'There is only'
    const list = known.join(known.length === 2 ? ' and ' : ', ')
    throw badRequest(`Unknown ${what} ${quote(name)}.${meant} ${there} ${list}`)
  }
}

/** Quotes a text of a request, at most 100 characters of it. */
export function quote(text: string): string {
  return JSON.stringify(cut(text, 100))
}

function badValue(key: string, expected: string, value: unknown): CallbackError {
  return badRequest(`${key}: expected ${expected}, found ${describeKind(value)}`)
}

/** Names the type of a value, not its content, which may be long or secret. */
function describeKind(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'a mapping' : `a ${typeof value}`
}

/** Creates the refusal of a request that is not understood. */
export function badRequest(message: string): CallbackError {
  return new CallbackError('ERR_REQUEST', { message })
}
