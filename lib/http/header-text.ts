/**
 * Reads the value of a header as UTF-8, where servers have written that as it is: `fetch` reads each byte as a character.
 * Text that is no UTF-8, or was decoded before, stays as it is.
 */
export function readHeaderText(text: string): string {
  if (!/[\x80-\xFF]/.test(text) || !/^[\0-\xFF]*$/.test(text)) return text
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(text, 'latin1'))
  } catch {
    return text
  }
}
