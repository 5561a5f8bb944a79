import { crc32 } from 'node:zlib'

/** A line of a journal whose checksum fits. */
export interface WholeLine {
  /** Each line has the number of the one before it plus one, so that a lost, doubled or swapped line shows. */
  readonly number: number
  /** JSON text. */
  readonly text: string
}

const CHECKSUM_LENGTH = 8
const NUMBER = /^(-?\d{1,16}) /
const START_OF_LINE = /[0-9a-f]{8} -?\d{1,16} \[/g
/** How many places of a damaged line are tried. */
const MAX_STARTS = 16
const CARRIAGE_RETURN = 0x0d

/** Returns the CRC-32 of a text or of bytes, in 8 hexadecimal digits. */
export function checksum(data: string | Buffer): string {
  return crc32(data).toString(16).padStart(CHECKSUM_LENGTH, '0')
}

/** Returns a line with its number and the checksum of both, and with its line break. */
export function sealLine(number: number, text: string): string {
  const sealed = `${number} ${text}`
  return `${checksum(sealed)} ${sealed}\n`
}

/** Reads a line without its line break; undefined when it is damaged. */
export function readLine(bytes: Buffer): WholeLine | undefined {
  const sealed = bytes.subarray(CHECKSUM_LENGTH + 1)
  if (bytes.toString('latin1', 0, CHECKSUM_LENGTH + 1) !== `${checksum(sealed)} `) return undefined
  const text = sealed.toString()
  const [start, number] = NUMBER.exec(text) ?? []
  return start === undefined ? undefined : { number: Number(number), text: text.slice(start.length) }
}

/** Drops the carriage return that a tool has put before a line break: no line ends with one. */
export function withoutReturn(line: Buffer): Buffer {
  return line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line
}

/**
 * Returns where, within damaged bytes, a whole line begins that reaches up to their end, or -1: so it is where a line
 * break is damaged, or a part before it. The bytes before it, without the one that was the line break, may be whole, too.
 */
export function findLineWithin(bytes: Buffer): number {
  let tries = 0
  for (const { index } of bytes.toString('latin1').matchAll(START_OF_LINE)) {
    if (index === 0) continue
    if (readLine(bytes.subarray(index)) !== undefined) return index
    if (++tries >= MAX_STARTS) break
  }
  return -1
}
