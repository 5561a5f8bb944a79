import { CallbackError } from '../base/errors'
import type { Outcome, StoreEndpoint } from '../base/contracts'
import type { Arrivals, Vain } from './arrivals'

/** A callback said that the work failed. */
export function callbackFailed({ status, result, body, id, endpoint, reason }: Outcome): CallbackError {
  const what = status === undefined ? 'a failure' : `the status ${JSON.stringify(status)}`
  const whose = id === undefined ? '' : ` for ${JSON.stringify(id)}`
  return new CallbackError('ERR_CALLBACK_FAILED', {
    message: `${endpoint} received ${what}${whose}${reason === undefined ? '' : `: ${reason}`}`,
    callback: { status, result, body, id, endpoint, ...(reason === undefined ? {} : { reason }) },
  })
}

/** A wait that no callback ended in time. */
export interface MissedWait extends Omit<Vain, 'since'> {
  readonly timeoutMs: number
  /** Whether the public URL has changed since the wait began. */
  readonly isOutdated?: boolean | undefined
  /** What had arrived when the wait began. */
  readonly since?: number | undefined
  /** Knows what came in place of the callback. */
  readonly arrivals?: Arrivals | undefined
}

/**
 * No callback came in time; the first sentence says for what, the others why. For a job, workflow/job-error.ts puts the
 * job in front.
 */
export function waitTimedOut(missed: MissedWait): CallbackError {
  const { since, arrivals } = missed
  const why = arrivals === undefined || since === undefined ? '' : `. ${arrivals.explain({ ...missed, since })}`
  return new CallbackError('ERR_WAIT_TIMEOUT', { message: describeMissed(missed) + why })
}

function describeMissed({ ids, endpoints, timeoutMs, last, isOutdated }: MissedWait): string {
  const where = `for ${describeIds(ids)} came to ${describeEndpoints(endpoints)} within ${timeoutMs} ms`
  const lost = isOutdated ? '; the public URL has changed meanwhile, so that it may have gone to the one before' : ''
  if (last === undefined) return `No callback ${where}${lost}`
  const status = last.status === undefined ? 'none' : JSON.stringify(last.status)
  return `No final callback ${where}; the last one had the status ${status}, which says that the work goes on${lost}`
}

/** The caller's signal has ended a wait. */
export function waitAborted(ids: readonly string[], reason: unknown): CallbackError {
  return new CallbackError('ERR_ABORTED', { message: `The wait for ${describeIds(ids)} was aborted`, cause: reason })
}

/** The store was closed while a wait was open, or another iteration has taken it up. */
export function waitClosed(ids: readonly string[], isTakenUp = false): CallbackError {
  const message = isTakenUp
    ? `Another iteration with the same key has taken up the callbacks for ${describeIds(ids)}; this one ends`
    : `The callbacks were closed while ${describeIds(ids)} was waited for`
  return new CallbackError('ERR_CLOSED', { message })
}

/** There is no room for one more wait. */
export function waitsFull(max: number): CallbackError {
  return new CallbackError('ERR_WAITS_FULL', {
    message: `${max} waits are open already (store.max_waits); wait for some to end, or raise the limit`,
  })
}

function describeIds(ids: readonly string[]): string {
  return ids.map((id) => JSON.stringify(id)).join(' or ')
}

function describeEndpoints(endpoints: readonly Pick<StoreEndpoint, 'key'>[]): string {
  const names = endpoints.map(({ key }) => key)
  return names.length > 3 ? `any of ${names.length} endpoints` : names.join(' or ')
}
