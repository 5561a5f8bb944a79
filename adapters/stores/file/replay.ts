import { CallbackError } from '../../../lib/errors'
import type { JournalFile } from './journal-file'
import { judgeHeader } from './header'
import { type Operation, parseOperation } from './operations'

const CHUNK_BYTES = 1024 * 1024
const LINE_BREAK = 0x0a

/** What a journal ends with: a last line that was not written whole, which nobody was told had happened. */
export interface Replayed {
  /** Where the last whole line ends, in bytes. */
  readonly end: number
  /** How many bytes follow it. */
  readonly tornBytes: number
  /** Whether an older version of this format was read, to which nothing may be added. */
  readonly isOlder: boolean
}

/**
 * Reads every operation of a journal in its order. Rejects with `ERR_STORE_UNAVAILABLE` for a line that is none, other
 * than a torn last one, and for a journal of a newer format.
 */
export async function replay(file: JournalFile, apply: (operation: Operation) => void): Promise<Replayed> {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
  let pieces: Buffer[] = []
  let position = 0
  let end = 0
  let number = 0
  let isOlder = false

  function takeLine(line: Buffer): void {
    number++
    if (number === 1) {
      isOlder = checkHeader(line.toString(), file.path) === 'older'
      return
    }
    const operation = parseOperation(line.toString())
    if (operation === undefined) throw broken(file.path, number)
    apply(operation)
  }

  for (let size = await file.read(chunk, 0); size > 0; size = await file.read(chunk, position)) {
    let start = 0
    for (let stop = find(chunk, start, size); stop >= 0; stop = find(chunk, start, size)) {
      const part = chunk.subarray(start, stop)
      takeLine(pieces.length === 0 ? part : Buffer.concat([...pieces, part]))
      pieces = []
      start = stop + 1
      end = position + start
    }
    if (start < size) pieces.push(Buffer.from(chunk.subarray(start, size)))
    position += size
  }
  // The header is never torn: a file gets its name when it is whole. So this one belongs to somebody else.
  if (number === 0 && position > 0) checkHeader('', file.path)
  return { end, tornBytes: position - end, isOlder }
}

function find(chunk: Buffer, start: number, size: number): number {
  const found = chunk.indexOf(LINE_BREAK, start)
  return found < size ? found : -1
}

function checkHeader(line: string, path: string): 'known' | 'older' {
  const verdict = judgeHeader(line)
  if (verdict === 'known' || verdict === 'older') return verdict
  const message =
    verdict === 'newer'
      ? `${path}:1 was written by a newer version of express-callbacks: install that one, or choose another store.path`
      : `${path}:1 is not the start of a journal of express-callbacks: choose another store.path, or move the file away`
  throw new CallbackError('ERR_STORE_UNAVAILABLE', { message })
}

function broken(path: string, line: number): CallbackError {
  const message =
    `${path}:${line} is broken: it is no line that express-callbacks wrote. Put back a copy of the file, or move it away ` +
    `to start with nothing. To go on with what stands before that line: head -n ${line - 1} ${path} > whole, and put ` +
    'that in its place'
  return new CallbackError('ERR_STORE_UNAVAILABLE', { message })
}
