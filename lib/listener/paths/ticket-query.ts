import { parseForm } from '../../body/form'

/** What a query says of the id of its ticket: the id, why it cannot be told, or nothing. */
export type QueriedTicket = string | undefined | { readonly problem: string }

const NAME = 'callback_id'
/** A ticket, maybe in quotes or brackets, with what a service has put behind it. */
const TICKET = /^[^\w-]*(tkt-[\w-]{28})(?![\w-])/
const DAMAGED = /^[^\w-]*tkt-/i
/** The name in capitals, behind an escaped `&amp;`, with something in front of it, or as a list of PHP. */
const ODD_NAME = /^[?\s]*(?:amp;)*callback_id\s*(?:\[\d*\]\s*)?$/i

/**
 * Reads the id that a ticket put into the query of its callback URL, also when the service has changed that query: by a
 * second `?`, an encoded `=`, `&amp;`, a repetition, or anything behind the id. Several ids, and a ticket that is no
 * whole one, are a problem rather than an id.
 */
export function readTicketQuery(query: string): QueriedTicket {
  if (!mayHoldTicket(query)) return undefined
  const named = [parseForm(splitAppended(query))[NAME]].flat()
  // Without the name itself, a second `?` may stand in front of it; else it begins a URL in another value.
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

/** A ticket counts without what stands around it. */
function listIds(values: readonly unknown[]): Set<string> {
  return new Set(values.filter(isGiven).map((value) => TICKET.exec(value)?.[1] ?? value))
}

/** The tickets of a part that says `callback_id` in another way, or that was encoded as a whole. */
function listOddlyNamed(part: string): readonly string[] {
  const pairs = part.includes('=') ? [part] : decodeOften(part).split('&')
  return pairs.flatMap((pair) => {
    const [name = '', value = ''] = pair.split(/=(.*)/s).map(decodeOften)
    return ODD_NAME.test(name) && DAMAGED.test(value) ? [value] : []
  })
}

/** Services encode what is encoded already. */
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
 * Returns a query in which a second `?` behind the id of a ticket separates as `&` does, so that what the service has
 * appended is read apart from the id.
 */
export function splitAppended(query: string): string {
  return query.includes('?') ? query.replaceAll(/((?:^|[&?])callback_id=[^&?]*)\?/g, '$1&') : query
}

function isGiven(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
