import type { Mapping } from '../base/values/plain'
import { toText } from '../template/convert'

/** Names and values as forms and queries have them: a list repeats its name, and what is missing is left out. */
export function* formEntries(mapping: Mapping): Iterable<readonly [string, unknown]> {
  for (const [name, value] of Object.entries(mapping)) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item !== null && item !== undefined) yield [name, item]
    }
  }
}

/** Writes a mapping as `application/x-www-form-urlencoded`, for a body or a query; mappings in it become JSON. */
export function writeForm(mapping: Mapping): string {
  const form = new URLSearchParams()
  for (const [name, value] of formEntries(mapping)) form.append(name, toText(value))
  return form.toString()
}
