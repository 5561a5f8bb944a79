import type { Clock, Ending, NamedWait, Outcome, Progress, Store } from '../../base/contracts'
import { CallbackError } from '../../base/errors'
import { callSafely, type Emitter, outcomeEvent } from '../../base/events'
import { type ChecksOf, chainChecks, createCheck } from '../../base/schemas/check-outcome'
import { readSchema } from '../../base/schemas/option'
import type { Mask } from '../../base/secrets/mask'
import { createTicketId } from '../../base/secrets/ticket-id'
import type { Arrivals } from '../../store/arrivals'
import { whenThere } from '../../base/values/later'
import { awaitCallback, endingError, type Filter, type WaitPlan } from '../../store/await-callback'
import { type AskedWait, createKeyedWaits, type SharedWait } from '../../store/keyed-waits'
import { waitAborted } from '../../store/wait-errors'
import type { Tracing } from '../../tracing/tracing'
import { type UrlOf, ticketUrl } from '../../listener/paths/callback-url'
import type { Endpoint } from '../../listener/endpoint'
import { readTicketMount } from '../../listener/paths/mount-path'
import type { Selection } from '../../listener/paths/selection'
import { readWaitIds, readWaitKey, requireIds } from '../../listener/ids'
import { refuseLater } from './each'
import { createDeliver, type Deliver } from './by-hand'
import { readDuration } from '../options'
import { untilAborted } from '../../base/timers'
import type { FullResult, Ids, Ticket, TicketOptions, WaitOptions } from '../interface'
import type { WaitEnds } from './wait-ends'

/** Waits and settlements by hand. */
export interface Waits {
  wait(ids: Ids, options: WaitOptions): Promise<unknown>
  ticket(options: TicketOptions): Ticket<unknown>
  /** The ticket of a key. Rejects with `ERR_WAIT_KEY` when the key belongs to another wait. */
  keyedTicket(key: string, options: TicketOptions): Promise<Ticket<unknown>>
  readonly deliver: Deliver
  /** Gives up the waits of this process for an id, on every endpoint where no `path` is given; returns how many. */
  abort(id: string, path: string | undefined): number
}

export interface WaitsContext {
  readonly selection: Selection
  readonly store: Store
  readonly emitter: Emitter
  readonly clock: Clock
  readonly urlOf: UrlOf
  readonly ends: WaitEnds
  readonly arrivals: Arrivals
  readonly checksOf: ChecksOf
  /** Takes secrets out of messages. */
  readonly mask: Mask
  /** Records the waits as spans; undefined without tracing. */
  readonly tracing?: Tracing | undefined
}

/** A wait as a caller asks for it. */
interface Asked {
  readonly on: readonly Endpoint[]
  readonly ids: readonly string[]
  /** Whether callbacks without an id count, on endpoints that know no ids. */
  readonly queued: boolean
  readonly options: WaitOptions
}

/** Creates the waits of one `callbacks()`. */
export function createWaits(context: WaitsContext): Waits {
  const { selection, store, emitter, clock, urlOf, ends, arrivals, checksOf, mask, tracing } = context
  const keyed = createKeyedWaits(store, clock, arrivals)
  const plansFor = createPlans(ends.record, arrivals, checksOf)
  const listOf = createListOf()

  function timeoutOf({ on, options: { timeout } }: Asked): number {
    return timeout === undefined ? plansFor(on).timeoutMs : readDuration('timeout', timeout)
  }

  /** What a wait with and one without a key have in common. */
  function describe(asked: Asked) {
    const { ids, queued, options } = asked
    const onProgress = options.onProgress && guard(options.onProgress, emitter)
    const filter = filterOf(options, emitter)
    return { ids, timeoutMs: timeoutOf(asked), queued, signal: options.signal, onProgress, filter }
  }

  /** Most waits on the same endpoints share their plan; a schema makes it their own. */
  function planOf({ on, options }: Asked): WaitPlan<unknown> {
    const { result, full } = plansFor(on)
    const plan = options.full === true ? full : result
    const schema = readSchema(options.schema)
    return schema === undefined ? plan : { ...plan, check: chainChecks(plan.check, createCheck(schema, mask, clock)) }
  }

  function start(asked: Asked) {
    const plan = planOf(asked)
    return awaitCallback<unknown>(store, tracing ? tracePlan(plan, tracing) : plan, describe(asked))
  }

  function share(key: string, plan: WaitPlan<unknown>, asked: Asked) {
    const onEnd: AskedWait['onEnd'] = (ending, wait) => {
      if (tracing) traceKeyed(tracing, wait, ending, store.named !== undefined)
      plan.onEnd(ending, wait.ids)
    }
    const begun = tracing?.startWait()
    return keyed.share({ key, endpoints: asked.on, begun, onEnd: checkingEnd(plan, onEnd), ...describe(asked) })
  }

  /** Of those that share a wait, each has a promise, a signal and a schema of its own. */
  async function follow(sharing: Promise<SharedWait>, plan: WaitPlan<unknown>, asked: Asked): Promise<unknown> {
    const { ending, ids, last, since } = await sharing
    const ended = await checkEnding(await ending, plan)
    if (ended.kind === 'outcome' && ended.outcome.outcome === 'succeeded') return plan.pick(ended.outcome)
    throw endingError(ended, { ids, endpoints: asked.on, timeoutMs: timeoutOf(asked), last, since, arrivals })
  }

  return {
    wait(ids, options) {
      const on = selection.any(options.path)
      const list = readWaitIds(ids)
      const key = readWaitKey(options.key)
      const asked = { on, ids: list, queued: options.when === undefined, options }
      if (options.when !== undefined) checkWhen(options, on, list)
      if (key === undefined) return start(asked)
      timeoutOf(asked) // throws at once for a text that is no duration
      const plan = planOf(asked)
      if (options.signal?.aborted) return untilSignal(new Promise(() => undefined), list, options)
      return untilSignal(follow(share(key, plan, asked), plan, asked), list, options)
    },
    ticket(options) {
      const endpoint = selection.one(options.path)
      const id = createTicketId()
      const mountPath = readTicketMount(options.mountPath)
      const url = ticketUrl(endpoint, (one) => urlOf(one, mountPath), id)
      return { id, url, result: start({ on: listOf(endpoint), ids: [id], queued: false, options }) }
    },
    async keyedTicket(key, options) {
      const endpoint = selection.one(options.path)
      ticketUrl(endpoint, urlOf, '') // throws where there can be none
      const asked = { on: listOf(endpoint), ids: [createTicketId()], queued: false, options }
      const plan = planOf(asked)
      const sharing = share(key, plan, asked)
      const { ids } = await sharing
      const [id = ''] = ids
      const result = untilSignal(follow(sharing, plan, asked), ids, options)
      return { id, url: ticketUrl(endpoint, urlOf, id), result }
    },
    abort(id, path) {
      const [text = ''] = readWaitIds(id)
      return store.abort(text, new Error('Cancelled by hand'), path === undefined ? undefined : selection.one(path))
    },
    deliver: createDeliver(context),
  }
}

