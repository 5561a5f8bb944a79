import type { JournalFile } from './file'
import { createJournalReader, type Finished } from './reader'
import type { Operation } from '../operations'

const CHUNK_BYTES = 256 * 1024
const LINE_BREAK = 0x0a

/** What is needed of a journal's file to read it. */
export type ReadableFile = Pick<JournalFile, 'path' | 'read'>

/** What was read of a journal besides its operations. */
export interface Replayed extends Finished {
  /** Where the last whole line ends, in bytes. */
  readonly end: number
  /** How many bytes follow the end: a last line that was not written whole, which nobody was told had happened. */
  readonly tornBytes: number
}

/**
 * Reads the operations of a journal in the order of their numbers, whatever stands between whole lines. Rejects with
 * `ERR_STORE_UNAVAILABLE` for a file that is no journal, a journal of a newer format, and a whole line that is unknown.
 */
export async function replay(file: ReadableFile, apply: (operation: Operation) => number): Promise<Replayed> {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
  const reader = createJournalReader(file.path, apply)
  let pieces: Buffer[] = []
  let position = 0
  let end = 0

  for (let size = await file.read(chunk, 0); size > 0; size = await file.read(chunk, position)) {
    let start = 0
    for (let stop = find(chunk, start, size); stop >= 0; stop = find(chunk, start, size)) {
      const part = chunk.subarray(start, stop)
      reader.take(pieces.length === 0 ? part : Buffer.concat([...pieces, part]), end)
      pieces = []
      start = stop + 1
      end = position + start
    }
    if (start < size) pieces.push(Buffer.from(chunk.subarray(start, size)))
    position += size
  }
  return { end, tornBytes: position - end, ...reader.finish(Buffer.concat(pieces), end) }
}

function find(chunk: Buffer, start: number, size: number): number {
  const found = chunk.indexOf(LINE_BREAK, start)
  return found < size ? found : -1
}
