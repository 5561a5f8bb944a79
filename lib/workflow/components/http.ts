import { setImmediate } from 'node:timers/promises'
import type { HttpClientSpec } from '../../config/normalize'
import { CallbackError } from '../../base/errors'
import type { Expectation } from '../../base/run'
import type { Clock, Logger, Outcome } from '../../base/contracts'
import { withinLimit } from '../../base/timers'
import { type Answered, answeredScope, compileAnswerJudge, quotingAnswer, withAnswer } from './answered'
import { type AnsweredScope, type Call, type ComponentScope, earliest, type Execute } from '../call'
import { awaitWithFallback, resultOf } from './completion'
import type { HttpAnswer, SendRequest } from '../../http/client'
import { compileRequest, type HttpRequest } from '../../http/request/request'
import { keyOf } from './idempotency'
import { compileOutput } from './output'
import { createPace } from './pace'
import { compilePoll } from './poll'
import { readRetryAfter } from '../../http/retry-after'
import { compileWaitPlan, type Waiting, type WaitPlanContext } from './wait-plan'

/** What the http-clients of one `callbacks()` share. */
export interface HttpContext extends WaitPlanContext {
  readonly send: SendRequest
  readonly clock: Clock
  readonly logger: Logger
  /** What must stand in no message, besides the secrets of the request itself. */
  readonly secrets: readonly string[]
}

/**
 * Compiles an http-client: it sends its request and, where the request tells a service to call one of our endpoints,
 * waits for that callback. The wait is registered before the request leaves, so that no callback is too early.
 */
export function compileHttpComponent(spec: HttpClientSpec, context: HttpContext): Execute {
  const { clock, secrets } = context
  const plan = compileWaitPlan(spec, context)
  const render = compileRequest(spec, { baseUrl: spec.baseUrl, headers: [spec.baseHeaders] }, spec.at)
  const refuseFailure = compileAnswerJudge(spec, secrets)
  const isDone = compileDoneWhen(spec)
  const finish = compileOutput(spec.output)
  const paced = { ...context, send: createPacedSend(spec, context) }
  const askInstead = compileAsking(spec, paced)
  const askAsWell = compileFallback(spec, paced)

  function send(request: HttpRequest, call: Call): Promise<HttpAnswer> {
    return call.run.step(`${call.name}/send`, async () => {
      const timeoutMs = Math.max(earliest(call.deadline) - clock.now(), 1)
      return paced.send(withKey(request, call), { timeoutMs, signal: call.signal })
    })
  }

  function withKey(request: HttpRequest, call: Call): HttpRequest {
    if (!spec.idempotency) return request
    return { ...request, headers: { 'idempotency-key': keyOf(call), ...request.headers } }
  }

  /** Goes on with an answer unless that says failure; errors from now on bring the answer along. */
  async function goOn(
    answered: Answered,
    { scope, call, isLast }: Asking,
    work: (begun: Begun) => Promise<unknown>,
  ): Promise<unknown> {
    try {
      const full = answeredScope(scope, answered.answer)
      refuseFailure(answered, full, isLast)
      return await work({ ...answered, scope: full, call })
    } catch (error) {
      throw call.signal.aborted ? error : withAnswer(error, answered)
    }
  }

  async function sendAndWait(
    request: HttpRequest,
    waiting: Waiting,
    call: Call,
    scope: ComponentScope,
  ): Promise<unknown> {
    const expectation = await call.run.expect(`${call.name}/wait`, waiting)
    try {
      const answer = await orEarlyOutcome(send(request, call), expectation)
      if ('outcome' in answer) return finish(answeredScope(scope, undefined), resultOf(answer))
      return await goOn({ request, answer }, { scope, call, isLast: false }, async (begun) => {
        if (isDone(begun.scope)) {
          await expectation.settle(answeredOutcome(answer, waiting, clock))
          return finish(begun.scope, answer.body)
        }
        const more = plan.idsIn(answer, begun.scope, waiting)
        await expectation.alias(more)
        const known = { ...waiting, ids: [...new Set([...waiting.ids, ...more])] }
        call.onWaiting(known.ids)
        const outcome = await askAsWell(expectation, known, begun).catch((error: unknown) =>
          Promise.reject(quotingAnswer(error, begun, secrets)),
        )
        return finish(begun.scope, resultOf(outcome))
      })
    } finally {
      await expectation.cancel()
    }
  }

  return async (call) => {
    const ticket = plan.issue(call)
    const scope = { ...call.scope, callback: ticket.source }
    const request = render(scope)
    const waiting = plan.prepare(request, call, scope, ticket)
    if (waiting) return sendAndWait(request, waiting, call, scope)
    const answer = await send(request, call)
    const isLast = spec.completion?.type !== 'polling'
    return goOn({ request, answer }, { scope, call, isLast }, async (begun) =>
      finish(begun.scope, await askInstead(begun, isDone(begun.scope))),
    )
  }
}

