import type { Mapping } from '../../base/values/plain'
import { CallbackError } from '../../base/errors'
import { toText } from '../../template/convert'

/** A token of RFC 9110, 5.6.2. */
const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/
const FORBIDDEN = /[^\t\x20-\x7E\x80-\xFF]/
/** These describe the connection or the framing of the body; `fetch` writes them itself and refuses them from others. */
const OWN_OF_CONNECTION: ReadonlySet<string> = new Set([
  'content-length',
  'expect',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
])

/**
 * Writes rendered headers, later mappings on top: names in lower case, lists joined by a comma; what is missing is left
 * out. Throws `ERR_TEMPLATE` for what no header can hold; the message names the header and never its value.
 */
export function renderHeaders(mappings: readonly Mapping[], at: string): Map<string, string> {
  const headers = new Map<string, string>()
  for (const [written, value] of mappings.flatMap((mapping) => Object.entries(mapping))) {
    if (value === null || value === undefined) continue
    const name = written.trim().toLowerCase()
    checkName(name, at)
    headers.set(name, checkValue(name, toHeaderText(value), at))
  }
  return headers
}

function toHeaderText(value: unknown): string {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  return list
    .filter((item) => item !== null && item !== undefined)
    .map(toText)
    .join(', ')
}

function checkName(name: string, at: string): void {
  if (!NAME.test(name)) throw refuse(at, `${JSON.stringify(name)} cannot be the name of a header`)
  if (OWN_OF_CONNECTION.has(name)) throw refuse(at, `The header "${name}" is set by the connection itself; take it out`)
}

function checkValue(name: string, value: string, at: string): string {
  if (!FORBIDDEN.test(value)) return value
  const found = /[\r\n]/.test(value) ? 'a line break' : 'a character that no header can hold'
  throw refuse(at, `The value of the header "${name}" holds ${found} (it is not shown)`)
}

function refuse(at: string, message: string): CallbackError {
  return new CallbackError('ERR_TEMPLATE', { at, message })
}
