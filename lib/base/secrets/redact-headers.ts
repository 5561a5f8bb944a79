import { REDACTED } from './mask'
import { isSecretName } from './secret-names'

type Headers = Readonly<Record<string, string | string[] | undefined>>

/** In these headers proxies and browsers tell a URL with its query. */
const HOLDS_URL = /^(?:referer|x-.*(?:ur[il]|path))$/i

const NONE: ReadonlySet<string> = new Set()

/**
 * Returns headers for events and logs. A header that authenticates its sender, by its name or as one of `secrets`
 * (names in lower case), is replaced by `[redacted]`, and so is the query of a URL.
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
