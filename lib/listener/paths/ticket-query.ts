import { parseForm } from '../../body/form'

/** The id of the ticket in a query, the reason why it cannot be told, or undefined without a ticket. */
export type QueriedTicket = string | undefined | { readonly problem: string }

const NAME = 'callback_id'
/** A ticket, maybe in quotes or brackets, with a text that a service has appended. */
const TICKET = /^[^\w-]*(tkt-[\w-]{28})(?![\w-])/
const DAMAGED = /^[^\w-]*tkt-/i
/** The name in capitals, behind an escaped `&amp;`, with something in front of it, or as a list of PHP. */
const ODD_NAME = /^[?\s]*(?:amp;)*callback_id\s*(?:\[\d*\]\s*)?$/i

/**
 * Reads the id that a ticket put into the query of its callback URL, also when the service has changed that query: by a
 * second `?`, an encoded `=`, `&amp;`, a repetition, or a text behind the id. Several ids, and a ticket that was cut
 * short, are a problem rather than an id.
 */
export function readTicketQuery(query: string): QueriedTicket {
  if (!mayHoldTicket(query)) return undefined
  const named = [parseForm(splitAppended(query))[NAME]].flat()
  // Without the plain name, a second `?` may precede an odd one; otherwise a `?` belongs to a URL in another value.
  const parts = query.split(named.some(isGiven) ? '&' : /[?&;#]/)
  const found = listIds([...named, ...parts.flatMap(listOddlyNamed)])
  if (found.size > 1) return { problem: `the URL holds several values of ${NAME}` }
  const [id] = found
  if (id !== undefined && DAMAGED.test(id) && !TICKET.test(id))
    return { problem: `${NAME} begins as a ticket, but is none; the URL was cut short or changed` }
  return id
}

/** A first look, which costs no more than two scans of the query. */
function mayHoldTicket(query: string): boolean {
  return query.includes(NAME) || (query !== '' && /tkt-|callback(?:_|%5f)id/i.test(query))
}

/** A ticket counts without the characters around it. */
function listIds(values: readonly unknown[]): Set<string> {
  return new Set(values.filter(isGiven).map((value) => TICKET.exec(value)?.[1] ?? value))
}

/** Lists the tickets of a part that writes `callback_id` in another way, or that was encoded as a whole. */
function listOddlyNamed(part: string): readonly string[] {
  const pairs = part.includes('=') ? [part] : decodeOften(part).split('&')
  return pairs.flatMap((pair) => {
    const [name = '', value = ''] = pair.split(/=(.*)/s).map(decodeOften)
    return ODD_NAME.test(name) && DAMAGED.test(value) ? [value] : []
  })
}

/** Decodes up to three times: services encode encoded text again. */
function decodeOften(text: string): string {
  let decoded = text
  for (let round = 0; round < 3 && decoded.includes('%'); round += 1) {
    try {
      decoded = decodeURIComponent(decoded)
    } catch {
      return decoded
    }
  }
  return decoded
}

/**
 * Returns a query in which a second `?` behind the id of a ticket separates as `&` does, so that the text that a service has
 * appended is read apart from the id.
 */
export function splitAppended(query: string): string {
  return query.includes('?') ? query.replaceAll(/((?:^|[&?])callback_id=[^&?]*)\?/g, '$1&') : query
}

function isGiven(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
