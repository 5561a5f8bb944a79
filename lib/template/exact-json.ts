import { findClosingQuote } from './json-depth'

/** Where a number begins that a double may not hold. */
const LONG = /(?:^|[[,:\s])-?\d{16}/
/** An integer that stands as a value: with a colon behind it, quotes would make a key of it, and broken JSON stays broken. */
const INTEGER = /(?<![\w.+-])-?[1-9]\d{15,}(?![\w.+-]|\s*:)/g
const SHORTEST = 16

/**
 * Parses JSON without losing a digit of an integer: one beyond 2^53 becomes the text of its digits. All else is as
 * `JSON.parse` has it, fractions too. Throws a `SyntaxError`.
 */
export function parseJson(text: string): unknown {
  return JSON.parse(mayLoseDigits(text) ? quoteIntegers(text) : text)
}

/** Whether a number of the JSON has so many digits that `JSON.parse` may round it. */
export function mayLoseDigits(text: string): boolean {
  return LONG.test(text)
}

/** Puts the integers in quotes that `JSON.parse` would round; strings are jumped over. */
function quoteIntegers(text: string): string {
  let result = ''
  let copied = 0
  for (let start = 0; start < text.length;) {
    const quote = text.indexOf('"', start)
    const end = quote < 0 ? text.length : quote
    if (end - start >= SHORTEST) {
      result += text.slice(copied, start) + text.slice(start, end).replace(INTEGER, quoteUnsafe)
      copied = end
    }
    const closing = quote < 0 ? -1 : findClosingQuote(text, quote)
    if (closing < 0) break
    start = closing + 1
  }
  return result + text.slice(copied)
}

function quoteUnsafe(token: string): string {
  return Number.isSafeInteger(Number(token)) ? token : `"${token}"`
}