/** Gives what sends at the pace of `rate_limit`, and for no longer than one request may take. */
function createPacedSend(spec: HttpClientSpec, { send, clock }: HttpContext): SendRequest {
  const pace = createPace(spec.rateLimit, clock)
  return async (request, { timeoutMs, signal }) => {
    const start = clock.now()
    const tooLate = (): Error => heldBack(spec, timeoutMs)
    if (spec.rateLimit) await withinLimit({ clock, limitMs: timeoutMs, signal, tooLate }, pace)
    const leftMs = Math.max(timeoutMs - (clock.now() - start), 1)
    return send(request, { timeoutMs: Math.min(spec.requestTimeoutMs, leftMs), signal })
  }
}

/** A request that is about to be answered. */
interface Asking {
  readonly scope: ComponentScope
  readonly call: Call
  /** Whether its answer is the end: neither a callback nor polling follows. */
  readonly isLast: boolean
}

/** A task that was begun, to be asked about. */
interface Begun extends Answered {
  readonly scope: AnsweredScope
  readonly call: Call
}

/** Compiles `completion: polling`; where nothing is asked, there is no result beside the immediate answer. */
function compileAsking(
  spec: HttpClientSpec,
  context: HttpContext,
): (begun: Begun, isDone: boolean) => Promise<unknown> {
  const { completion } = spec
  if (completion?.type !== 'polling') return () => Promise.resolve(undefined)
  const { polling } = completion
  const { clock } = context
  const poll = compilePoll(polling, spec, context)
  return async ({ request, answer, scope, call }, isDone) => {
    if (isDone) return polling.result?.render({ ...scope, result: scope.response }) ?? scope.response
    const { signal } = call
    const begun = await call.run.step(`${call.name}/asked`, async () => clock.now())
    const deadline = earliest(call.deadline, begun + polling.timeoutMs)
    const startAt = begun + (readRetryAfter(answer.headers, begun) ?? 0)
    return resultOf(await call.run.step(`${call.name}/poll`, () => poll({ scope, request, signal, startAt, deadline })))
  }
}

/** Compiles `fallback`; without one, only the callback is waited for. */
function compileFallback(
  spec: HttpClientSpec,
  context: HttpContext,
): (expectation: Expectation, waiting: Waiting, begun: Begun) => Promise<Outcome> {
  const { completion } = spec
  const fallback = completion?.type === 'callback' ? completion.fallback : undefined
  if (fallback === undefined) return (expectation) => expectation.outcome()
  const { clock, logger } = context
  const poll = compilePoll(fallback, spec, context)
  const lateAt = async ({ answer }: Begun): Promise<number> =>
    clock.now() + Math.max(fallback.afterMs, readRetryAfter(answer.headers, clock.now()) ?? 0)
  return (expectation, waiting, begun) =>
    awaitWithFallback(expectation, begun.call.signal, {
      spec: fallback,
      poll,
      question: begun,
      waiting,
      lateAt: begun.call.run.step(`${begun.call.name}/answered`, () => lateAt(begun)),
      clock,
      logger,
    })
}

/** Compiles `done_when`: true says that the immediate answer is the result already. */
function compileDoneWhen({ completion }: HttpClientSpec): (scope: AnsweredScope) => boolean {
  const doneWhen = completion === undefined || completion.type === 'none' ? undefined : completion.doneWhen
  if (doneWhen === undefined) return () => false
  return (scope) => {
    const done = doneWhen.render(scope)
    return done === true || done === 'true'
  }
}

/** The answer in place of the callback, which is a duplicate when it comes all the same with an id. */
function answeredOutcome({ body, headers }: HttpAnswer, { endpoints, ids }: Waiting, clock: Clock): Outcome {
  const endpoint = endpoints[0]?.key ?? ''
  const common = { id: ids[0], endpoint, status: undefined, body, headers, receivedAt: clock.now() }
  return { outcome: 'succeeded', result: body, ...common }
}

function heldBack({ at }: HttpClientSpec, leftMs: number): CallbackError {
  const message = `rate_limit held the request back for the ${leftMs} ms that were left; it was not sent`
  return new CallbackError('ERR_HTTP_TIMEOUT', { at: `${at}.rate_limit`, message })
}

/** A request whose answer was lost on the way has been taken all the same when its callback is there. */
async function orEarlyOutcome(answer: Promise<HttpAnswer>, expectation: Expectation): Promise<HttpAnswer | Outcome> {
  let early: Outcome | undefined
  const note = async (): Promise<void> => {
    early = await expectation.outcome()
  }
  note().catch(() => undefined)
  try {
    return await answer
  } catch (error) {
    await setImmediate() // both may be remembered, and then neither comes first
    if (early !== undefined && isLost(error)) return early
    throw error
  }
}

function isLost(error: unknown): boolean {
  return error instanceof CallbackError && (error.code === 'ERR_HTTP_NETWORK' || error.code === 'ERR_HTTP_TIMEOUT')
}
