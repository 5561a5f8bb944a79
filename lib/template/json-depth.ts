/** Deeper JSON is refused: no API sends it, and it overflows the stack of whoever walks over it. */
export const MAX_JSON_DEPTH = 100
const QUOTE = 0x22
const BACKSLASH = 0x5c

/**
 * Looks before parsing, since a million brackets cost a second to parse. A short text cannot be deep. Strings are
 * jumped over, so that a large body takes half the time of parsing it rather than twice.
 */
export function isTooDeep(text: string): boolean {
  if (text.length <= 2 * MAX_JSON_DEPTH) return false
  let depth = 0
  for (let position = 0; position < text.length; position += 1) {
    switch (text.charCodeAt(position)) {
      case QUOTE:
        position = findClosingQuote(text, position)
        if (position < 0) return false
        break
      case 0x5b: // [
      case 0x7b: // {
        depth += 1
        if (depth > MAX_JSON_DEPTH) return true
        break
      case 0x5d: // ]
      case 0x7d: // }
        depth -= 1
        break
    }
  }
  return false
}

/** Where the JSON string that begins at `start` ends; -1 when it does not. */
export function findClosingQuote(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let escapes = 0
    while (text.charCodeAt(end - 1 - escapes) === BACKSLASH) escapes += 1
    if (escapes % 2 === 0) return end
  }
  return -1
}
