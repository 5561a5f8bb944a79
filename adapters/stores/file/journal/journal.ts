import { setImmediate } from 'node:timers/promises'
import { unref } from '../../../../lib/base/timers'
import type { Clock, Logger } from '../../../../lib/base/contracts'
import type { CallbackError } from '../../../../lib/base/errors'
import { createTurns } from '../../../../lib/base/turns'
import { createCompactor } from './compactor'
import { createJournalWriter, type JournalWriter, type WriterOptions } from './writer'
import { formatOperation, type Operation } from '../operations'
import type { Records } from '../records'
import { isFull, storeUnavailable } from '../system'

export interface JournalOptions extends WriterOptions {
  readonly clock: Clock
  readonly logger: Logger
  /** Aborts when nothing may be written any more; its reason is the error of every later operation. */
  readonly lost: AbortSignal
  /** Called before and after each write: aborts `lost` when another process has taken the folder. */
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
/** How many bytes one write takes at most, give or take an operation. */
const WRITE_BYTES = 8 * 1024 * 1024

/** Creates a journal. The operations that are submitted during one write are written together, with one sync. */
export function createJournal(options: JournalOptions): Journal {
  const { file, records, sync, clock, lost } = options
  const inTurn = createTurns()
  const writer = createJournalWriter(options)
  const outage = createOutage(options, () => void inTurn(options.reserve.fill))
  const compactor = createCompactor({ ...options, inTurn, isOff: () => isClosing || lost.aborted })
  const syncTimer = createTimer(clock, SYNC_MS, () => void inTurn(syncNow))
  const queue: Submitted[] = []
  let running: Promise<void> | undefined
  let isClosing = false

  async function run(): Promise<void> {
    while (queue.length > 0) {
      await setImmediate() // callers that were just answered may submit more
      await inTurn(commit)
    }
    running = undefined
  }

  async function commit(): Promise<void> {
    const { batch, texts } = takeBatch(queue)
    try {
      await refuseLost()
      await writer.write(texts)
      await refuseLost() // what was written while the process was stopped may be in a file that nobody reads
    } catch (error) {
      const unavailable = outage.begin(error)
      const refused = isFull(error) ? batch.filter((submitted) => !removeUnwritten(submitted, records, writer)) : batch
      for (const { reject } of refused) reject(unavailable)
      options.onApplied()
      return
    }
    for (const { operation, resolve } of batch) resolve(records.apply(operation))
    outage.end()
    options.onApplied()
    if (sync === 'interval') syncTimer.start()
    compactor.consider()
  }

  async function refuseLost(): Promise<void> {
    await options.checkLock()
    lost.throwIfAborted()
  }

  /** When the disk does not have the operations that were answered, the journal is rewritten from memory. */
  async function syncNow(): Promise<void> {
    await options.checkLock()
    if (lost.aborted) return
    try {
      await file.sync()
    } catch (error) {
      outage.begin(error)
      await commit()
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
      await compactor.idle()
      syncTimer.stop()
      await inTurn(async () => {
        if (sync === 'interval' && !file.isDoubtful) await syncNow()
        await file.close()
      })
    },
  }
}

/** Takes from the queue what one write may have. */
function takeBatch(queue: Submitted[]): { readonly batch: readonly Submitted[]; readonly texts: readonly string[] } {
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

/** Removes a record although the disk is full, so that the rest needs less room. Returns whether the operation does so. */
function removeUnwritten({ operation, resolve }: Submitted, records: Records, writer: JournalWriter): boolean {
  if (operation.type !== 'remove') return false
  const result = records.apply(operation)
  if (result > 0) writer.owe(formatOperation(operation))
  resolve(result)
  return true
}

/** Creates a timer that runs once for each `start` while it is not running, and keeps no process alive. */
function createTimer(clock: Clock, ms: number, work: () => void): { start(): void; stop(): void } {
  let timer: unknown
  return {
    start() {
      if (timer !== undefined) return
      timer = clock.setTimeout(() => {
        timer = undefined
        work()
      }, ms)
      unref(timer)
    },
    stop() {
      if (timer !== undefined) clock.clearTimeout(timer)
    },
  }
}

/** Tells once that the journal cannot be written, and once that it can be again. */
interface Outage {
  /** Returns the error that operations are refused with. */
  begin(cause: unknown): CallbackError
  end(): void
}

function createOutage({ file, logger, onBack }: JournalOptions, onEnd: () => void): Outage {
  let isAway = false
  return {
    begin(cause) {
      const error = storeUnavailable('write', file.path, cause)
      if (!isAway) logger.error({ err: error }, 'The store cannot be written')
      isAway = true
      return error
    },
    end() {
      if (!isAway) return
      isAway = false
      logger.info({ path: file.path }, 'The store can be written again')
      onBack()
      onEnd()
    },
  }
}
