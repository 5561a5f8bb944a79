import { parseJson } from './json-text'
import { createTurn } from '../base/turns'

const LINES = /^application\/(?:x-)?(?:ndjson|jsonl|json-?lines)$|^application\/(?:[\w.-]+\+|x-)?json-seq$/
const RECORD_SEPARATOR = 0x1e
const BLANK = /^[ \t\r\n]*$/
const LOOK_EVERY = 64

/** Whether a content type says that a body holds one JSON value after another: lines, or a sequence (RFC 7464). */
export function isLinesName(type: string): boolean {
  return LINES.test(type)
}

/**
 * Reads JSON values, one a line or after a record separator, to a list; empty lines are nothing. Rejects with
 * `ERR_BODY_MALFORMED` and `ERR_BODY_DEPTH`, as JSON does.
 */
export async function parseJsonLines(text: string): Promise<readonly unknown[]> {
  const turn = createTurn()
  const separator = text.charCodeAt(0) === RECORD_SEPARATOR ? '\x1e' : '\n'
  const values: unknown[] = []
  let count = 0
  for (let from = 0; from < text.length;) {
    const found = text.indexOf(separator, from)
    const end = found < 0 ? text.length : found
    if (end > from) {
      const line = text.slice(from, end)
      const value = BLANK.test(line) ? undefined : parseJson(line)
      if (value !== undefined) values.push(value instanceof Promise ? await value : value)
    }
    from = end + 1
    count += 1
    if (count % LOOK_EVERY === 0 && turn.isOver()) await turn.next()
  }
  return values
}
