import type { JournalFile } from './file'
import { createJournalReader, type Finished } from './reader'
import type { Operation } from '../operations'

const CHUNK_BYTES = 256 * 1024
const LINE_BREAK = 0x0a

/** The part of a journal's file that reading needs. */
export type ReadableFile = Pick<JournalFile, 'path' | 'read'>

/** The result of reading a journal from its file. */
export interface Replayed extends Finished {
  /** Where the last whole line ends, in bytes. */
  readonly end: number
  /** How many bytes follow the end: a last line that was not written whole, and never answered. */
  readonly tornBytes: number
}

/**
 * Reads the operations of a journal in the order of their numbers, past any damage. Rejects with `ERR_STORE_UNAVAILABLE`
 * for a file that is no journal, a journal of a newer format, and a whole line with an unknown operation.
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
