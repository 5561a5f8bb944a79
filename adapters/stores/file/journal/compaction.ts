import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { JournalFile } from './file'
import { sealLines } from './line'
import { formatHeader } from './header'
import { formatOperation } from '../operations'
import type { CapturedRecord, Records } from '../records'
import { FILE_MODE, type Files, type OpenFile, writeFully } from '../system'

export interface CompactionOptions {
  readonly folder: string
  readonly file: JournalFile
  readonly files: Files
  readonly records: Records
}

/** The temporary files of `compact` and of `rewrite`, which may be under way at the same time. */
const COMPACTING = 'journal.compacting'
const REWRITING = 'journal.rewriting'
const CHUNK_BYTES = 256 * 1024

/** Removes the temporary files of a process that died. */
export async function removeLeftovers(folder: string): Promise<void> {
  for (const name of [COMPACTING, REWRITING]) await rm(join(folder, name), { force: true })
}

/** Rewrites the journal from the records in memory. Nothing else may be written to it meanwhile. */
export async function rewrite({ folder, file, files, records }: CompactionOptions): Promise<void> {
  await withTemporary(join(folder, REWRITING), files, async (temporary) => {
    const captured = records.capture()
    const end = await writeSnapshot(temporary.file, captured, 1, () => false)
    await temporary.file.datasync()
    await temporary.giveTo(file, end)
    file.next = 1 + countLines(captured)
  })
}

/**
 * Rewrites the journal while operations are appended to it: first a snapshot of the records, then the lines that were
 * appended since. Only the last part is copied `inTurn`, while nothing is written. Must be called when every operation in
 * the file is applied. When `isUnwanted` becomes true, it stops, and the journal stays as it is.
 */
export async function compact(
  { folder, file, files, records }: CompactionOptions,
  inTurn: (work: () => Promise<void>) => Promise<void>,
  isUnwanted: () => boolean,
): Promise<void> {
  const captured = records.capture()
  const { generation, next } = file
  let copied = file.end
  const isOff = (): boolean => isUnwanted() || file.isDoubtful || file.generation !== generation

  await withTemporary(join(folder, COMPACTING), files, async (temporary) => {
    let end = await writeSnapshot(temporary.file, captured, next - countLines(captured), isOff)

    async function copyAppended(restBytes: number): Promise<void> {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
      while (!isOff() && file.end - copied > restBytes) {
        const wanted = chunk.subarray(0, Math.min(chunk.length, file.end - copied))
        const size = await file.read(wanted, copied)
        if (size === 0) throw new Error(`${file.path} is shorter than what was written to it`)
        await writeFully(temporary.file, wanted.subarray(0, size), end)
        copied += size
        end += size
      }
      await temporary.file.datasync()
    }

    await copyAppended(CHUNK_BYTES)
    await inTurn(async () => {
      await copyAppended(0)
      if (!isOff()) await temporary.giveTo(file, end)
    })
  })
}

/** A file that may replace the journal. */
interface Temporary {
  readonly file: OpenFile
  giveTo(journal: JournalFile, end: number): Promise<void>
}

/** Creates a file for `fill`, and removes it again unless it has replaced the journal. */
async function withTemporary(path: string, files: Files, fill: (temporary: Temporary) => Promise<void>): Promise<void> {
  await rm(path, { force: true })
  const file = await files.open(path, 'wx+', FILE_MODE)
  let isGiven = false
  try {
    await fill({
      file,
      giveTo(journal, end) {
        isGiven = true
        return journal.replace(path, file, end)
      },
    })
  } finally {
    if (!isGiven) await file.close().catch(() => undefined)
    await rm(path, { force: true }).catch(() => undefined) // else the next compaction removes it
  }
}

/**
 * Writes records as lines, numbered from `first` on. Returns how many bytes it has written. It awaits the disk after each
 * chunk, and ends early when `isOff` returns true.
 */
async function writeSnapshot(
  file: OpenFile,
  records: readonly CapturedRecord[],
  first: number,
  isOff: () => boolean,
): Promise<number> {
  let before = Buffer.from(formatHeader(first))
  let end = 0
  let number = first
  let texts: string[] = []
  let size = 0

  async function flush(): Promise<void> {
    const bytes = Buffer.concat([before, sealLines(number, texts)])
    before = Buffer.alloc(0)
    await writeFully(file, bytes, end)
    end += bytes.length
    number += texts.length
    texts = []
    size = 0
  }

  for (const record of records) {
    for (const text of textsOf(record)) {
      texts.push(text)
      size += text.length
      if (size >= CHUNK_BYTES) await flush()
      if (isOff()) return end
    }
  }
  await flush()
  return end
}

/** Returns how many lines records take. It may be more than the journal has, so line numbers may be below 1. */
function countLines(records: readonly CapturedRecord[]): number {
  return records.reduce((sum, { length }) => sum + 1 + length, 0)
}

function* textsOf({ record, due, group, log, cut, length }: CapturedRecord): Generator<string> {
  const { kind, id, data } = record
  yield formatOperation({ type: 'create', kind, id, made: { due, data, group, cut } })
  for (const entry of log.slice(0, length)) yield formatOperation({ type: 'append', kind, id, entry, made: undefined })
}
