/** The headers of an answer: names in lower case. */
export type AnswerHeaders = Readonly<Record<string, string>>

const SECONDS = /^\d+(?:\.\d+)?$/
/** The three forms of a date in HTTP (RFC 9110, 5.6.7); all are in GMT, also the one that does not say so. */
const DATE = /^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s.*\d\d:\d\d:\d\d/i
const LONGEST_VALUE = 64

/** Returns the headers of an answer, names in lower case and values as text; one that comes several times is joined by commas. */
export function readHeaders(response: Response): AnswerHeaders {
  const headers = new Map<string, string>()
  for (const [name, value] of response.headers) {
    const before = headers.get(name)
    const text = readHeaderText(value)
    headers.set(name, before === undefined ? text : `${before}, ${text}`)
  }
  return Object.fromEntries(headers)
}

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

/**
 * Returns the pause that an answer asks for by its `Retry-After` header (RFC 9110, 10.2.3: seconds, or a date) in
 * milliseconds; 0 for a date in the past, and undefined for none and for a value that is neither.
 */
export function readRetryAfter(headers: AnswerHeaders, now: number): number | undefined {
  const value = headers['retry-after']?.trim()
  if (value === undefined || value.length > LONGEST_VALUE) return undefined
  if (SECONDS.test(value)) return Math.ceil(Number(value) * 1000)
  const date = DATE.test(value) ? Date.parse(/\bGMT$|\bUTC$/i.test(value) ? value : `${value} GMT`) : Number.NaN
  return Number.isNaN(date) ? undefined : Math.max(date - now, 0)
}