/** Creates the function that returns the list of one endpoint, the same each time: waits on the same list share their plan. */
function createListOf(): (endpoint: Endpoint) => readonly [Endpoint] {
  const lists = new WeakMap<Endpoint, readonly [Endpoint]>()
  return (endpoint) => {
    const list = lists.get(endpoint) ?? ([endpoint] as const)
    lists.set(endpoint, list)
    return list
  }
}

interface Plans {
  readonly result: WaitPlan<unknown>
  readonly full: WaitPlan<unknown>
  /** For waits without a limit of their own. */
  readonly timeoutMs: number
}

/** Creates the function that returns the plans of waits on the same endpoints, which share them. */
function createPlans(
  onEnd: WaitEnds['record'],
  arrivals: Arrivals,
  checksOf: ChecksOf,
): (on: readonly Endpoint[]) => Plans {
  const plans = new WeakMap<readonly Endpoint[], Plans>()
  return (on) => {
    const known = plans.get(on)
    if (known) return known
    const shared = {
      endpoints: on,
      arrivals,
      check: checksOf(on),
      onEnd: (...[ending, ids]: Parameters<WaitPlan<unknown>['onEnd']>) => onEnd(ending, on, ids),
    }
    const timeoutMs = Math.max(...on.map((endpoint) => endpoint.spec.timeoutMs))
    const made = { result: { ...shared, pick: toResult }, full: { ...shared, pick: toFull }, timeoutMs }
    plans.set(on, made)
    return made
  }
}

/** Returns the plan of one wait, which records how that ends; the same plan where nothing records spans. */
function tracePlan<T>(plan: WaitPlan<T>, tracing: Tracing): WaitPlan<T> {
  const begun = tracing.startWait()
  if (begun === undefined) return plan
  const { endpoints } = plan
  return {
    ...plan,
    onEnd(ending, ids) {
      tracing.endWait(begun, { endpoints, ids, ending })
      plan.onEnd(ending, ids)
    },
  }
}

/** Records how a wait by key ended, unless it goes on in another process. */
function traceKeyed(tracing: Tracing, wait: NamedWait, ending: Ending, isKept: boolean): void {
  const { since, trace, ids } = wait
  if (since === undefined || (isKept && ending.kind === 'closed')) return
  const endpoints = wait.endpoints.map((key) => ({ key }))
  tracing.endWait({ since, trace, isRemote: isKept }, { endpoints, ids, ending })
}

/** Checks how a wait by key has ended. */
async function checkEnding(ending: Ending, { check }: WaitPlan<unknown>): Promise<Ending> {
  return check && ending.kind === 'outcome' ? { ...ending, outcome: await check(ending.outcome) } : ending
}

/** Tells of the end of a wait by key as the caller sees it that has begun the wait in this process. */
function checkingEnd({ check }: WaitPlan<unknown>, onEnd: AskedWait['onEnd']): AskedWait['onEnd'] {
  if (check === undefined) return onEnd
  return (ending, wait) =>
    ending.kind === 'outcome'
      ? void whenThere(check(ending.outcome), (outcome) => onEnd({ kind: 'outcome', outcome }, wait))
      : onEnd(ending, wait)
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
  const isWanted = (callback: Outcome): boolean => refuseLater('when of wait()', when(callback))
  return {
    when: isWanted,
    onFiltered: (callback) => emitter.record('filtered', callback.endpoint, () => outcomeEvent(callback)),
  }
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
