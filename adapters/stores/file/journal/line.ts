import { crc32 } from 'node:zlib'

/** A line of a journal whose checksum fits. */
export interface WholeLine {
  /** Each line has the number of the one before it plus one, so that a lost, doubled or swapped line shows. */
  readonly number: number
  /** JSON text. */
  readonly text: string
}

const CHECKSUM_LENGTH = 8
/** Keeps the place of a checksum. */
const UNSEALED = `${'0'.repeat(CHECKSUM_LENGTH)} `
const DIGITS = '0123456789abcdef'
const LINE_BREAK = 0x0a
const NUMBER = /^(-?\d{1,16}) /
const START_OF_LINE = /[0-9a-f]{8} -?\d{1,16} \[/g
/** How many places of a damaged line are tried. */
const MAX_STARTS = 16
/** Damage that is larger than this is not searched: text of such a size would not fit into a string. */
const MAX_SEARCHED_BYTES = 64 * 1024 * 1024
const CARRIAGE_RETURN = 0x0d

/** Returns the CRC-32 of a text or of bytes, in 8 hexadecimal digits. */
export function checksum(data: string | Buffer): string {
  return crc32(data).toString(16).padStart(CHECKSUM_LENGTH, '0')
}

/** Returns the lines of texts, which have no line breaks: each with a number, from the first one on, and a checksum of both. */
export function sealLines(first: number, texts: readonly string[]): Buffer {
  let number = first
  let lines = ''
  for (const text of texts) lines += `${UNSEALED}${number++} ${text}\n`
  const bytes = Buffer.from(lines)
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(LINE_BREAK, start)
    writeDigits(crc32(bytes.subarray(start + UNSEALED.length, end)), bytes, start)
    start = end + 1
  }
  return bytes
}

/** Writes what `checksum` returns, without a text for it: there is one for every line. */
function writeDigits(crc: number, bytes: Buffer, start: number): void {
  for (let digit = 0; digit < CHECKSUM_LENGTH; digit++)
    bytes[start + digit] = DIGITS.charCodeAt((crc >>> (28 - 4 * digit)) & 15)
}

/** Reads a line without its line break; undefined when it is damaged. */
export function readLine(bytes: Buffer): WholeLine | undefined {
  const sealed = bytes.subarray(UNSEALED.length)
  if (bytes.toString('latin1', 0, UNSEALED.length) !== `${checksum(sealed)} `) return undefined
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
  if (bytes.length > MAX_SEARCHED_BYTES) return -1
  let tries = 0
  for (const { index } of bytes.toString('latin1').matchAll(START_OF_LINE)) {
    if (index === 0) continue
    if (readLine(bytes.subarray(index)) !== undefined) return index
    if (++tries >= MAX_STARTS) break
  }
  return -1
}
