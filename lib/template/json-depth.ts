/** Deeper JSON is refused: no API sends it, and code that walks over it overflows the stack. */
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

/** Returns where the string that begins at `start` ends; -1 when it does not. */
export function findClosingQuote(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  if (end < 0 || text.charCodeAt(end - 1) !== BACKSLASH) return end
  // A string with escapes is read character by character: one with many would be searched a million times.
  for (end = start + 1; end < text.length; end += 1) {
    const code = text.charCodeAt(end)
    if (code === QUOTE) return end
    if (code === BACKSLASH) end += 1
  }
  return -1
}
