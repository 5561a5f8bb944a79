import { randomBytes } from 'node:crypto'

/** Beside the four characters in front, which tell tickets from other ids. */
const RANDOM_BYTES = 21
const TICKET = /^tkt-[\w-]{28}$/
const TICKETS = /\btkt-([\w-]{4})[\w-]{24}(?![\w-])/g

/**
 * Returns a new id that cannot be guessed (168 bits): 32 characters that need no escaping in a URL, and begin with
 * `tkt-`.
 */
export function createTicketId(): string {
  return `tkt-${randomBytes(RANDOM_BYTES).toString('base64url')}`
}

/** Cuts the tickets in a text short, for logs and messages: a reader of a whole ticket could send its callback. */
export function maskTickets(text: string): string {
  return text.includes('tkt-') ? text.replaceAll(TICKETS, 'tkt-$1…') : text
}

/** Whether an id looks like a ticket. */
export function isTicketId(id: unknown): boolean {
  return typeof id === 'string' && TICKET.test(id)
}
