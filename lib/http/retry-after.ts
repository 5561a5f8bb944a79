const SECONDS = /^\d+(?:\.\d+)?$/
/** The three forms of a date in HTTP (RFC 9110, 5.6.7); all are in GMT, also the one that does not say so. */
const DATE = /^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s.*\d\d:\d\d:\d\d/i
const LONGEST_VALUE = 64

/**
 * Returns the pause that an answer asks for by its `Retry-After` header (RFC 9110, 10.2.3: seconds, or a date) in
 * milliseconds; 0 for a date in the past, and undefined for none and for a value that is neither.
 */
export function readRetryAfter(headers: Readonly<Record<string, string>>, now: number): number | undefined {
  const value = headers['retry-after']?.trim()
  if (value === undefined || value.length > LONGEST_VALUE) return undefined
  if (SECONDS.test(value)) return Math.ceil(Number(value) * 1000)
  const date = DATE.test(value) ? Date.parse(/\bGMT$|\bUTC$/i.test(value) ? value : `${value} GMT`) : Number.NaN
  return Number.isNaN(date) ? undefined : Math.max(date - now, 0)
}
