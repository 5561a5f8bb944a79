import { type CompactionOptions, rewrite } from './compaction'
import type { Reserve } from '../reserve'
import { isFull } from '../system'

/**
 * When an operation is done: `always` when the disk has it, `interval` when the system has it, which outlives the process,
 * but is on the disk up to 0.2 s later only.
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
  /** Takes note of an operation that is applied, but not written; it is written before the next one. */
  owe(text: string): void
}

/** The least that a journal must hold of the past before it is written again for room. */
const WASTE_BYTES = 64 * 1024
/** The snapshot of the records may be larger than it was estimated to be. */
const MARGIN = 1.25

/** Creates a writer for a journal, which others may replace meanwhile, but not write to. */
export function createJournalWriter(options: WriterOptions): JournalWriter {
  const { file, sync } = options
  let owed: string[] = []
  /** What a journal that was just written is larger than it was estimated to be. */
  let excess = 0

  async function tryToWrite(texts: readonly string[]): Promise<void> {
    if (file.isDoubtful) await rewriteAll()
    const all = owed.length === 0 ? texts : [...owed, ...texts]
    if (all.length > 0) await file.append(all, sync === 'always')
    owed = []
  }

  /** Writes what is in memory, which nothing is owed to. */
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
 * Writes a journal again in the room of the reserve, when the records fit there and the journal holds much besides them.
 * The reserve is taken back before anything else is written, so that callbacks never use it up. Resolves to whether the
 * journal was written.
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
