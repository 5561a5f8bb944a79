import type { HttpClientSpec, PollingSpec } from '../config/normalize'
import { CallbackError } from '../errors'
import { compileJudge, compileResult } from '../listener/outcome'
import type { Clock, Outcome } from '../types'
import type { HttpAnswer, SendRequest } from './http-client'
import { compileRequest, type HttpRequest } from './http-request'
import { sleep } from '../timers'

/** One task that is asked about. */
export interface PollContext {
  /** What the templates read; `response` is the immediate answer. */
  readonly scope: object
  /** The request that began the task; its headers are sent along where the same origin is asked. */
  readonly request: HttpRequest
  readonly signal: AbortSignal
  /** Milliseconds since the epoch. */
  readonly deadline: number
}

/** Asks until the task has succeeded or failed. Rejects with `ERR_WAIT_TIMEOUT`, or with what asking will never get over. */
export type Poll = (context: PollContext) => Promise<Outcome>

/** Statuses that may change by themselves: not there yet, too early, too often; those of the server too. */
const PASSING_STATUSES: ReadonlySet<number> = new Set([404, 408, 409, 423, 425, 429])
const ACCEPTED = 202
/** Headers that belong to the body of the first request, and would be wrong on a question. */
const BODY_HEADERS: ReadonlySet<string> = new Set(['content-type', 'content-length', 'idempotency-key'])

/** What polling takes from its component. */
type PolledComponent = Pick<HttpClientSpec, 'baseUrl'>

/** Compiles `polling`. Without `status`, an answer that is not 202 Accepted is the result. */
export function compilePoll(spec: PollingSpec, component: PolledComponent, send: SendRequest, clock: Clock): Poll {
  const render = compileRequest(spec, { baseUrl: component.baseUrl, headers: [] }, spec.at)
  const judge = compileJudge(spec)
  const resultOf = compileResult(spec.result)

  function toOutcome(
    { status, headers, body }: HttpAnswer,
    context: PollContext,
    request: HttpRequest,
  ): Outcome | undefined {
    if (spec.status === undefined && status === ACCEPTED) return undefined
    const scope = { ...context.scope, response: body, result: body }
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

  async function ask(context: PollContext): Promise<Outcome | undefined> {
    const request = inheritHeaders(render(context.scope), context.request)
    const timeoutMs = Math.max(context.deadline - clock.now(), 1)
    return toOutcome(await send(request, { timeoutMs, signal: context.signal }), context, request)
  }

  return async (context) => {
    const start = clock.now()
    let trouble: unknown
    for (;;) {
      try {
        const outcome = await ask(context)
        if (outcome !== undefined) return outcome
        trouble = undefined
      } catch (error) {
        if (context.signal.aborted || !mayPass(error)) throw error
        trouble = error
      }
      const left = context.deadline - clock.now()
      if (left > 0) await sleep(clock, Math.min(left, spec.intervalMs), context.signal)
      if (left <= spec.intervalMs) throw pollTimedOut(spec, clock.now() - start, trouble)
    }
  }
}

/** Whoever may begin the task may ask about it; another origin is not told the secrets of this one. */
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

function describeRequest({ method, url }: HttpRequest): string {
  return `${method} ${url.origin}${url.pathname}`
}

function pollTimedOut({ at }: PollingSpec, elapsedMs: number, cause: unknown): CallbackError {
  const last = cause instanceof Error ? `; the last question failed: ${cause.message}` : ''
  return new CallbackError('ERR_WAIT_TIMEOUT', {
    at,
    message: `Polling brought no result within ${elapsedMs} ms${last}`,
    cause,
  })
}
