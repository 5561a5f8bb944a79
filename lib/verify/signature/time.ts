import type { Clock } from '../../base/contracts'
import type { TimestampUnit } from '../contract'
import { unverified } from '../errors'

const DIGITS = /^\d{1,15}$/
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)$/

/**
 * Compiles the check of a time of sending: neither older nor younger than the tolerance. Anything but digits, or a full
 * date and time for `iso`, is refused, since every comparison with NaN is false.
 */
export function compileTimeCheck(unit: TimestampUnit, toleranceMs: number, clock: Clock): (timestamp: string) => void {
  return (timestamp) => {
    const sentAt = parseTime(timestamp, unit)
    if (sentAt === undefined || !Number.isFinite(sentAt))
      throw unverified(`its timestamp is not ${unit === 'iso' ? 'an ISO date and time' : 'a whole number'}`)
    const ageMs = clock.now() - sentAt
    if (Math.abs(ageMs) <= toleranceMs) return
    const seconds = Math.round(Math.abs(ageMs) / 1000)
    const way = ageMs > 0 ? `${seconds} s old` : `${seconds} s in the future`
    throw unverified(`its timestamp is ${way}; "tolerance" allows ${toleranceMs / 1000} s`)
  }
}

function parseTime(text: string, unit: TimestampUnit): number | undefined {
  if (unit === 'iso') return ISO.test(text) ? Date.parse(text) : undefined
  if (!DIGITS.test(text)) return undefined
  return unit === 's' ? Number(text) * 1000 : Number(text)
}

/** Writes a time in milliseconds since the epoch as a time of sending. */
export function writeTime(at: number, unit: TimestampUnit): string {
  if (unit === 'iso') return new Date(at).toISOString()
  return String(unit === 's' ? Math.floor(at / 1000) : Math.floor(at))
}
