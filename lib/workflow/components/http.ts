import { setImmediate } from 'node:timers/promises'
import type { HttpClientSpec } from '../../config/normalize'
import { CallbackError } from '../../base/errors'
import type { Expectation } from '../../base/run'
import type { Outcome } from '../../base/contracts'
import {
  type Answered,
  answeredScope,
  type Begun,
  compileAnswerJudge,
  compileDoneWhen,
  compileOutput,
  quotingAnswer,
  withAnswer,
} from './answered'
import type { Call, ComponentScope, Execute } from '../call'
import { answeredOutcome, compileAsking, compileCallbackWait, type FallbackContext, resultOf } from './completion'
import type { HttpAnswer } from '../../http/client'
import { compileRequest, type HttpRequest } from '../../http/request/request'
import { compileSending, createPacedSend } from './sending'
import { compileWaitPlan, type Waiting, type WaitPlanContext } from './wait-plan'

/** What the http-clients of one `callbacks()` share. */
export interface HttpContext extends WaitPlanContext, FallbackContext {}

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
  const paced = { ...context, send: createPacedSend(spec, clock, context.send) }
  const send = compileSending(spec, clock, paced.send)
  const askInstead = compileAsking(spec, paced)
  const awaitCallback = compileCallbackWait(spec, paced)

  /** Goes on with an answer unless it says failure. Every error from here on carries the answer. */
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
        const outcome = await awaitCallback(expectation, known, begun).catch((error: unknown) =>
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

/** A request that is about to be answered. */
interface Asking {
  readonly scope: ComponentScope
  readonly call: Call
  /** Whether its answer is the end: neither a callback nor polling follows. */
  readonly isLast: boolean
}

/** A request whose answer was lost on the way has arrived all the same when its callback is there. */
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
