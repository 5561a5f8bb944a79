import { CallbackError } from '../../../../lib/base/errors'
import { readHeader } from './header'
import { findLineWithin, readLine, withoutReturn } from './line'
import { createLineOrder, type Ordered } from './line-order'
import { type Operation, parseOperation } from '../operations'

/** The place of a line that is damaged or out of order; the line counts from 1, the byte from 0. */
export interface Place {
  readonly line: number
  readonly byte: number
}

/** The result of reading a journal. */
export interface Finished extends Ordered {
  /** Whether the file has an older format, or line breaks of another system. */
  readonly isOutdated: boolean
  /** Empty when the journal is whole. */
  readonly places: readonly Place[]
}

/** Reads the lines of a journal. */
export interface JournalReader {
  /** Takes a line, without its line break, and the place of its first byte. */
  take(line: Buffer, byte: number): void
  /** Takes the bytes behind the last line break. */
  finish(rest: Buffer, byte: number): Finished
}

/** No header is longer. */
const MAX_HEADER_BYTES = 1000

/** Creates a reader, which applies whole lines and notes damaged ones. Both of its functions throw `ERR_STORE_UNAVAILABLE`. */
export function createJournalReader(path: string, apply: (operation: Operation) => number): JournalReader {
  const order = createLineOrder(apply)
  const places: Place[] = []
  let place: Place = { line: 0, byte: 0 }
  let isOld = false
  let isOutdated = false
  /** Why the file is no journal of ours; undefined once a whole line shows that it is one. */
  let refusal: CallbackError | undefined

  function takeHeader(bytes: Buffer): void {
    const header = readHeader(bytes.toString('utf8', 0, MAX_HEADER_BYTES))
    if (header.is === 'newer') throw newer(path)
    if (header.is === 'known') order.start(header.first)
    else if (header.is === 'older') isOld = true
    else {
      refusal = header.looksNewer ? newer(path) : foreign(path)
      takeDamaged(bytes)
    }
  }

  function takeOld(bytes: Buffer): void {
    const operation = parseOperation(bytes.toString())
    if (operation === undefined) takeDamaged(bytes)
    else order.take(operation)
  }

  function takeLine(bytes: Buffer): void {
    const line = readLine(bytes)
    if (line === undefined) return takeDamaged(bytes)
    const operation = parseOperation(line.text)
    if (operation === undefined) throw unknown(path, place.line)
    refusal = undefined
    if (!order.take(operation, line.number)) places.push(place)
  }

  /** A damaged line break makes one line of two, and each of the two may be whole. */
  function takeDamaged(bytes: Buffer): void {
    places.push(place)
    const at = findLineWithin(bytes)
    for (const part of at < 0 ? [bytes] : [bytes.subarray(0, at - 1), bytes.subarray(at)]) {
      const line = readLine(part)
      const operation = line && parseOperation(line.text)
      if (operation === undefined) order.skip()
      else {
        refusal = undefined
        order.take(operation, line?.number)
      }
    }
  }

  function takeRest(rest: Buffer): void {
    if (place.line === 1 && rest.every((value) => value === 0)) places.push(place)
    else if (place.line === 1)
      takeHeader(rest) // a header is never torn: the file gets its name when it is whole
    else if (readLine(rest.subarray(0, -1)) !== undefined) {
      places.push(place)
      takeLine(rest.subarray(0, -1))
    }
  }

  return {
    take(bytes, byte) {
      place = { line: place.line + 1, byte }
      const bare = withoutReturn(bytes)
      if (bare.length < bytes.length) isOutdated = true
      if (place.line === 1) takeHeader(bare)
      else if (isOld) takeOld(bare)
      else takeLine(bare)
    },
    finish(rest, byte) {
      place = { line: place.line + 1, byte }
      if (rest.length > 0) takeRest(rest)
      if (refusal !== undefined) throw refusal
      return { ...order.finish(), places, isOutdated: isOutdated || isOld }
    },
  }
}

function newer(path: string): CallbackError {
  const message = `${path}:1 was written by a newer version of express-callbacks: install that one, or choose another store.path`
  return new CallbackError('ERR_STORE_UNAVAILABLE', { message })
}

function foreign(path: string): CallbackError {
  const message = `${path}:1 is not the start of a journal of express-callbacks: choose another store.path, or move the file away`
  return new CallbackError('ERR_STORE_UNAVAILABLE', { message })
}

function unknown(path: string, line: number): CallbackError {
  const message =
    `${path}:${line} is whole, but this version of express-callbacks does not know what it says. Install the version ` +
    'that wrote it, or put back a copy of the file, or move it away to start with nothing'
  return new CallbackError('ERR_STORE_UNAVAILABLE', { message })
}
