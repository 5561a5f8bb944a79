import { type CompactionOptions, rewrite } from './compaction'
import type { Reserve } from '../reserve'
import { isFull } from '../system'

/**
 * When an operation is answered: with `always` when the disk has it, with `interval` when the system has it. The system
 * keeps it when the process dies, and writes it to the disk up to 0.2 s later.
 */
export type FileSync = 'always' | 'interval'

export interface WriterOptions extends CompactionOptions {
  readonly sync: FileSync
  readonly reserve: Reserve
}

/** Writes operations to a journal, and makes room for them when the disk is full. */
export interface JournalWriter {
  /** Writes the texts of operations. When it rejects, none of them is in the journal. */
  write(texts: readonly string[]): Promise<void>
  /** Notes an operation that is applied and not written; it is written before the next one. */
  owe(text: string): void
}

/** How many bytes a rewrite must save at least. */
const WASTE_BYTES = 64 * 1024
/** How many times larger than its estimate a snapshot of the records may be. */
const MARGIN = 1.25

/** Creates the only writer of a journal. A compaction may replace the file meanwhile. */
export function createJournalWriter(options: WriterOptions): JournalWriter {
  const { file, sync } = options
  let owed: string[] = []
  /** How many bytes a journal that was just rewritten is larger than its estimate. */
  let excess = 0

  async function tryToWrite(texts: readonly string[]): Promise<void> {
    if (file.isDoubtful) await rewriteAll()
    const all = owed.length === 0 ? texts : [...owed, ...texts]
    if (all.length > 0) await file.append(all, sync === 'always')
    owed = []
  }

  /** Rewrites the journal from the records, which hold the noted operations too. */
  async function rewriteAll(): Promise<void> {
    await rewrite(options)
    owed = []
  }

  return {
    async write(texts) {
      try {
        await tryToWrite(texts)
      } catch (error) {
        if (!isFull(error) || !(await makeRoom(options, rewriteAll, excess))) throw error
        excess = Math.max(file.end - options.records.bytes, 0)
        await tryToWrite(texts)
      }
    },
    owe: (text) => void owed.push(text),
  }
}

/**
 * Rewrites a journal in the room of the reserve, when the records fit there and the rewrite saves enough. The reserve is
 * filled again before anything else is written, so that callbacks never use it up. Resolves to whether the journal was
 * rewritten.
 */
export async function makeRoom(
  { file, records, reserve }: Pick<WriterOptions, 'file' | 'records' | 'reserve'>,
  write: () => Promise<void>,
  excess = 0,
): Promise<boolean> {
  const isWorthwhile = file.isDoubtful || file.end > records.bytes + excess + WASTE_BYTES
  if (!isWorthwhile || records.bytes * MARGIN > (await reserve.size())) return false
  try {
    await reserve.lend(write)
    return true
  } catch {
    return false // the first error says more
  }
}
