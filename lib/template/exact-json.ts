import { findClosingQuote } from './json-depth'

/** Where a number begins that has 16 digits or more: a double may not hold it. */
const LONG = /(?:^|[[,:\s])-?\d{16}/
/** Only a number with an exponent of three digits may be too large for a double; the second pattern takes longer. */
const EXPONENT = /\d[eE]\+?\d{3}/
const LARGE = /(?:^|[[,:\s])-?\d[\d.]*[eE]\+?\d{3}/
const NUMBER = /-?\d[\d.eE+-]*/g
const INTEGER = /^-?\d+$/
/** No shorter text holds a number that a double cannot hold: `1e309`. */
const SHORTEST = 5

/**
 * Parses JSON without losing a digit of an integer: one beyond 2^53 becomes the text of its digits, and so does a number
 * that is too large for a double. Other numbers are doubles, as in `JSON.parse`. Throws a `SyntaxError`.
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text)
  if (!LONG.test(text) && !(EXPONENT.test(text) && LARGE.test(text))) return value
  const exact = quoteInexact(text)
  return exact === text ? value : JSON.parse(exact)
}

/** Puts the numbers in quotes that `JSON.parse` would change; the text is valid JSON, so that all else is as it was. */
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
    if (quote < 0) break
    start = findClosingQuote(text, quote) + 1
  }
  return result + text.slice(copied)
}

function quoteNumber(token: string): string {
  const number = Number(token)
  const isKept = INTEGER.test(token) ? Number.isSafeInteger(number) : Number.isFinite(number)
  return isKept ? token : `"${token}"`
}
