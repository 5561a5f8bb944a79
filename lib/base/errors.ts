import { isNativeError } from 'node:util/types'
import { escapeControls } from './secrets/escape'
import type { SchemaIssue } from './schemas/standard-schema'
import { maskTickets } from './secrets/ticket-id'

/** Every `code` that a {@link CallbackError} can carry. The list is closed, so that a `switch` over it can be complete. */
export type ErrorCode =
  | 'ERR_CONFIG_INVALID'
  | 'ERR_CONFIG_UNKNOWN_KEY'
  | 'ERR_CONFIG_VALUE'
  | 'ERR_CONFIG_TEMPLATE'
  | 'ERR_CONFIG_ENV'
  | 'ERR_CONFIG_YAML'
  | 'ERR_CONFIG_FILE'
  | 'ERR_CALLBACK_FAILED'
  | 'ERR_WAIT_TIMEOUT'
  | 'ERR_WAIT_ID'
  | 'ERR_WAIT_KEY'
  | 'ERR_ABORTED'
  | 'ERR_CANCELLED'
  | 'ERR_ENDPOINT_AMBIGUOUS'
  | 'ERR_ENDPOINT_UNKNOWN'
  | 'ERR_COMPONENT_UNKNOWN'
  | 'ERR_HTTP_STATUS'
  | 'ERR_HTTP_NETWORK'
  | 'ERR_HTTP_TIMEOUT'
  | 'ERR_HTTP_BODY'
  | 'ERR_GATEWAY_NOT_READY'
  | 'ERR_GATEWAY_MISSING'
  | 'ERR_GATEWAY_PROGRAM'
  | 'ERR_GATEWAY_OPTIONS'
  | 'ERR_GATEWAY_AUTH'
  | 'ERR_GATEWAY_HOST_KEY'
  | 'ERR_GATEWAY_RATE_LIMITED'
  | 'ERR_GATEWAY_NETWORK'
  | 'ERR_GATEWAY_PORT'
  | 'ERR_GATEWAY_TIMEOUT'
  | 'ERR_GATEWAY_EXITED'
  | 'ERR_LISTEN'
  | AnswerCode

/** The codes that a sender of callbacks or a client of the controller can see. */
export type AnswerCode = keyof typeof ANSWER_STATUS

/** The HTTP status of every code that is answered to them; the only place where the two meet. */
export const ANSWER_STATUS = {
  ERR_BODY_MALFORMED: 400,
  ERR_BODY_DEPTH: 400,
  ERR_BODY_ABORTED: 400,
  ERR_ITEMS: 400,
  ERR_ID: 400,
  ERR_REQUEST: 400,
  ERR_TEMPLATE: 400,
  ERR_UNVERIFIED: 401,
  ERR_UNAUTHORIZED: 401,
  ERR_HOST: 403,
  ERR_FORBIDDEN: 403,
  ERR_NOT_FOUND: 404,
  ERR_WORKFLOW_UNKNOWN: 404,
  ERR_TASK_UNKNOWN: 404,
  ERR_WAIT_UNKNOWN: 404,
  ERR_DELIVERY_UNKNOWN: 404,
  ERR_BODY_TIMEOUT: 408,
  ERR_TASK_ENDED: 409,
  ERR_DELIVERY_REPLAY: 409,
  ERR_BODY_TOO_LARGE: 413,
  ERR_BODY_ENCODING: 415,
  ERR_BODY_TYPE: 415,
  ERR_RESULT_SCHEMA: 422,
  ERR_RATE_LIMITED: 429,
  ERR_BODY_CONSUMED: 500,
  ERR_INTERNAL: 500,
  ERR_CONFIG_UNSUPPORTED: 501,
  ERR_PARKING_FULL: 503,
  ERR_EACH_FULL: 503,
  ERR_QUEUE_FULL: 503,
  ERR_TASKS_FULL: 503,
  ERR_WAITS_FULL: 503,
  ERR_STREAMS_FULL: 503,
  ERR_CLOSED: 503,
  ERR_SCHEMA_UNAVAILABLE: 503,
  ERR_SENDER_UNAVAILABLE: 503,
  ERR_STORE_UNAVAILABLE: 503,
} as const

/** A place in a YAML file, counted from 1. */
export interface Location {
  readonly file: string
  readonly line: number
  readonly column: number
}

export interface ErrorDetails {
  /** What is wrong, what was found, what to do, on one line whatever it quotes; a list has a line for each. */
  readonly message: string | readonly string[]
  /** The place in the config, such as `listener.callbacks[1].path`. */
  readonly at?: string | undefined
  readonly location?: Location | undefined
  readonly cause?: unknown
  /** What came with a failed callback. */
  readonly callback?: FailedCallback | undefined
  /** What does not fit a schema. */
  readonly issues?: readonly SchemaIssue[] | undefined
  /** What a service answered, where that is the failure. */
  readonly answer?: { readonly status: number; readonly body: unknown } | undefined
  /** What a service answered to the request of the job at once. */
  readonly response?: ImmediateAnswer | undefined
}

