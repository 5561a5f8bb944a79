import { parseJson as parseExactly } from '../template/exact-json'
import { isTooDeep } from '../template/json-depth'
import { malformed, tooDeep } from './errors'
import { parseLongJson } from './json-turns'
import { createTurn } from '../base/turns'

const LINES = /^application\/(?:x-)?(?:ndjson|jsonl|json-?lines)$|^application\/(?:[\w.-]+\+|x-)?json-seq$/
const RECORD_SEPARATOR = 0x1e
const BLANK = /^[ \t\r\n]*$/
const LOOK_EVERY = 64

/** The longest text in characters that is parsed in one go: that takes 25 ms at most, even for hostile text. */
const SHORT = 128 * 1024

/**
 * Parses JSON. A text of more than 128 K characters is parsed in turns and returned as a promise. Throws or rejects with
 * `ERR_BODY_MALFORMED` and `ERR_BODY_DEPTH`.
 */
export function parseJson(text: string): unknown {
  if (text.length > SHORT) return parseLongJson(text, parseShort)
  if (isTooDeep(text)) throw tooDeep()
  return parseShort(text)
}

/** The one place where bodies become values. */
function parseShort(text: string): unknown {
  try {
    return parseExactly(text)
  } catch {
    // Without the cause, which quotes the body.
    throw malformed('it is not valid JSON')
  }
}

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
