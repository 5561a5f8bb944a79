import { afterEach, beforeEach, expect } from '@jest/globals'
import { createDurableStore, type DurableStoreOptions } from '../../lib/store/durable/store'
import type { KeptRun, RunKeeper, RunRecord } from '../../lib/base/run'
import type { Arrival, Delivery, Ending, Ledger, OpenWait, Store, WaitRequest } from '../../lib/base/contracts'
import { createFakeClock, type FakeClock } from '../helpers/fake-clock'
import { createFakeLedgers, type FakeLedgers } from '../helpers/fake-ledger'
import { createOutcome, DONE } from '../helpers/store-contract'

/** A process that has the ledger open. */
export interface Process {
  readonly ledger: Ledger
  readonly store: Store
  readonly runs: RunKeeper
  /** The runs that it was given, in their order. */
  readonly adopted: { readonly run: KeptRun; readonly record: RunRecord }[]
  /** The runs that it was told to cancel. */
  readonly cancelled: string[]
  /** The runs that it was told to drop, each with the code of the reason. */
  readonly dropped: string[]
  wait(ids: readonly string[], more?: Partial<WaitRequest>): Watched
  deliver(id: string | undefined, result: unknown, more?: Partial<Arrival>): Promise<Delivery>
}

export interface Watched extends OpenWait {
  /** How it ended: results, and other endings by their kind. */
  readonly ends: readonly unknown[]
  readonly registered: Promise<void>
}

export interface Durable {
  readonly clock: FakeClock
  readonly ledgers: FakeLedgers
  /** The messages of level warn and error. */
  readonly log: readonly string[]
  readonly forgotten: readonly unknown[]
  /** Takes what stands in the log, which has to be empty when a test is over. */
  takeLog(): readonly string[]
  /** Begins anew, with another ledger. */
  reset(): void
  start(options?: Partial<DurableStoreOptions>): Process
  open(options?: Partial<DurableStoreOptions>): Promise<Process>
  /** Ends a process without a word. */
  kill(process: Process): void
  /** Lets time go by, and happen what is due. */
  pass(ms: number): Promise<void>
}

export const MINUTE = 60_000
export const DAY = 24 * 60 * MINUTE

/** Gives processes on one ledger for each test; afterwards they are closed, and nothing has gone wrong in silence. */
export function useDurable(): Durable {
  let clock = createFakeClock()
  let ledgers = createFakeLedgers(clock)
  let processes: Process[] = []
  let log: string[] = []
  let forgotten: unknown[] = []

  function reset(): void {
    clock = createFakeClock()
    ledgers = createFakeLedgers(clock)
    processes = []
    log = []
    forgotten = []
  }

  beforeEach(reset)
  afterEach(async () => {
    ledgers.setAway(false)
    for (const { store } of processes) await store.close()
    expect(log).toEqual([])
  })

  const note = (_details: object, message: string): void => void log.push(message)
  const quiet = (): void => undefined

  function start(options: Partial<DurableStoreOptions> = {}): Process {
    const ledger = ledgers.create()
    const store = createDurableStore({
      clock,
      ledger,
      isShared: true,
      keepMs: 7 * DAY,
      maxWaits: 1000,
      park: { forMs: 10 * MINUTE, max: 100, maxBytes: 100_000 },
      logger: { debug: quiet, info: quiet, warn: note, error: note },
      onForgotten: ({ result }) => forgotten.push(result),
      ...options,
    })
    const { runs } = store
    if (runs === undefined) throw new Error('a durable store keeps runs')
    const process: Process = { ledger, store, runs, adopted: [], cancelled: [], dropped: [], ...talk(store) }
    runs.attach({
      adopt: (taken) => void process.adopted.push(...taken),
      cancel: (id) => void process.cancelled.push(id),
      drop: (id, { code }) => void process.dropped.push(`${id} ${code}`),
    })
    processes.push(process)
    return process
  }

  return {
    get clock() {
      return clock
    },
    get ledgers() {
      return ledgers
    },
    get log() {
      return log
    },
    get forgotten() {
      return forgotten
    },
    takeLog: () => log.splice(0),
    reset,
    start,
    async open(options) {
      const process = start(options)
      await process.store.open()
      return process
    },
    kill(process) {
      ledgers.kill(process.ledger)
      processes = processes.filter((one) => one !== process)
    },
    async pass(ms) {
      // Timers set off work that sets timers, which are to be in time too.
      await ledgers.settle()
      for (let left = ms; left > 0; left -= STEP_MS) {
        clock.advance(Math.min(left, STEP_MS))
        await ledgers.settle()
      }
    },
  }
}

const STEP_MS = 2000

function talk(store: Store): Pick<Process, 'wait' | 'deliver'> {
  return {
    wait(ids, more = {}) {
      const ends: unknown[] = []
      const onEnd = (ending: Ending): void =>
        void ends.push(ending.kind === 'outcome' ? ending.outcome.result : ending.kind)
      const open = store.wait({
        endpoints: [DONE],
        ids,
        timeoutMs: 10 * MINUTE,
        queued: true,
        waiter: { onEnd },
        ...more,
      })
      return {
        ends,
        get registered() {
          return open.registered ?? Promise.resolve()
        },
        alias: (added) => open.alias(added),
        cancel: () => open.cancel(),
        release: () => open.release?.(),
        leave: () => open.leave?.(),
      }
    },
    deliver: async (id, result, { endpoint = DONE, ...more } = {}) =>
      store.deliver({ endpoint, outcome: createOutcome(endpoint, id, result), size: () => 100, ...more }),
  }
}

/** A run of a workflow. */
export function createRun(id: string, more: Partial<KeptRun> = {}): KeptRun {
  return { id, workflow: 'paint', definition: { a: 1 }, input: 1, startedAt: 0, deadline: undefined, ...more }
}

/** Gives a run that was begun or taken up. */
export function held(record: RunRecord | undefined): RunRecord {
  if (record === undefined) throw new Error('the run is not held')
  return record
}
