import type { FallbackSpec, HttpClientSpec } from '../../config/normalize'
import { reasonOf } from '../../base/errors'
import type { Expectation } from '../../base/run'
import type { Clock, Outcome } from '../../base/contracts'
import { readRetryAfter } from '../../http/answer-headers'
import type { HttpAnswer } from '../../http/client'
import type { Begun } from './answered'
import { earliest } from '../call'
import { resultOf } from './ends'
import { compilePoll, type PollingContext } from './poll'
import { onAbort, sleep } from '../../base/timers'
import type { BranchWait, Wanted } from './branches'
import type { Ended, OpenWaits } from './open-waits'

/** Compiles `completion: polling`; without polling there is no result beside the immediate answer. */
export function compileAsking(
  spec: HttpClientSpec,
  context: PollingContext,
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
    const trace = call.run.traceOf?.(call.name)
    const polled = { scope, request, signal, startAt, deadline, trace }
    return resultOf(await call.run.step(`${call.name}/poll`, () => poll(polled)))
  }
}

/** Awaits the callbacks of a task that was begun. */
export type AwaitCallback = (waits: OpenWaits, wanted: Wanted, begun: Begun) => Promise<Ended>

/**
 * Compiles the wait for callbacks. With a `fallback`, the service is asked as well when its callback is late, and the
 * first of the two ends the wait. What asking finds is settled as the callback would be, so that a callback with an id is
 * a duplicate when it comes after all.
 */
export function compileCallbackWait(spec: HttpClientSpec, context: PollingContext): AwaitCallback {
  const { completion } = spec
  const fallback = completion?.type === 'callback' ? completion.fallback : undefined
  if (fallback === undefined) return (waits, wanted) => waits.ended(wanted)
  const ask = compileLateAsking(fallback, spec, context)
  return async (waits, wanted, begun) => {
    const stop = new AbortController()
    const stopListening = onAbort(begun.call.signal, (reason) => stop.abort(reason))
    const [expectation] = waits.expectations
    const [branch] = wanted.branches
    const asking = expectation && branch && ask(expectation, branch.wait, begun, stop.signal)
    try {
      return await waits.ended(wanted)
    } finally {
      stopListening()
      stop.abort()
      await asking
    }
  }
}

/** Compiles the asking about a late callback. It never rejects: the callback may still come when asking fails. */
function compileLateAsking(
  fallback: FallbackSpec,
  spec: HttpClientSpec,
  context: PollingContext,
): (expectation: Expectation, waiting: BranchWait, begun: Begun, signal: AbortSignal) => Promise<void> {
  const { clock, logger } = context
  const poll = compilePoll(fallback, spec, context)
  return async (expectation, waiting, { request, answer, scope, call }, signal) => {
    try {
      const lateAt = await call.run.step(`${call.name}/answered`, async () => {
        const now = clock.now()
        return now + Math.max(fallback.afterMs, readRetryAfter(answer.headers, now) ?? 0)
      })
      await sleep(clock, Math.max(lateAt - clock.now(), 0), signal)
      const deadline = Math.min(waiting.deadline, clock.now() + fallback.timeoutMs)
      const outcome = await poll({ scope, request, signal, deadline, trace: call.run.traceOf?.(call.name) })
      const [endpoint] = waiting.endpoints
      if (endpoint) await expectation.settle({ ...outcome, id: waiting.ids[0], endpoint: endpoint.key })
    } catch (error) {
      if (signal.aborted) return
      const message = `The fallback for a late callback gave up (${reasonOf(error)}); the wait goes on`
      logger.warn({ at: fallback.at, err: error }, message)
    }
  }
}

/** Returns the answer in place of the callback, which is a duplicate when it comes all the same with an id. */
export function answeredOutcome({ body, headers }: HttpAnswer, { endpoints, ids }: BranchWait, clock: Clock): Outcome {
  const endpoint = endpoints[0]?.key ?? ''
  const common = { id: ids[0], endpoint, status: undefined, body, headers, receivedAt: clock.now() }
  return { outcome: 'succeeded', result: body, ...common }
}
