import { randomUUID } from 'node:crypto'
import { hasCode } from '../base/errors'
import { sleep } from '../base/timers'
import type { Expectation, Expected, RunContext, RunEntry, RunRecord } from '../base/run'
import type { Clock, OpenWait, Outcome, Progress, Store } from '../base/contracts'
import type { WaitEnding } from './await-callback'
import { isAway } from './durable/persistence'
import { waitClosed, waitTimedOut } from './wait-errors'

/** How long it takes until a store that is away is tried again. */
const AWAY_MS = 1000

export interface RunOptions {
  readonly store: Store
  readonly clock: Clock
  /** Cancels the run: its waits are freed and reject with the signal's reason. */
  readonly signal: AbortSignal
  /** Called when a wait has been registered. */
  readonly onWait: () => void
  /** Called with how a wait ended, before the run hears of it; one that the run gave up is `aborted`. */
  readonly onEnd: (ending: WaitEnding, wait: Expected, ids: readonly string[]) => void
  /** What the run has done before, and where it is remembered; undefined where a run ends with its process. */
  readonly record?: RunRecord | undefined
  /** Ends the run in this process, since another one has taken it up. */
  readonly abort?: ((reason: unknown) => void) | undefined
}

/** Gives the context of a run: with a record, what it holds is not done again. */
export function createRunContext(id: string, given: RunOptions): RunContext {
  const record = given.record && abortingRecord(given.record, given.abort)
  const options = { ...given, record }
  const { clock, signal } = options
  return {
    id,
    async step(name, work) {
      signal.throwIfAborted()
      return record === undefined ? work() : remember(name, work, record, signal)
    },
    async expect(name, wait) {
      signal.throwIfAborted()
      const timeoutMs = (deadline: number): number => Math.max(deadline - clock.now(), 0)
      if (record === undefined) return openWait(wait, timeoutMs(wait.deadline), options, undefined)
      const ended = record.find(outcomeName(name))
      if (ended) return createEnded(ended)
      const isReopened = record.find(openName(name)) !== undefined
      const { kept, deadline } = await remember(
        openName(name),
        async () => ({ kept: randomUUID(), deadline: wait.deadline }),
        record,
        signal,
      )
      const opened = openWait(wait, timeoutMs(deadline), options, { name, kept, isReopened, record })
      await opened.registered
      return opened
    },
  }
}

/** Whatever the run still holds in this process is left before anybody can give it up for good. */
function abortingRecord(record: RunRecord, abort: RunOptions['abort']): RunRecord {
  return {
    ...record,
    async add(entry, signal) {
      try {
        return await record.add(entry, signal)
      } catch (error) {
        if (isPassing(error)) abort?.(error)
        throw error
      }
    },
  }
}

/** Does work once, and gives what it gave or throws what it threw ever after; what the end of the run broke off is no result. */
async function remember<T>(name: string, work: () => Promise<T>, record: RunRecord, signal: AbortSignal): Promise<T> {
  const entry = record.find(name) ?? (await record.add(await attempt(name, work, signal), signal))
  if (entry.error !== undefined) throw entry.error
  return entry.value as T
}

async function attempt(name: string, work: () => Promise<unknown>, signal: AbortSignal): Promise<RunEntry> {
  try {
    return { name, value: await work() }
  } catch (error) {
    if (signal.aborted || isPassing(error)) throw error
    return { name, error }
  }
}

/** Says nothing of the work: the process is closing, or another one has the run. */
function isPassing(error: unknown): boolean {
  return hasCode(error, 'ERR_CLOSED')
}

function openName(name: string): string {
  return `${name}/open`
}

function outcomeName(name: string): string {
  return `${name}/outcome`
}

/** A wait whose outcome is remembered. */
interface KeptExpectation {
  readonly name: string
  readonly kept: string
  readonly isReopened: boolean
  readonly record: RunRecord
}

interface OpenExpectation extends Expectation {
  readonly registered: Promise<void> | undefined
}

function openWait(
  wait: Expected,
  timeoutMs: number,
  { store, clock, signal, onWait, onEnd }: RunOptions,
  keeping: KeptExpectation | undefined,
): OpenExpectation {
  const { endpoints, ids, queued } = wait
  const { promise, resolve, reject } = createDeferred<Outcome>()
  let hasEnded = false
  let last: Progress | undefined

  function end(): void {
    hasEnded = true
    signal.removeEventListener('abort', abort)
  }

  /** The run goes on with an outcome when that is safe, and the wait is over only then. */
  async function keep({ name, record }: KeptExpectation, entry: Omit<RunEntry, 'name'>): Promise<void> {
    try {
      const counted = await record.add({ name: outcomeName(name), ...entry }, signal)
      open.release?.()
      if (counted.error === undefined) resolve(counted.value as Outcome)
      else reject(counted.error)
    } catch (error) {
      // Where the run goes on elsewhere, what came for it is still needed.
      if (isPassing(error)) open.leave?.()
      else open.release?.()
      reject(error)
    }
  }

  const open: OpenWait = store.wait({
    endpoints,
    ids,
    timeoutMs,
    queued,
    kept: keeping?.kept,
    isReopened: keeping?.isReopened,
    waiter: {
      onEnd(ending, allIds) {
        end()
        onEnd(ending, wait, allIds)
        if (ending.kind === 'closed') return reject(waitClosed(allIds))
        const late = (): unknown => waitTimedOut({ ids: allIds, endpoints, timeoutMs, last, ...ending })
        const entry = ending.kind === 'outcome' ? { value: ending.outcome } : { error: late() }
        if (keeping) void keep(keeping, entry)
        else if (ending.kind === 'outcome') resolve(ending.outcome)
        else reject(entry.error)
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
    if (isPassing(reason) && open.leave) open.leave()
    else open.cancel()
    onEnd({ kind: 'aborted', reason }, wait, ids)
    reject(reason)
  }

  function abort(): void {
    giveUp(signal.reason)
  }
  if (!hasEnded) signal.addEventListener('abort', abort, { once: true })

  return {
    registered: open.registered,
    alias: async (more) => open.alias(more),
    outcome: () => promise,
    async settle(outcome) {
      const endpoint = endpoints.find(({ key }) => key === outcome.endpoint)
      while (endpoint && !hasEnded) {
        try {
          await store.deliver({ endpoint, outcome, size: () => 0 })
          return
        } catch (error) {
          if (!isAway(error)) throw error
        }
        await sleep(clock, AWAY_MS, signal)
      }
    },
    cancel: async () => giveUp(undefined),
  }
}

/** A wait that had ended before its run was taken up again. */
function createEnded({ value, error }: RunEntry): Expectation {
  const nothing = async (): Promise<void> => undefined
  return {
    alias: nothing,
    async outcome() {
      if (error !== undefined) throw error
      return value as Outcome
    },
    settle: nothing,
    cancel: nothing,
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
