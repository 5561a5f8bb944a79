import { setImmediate } from 'node:timers/promises'
import { unref } from '../../../lib/timers'
import type { Clock, Logger } from '../../../lib/types'
import { compact, type CompactionOptions, rewrite } from './compaction'
import { formatOperation, type Operation } from './operations'
import { storeUnavailable } from './system'

export interface JournalOptions extends CompactionOptions {
  readonly sync: FileSync
  readonly clock: Clock
  readonly logger: Logger
  /** Aborts when nothing may be written any more, with the error that everything is refused with then. */
  readonly lost: AbortSignal
  /** Called when operations were applied. */
  readonly onApplied: () => void
  /** Called when it can be written again. */
  readonly onBack: () => void
}

/**
 * When an operation is done: `always` when the disk has it, `interval` when the system has it, which outlives the process,
 * but is on the disk up to 0.2 s later only.
 */
export type FileSync = 'always' | 'interval'

/** Writes operations, and then applies them to the records. */
export interface Journal {
  /** Gives what applying it gave. Rejects with `ERR_STORE_UNAVAILABLE` when it cannot be written; it has not happened then. */
  submit(operation: Operation): Promise<number>
  /** Writes what was submitted. Nothing may be submitted any more. */
  close(): Promise<void>
}

interface Submitted {
  readonly operation: Operation
  readonly resolve: (result: number) => void
  readonly reject: (error: unknown) => void
}

const SYNC_MS = 200
/** What one write takes at most, give or take an operation. */
const WRITE_BYTES = 8 * 1024 * 1024
/** A journal is written anew when it is larger than this, and so many times larger than what is in it. */
const COMPACT_BYTES = 8 * 1024 * 1024
const COMPACT_FACTOR = 4

/** Writes whatever is submitted while one write is under way with the next one, so that all of it costs one sync. */
export function createJournal(options: JournalOptions): Journal {
  const { file, records, sync, clock, logger, lost } = options
  const inTurn = createTurns()
  const queue: Submitted[] = []
  let running: Promise<void> | undefined
  let compacting: Promise<void> | undefined
  let compactAbove = COMPACT_BYTES
  let syncTimer: unknown
  let isAway = false
  let isClosing = false

  async function run(): Promise<void> {
    while (queue.length > 0) {
      await setImmediate() // whoever was just answered may submit more
      await inTurn(commit)
    }
    running = undefined
  }

  function takeBatch(): { readonly batch: readonly Submitted[]; readonly text: string } {
    let text = ''
    let count = 0
    for (const { operation } of queue) {
      if (text.length >= WRITE_BYTES) break
      text += formatOperation(operation)
      count++
    }
    return { batch: queue.splice(0, count), text }
  }

  async function commit(): Promise<void> {
    const { batch, text } = takeBatch()
    try {
      lost.throwIfAborted()
      if (file.isDoubtful) await rewrite(options)
      if (text !== '') await file.append(Buffer.from(text), sync === 'always')
    } catch (error) {
      fail(batch, error)
      return
    }
    for (const { operation, resolve } of batch) resolve(records.apply(operation))
    comeBack()
    options.onApplied()
    if (sync === 'interval') syncSoon()
    compactIfWorthwhile()
  }

  function fail(batch: readonly Submitted[], cause: unknown): void {
    const error = storeUnavailable('write', file.path, cause)
    if (!isAway) logger.error({ err: error }, 'The store cannot be written')
    isAway = true
    for (const { reject } of batch) reject(error)
  }

  function comeBack(): void {
    if (!isAway) return
    isAway = false
    logger.info({ path: file.path }, 'The store can be written again')
    options.onBack()
  }

  function syncSoon(): void {
    if (syncTimer !== undefined) return
    syncTimer = clock.setTimeout(() => {
      syncTimer = undefined
      void inTurn(syncNow)
    }, SYNC_MS)
    unref(syncTimer)
  }

  /** What was answered already is in memory, from which the journal is written anew when the disk does not have it. */
  async function syncNow(): Promise<void> {
    try {
      if (lost.aborted) return
      await file.sync()
    } catch (error) {
      fail([], error)
      await commit()
    }
  }

  function compactIfWorthwhile(): void {
    if (isClosing || compacting || file.end <= compactAbove || file.end <= records.bytes * COMPACT_FACTOR) return
    compacting = compact(options, inTurn, () => isClosing || lost.aborted)
      .then(() => void (compactAbove = COMPACT_BYTES))
      .catch((error: unknown) => {
        compactAbove = file.end + COMPACT_BYTES
        logger.warn(
          { err: error },
          'The journal of the store could not be compacted; it is tried again when it has grown',
        )
      })
      .finally(() => void (compacting = undefined))
  }

  return {
    submit: (operation) =>
      new Promise((resolve, reject) => {
        queue.push({ operation, resolve, reject })
        running ??= run()
      }),
    async close() {
      isClosing = true
      await running
      await compacting
      if (syncTimer !== undefined) clock.clearTimeout(syncTimer)
      if (sync === 'interval' && !file.isDoubtful) await inTurn(syncNow)
      await file.close()
    },
  }
}

/** Gives what does one thing after the other. */
function createTurns(): (work: () => Promise<void>) => Promise<void> {
  let last: Promise<void> = Promise.resolve()
  return (work) => {
    const turn = last.then(work)
    last = turn.catch(() => undefined)
    return turn
  }
}
