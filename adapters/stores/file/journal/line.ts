import { crc32 } from 'node:zlib'

/** A line of a journal with a correct checksum. */
export interface WholeLine {
  /** Each line has the number of the one before it plus one, so that a lost, doubled or swapped line shows. */
  readonly number: number
  /** JSON text. */
  readonly text: string
}

const CHECKSUM_LENGTH = 8
/** Stands where the checksum will be. */
const UNSEALED = `${'0'.repeat(CHECKSUM_LENGTH)} `
const DIGITS = '0123456789abcdef'
const LINE_BREAK = 0x0a
const NUMBER = /^(-?\d{1,16}) /
const START_OF_LINE = /[0-9a-f]{8} -?\d{1,16} \[/g
/** At how many places of a damaged line a whole line is looked for. */
const MAX_STARTS = 16
/** Larger damage is not searched: so much text would not fit into a string. */
const MAX_SEARCHED_BYTES = 64 * 1024 * 1024
const CARRIAGE_RETURN = 0x0d

/** Returns the CRC-32 of a text or of bytes, in 8 hexadecimal digits. */
export function checksum(data: string | Buffer): string {
  return crc32(data).toString(16).padStart(CHECKSUM_LENGTH, '0')
}

/** Returns a line for each text, with a number from `first` on and a checksum of both. The texts must have no line breaks. */
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

/** Writes the same digits as `checksum` returns, without creating a text for each line. */
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

/** Removes a carriage return at the end, which only another tool can have written. */
export function withoutReturn(line: Buffer): Buffer {
  return line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line
}

/**
 * Returns where a whole line begins that ends with the damaged bytes, or -1. There is one when the damage is in a line break,
 * or before it. The bytes before that line, without the line break, may be a whole line too.
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
