import type { FallbackSpec } from '../../config/normalize'
import { callbackFailed } from '../../store/wait-errors'
import type { Expectation } from '../../base/run'
import type { Clock, Logger, Outcome } from '../../base/contracts'
import type { Poll, PollContext } from './poll'
import { sleep } from '../../base/timers'
import { reasonOf } from '../../base/errors'
import type { Waiting } from './wait-plan'

/** Gives the result of a task that is done. Throws `ERR_CALLBACK_FAILED`, or why there is no result. */
export function resultOf(outcome: Outcome): unknown {
  if (outcome.outcome === 'succeeded') return outcome.result
  throw outcome.error ?? callbackFailed(outcome)
}

export interface FallbackContext {
  readonly spec: FallbackSpec
  readonly poll: Poll
  readonly question: Omit<PollContext, 'signal' | 'deadline'>
  readonly waiting: Waiting
  /** When the callback is late, in milliseconds since the epoch. */
  readonly lateAt: Promise<number>
  readonly clock: Clock
  readonly logger: Logger
}

/**
 * Waits for the callback and, when it is late, asks as well; whichever comes first ends the wait. What asking finds is
 * settled as the callback would be, so that a callback with an id is a duplicate when it comes after all.
 */
export async function awaitWithFallback(
  expectation: Expectation,
  signal: AbortSignal,
  fallback: FallbackContext,
): Promise<Outcome> {
  const stop = new AbortController()
  const abort = (): void => stop.abort(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  const asking = askWhenLate(expectation, stop.signal, fallback)
  try {
    return await expectation.outcome()
  } finally {
    signal.removeEventListener('abort', abort)
    stop.abort()
    await asking
  }
}

/** Never rejects: the callback may still come when asking fails. */
async function askWhenLate(
  expectation: Expectation,
  signal: AbortSignal,
  { spec, poll, question, waiting, lateAt, clock, logger }: FallbackContext,
): Promise<void> {
  try {
    await sleep(clock, Math.max((await lateAt) - clock.now(), 0), signal)
    const deadline = Math.min(waiting.deadline, clock.now() + spec.timeoutMs)
    const outcome = await poll({ ...question, signal, deadline })
    const [endpoint] = waiting.endpoints
    if (endpoint) await expectation.settle({ ...outcome, id: waiting.ids[0], endpoint: endpoint.key })
  } catch (error) {
    if (signal.aborted) return
    const reason = reasonOf(error)
    logger.warn({ at: spec.at, err: error }, `The fallback for a late callback gave up (${reason}); the wait goes on`)
  }
}
