import type { ErrorCode } from '../base/errors'

const FIRST_MS = 1000
const MAX_MS = 60_000
/** How much longer a provider is left alone that says it was asked too often. */
const RATE_LIMITED_FACTOR = 10
/** The part of a delay that chance decides, so that many processes do not come back at the same time. */
const JITTER = 0.25

/**
 * How long to wait after so many failures in a row, in milliseconds: a second, doubling up to a minute, ten times that
 * when the provider limits the rate; up to a quarter less by chance (`random` from 0 to 1).
 */
export function readBackoff(failures: number, code: ErrorCode, random: () => number): number {
  const delayMs = Math.min(FIRST_MS * 2 ** (failures - 1), MAX_MS)
  const factor = code === 'ERR_GATEWAY_RATE_LIMITED' ? RATE_LIMITED_FACTOR : 1
  return Math.round(delayMs * factor * (1 - JITTER * random()))
}
