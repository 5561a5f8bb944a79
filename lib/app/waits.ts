import { inspect } from 'node:util'
import type { Clock, Delivery, Outcome, Progress, Store } from '../base/contracts'
import { CallbackError } from '../base/errors'
import { callSafely, type Emitter, outcomeEvent } from '../base/events'
import { createTicketId } from '../base/secrets/ticket-id'
import type { Arrivals } from '../store/arrivals'
import { awaitCallback, endingError, type Filter, type WaitPlan } from '../store/await-callback'
import { createKeyedWaits, type SharedWait } from '../store/keyed-waits'
import { waitAborted } from '../store/wait-errors'
import { type UrlOf, ticketUrl } from '../listener/paths/callback-url'
import type { Endpoint } from '../listener/endpoint'
import { readTicketMount } from '../listener/paths/mount-path'
import type { Selection } from '../listener/paths/selection'
import { readWaitIds, readWaitKey } from '../listener/ids'
import { requireIds } from './each/each'
import { readDuration } from './options'
import { untilAborted } from '../base/timers'
import type { FullResult, Ids, Ticket, TicketOptions, WaitOptions } from './interface'
import type { WaitEnds } from './wait-ends'

/** How somebody ends waits by hand: with a result, or with the reason of a failure. */
export type ByHand = { readonly result: unknown } | { readonly error: unknown }

/** Waits and settlements by hand. */
export interface Waits {
  wait(ids: Ids, options: WaitOptions): Promise<unknown>
  ticket(options: TicketOptions): Ticket<unknown>
  /** The ticket of a key. Rejects with `ERR_WAIT_KEY` when the key belongs to another wait. */
  keyedTicket(key: string, options: TicketOptions): Promise<Ticket<unknown>>
  /** Ends waits by hand. Throws `ERR_ENDPOINT_AMBIGUOUS` when there are several endpoints and no `path`. */
  deliver(id: string | number, by: ByHand, path: string | undefined): Promise<Delivery>
}

export interface WaitsContext {
  readonly selection: Selection
  readonly store: Store
  readonly emitter: Emitter
  readonly clock: Clock
  readonly urlOf: UrlOf
  readonly ends: WaitEnds
  readonly arrivals: Arrivals
}

/** Creates the waits of one `callbacks()`. */
export function createWaits({ selection, store, emitter, clock, urlOf, ends, arrivals }: WaitsContext): Waits {
  const keyed = createKeyedWaits(store, clock, arrivals)
  const plansFor = createPlans(ends.record, arrivals)
  const alone = new WeakMap<Endpoint, readonly [Endpoint]>()

  function timeoutOf(on: readonly Endpoint[], { timeout }: TicketOptions): number {
    return timeout === undefined ? plansFor(on).timeoutMs : readDuration('timeout', timeout)
  }

  /** What a wait with and one without a key have in common. */
  function describe(on: readonly Endpoint[], ids: readonly string[], queued: boolean, options: WaitOptions) {
    const onProgress = options.onProgress && guard(options.onProgress, emitter)
    return { ids, timeoutMs: timeoutOf(on, options), queued, signal: options.signal, onProgress }
  }

  function start(on: readonly Endpoint[], ids: readonly string[], queued: boolean, options: WaitOptions) {
    const wait = { ...describe(on, ids, queued, options), filter: filterOf(options, emitter) }
    return awaitCallback<unknown>(store, planOf(plansFor(on), options), wait)
  }

  function share(key: string, on: readonly Endpoint[], ids: readonly string[], queued: boolean, options: WaitOptions) {
    return keyed.share({ key, endpoints: on, onEnd: plansFor(on).result.onEnd, ...describe(on, ids, queued, options) })
  }

  /** Of those that share a wait, each has a promise and a signal of its own. */
  async function follow(sharing: Promise<SharedWait>, on: readonly Endpoint[], options: WaitOptions): Promise<unknown> {
    const shared = await sharing
    const ended = await shared.ending
    if (ended.kind === 'outcome' && ended.outcome.outcome === 'succeeded')
      return planOf(plansFor(on), options).pick(ended.outcome)
    const { ids, last, since } = shared
    throw endingError(ended, { ids, endpoints: on, timeoutMs: timeoutOf(on, options), last, since, arrivals })
  }

  function listOf(endpoint: Endpoint): readonly [Endpoint] {
    const list = alone.get(endpoint) ?? ([endpoint] as const)
    alone.set(endpoint, list)
    return list
  }

  return {
    wait(ids, options) {
      const on = selection.any(options.path)
      const list = readWaitIds(ids)
      const key = readWaitKey(options.key)
      if (options.when !== undefined) checkWhen(options, on, list)
      if (key === undefined) return start(on, list, options.when === undefined, options)
      timeoutOf(on, options) // throws at once for a text that is no duration
      if (options.signal?.aborted) return untilSignal(new Promise(() => undefined), list, options)
      return untilSignal(follow(share(key, on, list, true, options), on, options), list, options)
    },
    ticket(options) {
      const endpoint = selection.one(options.path)
      const id = createTicketId()
      const mountPath = readTicketMount(options.mountPath)
      const url = ticketUrl(endpoint, (one) => urlOf(one, mountPath), id)
      return { id, url, result: start(listOf(endpoint), [id], false, options) }
    },
    async keyedTicket(key, options) {
      const endpoint = selection.one(options.path)
      const on = listOf(endpoint)
      ticketUrl(endpoint, urlOf, '') // throws where there can be none
      const sharing = share(key, on, [createTicketId()], false, options)
      const { ids } = await sharing
      const [id = ''] = ids
      const result = untilSignal(follow(sharing, on, options), ids, options)
      return { id, url: ticketUrl(endpoint, urlOf, id), result }
    },
    async deliver(id, by, path) {
      const endpoint = selection.one(path)
      const [text] = readWaitIds(id)
      const outcome = makeOutcome(text, endpoint.key, by, clock.now())
      const delivery = await store.deliver({ endpoint, outcome, size: () => 0 })
      if (delivery !== 'settled') emitter.record(delivery, endpoint.key, () => outcomeEvent(outcome))
      return delivery
    },
  }
}

