import { CallbackError } from '../errors'
import type { Ending, Outcome, Progress, Store, StoreEndpoint } from '../types'

/** How a wait of this process ended: as its store says, or by its caller's signal. */
export type WaitEnding = Ending | { readonly kind: 'aborted'; readonly reason: unknown }

export interface CallbackWait<T> {
  readonly endpoints: readonly StoreEndpoint[]
  readonly ids: readonly string[]
  readonly timeoutMs: number
  /** Whether callbacks without an id count, on endpoints that know no ids. */
  readonly queued: boolean
  readonly signal: AbortSignal | undefined
  readonly onProgress: ((progress: Progress) => void) | undefined
  /** Called with how the wait ended, before its promise settles. */
  readonly onEnd: (ending: WaitEnding) => void
  /** What the promise gives of a success. */
  readonly pick: (outcome: Outcome) => T
}

/**
 * Gives the callback as a promise. The wait is registered before this returns. Rejects with `ERR_CALLBACK_FAILED`,
 * `ERR_TEMPLATE`, `ERR_WAIT_TIMEOUT`, `ERR_ABORTED`, `ERR_CLOSED` and `ERR_WAITS_FULL`; a rejection that nobody
 * awaits harms nobody.
 */
export function awaitCallback<T>(store: Store, wait: CallbackWait<T>): Promise<T> {
  const deferred = new Deferred<T>()
  const { signal, onEnd, pick } = wait
  let stopListening: (() => void) | undefined
  let ended = false

  function end(ending: WaitEnding): void {
    ended = true
    stopListening?.()
    onEnd(ending)
    if (ending.kind === 'outcome' && ending.outcome.outcome === 'succeeded') deferred.resolve(pick(ending.outcome))
    else deferred.reject(toError(ending, wait))
  }

  if (signal?.aborted) {
    end({ kind: 'aborted', reason: signal.reason })
    return deferred.promise
  }
  try {
    const { endpoints, ids, timeoutMs, queued, onProgress } = wait
    const open = store.wait({ endpoints, ids, timeoutMs, queued, onProgress, onEnd: end })
    if (signal && !ended) {
      const abort = (): void => {
        open.cancel()
        end({ kind: 'aborted', reason: signal.reason })
      }
      signal.addEventListener('abort', abort, { once: true })
      stopListening = () => signal.removeEventListener('abort', abort)
    }
  } catch (error) {
    deferred.reject(error)
  }
  return deferred.promise
}

/** A promise that is settled from outside; its rejection never counts as unhandled. */
class Deferred<T> {
  readonly promise: Promise<T>
  #resolve: (value: T) => void = ignore
  #reject: (error: unknown) => void = ignore

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  resolve(value: T): void {
    this.#resolve(value)
  }

  reject(error: unknown): void {
    this.promise.catch(ignore)
    this.#reject(error)
  }
}

function ignore(): void {}

function toError<T>(ending: WaitEnding, wait: CallbackWait<T>): unknown {
  const whose = wait.ids.map((id) => JSON.stringify(id)).join(' or ')
  switch (ending.kind) {
    case 'outcome':
      return ending.outcome.error ?? callbackFailed(ending.outcome)
    case 'timeout':
      return new CallbackError('ERR_WAIT_TIMEOUT', {
        message: `No callback for ${whose} came to ${describeEndpoints(wait.endpoints)} within ${wait.timeoutMs} ms`,
      })
    case 'aborted':
      return new CallbackError('ERR_ABORTED', { message: `The wait for ${whose} was aborted`, cause: ending.reason })
    case 'closed':
      return new CallbackError('ERR_CLOSED', { message: `The callbacks were closed while ${whose} was waited for` })
  }
}

function callbackFailed({ status, result, body, id, endpoint }: Outcome): CallbackError {
  const what = status === undefined ? 'a failure' : `the status ${JSON.stringify(status)}`
  const whose = id === undefined ? '' : ` for ${JSON.stringify(id)}`
  return new CallbackError('ERR_CALLBACK_FAILED', {
    message: `${endpoint} received ${what}${whose}`,
    callback: { status, result, body, id, endpoint },
  })
}

function describeEndpoints(endpoints: readonly StoreEndpoint[]): string {
  const names = endpoints.map(({ key }) => key)
  return names.length > 3 ? `any of ${names.length} endpoints` : names.join(' or ')
}
