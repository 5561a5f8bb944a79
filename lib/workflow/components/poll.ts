import type { HttpClientSpec, PollingSpec } from '../../config/normalize'
import { CallbackError } from '../../base/errors'
import { compileJudge, compileResult } from '../../listener/outcome'
import type { Clock, Logger, Outcome } from '../../base/contracts'
import type { RequestTrace } from '../../base/run'
import type { HttpAnswer, SendRequest } from '../../http/client'
import { compileRequest, describeRequest, type HttpRequest } from '../../http/request/request'
import { createRedaction } from '../../http/secrets'
import { excerptOf } from '../../template/excerpt'
import { readRetryAfter } from '../../http/answer-headers'
import { sleep } from '../../base/timers'

/** One task of a service, to be asked about. */
export interface PollContext {
  /** What the templates read; `response` is the immediate answer. */
  readonly scope: object
  /** The request that began the task; its headers are sent along where the same origin is asked. */
  readonly request: HttpRequest
  readonly signal: AbortSignal
  /** When to ask first, in milliseconds since the epoch; default: at once. */
  readonly startAt?: number | undefined
  /** Milliseconds since the epoch. */
  readonly deadline: number
  /** Records each question; undefined without tracing. */
  readonly trace?: RequestTrace | undefined
}

/** The answer to one question. */
interface Asked {
  /** Undefined while the work goes on. */
  readonly outcome?: Outcome | undefined
  /** Why there was no answer, when the next question may get one. */
  readonly trouble?: unknown
  /** The answer in words, for messages. */
  readonly said?: string
  /** The pause that the answer asks for, in milliseconds. */
  readonly askedMs?: number | undefined
}

/** Asks until the task has succeeded or failed. Rejects with `ERR_WAIT_TIMEOUT`, and at once with an error that asking again cannot change. */
export type Poll = (context: PollContext) => Promise<Outcome>

/** Statuses that may change by themselves: not there yet, too early, too often; all 5xx may as well. */
const PASSING_STATUSES: ReadonlySet<number> = new Set([404, 408, 409, 423, 425, 429])
const ACCEPTED = 202
const MISSING = 404
/** Headers that belong to the body of the first request, and would be wrong on a question. */
const BODY_HEADERS: ReadonlySet<string> = new Set(['content-type', 'content-length', 'idempotency-key'])

/** What polling takes from its component. */
type PolledComponent = Pick<HttpClientSpec, 'baseUrl'>

/** What polling needs to ask. */
export interface PollingContext {
  readonly send: SendRequest
  readonly clock: Clock
  readonly logger: Logger
  /** Secrets that no message may show, besides those of the request itself. */
  readonly secrets: readonly string[]
}

/**
 * Compiles `polling`. Without `status`, an answer that is not 202 Accepted is the result. The pause between two questions
 * is the interval (its default is in config/sections/completion.ts), or longer when an answer asks for that by
 * `Retry-After`. A status such as 404 may pass, and is asked about again, unless `status` reads `${status_code}` and a list names it.
 */
