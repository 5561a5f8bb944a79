import type { LedgerRecord, NewRecord, RecordKind } from '../../lib/types'
import { createBatches } from './bullmq-batches'
import type { Engine } from './bullmq-engine'
import { codeOf } from './bullmq-errors'
import type { BullmqJob, BullmqQueue } from './bullmq-library'

/** What PostgreSQL answers when two write at once; nothing has happened then. */
const CONFLICTS: ReadonlySet<unknown> = new Set(['23505', '40001', '40P01'])
const NO_JOB = -1
const NOT_DELAYED = -3
/** A record whose time was set anew is not due before, in milliseconds. */
const SURE_MS = 1_000
/** Nobody reads what BullMQ tells of its jobs. */
const EVENTS = { streams: { events: { maxLen: 1 } } }

/** PostgreSQL makes thirty at once about seven times as fast as one by one, but a few are faster one by one. */
const MIN_BULK = 8
const MAX_CREATED = 100

interface NewJob {
  readonly name: string
  readonly data: string
  readonly opts: { readonly jobId: string; readonly delay: number; readonly removeOnComplete: boolean }
}

/** What a record is created with, written down. */
export interface WrittenRecord {
  readonly text: string
  readonly ttlMs: number
}

/** The records of one kind: each is a delayed job of one queue, and its log is the log of the job. */
export interface Records {
  create(id: string, record: WrittenRecord): Promise<void>
  has(id: string): Promise<boolean>
  /** Gives 0 when there is no such record. Gives up, by an error, when `isLate` says so. */
  append(id: string, row: string, isLate: () => boolean): Promise<number>
  read(id: string): Promise<LedgerRecord | undefined>
  touch(id: string, ttlMs: number): Promise<boolean>
  list(): Promise<readonly string[]>
  ready(): Promise<unknown>
  close(): Promise<void>
}

/** The id of a record, as that of a job: BullMQ keeps its own under names such as `meta`, beside the jobs. */
function toJobId(id: string): string {
  return `.${id}`
}

/** The id of the record that a job is. */
export function toRecordId(job: Pick<BullmqJob, 'id'>): string {
  return (job.id ?? '').slice(1)
}

/** Keeps the records of a kind in a queue. */
export function createRecords(engine: Engine, kind: RecordKind, onError: (error: unknown) => void): Records {
  const options = { ...engine.queues, ...EVENTS }
  const queue: BullmqQueue = new engine.bullmq.Queue(engine.nameOf(kind), options, engine.backend)
  queue.on('error', onError)

  const batches = createBatches(MAX_CREATED, async (jobs: readonly NewJob[]) => {
    const byId = new Map<string, NewJob>()
    for (const job of jobs) if (!byId.has(job.opts.jobId)) byId.set(job.opts.jobId, job)
    // In one order everywhere, so that two processes do not wait for one another.
    const sorted = [...byId.values()].toSorted((one, other) => (one.opts.jobId < other.opts.jobId ? -1 : 1))
    if (sorted.length >= MIN_BULK) await queue.addBulk(sorted)
    else await Promise.all(sorted.map(({ name, data, opts }) => queue.add(name, data, opts)))
  })

  function create(id: string, { text, ttlMs }: WrittenRecord): Promise<void> {
    const opts = { jobId: toJobId(id), delay: Math.max(Math.ceil(ttlMs), 0), removeOnComplete: true }
    return batches.add({ name: 'record', data: text, opts })
  }

  /** Gives undefined when somebody else has just appended to the same record. */
  async function appendOnce(id: string, row: string): Promise<number | undefined> {
    try {
      return await queue.addJobLog(toJobId(id), row)
    } catch (error) {
      const code = codeOf(error)
      if (code === NO_JOB) return 0
      if (CONFLICTS.has(code)) return undefined
      throw error
    }
  }

  return {
    create,
    has: async (id) => (await queue.getBackend().getState(toJobId(id))) !== 'unknown',
    async append(id, row, isLate) {
      while (!isLate()) {
        const length = await appendOnce(id, row)
        if (length !== undefined) return length
      }
      throw new Error('others write to the same record all the time')
    },
    async read(id) {
      const jobId = toJobId(id)
      let job = await queue.getJob(jobId)
      while (job !== undefined) {
        const { logs } = await queue.getJobLogs(jobId, 0, -1, true)
        const after = await queue.getJob(jobId)
        // It may have gone in between, and its log before: then both are those of nobody.
        if (after?.timestamp === job.timestamp) return { data: fromText(job.data), log: logs.map(fromText) }
        job = after
      }
      return undefined
    },
    async touch(id, ttlMs) {
      try {
        await queue.getBackend().changeDelay(toJobId(id), Math.max(Math.ceil(ttlMs), 0))
      } catch (error) {
        const code = codeOf(error)
        if (code === NO_JOB || code === NOT_DELAYED) return false
        throw error
      }
      if (ttlMs < SURE_MS) return true
      // PostgreSQL looks and changes in two steps, between which it may have become due.
      return (await queue.getBackend().getState(toJobId(id))) === 'delayed'
    },
    async list() {
      // In the order in which a record goes through them, so that one on its way is not missed.
      const ids = await queue.getRanges(['delayed', 'waiting', 'active', 'delayed'], 0, -1, true)
      return [...new Set(ids)].map((id) => toRecordId({ id }))
    },
    ready: () => queue.waitUntilReady(),
    close: () => queue.close(),
  }
}

/** Writes down a new record. */
export function toWritten({ data, ttlMs }: NewRecord): WrittenRecord {
  return { text: toText(data), ttlMs }
}

/**
 * Writes down what JSON can say. It is sent as a text within a text, so that the escapes of JSON are no affair of the
 * server: PostgreSQL takes no `\u0000`, not even escaped.
 */
export function toText(value: unknown): string {
  return JSON.stringify(value ?? null)
}

function fromText(text: unknown): unknown {
  return JSON.parse(String(text))
}
