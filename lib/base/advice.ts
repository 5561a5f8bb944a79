import { CallbackError, type ErrorCode } from './errors'

/** What to do about refusals whose messages only say what was found. */
const ADVICE: Partial<Record<ErrorCode, string>> = {
  ERR_UNVERIFIED: 'compare "verify" and its secret with what the sender signs with',
  ERR_CLOSED: 'close({ drain: "30s" }) takes callbacks as long as waits are open',
  ERR_BODY_MALFORMED: 'compare the body with its header Content-Type',
}

/** Returns what to do about the refusal of a callback; undefined where the message of the error says it. */
export function adviceOn(error: unknown): string | undefined {
  return error instanceof CallbackError ? ADVICE[error.code] : undefined
}
