import { parseJson as parseExactly } from '../template/exact-json'
import { isTooDeep } from '../template/json-depth'
import { malformed, tooDeep } from './errors'
import { parseLongJson } from './json-turns'

/** The longest text in characters that is parsed in one go: it takes 25 ms at most, whatever it is made of. */
const SHORT = 128 * 1024

/**
 * Parses JSON. A text of more than 128 K characters is parsed in turns and comes as a promise. Throws or rejects with `ERR_BODY_MALFORMED` and `ERR_BODY_DEPTH`.
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
