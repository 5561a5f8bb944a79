import type { Fields } from '../field/fields'
import { oneOrMore } from '../field/shape'
import { SCALAR } from '../field/values'

/** The shape of `success_when` and `fail_when`: values that are compared as text. */
export const VALUES = oneOrMore(SCALAR, `${SCALAR.expected}, or a list of them`)

/** Names the source of `status` in messages. */
export interface Judged {
  readonly what: string
  readonly example: string
}

const CALLBACK: Judged = { what: 'callback', example: 'status: "${body.status}"' }
/** The immediate answer to the request of a component. */
export const IMMEDIATE: Judged = { what: 'answer', example: 'status: "${response.status}"' }

/** Refuses lists of values that are never read, since polling has no `status`, and values in both lists. */
export function refuseUnreadLists(fields: Fields): void {
  for (const key of listUnread(fields)) fields.error(key, 'never read without "status"; say where the status stands')
  refuseDoubleMeanings(fields)
}

/** Warns of the same where everything is a success without `status`; refuses values in both lists. */
export function warnOfUnreadLists(fields: Fields, { what, example }: Judged = CALLBACK): void {
  for (const key of listUnread(fields)) {
    const advice = `say where the status stands, such as ${example}`
    fields.warn(key, `never read without "status", so every ${what} is a success; ${advice}`)
  }
  if (fields.has('error') && !(fields.has('status') && fields.has('fail_when')))
    fields.warn('error', `never read without "status" and "fail_when", since no ${what} fails then`)
  refuseDoubleMeanings(fields)
}

function listUnread(fields: Fields): readonly string[] {
  return fields.has('status') ? [] : ['success_when', 'fail_when'].filter((key) => fields.has(key))
}

function refuseDoubleMeanings(fields: Fields): void {
  const success = fields.readList('success_when', SCALAR)
  const failure = fields.readList('fail_when', SCALAR)
  for (const value of new Set(failure))
    if (success?.includes(value))
      fields.error('fail_when', `"${value}" stands in success_when too; keep it in one of them`)
}
