import type { CallbackError } from '../../../lib/base/errors'
import { codeOf, describeCause, type Meanings, unavailableBy } from '../server-errors'

/** What PostgreSQL answers when a lock could not be had in time. */
const LOCKED = '55P03'

/** What each refusal of a server means, by the beginning of its code or message. */
const MEANINGS: Meanings = [
  ['28P01', 'user and password in the url are not right'],
  ['28000', 'it does not let that user in; see its pg_hba.conf'],
  ['3D000', 'that database does not exist; create it, or correct the url'],
  [
    '42501',
    'the user in the url may not do that; let it, by GRANT CREATE ON DATABASE … TO …, or name the owner of the schema',
  ],
  ['The server does not support SSL', 'it speaks no TLS; leave sslmode out of the url, or turn ssl on in the server'],
  ['25006', 'it is a replica or read-only; the url must name the primary'],
  ['53100', 'its disk is full'],
  ['53200', 'its memory is full'],
  ['53300', 'all of its connections are taken; raise max_connections, or put PgBouncer in front of it'],
  [LOCKED, 'another transaction holds the record; see pg_locks for who'],
  ['57014', 'its statement_timeout is too short'],
]

/** What PostgreSQL answers when two transactions were in the way of one another; nothing was written then. */
const CONFLICTS: ReadonlySet<string> = new Set(['40001', '40P01'])

/** What PostgreSQL answers to a statement that would fit if it were smaller, or to one bad operation among good ones. */
const TOO_MUCH = /^(22|23|54|57014|53200)/

/** 25006, a read-only server: it was the primary, or becomes it. A new connection may reach the new primary. */
const LOST = /^(08|57P|58|25006)/

/** Returns the error for what is wrong with a server, which says what to do. */
export function createUnavailable(place: string, cause: unknown): CallbackError {
  return unavailableBy(MEANINGS, place, cause)
}

/** Whether a transaction failed because of another one, and can be repeated. */
export function isConflict(error: unknown): boolean {
  return CONFLICTS.has(codeOf(error))
}

/** Whether a statement failed, without effect, that may succeed in smaller parts. */
export function isTooMuch(error: unknown): boolean {
  return TOO_MUCH.test(codeOf(error))
}

/** Whether a statement failed, without effect, since another transaction holds one of its records. */
export function isLocked(error: unknown): boolean {
  return codeOf(error) === LOCKED
}

/** Whether a connection is of no more use after this error. Errors of PostgreSQL have a severity, those of a socket none. */
export function isLost(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || !('severity' in error)) return true
  return error.severity === 'FATAL' || error.severity === 'PANIC' || LOST.test(codeOf(error))
}

/** Whether a server lets nobody in for the moment: all of its connections are taken, or it is about to be ready. */
export function isCrowded(error: unknown): boolean {
  return ['53300', '57P03'].includes(codeOf(error)) || /too many|no more connections/i.test(describeCause(error))
}