/** What a service answered to a request at once. */
export interface ImmediateAnswer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Read by its content type; null when it is empty. */
  readonly body: unknown
}

/** What `ERR_CALLBACK_FAILED` carries. */
export interface FailedCallback {
  readonly status: string | undefined
  readonly result: unknown
  readonly body: unknown
  readonly id: string | undefined
  readonly endpoint: string
  /** What `error` of the config read from it. */
  readonly reason?: string | undefined
}

/** The one error class of this package. `code` is stable and made for `switch`; `message` is made for people. */
export class CallbackError extends Error {
  readonly code: ErrorCode
  /** The place in the config, with `file:line:column` where it came from YAML. */
  readonly at: string | undefined
  /**
   * The status, result, body, id and endpoint of the callback, when one said that the work failed; or status (a number)
   * and body of the answer, when a service refused a request.
   */
  declare readonly status?: string | number | undefined
  declare readonly result?: unknown
  declare readonly body?: unknown
  declare readonly id?: string | undefined
  declare readonly endpoint?: string
  /** Why the work failed, where `error` of the callback says it. */
  declare readonly reason?: string | undefined
  /** What of a result does not fit its schema. */
  declare readonly issues?: readonly SchemaIssue[]
  readonly #response: ImmediateAnswer | undefined

  constructor(code: ErrorCode, details: ErrorDetails) {
    super(writeMessage(details.message), details.cause === undefined ? undefined : { cause: details.cause })
    this.name = new.target.name
    this.code = code
    this.at = describePlace(details.at, details.location)
    if (details.callback) Object.assign(this, details.callback)
    if (details.issues) Object.assign(this, { issues: details.issues })
    if (details.answer) Object.assign(this, details.answer)
    this.#response = details.response
  }

  /**
   * What the service had answered to the job's request at once, also when a callback failed or did not come later. It may
   * hold secrets, and so neither JSON nor `util.inspect` shows it.
   */
  get response(): ImmediateAnswer | undefined {
    return this.#response
  }

  /** With its message, which `JSON.stringify` leaves out of errors. */
  toJSON(): object {
    return Object.assign({}, this, { message: this.message })
  }
}

/** Quoted text must not break the line of a message, and nobody who reads a message may be able to use a ticket in it. */
function writeMessage(message: string | readonly string[]): string {
  return [message]
    .flat()
    .map((line) => escapeControls(maskTickets(line)))
    .join('\n')
}

/** Whether an error is one of this package with that code. */
export function hasCode(error: unknown, code: ErrorCode): error is CallbackError {
  return error instanceof CallbackError && error.code === code
}

/** Whether an error says that the store is away, so that the work may succeed later. */
export function isAway(error: unknown): boolean {
  return hasCode(error, 'ERR_STORE_UNAVAILABLE')
}

/** Returns the message of an error, of any realm, and any other thrown value as text. */
export function reasonOf(error: unknown): string {
  return error instanceof Error || isNativeError(error) ? error.message : String(error)
}

/** Returns the `code` of an error of Node or of a library, such as `ENOENT`; undefined when it has none. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** Whether a code is one that a sender can see. */
export function isAnswerCode(code: string): code is AnswerCode {
  return Object.hasOwn(ANSWER_STATUS, code)
}

/** One thing wrong with a config. */
export interface Problem {
  readonly code: ErrorCode
  readonly message: string
  /** The place in the config as its author wrote it, such as `listener.callbacks[1].identfy_by`; empty for the whole. */
  readonly at: string
  readonly location?: Location | undefined
}

/** Thrown once for a config, with everything that is wrong with it in `problems`. */
export class ConfigError extends CallbackError {
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    const [first] = problems
    const single = problems.length === 1 ? first : undefined
    super(single?.code ?? 'ERR_CONFIG_INVALID', {
      message: problems.map(describeProblem),
      at: first?.at,
      location: first?.location,
    })
    this.problems = problems
  }
}

/** Says where and what in one line: `callbacks.yml:7:5 listener.port: …`. */
export function describeProblem(problem: Problem): string {
  const place = describePlace(problem.at, problem.location)
  return place === undefined ? problem.message : `${place}: ${problem.message}`
}

function describePlace(at: string | undefined, location: Location | undefined): string | undefined {
  const spot = location && `${location.file}:${location.line}:${location.column}`
  return escapeControls([spot, at].filter(Boolean).join(' ')) || undefined
}
