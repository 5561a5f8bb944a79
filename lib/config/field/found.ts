import { isSecretName } from '../../base/secrets/secret-names'
import type { ConfigPath } from '../../base/values/config-path'
import { cut } from '../../template/excerpt'

const SECRET_KEYS: ReadonlySet<string | number> = new Set([
  'secret',
  'token',
  'password',
  'passphrase',
  'authtoken',
  'key',
])

/** Below these keys a service decides the names. */
const OF_SERVICES: ReadonlySet<string | number> = new Set(['headers', 'params', 'body', 'query'])

const LONGEST_QUOTE = 60

/** Whether a value at this place must never be quoted in a message. */
export function isSecretPlace(path: ConfigPath): boolean {
  if (path.at(-1) === 'auth' || path.some((step) => SECRET_KEYS.has(step))) return true
  const names = path.slice(path.findIndex((step) => OF_SERVICES.has(step)) + 1)
  return names.length < path.length && names.some((name) => typeof name === 'string' && isSecretName(name))
}

/** Returns the message about a template. One that cannot be read is quoted, unless the place may hold a secret. */
export function describeBroken(message: string, path: ConfigPath): string {
  const quotes = message.startsWith('Broken template')
  return quotes && isSecretPlace(path) ? 'a broken template; a literal ${ is written $${' : message
}

/**
 * Describes a value in a few words: texts are quoted and cut, secrets are not shown, and URLs lose their user and query.
 */
export function describeFound(value: unknown, path: ConfigPath): string {
  if (value === null || value === undefined) return 'nothing'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (typeof value === 'object') return 'a mapping'
  if (isSecretPlace(path)) return value === '' ? 'an empty text' : `${nameOf(value)} (not shown)`
  if (typeof value === 'bigint') return `a bigint, ${cut(String(value), LONGEST_QUOTE)}`
  return cut(typeof value === 'string' ? JSON.stringify(hideInUrl(value)) : String(value), LONGEST_QUOTE)
}

function hideInUrl(text: string): string {
  if (!/^\s*[a-z][\w+.-]*:\/\//i.test(text)) return text
  return text.replace(/:\/\/[^/?#]*@/, '://…@').replace(/([?#]).+/s, '$1…')
}

function nameOf(value: unknown): string {
  return typeof value === 'string' ? 'text' : `a ${typeof value}`
}
