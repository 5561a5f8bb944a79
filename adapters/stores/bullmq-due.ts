import { isDoneWithin } from '../../lib/timers'
import type { Clock, LedgerHandlers, Logger, RecordKind } from '../../lib/types'
import type { Engine } from './bullmq-engine'
import { toRecordId } from './bullmq-records'
import type { BullmqJob } from './bullmq-library'

/** How many due records of a kind one process works on at a time. */
const CONCURRENCY = 50
/** A process that has not been heard of for so long has died: another one works on its due records. */
const LOCK_MS = 5_000
const STALLED_MS = 2_000
/** Until a record is due again that could not be worked on. */
const RETRY_MS = 2_000
/** How long those that are worked on have to come to an end when the store is closed. */
const CLOSE_MS = 2_000
const MANY = 2 ** 31 - 1

export interface DueOptions {
  readonly engine: Engine
  readonly kind: RecordKind
  readonly handlers: LedgerHandlers
  readonly clock: Clock
  readonly logger: Logger
  onError(error: unknown): void
}

/** Hands over the due records of a kind. */
export interface Due {
  ready(): Promise<unknown>
  /** Takes no more, waits a while for those in work, and leaves the rest to other processes. */
  stop(): Promise<void>
  /** To be called after `stop`. */
  close(): Promise<void>
}

/** Asks a handler about each record that is due. */
export function createDue({ engine, kind, handlers, clock, logger, onError }: DueOptions): Due {
  const { bullmq } = engine
  const working = new Map<Promise<void>, () => Promise<void>>()
  let isClosed = false
  let isTold = false

  async function decide(job: BullmqJob): Promise<number | undefined> {
    if (kind === 'mark') return undefined
    const id = toRecordId(job)
    try {
      const keptMs = await handlers.onDue(kind, id)
      isTold = false
      return keptMs
    } catch (error) {
      if (!isTold && !isClosed)
        logger.warn({ kind, id, error }, 'A due record could not be worked on; it is tried again')
      isTold = true
      return RETRY_MS
    }
  }

  async function work(job: BullmqJob, token: string | undefined): Promise<void> {
    const keptMs = await decide(job)
    try {
      if (keptMs === undefined) await job.moveToCompleted(undefined, token, false)
      else await job.moveToDelayed(Date.now() + Math.max(Math.ceil(keptMs), 1), token)
    } catch (error) {
      // It stays in work without anybody who works on it, which is found out as when a process dies.
      onError(error)
    }
  }

  const worker = new bullmq.Worker(
    engine.nameOf(kind),
    async (job, token) => {
      if (!isClosed) {
        const promise = work(job, token)
        working.set(promise, () => job.moveToDelayed(Date.now() + RETRY_MS, token))
        await promise
        working.delete(promise)
      }
      // Says that there is nothing left to do: a job that fails would never be due again.
      throw new bullmq.DelayedError()
    },
    {
      ...engine.workers,
      concurrency: CONCURRENCY,
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_MS,
      maxStalledCount: MANY,
      drainDelay: engine.dueS,
      runRetryDelay: 500,
    },
    engine.backend,
  )
  worker.on('error', onError)

  return {
    ready: () => worker.waitUntilReady(),
    async stop() {
      await worker.pause(true)
      await isDoneWithin(clock, CLOSE_MS, Promise.all(working.keys()))
      isClosed = true
      // Others need not wait until it has not been heard of for long enough.
      const left = [...working.values()].map((giveBack) => giveBack())
      await isDoneWithin(clock, CLOSE_MS, Promise.allSettled(left))
    },
    async close() {
      const closing = worker.close(true)
      // Closing alone lets it wait for the next job as long as it was about to.
      await worker.getBackend().disconnectBlocking(false)
      await closing
    },
  }
}
