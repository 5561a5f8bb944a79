import { randomUUID } from 'node:crypto'
import { hasCode } from '../base/errors'
import type { Outcome, Store } from '../base/contracts'
import type { CheckOutcome, ChecksOf } from '../base/schemas/check-outcome'
import type { Expectation, Expected, RunContext, RunEntry, RunRecord } from '../base/run'
import { endedExpectation, type ExpectationOptions, openExpectation } from './expectation'

export interface RunOptions extends ExpectationOptions {
  /** Where the results of the run are remembered; undefined where a run ends with its process. */
  readonly record?: RunRecord | undefined
  /** Returns the check of outcomes by the schemas of their endpoints. */
  readonly checksOf?: ChecksOf | undefined
  /** Ends the run in this process, since another one has taken it up. */
  readonly abort?: ((reason: unknown) => void) | undefined
}

/** Creates the context of a run. Work whose result is in the record is not done again. */
export function createRunContext(id: string, options: RunOptions): RunContext {
  const { store, clock, signal } = options
  const record = options.record && abortingRecord(options.record, options.abort)
  const timeoutMs = (deadline: number): number => Math.max(deadline - clock.now(), 0)
  return {
    id,
    async step(name, work) {
      signal.throwIfAborted()
      return record === undefined ? work() : remember(name, work, record, signal)
    },
    async expect(name, wait) {
      signal.throwIfAborted()
      const check = options.checksOf?.(wait.endpoints)
      const expectation = await open(name, wait)
      return check || wait.when ? checked(expectation, wait, check) : expectation
    },
    endOf: (name) => record?.find(`${name}/outcome`),
    async forgo(name, { endpoints, ids, queued }) {
      const begun = record?.find(`${name}/open`)
      if (begun !== undefined)
        await store.endLeft?.((begun.value as Opening).kept, { endpoints, ids, queued }, undefined)
    },
  }

  async function open(name: string, wait: Expected): Promise<Expectation> {
    if (record === undefined) return openExpectation(wait, timeoutMs(wait.deadline), options)
    const [opening, entry] = [`${name}/open`, `${name}/outcome`]
    const begun = record.find(opening)
    const ended = record.find(entry)
    if (ended) return endedExpectation(ended, endingLeft(store, wait, begun, ended))
    const isReopened = begun !== undefined
    const propose = async (): Promise<Opening> => ({ kept: randomUUID(), deadline: wait.deadline })
    const { kept, deadline } = await remember(opening, propose, record, signal)
    const opened = openExpectation(wait, timeoutMs(deadline), options, { kept, isReopened, entry, record })
    await opened.registered
    return opened
  }
}

/** The record of the run keeps an outcome as it came, so that the process that goes on with the run checks it, too. */
function checked(expectation: Expectation, { when }: Expected, check: CheckOutcome | undefined): Expectation {
  return {
    alias: (ids) => expectation.alias(ids),
    async outcome() {
      const outcome = await expectation.outcome()
      // It is true for the callback that has ended the wait, or throws once more.
      when?.(outcome)
      return check ? check(outcome) : outcome
    },
    settle: (outcome) => expectation.settle(outcome),
    cancel: () => expectation.cancel(),
  }
}

/** What is remembered of a wait when it is opened. */
interface Opening {
  readonly kept: string
  readonly deadline: number
}

/** Returns what ends a wait in the store whose outcome the record has. */
function endingLeft(
  store: Store,
  { endpoints, ids, queued }: Expected,
  begun: RunEntry | undefined,
  { value }: RunEntry,
): (more?: readonly string[]) => Promise<void> {
  return async (more) => {
    if (begun === undefined || value === undefined) return
    const left = { endpoints, ids: more ?? ids, queued: queued && more === undefined }
    await store.endLeft?.((begun.value as Opening).kept, left, value as Outcome)
  }
}

/** When another process has the run, the run ends here before its jobs hear of that: they would give up its waits. */
function abortingRecord(record: RunRecord, abort: RunOptions['abort']): RunRecord {
  return {
    ...record,
    async add(entry, signal) {
      try {
        return await record.add(entry, signal)
      } catch (error) {
        if (hasCode(error, 'ERR_CLOSED')) abort?.(error)
        throw error
      }
    },
  }
}

/**
 * Does work once and remembers its result: later calls return that, or throw what the work threw. Work that was broken
 * off by the end of the run has no result.
 */
async function remember<T>(name: string, work: () => Promise<T>, record: RunRecord, signal: AbortSignal): Promise<T> {
  const entry = record.find(name) ?? (await record.add(await attempt(name, work, signal), signal))
  if (entry.error !== undefined) throw entry.error
  return entry.value as T
}

async function attempt(name: string, work: () => Promise<unknown>, signal: AbortSignal): Promise<RunEntry> {
  try {
    return { name, value: await work() }
  } catch (error) {
    if (signal.aborted || hasCode(error, 'ERR_CLOSED')) throw error
    return { name, error }
  }
}
