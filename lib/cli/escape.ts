import { escapeControls } from '../base/secrets/escape'

/** A value as one word of a line: in quotes unless it is plain, so that it cannot pass for several. */
export function quoteWord(value: string): string {
  return /^[\p{L}\p{N}_.:@/+~-]+$/u.test(value) ? value : escapeControls(JSON.stringify(value))
}
