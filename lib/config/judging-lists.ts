import type { Fields } from './fields'
import { SCALAR } from './values'

/** Reports lists of values that are never read, since there is no `status`, and values that would mean two things. */
export function refuseUnreadLists(fields: Fields): void {
  const success = fields.readList('success_when', SCALAR)
  const failure = fields.readList('fail_when', SCALAR)
  if (!fields.has('status')) {
    for (const key of ['success_when', 'fail_when'])
      if (fields.has(key)) fields.error(key, 'never read without "status"; say where the status stands')
  }
  for (const value of new Set(failure))
    if (success?.includes(value))
      fields.error('fail_when', `"${value}" stands in success_when too; keep it in one of them`)
}
