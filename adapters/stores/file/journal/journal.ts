import { setImmediate } from 'node:timers/promises'
import { unref } from '../../../../lib/base/timers'
import type { Clock, Logger } from '../../../../lib/base/contracts'
import { createTurns } from '../../../../lib/base/turns'
import { compact } from './compaction'
import { createJournalWriter, type WriterOptions } from './writer'
import { formatOperation, type Operation } from '../operations'
import { isFull, storeUnavailable } from '../system'

export interface JournalOptions extends WriterOptions {
  readonly clock: Clock
  readonly logger: Logger
  /** Aborts when nothing may be written any more, with the error that everything is refused with then. */
  readonly lost: AbortSignal
  /** Called around each write: aborts `lost` if another process may have the folder by now, and has. */
  readonly checkLock: () => Promise<void>
  /** Called when operations were applied. */
  readonly onApplied: () => void
  /** Called when it can be written again. */
  readonly onBack: () => void
}

/** Writes operations, and then applies them to the records. */
export interface Journal {
  /**
   * Resolves to the result of the operation. Rejects with `ERR_STORE_UNAVAILABLE` when it cannot be written; then it
   * has no effect.
   */
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
/** A journal is rewritten when it is larger than this, and so many times larger than its records. */
const COMPACT_BYTES = 8 * 1024 * 1024
const COMPACT_FACTOR = 4

/** Writes whatever is submitted while one write is under way with the next one, so that all of it costs one sync. */
export function createJournal(options: JournalOptions): Journal {
  const { file, records, reserve, sync, clock, logger, lost } = options
  const inTurn = createTurns()
  const writer = createJournalWriter(options)
  const queue: Submitted[] = []
  let running: Promise<void> | undefined
  let compacting: Promise<void> | undefined
  let compactAbove = COMPACT_BYTES
  let syncTimer: unknown
  let isAway = false
  let isClosing = false

  async function run(): Promise<void> {
    while (queue.length > 0) {
      await setImmediate() // callers that were just answered may submit more
      await inTurn(commit)
    }
    running = undefined
  }

  function takeBatch(): { readonly batch: readonly Submitted[]; readonly texts: readonly string[] } {
    const texts: string[] = []
    let size = 0
    for (const { operation } of queue) {
      if (size >= WRITE_BYTES) break
      const text = formatOperation(operation)
      texts.push(text)
      size += text.length
    }
    return { batch: queue.splice(0, texts.length), texts }
  }

  async function commit(): Promise<void> {
    const { batch, texts } = takeBatch()
    try {
      await refuseLost()
      await writer.write(texts)
      await refuseLost() // what was written while the process stood still may be in a file that nobody reads
    } catch (error) {
      fail(isFull(error) ? batch.filter((submitted) => !removeUnwritten(submitted)) : batch, error)
      options.onApplied()
      return
    }
    for (const { operation, resolve } of batch) resolve(records.apply(operation))
    comeBack()
    options.onApplied()
    if (sync === 'interval') syncSoon()
    compactIfWorthwhile()
  }

  async function refuseLost(): Promise<void> {
    await options.checkLock()
    lost.throwIfAborted()
  }

  /**
   * Removes a record although the disk is full, so that it can be written in less room. Returns whether that is due.
   */
  function removeUnwritten({ operation, resolve }: Submitted): boolean {
    if (operation.type !== 'remove') return false
    const result = records.apply(operation)
    if (result > 0) writer.owe(formatOperation(operation))
    resolve(result)
    return true
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
    void inTurn(reserve.fill)
  }

  function syncSoon(): void {
    if (syncTimer !== undefined) return
    syncTimer = clock.setTimeout(() => {
      syncTimer = undefined
      void inTurn(syncNow)
    }, SYNC_MS)
    unref(syncTimer)
  }

  /**
   * Operations that were answered are in memory, from which the journal is rewritten when the disk does not have them.
   */
  async function syncNow(): Promise<void> {
    await options.checkLock()
    if (lost.aborted) return
    try {
      await file.sync()
    } catch (error) {
      fail([], error)
      await commit()
    }
  }

  function compactIfWorthwhile(): void {
    if (isClosing || compacting || file.end <= compactAbove || file.end <= records.bytes * COMPACT_FACTOR) return
    compacting = compactNow()
  }

  async function compactNow(): Promise<void> {
    try {
      const inOwnTurn = (work: () => Promise<void>): Promise<void> => inTurn(() => options.checkLock().then(work))
      await compact(options, inOwnTurn, () => isClosing || lost.aborted)
      compactAbove = COMPACT_BYTES
      void inTurn(reserve.fill)
    } catch (error) {
      compactAbove = file.end + COMPACT_BYTES
      logger.warn(
        { err: error },
        'The journal of the store could not be compacted; it is tried again when it has grown',
      )
    } finally {
      compacting = undefined
    }
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
      await inTurn(async () => {
        if (sync === 'interval' && !file.isDoubtful) await syncNow()
        await file.close()
      })
    },
  }
}