export function compilePoll(spec: PollingSpec, component: PolledComponent, means: PollingContext): Poll {
  const { send, clock, secrets } = means
  const warnOfMissing = createMissingWarning(spec, means)
  const isListed = compileIsListed(spec)
  const render = compileRequest(spec, { baseUrl: component.baseUrl, headers: [] }, spec.at)
  const judge = compileJudge(spec)
  const resultOf = compileResult(spec.result)

  function toOutcome(
    { status, headers, body }: HttpAnswer,
    context: PollContext,
    request: HttpRequest,
  ): Outcome | undefined {
    if (spec.status === undefined && status === ACCEPTED) return undefined
    const scope = { ...context.scope, response: body, header: headers, status_code: status, result: body }
    const judgement = judge(scope)
    if (judgement.verdict === 'pending') return undefined
    return {
      outcome: judgement.verdict,
      id: undefined,
      endpoint: describeRequest(request),
      result: resultOf ? resultOf(scope) : body,
      status: judgement.status,
      body,
      headers,
      receivedAt: clock.now(),
    }
  }

  async function ask(context: PollContext): Promise<Asked> {
    const request = inheritHeaders(render(context.scope, context.request), context.request)
    const timeoutMs = Math.max(context.deadline - clock.now(), 1)
    const { text, value } = createRedaction(request, secrets)
    const asking = send(request, { timeoutMs, signal: context.signal, trace: context.trace })
    const answer = await asking.catch((error: unknown) => {
      const refused = error instanceof CallbackError && error.code === 'ERR_HTTP_STATUS' ? error.response : undefined
      if (refused && isListed(refused.status)) return refused
      if (refused?.status === MISSING) warnOfMissing(text(describeRequest(request)))
      throw error
    })
    const outcome = toOutcome(answer, context, request)
    if (outcome !== undefined) return { outcome }
    const said = text(`${answer.status} ${excerptOf(value(answer.body))}`.trimEnd())
    return { said, askedMs: readRetryAfter(answer.headers, clock.now()) }
  }

  async function tryAsking(context: PollContext): Promise<Asked> {
    try {
      return await ask(context)
    } catch (trouble) {
      if (context.signal.aborted || !mayPass(trouble)) throw trouble
      const headers = trouble instanceof CallbackError ? trouble.response?.headers : undefined
      return { trouble, askedMs: readRetryAfter(headers ?? {}, clock.now()) }
    }
  }

  return async (context) => {
    const { signal, deadline, startAt = 0 } = context
    const start = clock.now()

    async function pause(pauseMs: number, asked: Asked): Promise<void> {
      const leftMs = deadline - clock.now()
      if ((asked.askedMs ?? 0) >= Math.max(leftMs, pauseMs)) throw askedTooLong(spec, asked, leftMs)
      if (leftMs > 0) await sleep(clock, Math.min(leftMs, pauseMs), signal)
      if (leftMs <= pauseMs) throw pollTimedOut(spec, clock.now() - start, asked)
    }

    if (startAt > start) await pause(startAt - start, { askedMs: startAt - start })
    for (;;) {
      const asked = await tryAsking(context)
      if (asked.outcome !== undefined) return asked.outcome
      await pause(Math.max(spec.intervalMs, asked.askedMs ?? 0), asked)
    }
  }
}

/** Compiles whether a status of HTTP that is no success is for the lists of the config to judge. */
function compileIsListed({ status, successWhen = [], failWhen = [] }: PollingSpec): (status: number) => boolean {
  const isRead = status?.references.some(({ source }) => source === 'status_code') ?? false
  const listed = new Set([...successWhen, ...failWhen])
  return (code) => isRead && listed.has(String(code))
}

/** Warns once: a task may not be there yet, but a wrong path answers 404 until the timeout. */
function createMissingWarning({ at }: PollingSpec, { logger }: PollingContext): (request: string) => void {
  let isSaid = false
  return (request) => {
    if (isSaid) return
    isSaid = true
    const message =
      `${request} answered 404: polling asks again, since the task may not be there yet (said once). If it always does, mend ` +
      '"path"; if 404 says that the task is over, write status: ${status_code} with 404 in "fail_when" or "success_when"'
    logger.warn({ at }, message)
  }
}

/** The headers of the first request go along to the same origin; another origin does not see its secrets. */
function inheritHeaders(question: HttpRequest, first: HttpRequest): HttpRequest {
  const homes = [...question.homes, ...first.homes]
  if (question.url.origin !== first.url.origin) return { ...question, homes }
  const inherited = Object.entries(first.headers).filter(([name]) => !BODY_HEADERS.has(name))
  return { ...question, homes, headers: { ...Object.fromEntries(inherited), ...question.headers } }
}

function mayPass(error: unknown): boolean {
  if (!(error instanceof CallbackError)) return false
  if (error.code === 'ERR_HTTP_NETWORK' || error.code === 'ERR_HTTP_TIMEOUT') return true
  return error.code === 'ERR_HTTP_STATUS' && (Number(error.status) >= 500 || PASSING_STATUSES.has(Number(error.status)))
}

function pollTimedOut({ at }: PollingSpec, elapsedMs: number, asked: Asked): CallbackError {
  const message = `Polling brought no result within ${elapsedMs} ms${describeLast(asked)}`
  return new CallbackError('ERR_WAIT_TIMEOUT', { at, message, cause: asked.trouble })
}

/** The next question would come after the deadline. */
function askedTooLong({ at }: PollingSpec, asked: Asked, leftMs: number): CallbackError {
  const wanted = `the service asks to be left alone for ${asked.askedMs} ms (Retry-After)`
  const message = `Polling was given up: ${wanted}, but only ${Math.max(leftMs, 0)} ms are left${describeLast(asked)}`
  return new CallbackError('ERR_WAIT_TIMEOUT', { at, message, cause: asked.trouble })
}

function describeLast({ trouble, said }: Asked): string {
  if (trouble instanceof Error) return `; the last question failed: ${trouble.message}`
  return said === undefined ? '' : `; the last answer was ${said}`
}
