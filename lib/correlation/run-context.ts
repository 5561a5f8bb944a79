import type { Clock, Expectation, Expected, Outcome, Progress, RunContext, Store } from '../types'
import type { WaitEnding } from './await-callback'
import { waitClosed, waitTimedOut } from './wait-errors'

export interface RunOptions {
  readonly store: Store
  readonly clock: Clock
  /** Cancels the run: its waits are freed and reject with the signal's reason. */
  readonly signal: AbortSignal
  /** Called when a wait has been registered. */
  readonly onWait: () => void
  /** Called with how a wait ended, before the run hears of it; one that the run gave up is `aborted`. */
  readonly onEnd: (ending: WaitEnding, wait: Expected, ids: readonly string[]) => void
}

/** Gives the context of a run that lives as long as this process; nothing of it has to be remembered elsewhere. */
export function createRunContext(id: string, options: RunOptions): RunContext {
  const { clock, signal } = options
  return {
    id,
    async step(_name, work) {
      signal.throwIfAborted()
      return work()
    },
    async expect(_name, wait) {
      signal.throwIfAborted()
      return openWait(wait, Math.max(wait.deadline - clock.now(), 0), options)
    },
  }
}

function openWait(wait: Expected, timeoutMs: number, { store, signal, onWait, onEnd }: RunOptions): Expectation {
  const { endpoints, ids, queued } = wait
  const { promise, resolve, reject } = createDeferred<Outcome>()
  let hasEnded = false
  let last: Progress | undefined

  function end(): void {
    hasEnded = true
    signal.removeEventListener('abort', abort)
  }

  const open = store.wait({
    endpoints,
    ids,
    timeoutMs,
    queued,
    waiter: {
      onEnd(ending, allIds) {
        end()
        onEnd(ending, wait, allIds)
        if (ending.kind === 'outcome') resolve(ending.outcome)
        else if (ending.kind === 'closed') reject(waitClosed(allIds))
        else reject(waitTimedOut({ ids: allIds, endpoints, timeoutMs, last, isOutdated: ending.isOutdated }))
      },
      onProgress(progress) {
        last = progress
      },
    },
  })

  onWait()

  function giveUp(reason: unknown): void {
    if (hasEnded) return
    end()
    open.cancel()
    onEnd({ kind: 'aborted', reason }, wait, ids)
    reject(reason)
  }

  function abort(): void {
    giveUp(signal.reason)
  }
  if (!hasEnded) signal.addEventListener('abort', abort, { once: true })

  return {
    alias: async (more) => open.alias(more),
    outcome: () => promise,
    async settle(outcome) {
      const endpoint = endpoints.find(({ key }) => key === outcome.endpoint)
      if (endpoint && !hasEnded) await store.deliver({ endpoint, outcome, size: () => 0 })
    },
    cancel: async () => giveUp(undefined),
  }
}

interface Deferred<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
  readonly reject: (reason: unknown) => void
}

/** A rejection that nobody awaits, since the request failed first, harms nobody. */
function createDeferred<T>(): Deferred<T> {
  let resolve: Deferred<T>['resolve'] = () => undefined
  let reject: Deferred<T>['reject'] = () => undefined
  const promise = new Promise<T>((onValue, onReason) => {
    resolve = onValue
    reject = onReason
  })
  promise.catch(() => undefined)
  return { promise, resolve, reject }
}