interface Plans {
  readonly result: WaitPlan<unknown>
  readonly full: WaitPlan<unknown>
  /** For waits without a limit of their own. */
  readonly timeoutMs: number
}

/** Creates the function that returns the plans of waits on the same endpoints, which share them. */
function createPlans(onEnd: WaitEnds['record'], arrivals: Arrivals): (on: readonly Endpoint[]) => Plans {
  const plans = new WeakMap<readonly Endpoint[], Plans>()
  return (on) => {
    const known = plans.get(on)
    if (known) return known
    const shared = {
      endpoints: on,
      arrivals,
      onEnd: (...[ending, ids]: Parameters<WaitPlan<unknown>['onEnd']>) => onEnd(ending, on, ids),
    }
    const timeoutMs = Math.max(...on.map((endpoint) => endpoint.spec.timeoutMs))
    const made = { result: { ...shared, pick: toResult }, full: { ...shared, pick: toFull }, timeoutMs }
    plans.set(on, made)
    return made
  }
}

function planOf({ result, full }: Plans, options: WaitOptions): WaitPlan<unknown> {
  return options.full === true ? full : result
}

function toResult(outcome: Outcome): unknown {
  return outcome.result
}

function toFull({ result, body, headers, endpoint, receivedAt }: Outcome): FullResult<unknown> {
  return { result, body, headers, endpoint, receivedAt }
}

/** Reports a progress listener that fails: the sender of the callback can do nothing about it. */
function guard(onProgress: (progress: Progress) => void, emitter: Emitter): (progress: Progress) => void {
  return (progress) =>
    callSafely(onProgress, progress, (error) =>
      emitter.emit('error', () => ({ error, message: `onProgress of a wait on ${progress.endpoint} threw` })),
    )
}

/** A wait that looks at each callback is for its ids alone: a callback without an id goes to the wait that is first. */
function checkWhen({ when, key }: WaitOptions, on: readonly Endpoint[], ids: readonly string[]): void {
  if (typeof when !== 'function') throw badWhen(`must be a function, not ${JSON.stringify(when)}`)
  if (key !== undefined) throw badWhen('cannot be given with a key: use each() with that key, and "until"')
  requireIds('wait() with "when"', on, ids)
}

function badWhen(reason: string): CallbackError {
  return new CallbackError('ERR_CONFIG_VALUE', { at: 'options.when', message: `when of wait() ${reason}` })
}

function filterOf({ when }: WaitOptions, emitter: Emitter): Filter | undefined {
  if (when === undefined) return undefined
  return { when, onFiltered: (callback) => emitter.record('filtered', callback.endpoint, () => outcomeEvent(callback)) }
}

/** Rejects with `ERR_ABORTED` when the signal of one caller aborts; a rejection that nobody awaits harms nobody. */
function untilSignal<T>(promise: Promise<T>, ids: readonly string[], { signal }: TicketOptions): Promise<T> {
  const aborting = signal === undefined ? promise : untilAborted(promise, signal)
  const own = aborting.catch((error: unknown) => {
    throw signal?.aborted === true && error === signal.reason ? waitAborted(ids, error) : error
  })
  own.catch(() => undefined)
  return own
}

/** Makes the outcome of a callback that somebody plays; a failure is `ERR_CALLBACK_FAILED` with the reason as cause. */
function makeOutcome(id: string | undefined, endpoint: string, by: ByHand, receivedAt: number): Outcome {
  const common = { id, endpoint, status: undefined, body: undefined, headers: {}, receivedAt }
  if ('result' in by) return { outcome: 'succeeded', result: by.result, ...common }
  const error = new CallbackError('ERR_CALLBACK_FAILED', {
    message: `${endpoint} was failed by hand for ${JSON.stringify(id)}: ${describeReason(by.error)}`,
    cause: by.error,
    callback: { status: undefined, result: undefined, body: undefined, id, endpoint },
  })
  return { outcome: 'failed', result: undefined, ...common, error }
}

function describeReason(error: unknown): string {
  if (error === undefined || error === null) return 'no reason given'
  if (error instanceof Error) return error.message
  return typeof error === 'string' ? error : inspect(error, { depth: 1 })
}
