import type { Encoding } from '../contract'

const HEX = /^(?:[\da-f]{2})+$|^(?:[\dA-F]{2})+$/

/**
 * Decodes a text, undefined unless it is written in just one way: hex in one case, base64 in its own alphabet with all
 * padding or none and no bits behind the last byte. `Buffer.from` alone skips unknown characters, so that "zz" is
 * empty, and two texts must not stand for one signature. Empty text is undefined too.
 */
export function decodeStrictly(text: string, encoding: Encoding): Buffer | undefined {
  if (encoding === 'hex') return HEX.test(text) ? Buffer.from(text, 'hex') : undefined
  const bytes = Buffer.from(text, encoding)
  if (bytes.length === 0) return undefined
  const padded = bytes.toString('base64')
  const written = encoding === 'base64' ? padded : padded.replaceAll('+', '-').replaceAll('/', '_')
  return text === written || text === written.replace(/=+$/, '') ? bytes : undefined
}
