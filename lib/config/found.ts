import type { ConfigPath } from './path'

const SECRET_KEYS: ReadonlySet<string | number> = new Set([
  'secret',
  'token',
  'password',
  'passphrase',
  'authtoken',
  'key',
])

const LONGEST_QUOTE = 60

/** Whether a value at this place must never be quoted in a message. */
export function isSecretPlace(path: ConfigPath): boolean {
  return path.some((step) => SECRET_KEYS.has(step))
}

/** Says in a few words what was found at a place: texts are quoted and cut, secrets are not shown. */
export function describeFound(value: unknown, path: ConfigPath): string {
  if (value === null || value === undefined) return 'nothing'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (typeof value === 'object') return 'a mapping'
  if (isSecretPlace(path)) return value === '' ? 'an empty text' : `${nameOf(value)} (not shown)`
  return shorten(typeof value === 'string' ? JSON.stringify(value) : String(value))
}

function nameOf(value: unknown): string {
  return typeof value === 'string' ? 'text' : `a ${typeof value}`
}

function shorten(text: string): string {
  return text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}…` : text
}
