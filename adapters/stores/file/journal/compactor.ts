import type { Logger } from '../../../../lib/base/contracts'
import { compact, type CompactionOptions } from './compaction'
import type { Reserve } from '../reserve'

export interface CompactorOptions extends CompactionOptions {
  readonly reserve: Reserve
  readonly logger: Logger
  /** Runs work when nothing else is written. */
  inTurn(work: () => Promise<void>): Promise<void>
  /** Rejects, or aborts what `isOff` reads, when another process may have the folder. */
  checkLock(): Promise<void>
  /** Whether no compaction is wanted any more. */
  isOff(): boolean
}

/** Compacts a journal from time to time, one compaction after another. */
export interface Compactor {
  /** Begins a compaction when it is worthwhile. */
  consider(): void
  /** Resolves when no compaction is under way. */
  idle(): Promise<void>
}

/** A journal is rewritten when it is larger than this, and so many times larger than its records. */
const COMPACT_BYTES = 8 * 1024 * 1024
const COMPACT_FACTOR = 4

/** Creates what decides when a journal is compacted. After a failure the journal grows by 8 MB before the next try. */
export function createCompactor(options: CompactorOptions): Compactor {
  const { file, records, reserve, logger, inTurn, checkLock, isOff } = options
  let compacting: Promise<void> | undefined
  let compactAbove = COMPACT_BYTES

  async function compactNow(): Promise<void> {
    try {
      await compact(options, (work) => inTurn(() => checkLock().then(work)), isOff)
      compactAbove = COMPACT_BYTES
      void inTurn(reserve.fill)
    } catch (error) {
      compactAbove = file.end + COMPACT_BYTES
      const message = 'The journal of the store could not be compacted; it is tried again when it has grown'
      logger.warn({ err: error }, message)
    } finally {
      compacting = undefined
    }
  }

  return {
    consider() {
      if (compacting || isOff() || file.end <= compactAbove || file.end <= records.bytes * COMPACT_FACTOR) return
      compacting = compactNow()
    },
    async idle() {
      await compacting
    },
  }
}
