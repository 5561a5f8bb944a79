import { setImmediate } from 'node:timers/promises'
import type { HttpClientSpec } from '../../config/normalize'
import { CallbackError } from '../../base/errors'
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
import type { AnsweredScope, Call, ComponentScope, Execute } from '../call'
import { listIds, type Wanted, withIds } from './branches'
import { answeredOutcome, compileAsking, compileCallbackWait } from './completion'
import type { HttpAnswer } from '../../http/client'
import type { PollingContext } from './poll'
import { compileRequest, type HttpRequest } from '../../http/request/request'
import { compileSending, createPacedSend } from './sending'
import { type Ended, openWaits, type OpenWaits } from './open-waits'
import { compileWaitPlan, type WaitPlanContext } from './wait-plan'

/** What the http-clients of one `callbacks()` share. */
export interface HttpContext extends WaitPlanContext, PollingContext {}

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
    wanted: Wanted,
    call: Call,
    scope: ComponentScope,
  ): Promise<unknown> {
    const waits = await openWaits(call, wanted)
    const conclude = (full: AnsweredScope, { result, branch }: Ended): unknown => {
      if (branch) call.onBranch(branch)
      return finish(full, result(), branch)
    }
    try {
      const answer = await orEarlyEnd(send(request, call), waits)
      if ('result' in answer) return conclude(answeredScope(scope, undefined), answer)
      return await goOn({ request, answer }, { scope, call, isLast: false }, async (begun) => {
        if (isDone(begun.scope)) {
          await waits.settle(wanted.branches.map(({ wait }) => answeredOutcome(answer, wait, clock)))
          return finish(begun.scope, answer.body)
        }
        const more = plan.idsIn(answer, begun.scope, wanted)
        await Promise.all(waits.expectations.map((one, index) => one.alias(more[index] ?? [])))
        const known = withIds(wanted, more)
        call.onWaiting(listIds(known))
        const ended = await awaitCallback(waits, known, begun).catch((error: unknown) =>
          Promise.reject(quotingAnswer(error, begun, secrets)),
        )
        return conclude(begun.scope, ended)
      })
    } finally {
      await waits.cancel()
    }
  }

  return async (call) => {
    const ticket = plan.issue(call)
    const scope = { ...call.scope, callback: ticket.source }
    const request = render(scope)
    const wanted = plan.prepare(request, call, scope, ticket)
    if (wanted) return sendAndWait(request, wanted, call, scope)
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

/** A request whose answer was lost on the way has arrived all the same when its callbacks are there. */
async function orEarlyEnd(answer: Promise<HttpAnswer>, waits: OpenWaits): Promise<HttpAnswer | Ended> {
  let early: Ended | undefined
  const note = async (): Promise<void> => {
    early = await waits.ended()
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
