import { CallbackError, type ErrorCode, type FailedCallback, type ImmediateAnswer } from '../../base/errors'
import type { SchemaIssue } from '../../base/schemas/standard-schema'
import { giveType, typeOf } from '../../base/values/typed-bytes'

/** Marks a mapping that stands for a value which JSON has no form for. A mapping of an app with this key is wrapped too. */
const TAG = '$kept'

/**
 * Returns a value of JSON in place of any result, body or error; `fromKept` reads it back. Bytes stay bytes, a bigint keeps
 * its digits, and an error keeps its code, message, callback, answer and cause.
 */
export function toKept(value: unknown): unknown {
  if (typeof value === 'bigint') return keepBigInt(value)
  if (typeof value === 'number' && !Number.isFinite(value)) return { [TAG]: 'number', digits: String(value) }
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Uint8Array) return keepBytes(value)
  if (value instanceof Error) return { [TAG]: 'error', ...describeError(value) }
  if (Array.isArray(value)) return value.map(toKept)
  if (value instanceof Date) return value.toJSON()
  const kept = mapValues(value, toKept)
  return Object.hasOwn(value, TAG) ? { [TAG]: 'mapping', mapping: kept } : kept
}

function keepBytes(bytes: Uint8Array): unknown {
  return { [TAG]: 'bytes', base64: Buffer.from(bytes).toString('base64'), type: typeOf(bytes) }
}

/** A bigint of a template is beyond 2^53. A smaller one is an app's own, and becomes its digits, as it does elsewhere. */
function keepBigInt(value: bigint): unknown {
  return Number.isSafeInteger(Number(value)) ? String(value) : { [TAG]: 'integer', digits: String(value) }
}

/** Returns the value that was kept. */
export function fromKept(kept: unknown): unknown {
  if (typeof kept !== 'object' || kept === null) return kept
  if (Array.isArray(kept)) return kept.map(fromKept)
  if (!Object.hasOwn(kept, TAG)) return mapValues(kept, fromKept)
  const { [TAG]: tag, ...rest }: Kept = kept
  if (tag === 'bytes') return giveType(Buffer.from(String(rest.base64), 'base64'), rest.type)
  if (tag === 'integer') return BigInt(String(rest.digits))
  if (tag === 'number') return Number(rest.digits)
  if (tag === 'error') return readError(rest)
  return mapValues(Object(rest.mapping), fromKept)
}

/** Maps own keys alone, `__proto__` among them. A loop, since each callback passes here twice. */
function mapValues(value: object, change: (item: unknown) => unknown): object {
  const items: Readonly<Record<string, unknown>> = { ...value }
  const mapped: Record<string, unknown> = {}
  for (const key of Object.keys(items)) {
    const changed = change(items[key])
    if (changed === undefined || typeof changed === 'function') continue
    if (key === '__proto__') define(mapped, key, changed)
    else mapped[key] = changed
  }
  return mapped
}

/** Sets an own key, also where an assignment would set the prototype. */
function define(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true })
}

interface Kept extends KeptError {
  readonly [TAG]?: unknown
  readonly base64?: unknown
  readonly type?: string | undefined
  readonly digits?: unknown
  readonly mapping?: unknown
}

interface KeptError {
  readonly code?: string | undefined
  readonly message?: string | undefined
  readonly at?: string | undefined
  readonly callback?: FailedCallback | undefined
  readonly issues?: readonly SchemaIssue[] | undefined
  readonly answer?: { readonly status: number; readonly body: unknown } | undefined
  /** Without its body where that is the body of the answer too. */
  readonly response?: (Omit<ImmediateAnswer, 'body'> & { readonly body?: unknown }) | undefined
  readonly cause?: unknown
}

function describeError(error: Error): object {
  const { message, cause } = error
  const plain = cause === undefined ? { message } : { message, cause: toKept(cause) }
  if (!(error instanceof CallbackError)) return plain
  const kept = error.response ? { ...plain, response: keepResponse(error.response, error) } : plain
  const { code, at, status, body, result, id, endpoint, reason, issues } = error
  if (typeof status === 'number') return { ...kept, code, at, answer: { status, body: toKept(body) } }
  if (endpoint === undefined) return { ...kept, code, at, issues }
  const callback = { status, result: toKept(result), body: toKept(body), id, endpoint, reason }
  return { ...kept, code, at, issues, callback }
}

function keepResponse({ status, headers, body }: ImmediateAnswer, error: CallbackError): KeptError['response'] {
  const isKnown = typeof error.status === 'number' && error.body === body
  return { status, headers, ...(!isKnown && { body: toKept(body) }) }
}

function readResponse({ response, answer }: KeptError): ImmediateAnswer | undefined {
  if (response === undefined) return undefined
  const { status, headers } = response
  return { status, headers, body: fromKept(Object.hasOwn(response, 'body') ? response.body : answer?.body) }
}

function readError(kept: KeptError): Error {
  const { code, message = '' } = kept
  const cause = fromKept(kept.cause)
  if (code === undefined) return new Error(message, cause === undefined ? undefined : { cause })
  return new CallbackError(code as ErrorCode, {
    message,
    at: kept.at,
    cause,
    issues: kept.issues,
    callback: kept.callback && (fromKept(kept.callback) as FailedCallback),
    answer: kept.answer && { status: kept.answer.status, body: fromKept(kept.answer.body) },
    response: readResponse(kept),
  })
}
