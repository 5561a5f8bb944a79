import { REDACTED } from './mask'
import { isSecretName } from './secret-names'

type Headers = Readonly<Record<string, string | string[] | undefined>>

/** Proxies and browsers tell in these with which URL, and so with which query, somebody came. */
const HOLDS_URL = /^(?:referer|x-.*(?:ur[il]|path))$/i

const NONE: ReadonlySet<string> = new Set()

/**
 * Headers for events and logs: what authenticates somebody is replaced by `[redacted]`, by its name or since it is one of
 * `secrets` (names in lower case); of URLs their query.
 */
export function redactHeaders(headers: Headers, secrets: ReadonlySet<string> = NONE): Headers {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => {
      if (secrets.has(name.toLowerCase()) || isSecretName(name)) return [name, REDACTED]
      return [name, HOLDS_URL.test(name) ? withoutQuery(value) : value]
    }),
  )
}

function withoutQuery(value: Headers[string]): Headers[string] {
  if (value === undefined) return undefined
  return Array.isArray(value) ? value.map(cutQuery) : cutQuery(value)
}

function cutQuery(url: string): string {
  return url.replace(/([?#]).+$/s, `$1${REDACTED}`)
}
