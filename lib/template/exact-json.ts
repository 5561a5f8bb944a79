import { findClosingQuote } from './json-depth'

/** Where a number begins that has 16 digits or more: a double may not hold it. */
const LONG = /(?:^|[[,:\s])-?\d{16}/
/** Only a number with an exponent of three digits may be too large for a double; the second pattern takes longer. */
const EXPONENT = /\d[eE]\+?\d{3}/
const LARGE = /(?:^|[[,:\s])-?\d[\d.]*[eE]\+?\d{3}/
/** A whole number as JSON has it, where a value stands: with a colon behind it, quotes would make a key of it. */
const NUMBER = /(?<![\w.+-])-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.+-]|\s*:)/g
const FRACTION = /[.eE]/
/** No shorter text holds a number that a double cannot hold: `1e309`. */
const SHORTEST = 5

/**
 * Parses JSON without losing a digit of an integer: one beyond 2^53 becomes the text of its digits, and so does a number
 * that is too large for a double. Other numbers are doubles, as in `JSON.parse`. Throws a `SyntaxError`.
 */
export function parseJson(text: string): unknown {
  const isUsual = !LONG.test(text) && !(EXPONENT.test(text) && LARGE.test(text))
  return JSON.parse(isUsual ? text : quoteInexact(text))
}

/** Puts the numbers in quotes that `JSON.parse` would change. Broken JSON stays broken. */
function quoteInexact(text: string): string {
  let result = ''
  let copied = 0
  for (let start = 0; start < text.length;) {
    const quote = text.indexOf('"', start)
    const end = quote < 0 ? text.length : quote
    if (end - start >= SHORTEST) {
      const between = text.slice(start, end)
      const quoted = between.replace(NUMBER, quoteNumber)
      if (quoted !== between) {
        result += text.slice(copied, start) + quoted
        copied = end
      }
    }
    const closing = quote < 0 ? -1 : findClosingQuote(text, quote)
    if (closing < 0) break
    start = closing + 1
  }
  return result + text.slice(copied)
}

function quoteNumber(token: string): string {
  const number = Number(token)
  if (Number.isSafeInteger(number)) return token
  return Number.isFinite(number) && FRACTION.test(token) ? token : `"${token}"`
}
